"""Run cfn-lint on the plain template, and show each finding at the author's line that causes it."""

import sys
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from macro.cli.lint.marks import keep_marks
from macro.cli.lint.native_function import as_native_functions, is_about_native_function
from macro.cli.text.files import Source
from macro.cli.text.report import FINE, PROBLEMS, WRONG_USAGE
from macro.expand import Expanded
from macro.plugin import Json, Template
from macro.template.counters import find_counters
from macro.template.references import find_references

_LEVELS = {"informational": 1, "warning": 2, "error": 3, "none": 4}


def lint_expanded(source: Source, expanded: Expanded, options: Sequence[str]) -> int:
    """Print cfn-lint's findings in cfn-lint's format, and return the exit code.

    The exit code is 1 if a finding is at or above cfn-lint's ``non_zero_exit_code`` level, 2 if cfn-lint refuses to
    run, otherwise 0. The source has marks, so that findings get the author's positions. ``expanded`` is made from the
    source. ``options`` are cfn-lint's own.
    """
    from cfnlint.exceptions import CfnLintExitException
    from cfnlint.runner import Runner

    try:
        config = read_options(options)
        runner = Runner(config)
        plain = keep_marks(expanded, source.template)
        findings = [*runner.validate_template(plain), *_lint_native_functions(runner, plain)]
    except CfnLintExitException as error:
        print(f"cfn-lint: {error}", file=sys.stderr)
        return WRONG_USAGE
    used = _find_used_parameters(source.template)
    findings = [finding for finding in findings if not _is_used(finding, used)]
    for finding in findings:
        _name_source(finding, source, expanded.owners)
    findings.sort(key=lambda finding: (finding.linenumber, finding.columnnumber, finding.rule.id, finding.message))
    text = runner.formatter.print_matches(findings, runner.rules, config=config)
    if text:
        print(text)
    least = _LEVELS[config.non_zero_exit_code or "informational"]
    return PROBLEMS if any(_LEVELS[finding.rule.severity] >= least for finding in findings) else FINE


def read_options(options: Sequence[str]) -> Any:
    """cfn-lint's configuration from its arguments and ``.cfnlintrc``. Wrong usage exits with code 2."""
    from cfnlint.config import ConfigMixIn

    try:
        return ConfigMixIn([*options])
    except SystemExit:
        raise SystemExit(WRONG_USAGE) from None


def _lint_native_functions(runner: Any, plain: Any) -> list[Any]:
    functions = as_native_functions(plain)
    found = [] if functions is None else runner.validate_template(functions)
    return [finding for finding in found if is_about_native_function(finding)]


def _find_used_parameters(compact: Template) -> set[str]:
    """The parameters that counters refer to. The expansion can replace such a parameter by its value."""
    counters = find_counters(compact)
    return {
        name for counter in counters for name, _ in find_references(counter.properties, compact.get("Parameters") or ())
    }


def _is_used(finding: Any, parameters: Collection[str]) -> bool:
    """Whether a finding reports a parameter as unused (W2001) although a counter's expansion used its value."""
    path: Sequence[Json] = getattr(finding, "path", None) or []
    return finding.rule.id == "W2001" and len(path) > 1 and path[1] in parameters


def _name_source(finding: Any, source: Source, owners: Mapping[str, str]) -> None:
    """Set a finding's file name, and add the generated resource to its message."""
    path: Sequence[Json] = getattr(finding, "path", None) or []
    # A finding is frozen. A new one from its constructor would lose the path that the JSON format prints.
    object.__setattr__(finding, "filename", source.name)
    if len(path) > 1 and path[0] == "Resources" and path[1] in owners:
        text = f"{finding.message} (in {path[1]}, made from the counter {owners[path[1]]})"
        object.__setattr__(finding, "message", text)
