"""Lambda entry point of the macro: takes CloudFormation's event and always returns an answer."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from macro.counter.read import Setting
from macro.errors import InvalidTemplate, MacroError, Path, Problem, describe
from macro.expand import expand
from macro.plugin import Json, Template
from macro.template.counters import TYPE
from macro.template.merge import check_size, say_conditions
from macro.template.transform import INNER, MACRO, drop_inner, is_resource_map, read_suffix, split_transform

# CloudFormation shows the message in a stack event. The first problems matter most.
MAX_MESSAGE = 4_000


def handler(event: Mapping[str, Json], context: Any) -> dict[str, Json]:
    """The answer to a macro's event: ``requestId``, ``status``, and ``fragment`` or ``errorMessage``.

    AWS's page "Create a CloudFormation macro" describes the event. The event's fragment is a whole template, or the
    resources beside an ``Fn::Transform``. This function never raises. For an invalid template, the message lists the
    problems. For a bug in the macro, the message is one line with a reference to the traceback in the function's log.
    """
    request_id = event.get("requestId") if isinstance(event, dict) else None
    try:
        return {"requestId": request_id, "status": "success", "fragment": expand_event(event)}
    except MacroError as error:
        return _fail(request_id, error.problems)
    except RecursionError:
        return _fail(request_id, [Problem((), "the template is nested too deeply to be read")])
    except Exception:
        reference = getattr(context, "aws_request_id", None) or request_id
        _log_bug(reference)
        text = f"this is a bug in {MACRO}, not in the template; see {reference} in the log of its function"
        return _fail(request_id, [Problem((), text)])


def expand_event(event: Mapping[str, Json]) -> Template:
    """The fragment that replaces the event's fragment. Raises :class:`MacroError`."""
    fragment = event.get("fragment") if isinstance(event, dict) else None
    if not isinstance(fragment, dict):
        raise InvalidTemplate([Problem((), f"the event's fragment must be a map, got {describe(fragment)}")])
    params = event.get("params")
    if params:
        names = ", ".join(params) if isinstance(params, dict) else describe(params)
        text = f"{MACRO} takes no parameters, got {names}; use the properties of each counter"
        raise InvalidTemplate([Problem(("Transform",), text)])
    values = event.get("templateParameterValues")
    setting = Setting(values if isinstance(values, dict) else {}, read_suffix(str(event.get("transformId") or "")))
    expanded = expand_fragment(fragment, setting)
    # This limit also keeps the answer below Lambda's own limit of 6 MB.
    check_size(_measure(expanded))
    return expanded


def expand_fragment(fragment: Template, setting: Setting) -> Template:
    """The expanded fragment: a whole template, or the content of its ``Resources``.

    Some engines leave the macro's own transform in the fragment. The result doesn't contain this transform.
    """
    if not is_resource_map(fragment):
        return expand(split_transform(fragment)[0], setting)
    resources = drop_inner(fragment)
    wrong = [name for name, value in resources.items() if not _is_resource(name, value)]
    if wrong:
        text = f"{wrong[0]!r} is not a resource; call {MACRO} at the top of the template, or directly in Resources"
        raise InvalidTemplate([Problem((INNER,), text)])
    expanded = expand({"Resources": resources}, setting)
    if "Conditions" in expanded:
        raise InvalidTemplate([Problem((INNER,), say_conditions(expanded["Conditions"]))])
    result: Template = expanded["Resources"]
    return result


def _measure(template: Template) -> int:
    """The size of the answered template in bytes. Raises :class:`InvalidTemplate` for values that JSON can't hold."""
    try:
        return len(_encode(template))
    except ValueError:
        text = "must be valid JSON: finite numbers of at most 4,300 digits, and text with whole surrogate pairs"
        raise InvalidTemplate(Problem(path, text) for path in _find_invalid(template, ())) from None


def _encode(node: Json) -> bytes:
    return json.dumps(node, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _find_invalid(node: Json, path: Path) -> Iterator[Path]:
    if isinstance(node, (dict, list)):
        for part, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield from _find_invalid(part, path)
            yield from _find_invalid(value, (*path, part))
        return
    try:
        _encode(node)
    except ValueError:
        yield path


def _is_resource(name: str, value: Json) -> bool:
    kind = value.get("Type") if isinstance(value, dict) else None
    is_typed = isinstance(kind, str) and (kind == TYPE or "::" in kind)
    return is_typed or (isinstance(value, list) and name.startswith("Fn::ForEach"))


def _fail(request_id: Json, problems: Any) -> dict[str, Json]:
    # A name may contain half of a surrogate pair, which the answer can't contain.
    lines = [str(problem).encode("utf-8", "backslashreplace").decode("utf-8") for problem in problems]
    return {"requestId": request_id, "status": "failure", "errorMessage": _cut(lines)}


def _cut(lines: Sequence[str]) -> str:
    """The lines in at most :data:`MAX_MESSAGE` characters: the last lines become a count, and a long line is cut."""
    whole = "\n".join(lines)
    if len(whole) <= MAX_MESSAGE:
        return whole
    message = ""
    for place, line in enumerate(lines):
        more = f"… and {len(lines) - place} more; hitcounter lint shows them all"
        if message and len(message) + len(line) + len(more) > MAX_MESSAGE:
            return message + more
        room = MAX_MESSAGE - len(more) - 2 if len(lines) > 1 else MAX_MESSAGE - 1
        message += f"{line[:room]}…" if len(line) > room else line
        message += "\n" if len(lines) > 1 else ""
    return message


def _log_bug(reference: Json) -> None:
    import traceback

    print(json.dumps({"level": "ERROR", "reference": reference, "traceback": traceback.format_exc()}))
