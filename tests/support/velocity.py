"""Evaluate mapping templates of API Gateway with a third-party Velocity engine."""

import re
from urllib.parse import unquote_plus

import airspeed

# escapeJavaScript of Apache Commons Lang, which API Gateway's $util uses.
_ESCAPES = {"'": "\\'", '"': '\\"', "\\": "\\\\", "/": "\\/", "\b": "\\b", "\n": "\\n", "\t": "\\t", "\f": "\\f", "\r": "\\r"}  # fmt: skip


class JavaText(str):
    """A text with the method of Java's String that templates call."""

    __slots__ = ()

    def replaceAll(self, pattern, replacement):  # noqa: N802
        return JavaText(re.sub(pattern, lambda match: replacement, self))


class Util:
    def escapeJavaScript(self, text):  # noqa: N802
        return JavaText("".join(map(_escape, text)))

    def urlDecode(self, text):  # noqa: N802
        """Java's URLDecoder refuses an escape without two hex digits. What API Gateway does with one isn't known."""
        assert not re.search("%(?![0-9A-Fa-f]{2})", text), text
        return JavaText(unquote_plus(text))


class Input:
    def __init__(self, parameters):
        self.parameters = parameters

    def params(self, name):
        return JavaText(self.parameters[name])


def evaluate(template, parameters):
    """The result of the template for a request with these path parameters."""
    # A backslash is an ordinary character in Velocity, but starts an escape in airspeed.
    text = template.replace("\\", "\\\\")
    return airspeed.Template(text).merge({"input": Input(parameters), "util": Util()})


def _escape(letter):
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    if " " <= letter <= "~":
        return letter
    units = letter.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[place : place + 2].hex().upper()}" for place in range(0, len(units), 2))
