"""Values of ``Env`` that readers of env files take differently, told where they stand before the companion does."""

from collections.abc import Iterator, Sequence

from macro.errors import Path, Problem
from macro.plugin import NO_VALUE, Json, Spread, Values

_LINE_ENDS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
_MARK = "\ufeff"
# What stands in Env and Function, and where: a counter's, with a stage's behind it.
_Scopes = Sequence[tuple[Path, Values]]


def check_env(properties: Values, path: Path, problems: list[Problem]) -> None:
    """Find the literal texts, of valid properties, that can't go into the env file of some stage."""
    stages = properties.get("Stages")
    entries = stages.items() if isinstance(stages, dict) else [("", None)]
    for name, own in entries:
        scopes = [(path, properties), ((*path, "Stages", name), own or {})]
        for place, value in _find_texts(scopes) if _is_raw(scopes) else ():
            problems.extend(Problem(place, text) for text in find_reasons(value))


def find_reasons(value: str) -> Iterator[str]:
    """Why the companion refuses a value, in its words; the rule is that of ``transform_lambda/env_file.py``."""
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


def _find_texts(scopes: _Scopes) -> Iterator[tuple[Path, str]]:
    """Each text that may go into the env file, and where it stands; what another overrides doesn't."""
    layers = [((*path, "Env"), own.get("Env")) for path, own in scopes]
    layers += [((*path, "Function", "Env"), own.get("Function", {}).get("Env")) for path, own in scopes]
    found: dict[str, tuple[Path, Json]] = {}
    for place, values in layers:
        if isinstance(values, dict) and not any(_is_function(name) for name in values):
            found |= {name: (place, value) for name, value in values.items()}
    for name, (place, value) in found.items():
        yield from _find_branches(value, place, (name,))


def _is_function(name: Json) -> bool:
    return name == "Ref" or str(name).startswith("Fn::")


def _find_branches(value: Json, before: Path, after: Path) -> Iterator[tuple[Path, str]]:
    """The text itself, or those in an ``Fn::If``; one of whole maps stands before the name."""
    if isinstance(value, str):
        yield (*before, *after), value
    elif isinstance(value, dict) and isinstance(value.get("Fn::If"), list):
        for place, branch in list(enumerate(value["Fn::If"]))[1:]:
            step = ("Fn::If", place)
            is_of_maps = isinstance(value, Spread)
            paths = ((*before, *step), after) if is_of_maps else (before, (*after, *step))
            yield from _find_branches(branch, *paths)
