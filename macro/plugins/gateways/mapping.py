"""The mapping of a REST API: the name into the event, the number into the response, an error's text into a status."""

import hashlib
import json

from macro.plugin import Json

# escapeJavaScript escapes single quotes too, which JSON does not allow (API Gateway guide, "$util variables").
REQUEST_TEMPLATE = r"""{"name": "$util.escapeJavaScript($input.params('name')).replaceAll("\\'", "'")"}"""
# The body doesn't count, so it may be of any usual type; a request of another one is answered with 415.
CONTENT_TYPES = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
# What the function's errorMessage matches, as a whole, for each status. No text matches two of them,
# for API Gateway doesn't say which would win.
ERRORS = {
    "400": (r"\[400\][\s\S]*", "Bad Request"),
    "503": (r"\[503\][\s\S]*", "Service Unavailable"),
    "504": (r"(?!\[)[\s\S]*Task timed out[\s\S]*", "Gateway Timeout"),
    "500": (r"(?!\[400\]|\[503\])(?:\[[\s\S]*|(?![\s\S]*Task timed out)[\s\S]+)", "Internal Server Error"),
}
BODIES = {status: json.dumps({"message": message}) for status, (_, message) in ERRORS.items()}
NO_STORE = "method.response.header.Cache-Control"


def map_method(method: dict[str, Json]) -> None:
    """Make a method's proxy integration one that maps the name in, and the number or an error's status out."""
    method["Integration"].update(
        Type="AWS",
        PassthroughBehavior="NEVER",
        RequestTemplates=dict.fromkeys(CONTENT_TYPES, REQUEST_TEMPLATE),
        IntegrationResponses=[_answer("200"), *(_answer(status, pattern) for status, (pattern, _) in ERRORS.items())],
    )
    method["MethodResponses"] = [
        {"StatusCode": status, "ResponseParameters": {NO_STORE: True}} for status in ("200", *ERRORS)
    ]


def _answer(status: str, pattern: str = "") -> dict[str, Json]:
    answer: dict[str, Json] = {"StatusCode": status, "ResponseParameters": {NO_STORE: "'no-store'"}}
    if pattern:
        answer["SelectionPattern"] = pattern
        answer["ResponseTemplates"] = {"application/json": BODIES[status]}
    return answer


def _digest_mapping() -> str:
    method: dict[str, Json] = {"Integration": {}}
    map_method(method)
    return hashlib.sha256(ascii(method).encode()).hexdigest()


MAPPING_DIGEST = _digest_mapping()
