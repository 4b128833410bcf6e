"""Report conditions that the expanded template does not use. Replaces W8001, see ``explain --cfnlintrc``.

W8001 reports a condition as unused if only a counter's stage names it.
"""

from typing import Any

from cfnlint.rules import CloudFormationLintRule
from cfnlint.template import Template

from macro.cli.lint.marks import keep_marks
from macro.cli.lint.rules._expansion import expand_for_lint
from macro.errors import MacroError


class W9103(CloudFormationLintRule):  # type: ignore[misc]
    """Finds conditions that neither the macro's resources nor other parts of the template use."""

    id = "W9103"
    shortdesc = "Conditions are used once HitCounters are expanded"
    description = "Each condition is used by a resource, a stage of a HitCounter, an output or another condition"
    source_url = ""
    tags = ("conditions", "hitcounter")

    def match(self, cfn: Any) -> list[Any]:
        """One match for each unused condition."""
        # If this import were at the top of the module, cfn-lint would load the class as a rule of this folder.
        from cfnlint.rules.conditions.Used import Used

        try:
            expanded = expand_for_lint(cfn)
        except MacroError:
            return []
        return list(Used().match(Template(cfn.filename, keep_marks(expanded, cfn.template), cfn.regions)))
