"""Print log lines for people and programs."""

import json
import re
from datetime import datetime, timezone

from macro.cli.cloud.observe.logs import Logged
from macro.cli.text.escape import show_text

_RED, _YELLOW, _CYAN, _DIM, _PLAIN = "\033[31m", "\033[33m", "\033[36m", "\033[2m", "\033[0m"
_PLATFORM = re.compile(r"(INIT_START|START|END|REPORT) ")
_WRONG = re.compile(r"\[ERROR\]|Traceback|Task timed out|\"level\": ?\"(ERROR|FATAL)\"|\"status\": ?\"?5\d\d")
_REFUSED = re.compile(r"\[WARNING\]|\"level\": ?\"WARN\"|\"status\": ?\"?4\d\d")


def print_logged(logged: Logged, has_colour: bool = False) -> str:
    """Time, label and message. Further lines of a message are indented, and invisible characters are escaped."""
    first, *rest = [show_text(line, "\t") for line in logged.message.rstrip().splitlines()] or [""]
    text = "\n".join([first, *(f"    {line}" for line in rest)])
    if not has_colour:
        return f"{print_time(logged.time)}  {logged.label}  {text}"
    colour = _find_colour(logged.message)
    coloured = f"{colour}{text}{_PLAIN}" if colour else text
    return f"{_DIM}{print_time(logged.time)}{_PLAIN}  {_CYAN}{logged.label}{_PLAIN}  {coloured}"


def print_json(logged: Logged) -> str:
    """The log event as a JSON object on one line."""
    facts = {"time": print_time(logged.time), "counter": logged.label, "stream": logged.stream}
    return json.dumps({**facts, "message": logged.message.rstrip("\n")})


def print_time(milliseconds: int) -> str:
    """The time, given in milliseconds since 1970, in UTC: ``2026-01-31T12:00:00.000Z``."""
    moment = datetime.fromtimestamp(milliseconds // 1000, timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03}Z"


def _find_colour(message: str) -> str:
    if _PLATFORM.match(message):
        return _DIM
    if _WRONG.search(message):
        return _RED
    return _YELLOW if _REFUSED.search(message) else ""
