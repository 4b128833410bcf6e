"""E9101: what HitCounterMacro would refuse, at the author's place, in a plain cfn-lint run and in editors."""

from typing import Any

from cfnlint.rules import CloudFormationLintRule, RuleMatch

from macro.errors import MacroError
from macro.local.preview import preview
from macro.plugins import find_plugin


class E9101(CloudFormationLintRule):  # type: ignore[misc]
    """Expand the template as the macro would, and report what it says."""

    id = "E9101"
    shortdesc = "HitCounter can be expanded"
    description = "Properties, attributes and references of HitCounter resources are what HitCounterMacro takes"
    source_url = ""
    tags = ("resources", "hitcounter")

    def match(self, cfn: Any) -> list[Any]:
        """One match for each problem, on the path where the macro finds it."""
        try:
            preview(cfn.template, _guess_parameters(cfn.template), find_plugin)
        except MacroError as error:
            return [RuleMatch(list(problem.path) or ["Resources"], problem.text) for problem in error.problems]
        return []


def _guess_parameters(template: Any) -> dict[str, Any]:
    """A value for each parameter without a Default that lists its allowed ones: which is given, no linter knows."""
    declared = template.get("Parameters")
    rules = declared.items() if isinstance(declared, dict) else ()
    return {
        name: rule["AllowedValues"][0]
        for name, rule in rules
        if isinstance(rule, dict) and "Default" not in rule and rule.get("AllowedValues")
    }
