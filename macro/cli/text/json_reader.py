"""Read JSON templates as CloudFormation reads them, much faster than YAML."""

import itertools
import json
import math
import re

from macro.cli.text.reader import MAX_DEPTH
from macro.plugin import Json, Template

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[][{}]')
_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}


def parse_json(text: str) -> Template | None:
    """The data of JSON without duplicate keys, or ``None`` for any other text, which is then read as YAML."""
    try:
        data = json.loads(text, object_pairs_hook=_make_map, parse_constant=_refuse, parse_float=_read_float)
        if "\\u" in text:
            # Half of a surrogate pair is no character and could not be written back.
            json.dumps(data, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) and not _is_deep(text) else None


def _is_deep(text: str) -> bool:
    """Whether JSON is nested deeper than :data:`MAX_DEPTH`. The YAML reader finds the position."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    steps = (_STEPS[token] for token in _TOKEN.findall(text) if token in _STEPS)
    return max(itertools.accumulate(steps)) > MAX_DEPTH


def _refuse(name: str) -> Json:
    raise ValueError(name)


def _read_float(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


def _make_map(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError
    return result
