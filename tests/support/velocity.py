"""Evaluate a mapping template as API Gateway would, with an evaluator that is none of ours."""

import re

import airspeed

# Apache commons-lang's escapeJavaScript, which API Gateway's $util names.
_ESCAPES = {"'": "\\'", '"': '\\"', "\\": "\\\\", "/": "\\/", "\b": "\\b", "\n": "\\n", "\t": "\\t", "\f": "\\f", "\r": "\\r"}  # fmt: skip


class JavaText(str):
    """A text with the method of Java's that templates call on it."""

    __slots__ = ()

    def replaceAll(self, pattern, replacement):  # noqa: N802
        return JavaText(re.sub(pattern, lambda match: replacement, self))


class Util:
    def escapeJavaScript(self, text):  # noqa: N802
        return JavaText("".join(map(_escape, text)))


class Input:
    def __init__(self, parameters):
        self.parameters = parameters

    def params(self, name):
        return JavaText(self.parameters[name])


def evaluate(template, parameters):
    """What the template makes of a request with these path parameters."""
    # In Velocity a backslash in a text is one, airspeed takes it for the beginning of an escape.
    text = template.replace("\\", "\\\\")
    return airspeed.Template(text).merge({"input": Input(parameters), "util": Util()})


def _escape(letter):
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    if " " <= letter <= "~":
        return letter
    units = letter.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[place : place + 2].hex().upper()}" for place in range(0, len(units), 2))
