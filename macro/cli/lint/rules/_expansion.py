"""Expand the linted template for all rules."""

from pathlib import Path
from typing import Any

from macro.cli.preview.parameters import get_declared
from macro.cli.preview.preview import pack_file, preview_packed
from macro.expand import Expanded
from macro.plugins import find_plugin


def expand_for_lint(cfn: Any) -> Expanded:
    """The template that cfn-lint has read, expanded as the macro would expand it.

    Raises:
        macro.errors.MacroError: the macro would refuse the template.
    """
    packing = pack_file(cfn.template, Path(cfn.filename or "").parent)
    return preview_packed(packing, _guess_parameters(cfn.template), find_plugin)


def _guess_parameters(template: Any) -> dict[str, Any]:
    """The first allowed value of each parameter with ``AllowedValues`` and no ``Default``.

    A linter can't know the value that a deployment passes.
    """
    return {
        name: rule["AllowedValues"][0]
        for name, rule in get_declared(template).items()
        if "Default" not in rule and rule.get("AllowedValues")
    }
