"""Report dependencies that are circular in the expanded template. Replaces E3004, see ``explain --cfnlintrc``.

E3004 reports a counter that refers to itself, and two counters that refer to each other's URL. The resources that such
counters expand to need not be circular.
"""

from typing import Any

from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

from macro.cli.lint.marks import keep_marks
from macro.cli.lint.rules._expansion import expand_for_lint
from macro.errors import MacroError


class E9102(CloudFormationLintRule):  # type: ignore[misc]
    """Finds cycles among the resources that the macro makes and the template's other resources."""

    id = "E9102"
    shortdesc = "Resource dependencies are not circular once HitCounters are expanded"
    description = "Resources, those that HitCounters become among them, are not circularly dependent"
    source_url = ""
    tags = ("resources", "hitcounter")

    def match(self, cfn: Any) -> list[Any]:
        """One match for each of the author's resources that is part of a cycle."""
        # If this import were at the top of the module, cfn-lint would load the class as a rule of this folder.
        from cfnlint.rules.resources.CircularDependency import CircularDependency

        try:
            expanded = expand_for_lint(cfn)
        except MacroError:
            return []
        plain = Template(cfn.filename, keep_marks(expanded, cfn.template), cfn.regions)
        found = CircularDependency().match(plain)
        owners = expanded.owners
        return [RuleMatch(["Resources", owners.get(match.path[1], match.path[1])], match.message) for match in found]
