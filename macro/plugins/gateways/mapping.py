"""The mapping of a REST API: the name into the event, the number into the response, an error's text into a status."""

import hashlib
import json

from macro.plugin import Json

# ``$input.params`` has the name as it stands in the URL. ``$util.urlDecode`` would turn a plus sign into a space, and
# may fail at a percent sign without two hex digits, so both are encoded before. A name that arrives decoded stays as it
# is, unless it has a percent sign before two hex digits.
_ENCODE = r"""#set($name = $input.params('name').replaceAll("[+]", "%2B").replaceAll("%(?![0-9A-Fa-f]{2})", "%25"))"""
# escapeJavaScript escapes single quotes too, which JSON does not allow (API Gateway guide, "$util variables").
_EVENT = r"""{"name": "$util.escapeJavaScript($util.urlDecode($name)).replaceAll("\\'", "'")"}"""
REQUEST_TEMPLATE = f"{_ENCODE}\n{_EVENT}"
NAME = "method.request.path.name"
# A request without a Content-Type counts as JSON. Only a request with a body has another type.
_BODILESS = ("GET", "HEAD", "OPTIONS")
# What forms, fetch and sendBeacon send. The header's whole value selects the template (API Gateway guide, "Select a VTL
# mapping template"), so the types stand here with and without their charset. Other types get a 415.
_CONTENT_TYPES = (
    "application/json", "application/x-www-form-urlencoded", "application/x-www-form-urlencoded;charset=UTF-8",
    "multipart/form-data", "text/plain", "text/plain;charset=UTF-8",
)  # fmt: skip
# For each status, a pattern that must match the function's whole errorMessage. No text matches two patterns,
# because API Gateway doesn't document which pattern would win.
ERRORS = {
    "400": (r"\[400\][\s\S]*", "Bad Request"),
    "503": (r"\[503\][\s\S]*", "Service Unavailable"),
    "504": (r"(?!\[)[\s\S]*Task timed out[\s\S]*", "Gateway Timeout"),
    "500": (r"(?!\[400\]|\[503\])(?:\[[\s\S]*|(?![\s\S]*Task timed out)[\s\S]+)", "Internal Server Error"),
}
BODIES = {status: json.dumps({"message": message}) for status, (_, message) in ERRORS.items()}
# Caches keep no error without being told to (RFC 9111, 3 and 4.2.2), so only the number has the header.
NO_STORE = "method.response.header.Cache-Control"


def make_templates(method: str) -> dict[str, Json]:
    """The request templates by content type, for an HTTP method such as ``GET`` or ``ANY``."""
    return dict.fromkeys(_CONTENT_TYPES[:1] if method in _BODILESS else _CONTENT_TYPES, REQUEST_TEMPLATE)


def map_method(method: dict[str, Json]) -> None:
    """Change a method's proxy integration: map the name into the event, and the number or an error to the response."""
    number = {"StatusCode": "200", "ResponseParameters": {NO_STORE: "'no-store'"}}
    declared = {"StatusCode": "200", "ResponseParameters": {NO_STORE: True}}
    integration = {
        **method.pop("Integration"),
        "Type": "AWS",
        "PassthroughBehavior": "NEVER",
        "RequestTemplates": make_templates(method["HttpMethod"]),
        "IntegrationResponses": [number, *(_answer(status, pattern) for status, (pattern, _) in ERRORS.items())],
    }
    method.update(
        RequestParameters={NAME: True},
        Integration=integration,
        MethodResponses=[declared, *({"StatusCode": status} for status in ERRORS)],
    )


def _answer(status: str, pattern: str) -> dict[str, Json]:
    templates = {"application/json": BODIES[status]}
    return {"StatusCode": status, "SelectionPattern": pattern, "ResponseTemplates": templates}


def _digest_mapping() -> str:
    method: dict[str, Json] = {"HttpMethod": "ANY", "Integration": {}}
    map_method(method)
    return hashlib.sha256(ascii(method).encode()).hexdigest()


MAPPING_DIGEST = _digest_mapping()
