"""The mapping of a `Lambda` integration whose template gives none: path parameters in the event, errors as statuses.

Without a mapping, API Gateway passes the request's body as the event, so a function would not get the path's
parameters, and answers 200 to a function's error (API Gateway guide, "Set up Lambda custom integrations").
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from transform_lambda.contract import Json

_NO_BODY = ("GET", "HEAD", "OPTIONS")
# What forms, fetch and sendBeacon send. The header's whole value selects the template.
_CONTENT_TYPES = (
    "application/json", "application/x-www-form-urlencoded", "application/x-www-form-urlencoded;charset=UTF-8",
    "multipart/form-data", "text/plain", "text/plain;charset=UTF-8",
)  # fmt: skip
_BUILT_IN = ("input", "util", "context", "stageVariables")
_PROTECT = r""".replaceAll("[+]", "%2B").replaceAll("%(?![0-9A-Fa-f]{2})", "%25")"""
_UNQUOTE = r""".replaceAll("\\'", "'")"""
_ERRORS = {
    "400": (r"\[400\][\s\S]*", "Bad Request"),
    "503": (r"\[503\][\s\S]*", "Service Unavailable"),
    "504": (r"(?!\[)[\s\S]*Task timed out[\s\S]*", "Gateway Timeout"),
    "500": (r"(?!\[400\]|\[503\])(?:\[[\s\S]*|(?![\s\S]*Task timed out)[\s\S]+)", "Internal Server Error"),
}
"""For each status, a pattern for the function's error message, and the body's message. No text fits two patterns."""


def with_default_mapping(typed: Mapping[str, Any]) -> dict[str, Any]:
    """The checked properties, with request templates and responses for a `Lambda` integration that has none.

    An integration with a `PassthroughBehavior` of its own gets no request templates.
    """
    integration = typed.get("IntegrationRequest") or {}
    if integration.get("Type") != "Lambda":
        return dict(typed)
    found: dict[str, Any] = {"Responses": _make_responses(), **typed}
    names = re.findall(r"\{([^}+]+)\+?\}", str(typed.get("Path", "/")))
    if names and not {"RequestTemplates", "PassthroughBehavior"} & integration.keys():
        kinds = _CONTENT_TYPES[:1] if typed.get("Method", "GET") in _NO_BODY else _CONTENT_TYPES
        templates = dict.fromkeys(kinds, _make_template(names))
        found["IntegrationRequest"] = {**integration, "PassthroughBehavior": "NEVER", "RequestTemplates": templates}
        declared = {f"method.request.path.{name}": True for name in names}
        found["RequestParameters"] = {**declared, **typed.get("RequestParameters", {})}
    return found


def _make_template(names: list[str]) -> str:
    """A mapping template (VTL) whose event has each path parameter, percent-decoded once, by its name.

    `$util.urlDecode` would turn a plus sign into a space, and may fail at a percent sign without two hex digits, so
    both are encoded before. JSON does not allow the escaped single quotes of `escapeJavaScript`.
    """
    is_plain = all(re.fullmatch("[A-Za-z][A-Za-z0-9_]*", name) and name not in _BUILT_IN for name in names)
    lines, pairs = [], []
    for at, name in enumerate(names):
        variable = name if is_plain else f"p{at}"
        lines.append(f"#set(${variable} = $input.params('{name}'){_PROTECT})")
        pairs.append(f'"{name}": "$util.escapeJavaScript($util.urlDecode(${variable})){_UNQUOTE}"')
    return "\n".join([*lines, f"{{{', '.join(pairs)}}}"])


def _make_responses() -> dict[str, Json]:
    errors = {
        status: {"SelectionPattern": pattern, "Templates": {"application/json": json.dumps({"message": message})}}
        for status, (pattern, message) in _ERRORS.items()
    }
    return {"200": {}, **errors}
