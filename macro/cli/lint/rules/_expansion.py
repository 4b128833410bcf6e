"""What the rules have in common: the expansion of the template that is linted."""

from pathlib import Path
from typing import Any

from macro.cli.preview.preview import preview_file
from macro.expand import Expanded
from macro.plugins import find_plugin


def expand_for_lint(cfn: Any) -> Expanded:
    """What cfn-lint has read, as the macro would expand it.

    Raises :class:`macro.errors.MacroError` where it would refuse.
    """
    folder = Path(cfn.filename or "").parent
    return preview_file(cfn.template, folder, _guess_parameters(cfn.template), find_plugin)


def _guess_parameters(template: Any) -> dict[str, Any]:
    """A value for each parameter without a Default that lists its allowed ones: which is given, no linter knows."""
    declared = template.get("Parameters")
    rules = declared.items() if isinstance(declared, dict) else ()
    return {
        name: rule["AllowedValues"][0]
        for name, rule in rules
        if isinstance(rule, dict) and "Default" not in rule and rule.get("AllowedValues")
    }
