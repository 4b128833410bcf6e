"""Find values of ``Env`` that readers of ``.env`` files read differently, before the companion refuses them."""

import re
from collections.abc import Iterator, Sequence

from macro.errors import Path, Problem
from macro.intrinsic import is_function_name
from macro.plugin import NO_VALUE, Json, Spread, Values

_LINE_ENDS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
_MARK = "\ufeff"
# A quick test that matches every value with a reason to refuse it, and some others.
_is_suspect = re.compile(rf"[{_LINE_ENDS}\0#]|\A[\s'\"`{_MARK}]|[\s{_MARK}]\Z|\$\{{").search
_NOTHING: Values = {}
# Places and the properties there that may hold Env and Function: the counter's, then a stage's.
_Scopes = Sequence[tuple[Path, Values]]


def check_env(properties: Values, path: Path) -> Iterator[Problem]:
    """Literal texts that can't go into the env file of some stage. The properties must be valid."""
    stages = properties.get("Stages")
    entries = stages.items() if isinstance(stages, dict) else [("", None)]
    for name, own in entries:
        scopes = [(path, properties), *([((*path, "Stages", name), own)] if own else [])]
        for place, value in _find_suspects(scopes):
            if _is_raw(scopes):
                yield from (Problem(place, text) for text in find_reasons(value))


def find_reasons(value: str) -> Iterator[str]:
    """The companion's reasons to refuse a value, as the companion words them in ``transform_lambda/env/file.py``."""
    reasons = {
        "a value with a line break": any(character in value for character in _LINE_ENDS),
        "a value with a NUL": "\0" in value,
        "a value that starts or ends with white space": value != value.strip() or value != value.strip(_MARK),
        "a value with '#'": "#" in value,
        "a value that starts with a quote": value[:1] in ("'", '"', "`"),
        "a value with '${'": "${" in value,
    }
    for reason, holds in reasons.items():
        if holds:
            yield f"readers of env files disagree about {reason}; 'EnvEncoding: base64' carries it"


def _is_raw(scopes: _Scopes) -> bool:
    given = [own["Function"]["EnvEncoding"] for _, own in scopes if "EnvEncoding" in own.get("Function", {})]
    return not given or given[-1] in ("raw", NO_VALUE)


def _find_suspects(scopes: _Scopes) -> Iterator[tuple[Path, str]]:
    """Suspect texts that may go into the env file, each with its place. Overridden values are left out."""
    found: dict[str, tuple[Path, Json]] = {}
    for step in (), ("Function",):
        for path, own in scopes:
            values = (own.get("Function", _NOTHING) if step else own).get("Env")
            if isinstance(values, dict) and not any(map(is_function_name, values)):
                place = (*path, *step, "Env")
                found |= {name: (place, value) for name, value in values.items()}
    for name, (place, value) in found.items():
        yield from _find_branches(value, place, (name,))


def _find_branches(value: Json, before: Path, after: Path) -> Iterator[tuple[Path, str]]:
    """The text itself, or the texts in its ``Fn::If``. In the path, an ``Fn::If`` of whole maps precedes the name."""
    if isinstance(value, str):
        if _is_suspect(value):
            yield (*before, *after), value
    elif isinstance(value, dict) and isinstance(value.get("Fn::If"), list):
        for place, branch in list(enumerate(value["Fn::If"]))[1:]:
            step = ("Fn::If", place)
            is_of_maps = isinstance(value, Spread)
            paths = ((*before, *step), after) if is_of_maps else (before, (*after, *step))
            yield from _find_branches(branch, *paths)
