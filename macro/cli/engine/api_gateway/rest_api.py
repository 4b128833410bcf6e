"""Answer calls of REST APIs with mapping templates, mapped errors, and events as AWS sends them.

MiniStack gives every function an event with decoded names, and always answers 200 for a mapped method. So code that
works in an account would fail here. MiniStack also doesn't look up functions that methods name by stage variables.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

from . import proxy, velocity
from .calls import JSON, VARIABLE, Answer, App, Call, find_function, has_failed, invoke, look_up, make_error

Resources = Sequence[Mapping[str, Any]]
"""Resources of an API with their methods, in the shape that GetResources returns."""


class Method(NamedTuple):
    """The method that a request reaches.

    ``settings`` has the shape that GetResources returns. ``parameters`` are the path parameters, percent-encoded as in
    the URL. ``variables`` are the stage variables. ``resource`` is the path with the parameters' names.
    """

    settings: Mapping[str, Any]
    parameters: Mapping[str, str]
    variables: Mapping[str, str] = {}
    resource: str = ""

    @property
    def integration(self) -> Mapping[str, Any]:
        """The method's integration."""
        return self.settings.get("methodIntegration") or {}

    @property
    def function(self) -> str:
        """The ARN of the function that the integration calls, or an empty text."""
        return find_function(str(self.integration.get("uri") or ""), self.variables)


async def list_resources(app: App, call: Call) -> Resources | None:
    """The resources of the call's API, or ``None`` if it isn't a REST API."""
    listed = await look_up(app, f"/restapis/{call.api}/resources", "embed=methods&limit=500")
    return None if listed is None else listed.get("item") or listed.get("items") or []


async def reach_method(app: App, call: Call, resources: Resources) -> Method | None:
    """The method with its stage variables, or ``None`` if the engine itself answers the call."""
    method = find_method(resources, call.path, call.verb)
    stage = await look_up(app, f"/restapis/{call.api}/stages/{call.stage}") if method else None
    if method is None or stage is None:
        return None
    method = method._replace(variables=stage.get("variables") or {})
    api = await look_up(app, f"/restapis/{call.api}")
    return method if method.function and _is_answered(method, api or {}) else None


def keep_encoding(scope: Any) -> Any:
    """An ASGI scope from which the engine reads the path percent-encoded, as AWS hands it over."""
    return {**scope, "path": scope["raw_path"].decode()}


async def answer_rest(app: App, method: Method, call: Call) -> Answer:
    """The answer of the method's function, after the mapping if the method has one."""
    if method.integration["type"] == "AWS":
        return await _answer_mapped(app, method, call)
    event = proxy.make_event(call, method.resource, method.parameters, method.variables)
    result = await invoke(app, method.function, event)
    return make_error(502, "Internal server error") if has_failed(result) else proxy.read_answer(result.body)


def find_method(resources: Resources, path: str, verb: str) -> Method | None:
    """The method for that path and verb. Greedy parameters are not followed.

    ``path`` is percent-encoded, as in a URL. The resource with the fewest path parameters has priority.
    """
    parts = path.split("/")
    matches = []
    for resource in resources:
        names = str(resource["path"]).strip("/").split("/")
        parameters = {name[1:-1]: part for name, part in zip(names, parts, strict=False) if name[:1] == "{"}
        is_equal = all(name[:1] == "{" or name == unquote(part) for name, part in zip(names, parts, strict=False))
        if is_equal and len(names) == len(parts) and all(parts):
            matches.append((len(parameters), resource, parameters))
    if not matches:
        return None
    _, resource, parameters = min(matches, key=lambda match: match[0])
    methods = resource.get("resourceMethods") or {}
    settings = methods.get(verb) or methods.get("ANY")
    return Method(settings, parameters, resource=str(resource["path"])) if settings else None


def choose_template(templates: Mapping[str, str], content_type: str) -> str | None:
    """The template for a ``Content-Type``, which may have parameters such as a charset.

    The guide says that the whole value selects the template. It isn't known whether AWS also tries the type alone.
    """
    return templates.get(content_type) or templates.get(content_type.partition(";")[0].strip().lower())


def choose_response(integration: Mapping[str, Any], error: str | None) -> Mapping[str, Any]:
    """The integration response whose pattern matches the function's error message.

    If none matches, or there is no error, the result is the integration response without a pattern.
    """
    responses = list((integration.get("integrationResponses") or {}).values())
    matching = [each for each in responses if each.get("selectionPattern")]
    matching = [each for each in matching if error and re.fullmatch(each["selectionPattern"], error)]
    return next(iter([*matching, *(each for each in responses if not each.get("selectionPattern"))]), {})


def _is_answered(method: Method, api: Mapping[str, Any]) -> bool:
    """Whether this module answers calls of the method.

    Only the engine can check authorization, keys and parameters, and convert bodies of binary types.
    """
    integration, settings = method.integration, method.settings
    if integration.get("type") == "AWS":
        templates = (integration.get("requestTemplates") or {}).values()
        return bool(templates) and all(map(velocity.is_supported, templates))
    is_open = settings.get("authorizationType", "NONE") == "NONE" and not settings.get("apiKeyRequired")
    is_plain = is_open and not settings.get("requestValidatorId") and not api.get("binaryMediaTypes")
    return integration.get("type") == "AWS_PROXY" and (is_plain or bool(VARIABLE.search(integration["uri"])))


async def _answer_mapped(app: App, method: Method, call: Call) -> Answer:
    content_type = dict(call.headers).get(b"content-type", b"application/json").decode("latin-1")
    template = choose_template(method.integration["requestTemplates"], content_type)
    if template is None and method.integration.get("passthroughBehavior", "WHEN_NO_MATCH") != "WHEN_NO_MATCH":
        return make_error(415, "Unsupported Media Type")
    parameters = {**dict(parse_qsl(call.query, keep_blank_values=True)), **method.parameters}
    try:
        event = call.body or b"{}" if template is None else velocity.evaluate(template, parameters).encode()
    except ValueError:
        return make_error(500, "Internal server error")
    result = await invoke(app, method.function, event)
    if result.status != 200:
        return make_error(500, "Internal server error")
    error = str(json.loads(result.body).get("errorMessage", "")) if has_failed(result) else None
    return _map(choose_response(method.integration, error), result.body)


def _map(response: Mapping[str, Any], body: bytes) -> Answer:
    """The answer. Only literals are evaluated, which is what counters have; others leave the body as it is."""
    headers = dict(JSON)
    for name, value in (response.get("responseParameters") or {}).items():
        if str(value)[:1] == "'":
            headers[name.rpartition(".")[2].lower()] = str(value).strip("'")
    template = str((response.get("responseTemplates") or {}).get("application/json") or "")
    is_literal = bool(template) and not re.search("[$#]", template)
    return Answer(int(response.get("statusCode", 200)), headers, template.encode() if is_literal else body)
