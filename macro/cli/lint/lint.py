"""Run cfn-lint on the plain template, and show each finding at the author's line that causes it."""

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from macro.cli.lint.native_function import as_native_functions, is_about_native_function
from macro.cli.text.files import Source
from macro.cli.text.quoting import Quoted, quote
from macro.cli.text.report import FINE, PROBLEMS, WRONG_USAGE
from macro.expand import Expanded
from macro.plugin import Json, Template
from macro.template.counters import KEPT, find_counters
from macro.template.references import find_references

Marked = Any
_LEVELS = {"informational": 1, "warning": 2, "error": 3, "none": 4}


def lint_source(source: Source, expand: Callable[[Template], Expanded], options: Sequence[str]) -> int:
    """Print cfn-lint's findings in cfn-lint's format, and return the exit code.

    The exit code is 1 if a finding is at or above cfn-lint's ``non_zero_exit_code`` level, 2 if cfn-lint refuses to
    run, otherwise 0. ``expand`` makes the plain template from the compact one. It keeps the marks that cfn-lint gives
    each part, so that findings get the author's positions. ``options`` are cfn-lint's own.
    """
    from cfnlint.decode import decode_str
    from cfnlint.exceptions import CfnLintExitException
    from cfnlint.runner import Runner

    quoted = quote(source.text, source.texts)
    compact, findings = decode_str(quoted.text)
    owners: Mapping[str, str] = {}
    try:
        config = read_options(options)
        runner = Runner(config)
        if compact is not None:
            expanded = expand(compact)
            owners = expanded.owners
            plain = keep_marks(expanded, compact)
            findings = [*runner.validate_template(plain), *_lint_native_functions(runner, plain)]
    except CfnLintExitException as error:
        print(f"cfn-lint: {error}", file=sys.stderr)
        return WRONG_USAGE
    counters = find_counters(source.template)
    parameters = source.template.get("Parameters") or ()
    used = {name for counter in counters for name, _ in find_references(counter.properties, parameters)}
    findings = [finding for finding in findings if not _is_used(finding, used)]
    for finding in findings:
        _place(finding, source, owners, quoted)
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


def keep_marks(expanded: Expanded, compact: Marked) -> Template:
    """The plain template as cfn-lint's nodes, with marks.

    Each part has the position at which the author wrote it. Generated parts have their counter's position.
    """
    from cfnlint.decode.node import dict_node, list_node, str_node

    def mark(node: Json, near: Marked) -> Json:
        here = node if hasattr(node, "start_mark") else near
        if isinstance(node, dict):
            entries = {key: _mark_key(key, here) for key in node}
            data = {entries[key]: mark(value, entries[key]) for key, value in node.items()}
            return dict_node(data, here.start_mark, here.end_mark)
        if isinstance(node, list):
            return list_node([mark(item, here) for item in node], here.start_mark, here.end_mark)
        if isinstance(node, str) and here is near:
            return str_node(node, near.start_mark, near.end_mark)
        return node

    def _mark_key(key: str, near: Marked) -> Json:
        return key if hasattr(key, "start_mark") else str_node(key, near.start_mark, near.end_mark)

    plain, owners = expanded.template, expanded.owners
    if not isinstance(plain.get("Resources"), dict):
        return plain
    keys = {str(key): key for key in compact["Resources"]}
    resources = {}
    for logical_id, resource in plain["Resources"].items():
        key = keys[owners[logical_id]] if logical_id in owners else logical_id
        if logical_id in owners:
            written = {str(name): name for name in compact["Resources"][key] if name in KEPT}
            resource = {written.get(name, name): value for name, value in resource.items()}
        resources[_mark_key(logical_id, key)] = mark(resource, key)
    marked: Template = mark({key: value for key, value in plain.items() if key != "Resources"}, compact)
    marked[_mark_key("Resources", compact)] = dict_node(resources, compact.start_mark, compact.end_mark)
    return marked


def _lint_native_functions(runner: Any, plain: Marked) -> list[Any]:
    functions = as_native_functions(plain)
    return (
        []
        if functions is None
        else [each for each in runner.validate_template(functions) if is_about_native_function(each)]
    )


def _is_used(finding: Any, parameters: Collection[str]) -> bool:
    """Whether a finding reports a parameter as unused (W2001) although a counter's expansion used its value."""
    path: Sequence[Json] = getattr(finding, "path", None) or []
    return finding.rule.id == "W2001" and len(path) > 1 and path[1] in parameters


def _place(finding: Any, source: Source, owners: Mapping[str, str], quoted: Quoted) -> None:
    """Set a finding's file name and its columns in the author's text. Add the generated resource to its message."""
    path: Sequence[Json] = getattr(finding, "path", None) or []
    text = finding.message
    if len(path) > 1 and path[0] == "Resources" and path[1] in owners:
        text = f"{text} (in {path[1]}, which counter {owners[path[1]]} becomes)"
    # A finding is frozen. A new one from its constructor would lose the path that the JSON format prints.
    object.__setattr__(finding, "filename", source.name)
    for end in ("", "end"):
        line, column = getattr(finding, f"linenumber{end}"), getattr(finding, f"columnnumber{end}")
        object.__setattr__(finding, f"columnnumber{end}", quoted.find_column(line - 1, column - 1) + 1)
    object.__setattr__(finding, "message", text)
