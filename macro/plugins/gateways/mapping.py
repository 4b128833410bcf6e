"""The mapping of a REST API: the name into the event, the number into the response, an error's text into a status."""

import hashlib
import json

from macro.plugin import Json

# escapeJavaScript escapes single quotes too, which JSON does not allow (API Gateway guide, "$util variables").
REQUEST_TEMPLATE = r"""{"name": "$util.escapeJavaScript($input.params('name')).replaceAll("\\'", "'")"}"""
# The body is not used, so all usual types are allowed. API Gateway answers requests of other types with 415.
CONTENT_TYPES = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
# For each status, a pattern that must match the function's whole errorMessage. No text matches two patterns,
# because API Gateway doesn't document which pattern would win.
ERRORS = {
    "400": (r"\[400\][\s\S]*", "Bad Request"),
    "503": (r"\[503\][\s\S]*", "Service Unavailable"),
    "504": (r"(?!\[)[\s\S]*Task timed out[\s\S]*", "Gateway Timeout"),
    "500": (r"(?!\[400\]|\[503\])(?:\[[\s\S]*|(?![\s\S]*Task timed out)[\s\S]+)", "Internal Server Error"),
}
BODIES = {status: json.dumps({"message": message}) for status, (_, message) in ERRORS.items()}
NO_STORE = "method.response.header.Cache-Control"


def map_method(method: dict[str, Json]) -> None:
    """Change a method's proxy integration: map the name into the event, and the number or an error to the response."""
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
