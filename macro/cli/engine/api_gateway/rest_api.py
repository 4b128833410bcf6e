"""Answer calls of REST APIs with a counter's mapping templates, or with a function that stage variables name.

MiniStack gives a function the gateway's own event and always answers 200. So code that works in an account would fail
here. MiniStack also doesn't look up functions that methods name by stage variables.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote

from . import proxy
from .calls import (
    FUNCTION,
    JSON,
    VARIABLE,
    Answer,
    App,
    Call,
    ask,
    has_failed,
    invoke,
    make_error,
    read_stage_variables,
)

_MAPPING = re.compile(
    r"""\{"(?P<key>\w+)": "\$util\.escapeJavaScript\(\$input\.params\('(?P<parameter>\w+)'\)\).*"\}"""
)


class Method(NamedTuple):
    """The method that a request reaches.

    ``integration`` has the shape that GetResources returns. ``parameters`` are the path parameters. ``variables`` are
    the stage variables, which select the function. ``resource`` is the path with the parameters' names.
    """

    integration: Mapping[str, Any]
    parameters: Mapping[str, str]
    variables: Mapping[str, str] = {}
    resource: str = ""


async def reach_method(app: App, call: Call) -> Method | None:
    """The method with its stage variables, or ``None`` if the engine itself answers the call."""
    listed = await ask(app, "apigateway", f"/restapis/{call.api}/resources", "embed=methods&limit=500")
    if listed.status != 200:
        return None
    content = json.loads(listed.body)
    method = find_method(content.get("item") or content.get("items") or [], call.path, call.verb)
    if method is None or not VARIABLE.search(method.integration["uri"]):
        return method
    variables = await read_stage_variables(app, f"/restapis/{call.api}/stages/{call.stage}", "variables")
    return None if variables is None else method._replace(variables=variables)


async def answer_rest(app: App, method: Method, call: Call) -> Answer:
    """The answer of the method's function, after the mapping if the method has one."""
    if method.integration["type"] == "AWS":
        return await _answer_mapped(app, method, dict(call.headers))
    event = proxy.make_event(call, method.resource, method.parameters, method.variables)
    result = await invoke(app, method.integration["uri"], method.variables, event)
    return make_error(502, "Internal server error") if has_failed(result) else proxy.read_answer(result.body)


def find_method(resources: Sequence[Mapping[str, Any]], path: str, verb: str) -> Method | None:
    """The method for that path and verb, if it has the macro's mapping or names its function by a stage variable.

    ``path`` is percent-encoded, as in a URL. The resource with the fewest path parameters has priority.
    """
    parts = path.split("/")
    matches = []
    for resource in resources:
        names = str(resource["path"]).strip("/").split("/")
        parameters = {name[1:-1]: unquote(part) for name, part in zip(names, parts, strict=False) if name[:1] == "{"}
        is_equal = all(name[:1] == "{" or name == unquote(part) for name, part in zip(names, parts, strict=False))
        if is_equal and len(names) == len(parts) and all(parts):
            matches.append((len(parameters), resource, parameters))
    if not matches:
        return None
    _, resource, parameters = min(matches, key=lambda match: match[0])
    methods = resource.get("resourceMethods") or {}
    integration = (methods.get(verb) or methods.get("ANY") or {}).get("methodIntegration") or {}
    return Method(integration, parameters, resource=str(resource["path"])) if _is_answered(integration) else None


def choose_response(integration: Mapping[str, Any], error: str | None) -> Mapping[str, Any]:
    """The integration response whose pattern matches the function's error message.

    If none matches, or there is no error, the result is the integration response without a pattern.
    """
    responses = list((integration.get("integrationResponses") or {}).values())
    matching = [each for each in responses if each.get("selectionPattern")]
    matching = [each for each in matching if error and re.fullmatch(each["selectionPattern"], error)]
    return next(iter([*matching, *(each for each in responses if not each.get("selectionPattern"))]), {})


def _is_answered(integration: Mapping[str, Any]) -> bool:
    """Whether this module answers calls of a method with that integration."""
    kind, uri = integration.get("type"), integration.get("uri") or ""
    templates = (integration.get("requestTemplates") or {}).values()
    is_mapped = kind == "AWS" and bool(templates) and all(map(_MAPPING.fullmatch, templates))
    return bool((is_mapped or (kind == "AWS_PROXY" and VARIABLE.search(uri))) and FUNCTION.search(uri))


async def _answer_mapped(app: App, method: Method, headers: Mapping[bytes, bytes]) -> Answer:
    kind = headers.get(b"content-type", b"application/json").decode("latin-1").partition(";")[0].strip().lower()
    template = method.integration["requestTemplates"].get(kind)
    if template is None:
        return make_error(415, "Unsupported Media Type")
    mapping = _MAPPING.fullmatch(template)
    assert mapping is not None
    event = json.dumps({mapping["key"]: method.parameters.get(mapping["parameter"], "")}).encode()
    result = await invoke(app, method.integration["uri"], method.variables, event)
    if result.status != 200:
        return make_error(500, "Internal server error")
    error = str(json.loads(result.body).get("errorMessage", "")) if has_failed(result) else None
    return _map(choose_response(method.integration, error), result.body)


def _map(response: Mapping[str, Any], body: bytes) -> Answer:
    headers = dict(JSON)
    for name, value in (response.get("responseParameters") or {}).items():
        # The macro generates only literals, which are in quotes.
        headers[name.rpartition(".")[2].lower()] = str(value).strip("'")
    template = (response.get("responseTemplates") or {}).get("application/json")
    return Answer(int(response.get("statusCode", 200)), headers, template.encode() if template else body)
