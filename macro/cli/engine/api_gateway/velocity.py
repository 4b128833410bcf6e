"""Evaluate mapping templates of REST APIs, as far as counters use the Velocity Template Language.

A template may contain ``#set``, variables, ``$input.params``, ``$util.urlDecode``, ``$util.escapeJavaScript`` and the
``replaceAll`` of Java's texts (API Gateway guide, "Mapping template variables").
"""

import json
import re
from collections.abc import Mapping
from urllib.parse import unquote_plus

_TEXT = re.compile(r"[^$#]+")
_SET = re.compile(r"#set\(\$(\w+) = ")
_END = re.compile(r"\)\n?")
_REFERENCE = re.compile(r"\$(\w+)")
_CALL = re.compile(r"\.(\w+)\(")
_COMMA = re.compile(", *")
_CLOSE = re.compile(r"\)")
# A text in double quotes with a reference in it would have to be evaluated, too.
_LITERAL = re.compile(r"""'(?P<single>[^']*)'|"(?P<double>[^"$#]*)\"""")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


class UnsupportedTemplate(Exception):
    """The template contains something else than this module evaluates."""


def is_supported(template: str) -> bool:
    """Whether this module can evaluate the template."""
    try:
        evaluate(template, {})
    except (UnsupportedTemplate, ValueError, re.error):
        return False
    return True


def evaluate(template: str, parameters: Mapping[str, str]) -> str:
    """What the template makes of a request with these parameters, which are as ``$input.params`` gives them.

    Raises:
        UnsupportedTemplate: see :func:`is_supported`.
        ValueError: ``$util.urlDecode`` gets a percent sign without two hex digits.
    """
    return _Reader(template, parameters).read_template()


class _Reader:
    def __init__(self, template: str, parameters: Mapping[str, str]) -> None:
        self._template, self._place = template, 0
        self._parameters, self._variables = parameters, dict[str, str]()

    def read_template(self) -> str:
        result = []
        while self._place < len(self._template):
            if text := self._take(_TEXT):
                result.append(text[0])
            elif variable := self._take(_SET):
                self._variables[variable[1]] = self._read_value()
                self._expect(_END)
            else:
                result.append(self._read_value())
        return "".join(result)

    def _read_value(self) -> str:
        if literal := self._take(_LITERAL):
            return literal["single"] if literal["double"] is None else literal["double"]
        name = self._expect(_REFERENCE)[1]
        value = self._call(name, self._expect(_CALL)[1]) if name in ("input", "util") else self._variables.get(name)
        if value is None:
            raise UnsupportedTemplate(self._template)
        while call := self._take(_CALL):
            if call[1] != "replaceAll":
                raise UnsupportedTemplate(self._template)
            pattern, replacement = self._read_arguments(2)
            value = _replace_all(value, pattern, replacement)
        return value

    def _call(self, *name: str) -> str | None:
        (argument,) = self._read_arguments(1)
        if name == ("input", "params"):
            return self._parameters.get(argument, "")
        if name == ("util", "urlDecode"):
            return _decode(argument)
        return _escape(argument) if name == ("util", "escapeJavaScript") else None

    def _read_arguments(self, count: int) -> list[str]:
        arguments = [self._read_value()]
        while len(arguments) < count:
            self._expect(_COMMA)
            arguments.append(self._read_value())
        self._expect(_CLOSE)
        return arguments

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self._template, self._place)
        if found:
            self._place = found.end()
        return found

    def _expect(self, pattern: re.Pattern[str]) -> re.Match[str]:
        found = self._take(pattern)
        if found is None:
            raise UnsupportedTemplate(self._template)
        return found


def _replace_all(text: str, pattern: str, replacement: str) -> str:
    return re.sub(pattern, lambda _: replacement, text)


def _decode(text: str) -> str:
    if _BROKEN_ESCAPE.search(text):
        raise ValueError("a percent sign without two hex digits")
    return unquote_plus(text)


def _escape(text: str) -> str:
    return json.dumps(text)[1:-1].replace("/", "\\/").replace("'", "\\'")
