"""What a REST API maps between a request and the function: the name in, the number out, an error's text to a status."""

import json

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
