"""W9103: conditions that nothing uses in what a template becomes; takes the place of W8001, see explain --cfnlintrc.

A condition that only a counter's stage names looks unused to W8001.
"""

from typing import Any

from cfnlint.rules import CloudFormationLintRule
from cfnlint.template import Template

from macro.cli.lint.lint import keep_marks
from macro.cli.lint.rules._expansion import expand_for_lint
from macro.errors import MacroError


class W9103(CloudFormationLintRule):  # type: ignore[misc]
    """Look for conditions that neither the macro's resources nor those beside them use."""

    id = "W9103"
    shortdesc = "Conditions are used once HitCounters are expanded"
    description = "Each condition is used by a resource, a stage of a HitCounter, an output or another condition"
    source_url = ""
    tags = ("conditions", "hitcounter")

    def match(self, cfn: Any) -> list[Any]:
        """One match for each condition that nothing uses."""
        # At the top of a module, cfn-lint would take the class for one more rule of this folder.
        from cfnlint.rules.conditions.Used import Used

        try:
            expanded = expand_for_lint(cfn)
        except MacroError:
            return []
        return list(Used().match(Template(cfn.filename, keep_marks(expanded, cfn.template), cfn.regions)))
