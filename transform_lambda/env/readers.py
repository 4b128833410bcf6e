"""Models of three readers of `.env`: python-dotenv, Node and a plain split.

Each model does what the reader does with valid and with odd lines. A merged file is checked with all models before it
is deployed. The tests compare the models with the real readers. No model expands `${…}`.
"""

import re
from collections.abc import Callable

Reader = Callable[[str], dict[str, str]]

_BLANKS = r"[^\S\r\n]*"
_SPACES = re.compile(r" *")
_LEADING = re.compile(r"\s*")
_EXPORT = re.compile(r"(?:export[^\S\r\n]+)?")
_KEY = re.compile(rf"(?:'([^']+)'|(?!')([^=#\s]+)){_BLANKS}")
_EQUALS = re.compile(rf"={_BLANKS}")
BOM = "\ufeff"
QUOTED = {"'": re.compile(r"'((?:\\.|[^'\\])*)'", re.DOTALL), '"': re.compile(r'"((?:\\.|[^"\\])*)"', re.DOTALL)}
"""Quoted values with escapes, by their quote. The group is the text between the quotes."""
_ESCAPES = {"'": re.compile(r"\\([\\'])"), '"': re.compile(r"\\([\\'\"abfnrtv])")}
_ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_REST = re.compile(r"[^\r\n]*")
# Without the lookbehind, the search would try each blank of a long run as the start of a match.
_INLINE_COMMENT = re.compile(r"(?<!\s)\s+#.*")
_END = re.compile(rf"(?:{_BLANKS}#[^\r\n]*)?{_BLANKS}(?:\r\n|\n|\r|$)")
_SKIP = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|$)")


def read_plain(text: str) -> dict[str, str]:
    """Names and values according to `line.split("=", 1)`, stripped of white space. Only a line feed ends a line."""
    pairs = (line.split("=", 1) for line in text.removeprefix(BOM).split("\n") if "=" in line)
    return {name.strip(): value.strip() for name, value in pairs}


def read_dotenv(text: str) -> dict[str, str]:
    """Names and values according to python-dotenv without interpolation. Names without "=" are left out."""
    found: dict[str, str | None] = {}
    text = text.removeprefix(BOM)
    position = _after(_LEADING, text, 0)
    while position < len(text):
        name, value, position = _dotenv_binding(text, position)
        end = _END.match(text, position) if name is not None else None
        if end and name is not None:
            found[name] = value
        position = _after(_LEADING, text, end.end() if end else _after(_SKIP, text, position))
    return {name: value for name, value in found.items() if value is not None}


def read_node(text: str) -> dict[str, str]:
    """Names and values according to Node's `--env-file` and `util.parseEnv` (src/node_dotenv.cc, release line 20)."""
    found: dict[str, str] = {}
    content = text.replace("\r", "").strip(" ")
    position = 0
    while position < len(content):
        newline = content.find("\n", position) if content[position] in "\n#" else -1
        if newline >= 0:
            position = newline + 1
            continue
        # Node does not end a line without "=" at its line feed: the name continues to the next "=".
        equals = content.find("=", position)
        name = content[position : max(equals, position)].strip(" ")
        if not name:
            break
        value, position = _node_value(content, _after(_SPACES, content, equals + 1))
        if value is not None:
            found[name.removeprefix("export ")] = value
    return found


READERS: dict[str, Reader] = {"python-dotenv": read_dotenv, "Node": read_node, "a plain split": read_plain}


def _after(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position


def _dotenv_binding(text: str, start: int) -> tuple[str | None, str | None, int]:
    """The name, its value and the position after them. The name is None if python-dotenv cannot parse the line."""
    start = _after(_EXPORT, text, start)
    key = _KEY.match(text, start)
    if key is None:
        return None, None, start
    name = key[1] or key[2]
    equals = _EQUALS.match(text, key.end())
    if equals is None:
        return name, None, key.end()
    if len(equals[0]) > 1 and text.startswith("#", equals.end()):
        return name, "", equals.end()
    value, end = _dotenv_value(text, equals.end())
    return (None if value is None else name), value, end


def _dotenv_value(text: str, start: int) -> tuple[str | None, int]:
    quote = text[start : start + 1]
    if quote not in QUOTED:
        end = _after(_REST, text, start)
        return _INLINE_COMMENT.sub("", text[start:end]).rstrip(), end
    quoted = QUOTED[quote].match(text, start)
    if quoted is None:
        return None, start
    return _ESCAPES[quote].sub(lambda found: _ESCAPED.get(found[1], found[1]), quoted[1]), quoted.end()


def _node_value(content: str, start: int) -> tuple[str | None, int]:
    """The value at `start`, and the position after it. The value is None if a quote on the last line never closes."""
    quote = content[start : start + 1] if content[start : start + 1] in ("'", '"', "`") else None
    closing = content.find(quote, start + 1) if quote else -1
    newline = content.find("\n", max(start, closing + 1))
    end = newline if newline >= 0 else len(content)
    if closing >= 0:
        value = content[start + 1 : closing]
        return value.replace("\\n", "\n") if quote == '"' else value, end
    line = content[start:end]
    if quote:
        return (line, end) if newline >= 0 else (None, start)
    return line.partition("#")[0].strip(" "), end
