"""E9102: dependencies that are circular in what a template becomes; takes the place of E3004, see explain --cfnlintrc.

A counter that refers to itself, or two that refer to each other's URL, look circular to E3004 and need not be.
"""

from typing import Any

from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

from macro.cli.lint.lint import keep_marks
from macro.cli.lint.rules._expansion import expand_for_lint
from macro.errors import MacroError


class E9102(CloudFormationLintRule):  # type: ignore[misc]
    """Look for cycles among the resources that the macro makes and those beside them."""

    id = "E9102"
    shortdesc = "Resource dependencies are not circular once HitCounters are expanded"
    description = "Resources, those that HitCounters become among them, are not circularly dependent"
    source_url = ""
    tags = ("resources", "hitcounter")

    def match(self, cfn: Any) -> list[Any]:
        """One match for each resource of the author's that is part of a cycle."""
        # At the top of a module, cfn-lint would take the class for one more rule of this folder.
        from cfnlint.rules.resources.CircularDependency import CircularDependency

        try:
            expanded = expand_for_lint(cfn)
        except MacroError:
            return []
        plain = Template(cfn.filename, keep_marks(expanded, cfn.template), cfn.regions)
        found = CircularDependency().match(plain)
        owners = expanded.owners
        return [RuleMatch(["Resources", owners.get(match.path[1], match.path[1])], match.message) for match in found]
