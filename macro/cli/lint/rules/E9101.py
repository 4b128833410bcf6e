"""Report what HitCounterMacro would refuse, at the author's line, in a plain cfn-lint run and in editors."""

from typing import Any

from cfnlint.rules import CloudFormationLintRule, RuleMatch

from macro.cli.lint.rules._expansion import expand_for_lint
from macro.errors import MacroError


class E9101(CloudFormationLintRule):  # type: ignore[misc]
    """Expands the template as the macro would, and reports the macro's problems."""

    id = "E9101"
    shortdesc = "HitCounter can be expanded"
    description = "Properties, attributes and references of HitCounter resources are what HitCounterMacro takes"
    source_url = ""
    tags = ("resources", "hitcounter")

    def match(self, cfn: Any) -> list[Any]:
        """One match for each problem, at the path that the macro reports."""
        try:
            expand_for_lint(cfn)
        except MacroError as error:
            return [RuleMatch(list(problem.path) or ["Resources"], problem.text) for problem in error.problems]
        return []
