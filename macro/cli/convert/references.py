"""Rewrite references to the replaced resources into references to the counter, and the old URL into its ``Url``."""

import re
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from macro.cli.convert.service import Service
from macro.errors import Problem, Problems
from macro.plugin import Json, Template, Values, inline_value
from macro.template.references import Export, find_references
from macro.template.rewrite import check_references, rewrite_references, rewrite_resource

_HOST = r"https://\$\{%s\}\.execute-api\.\$\{AWS::Region\}\.(?:amazonaws\.com|\$\{AWS::URLSuffix\})"
STAGE = "prod"
# Marks a counter's logical ID during the rewrite, because a replaced resource may have the same ID.
_NEW = "→"


class Replacement(NamedTuple):
    """A service and the logical ID of the counter that replaces the service.

    ``is_only_user``: no other function uses the service's API. ``is_api_removed``: no function that stays uses the API.
    """

    service: Service
    counter: str
    is_only_user: bool = True
    is_api_removed: bool = True


def rewrite_all(node: Json, replacements: Sequence[Replacement], problems: Problems) -> Json:
    """The tree at the place of ``problems`` with every reference rewritten.

    Adds a problem, with its path, for each reference that can't be rewritten.
    """
    exports: dict[str, Export] = {}
    for replacement in replacements:
        node = _rewrite_urls(node, replacement, problems)
        exports |= _make_exports(replacement)
    text = (
        "refers to an attribute of a replaced resource that a counter doesn't have; see 'hitcounter explain attributes'"
    )
    problems.extend(Problem(each.path, text) for each in check_references(node, exports, problems.path))
    return rewrite_resource(node, exports) if problems.path[0] == "Resources" else rewrite_references(node, exports)


def rewrite_sections(template: Template, replacements: Sequence[Replacement], problems: Problems) -> Template:
    """The template with rewritten references in all sections except ``Resources`` and ``Globals``."""
    return {
        name: section if name in ("Resources", "Globals") else rewrite_all(section, replacements, problems.at(name))
        for name, section in template.items()
    }


def _make_exports(replacement: Replacement) -> dict[str, Export]:
    """What a reference to each replaced resource becomes, by the resource's logical ID."""
    service, counter = replacement.service, replacement.counter
    get = partial(_get_att, counter)
    outputs: dict[str, Values] = {part: {} for part in service.parts}
    outputs[_NEW + counter] = {"base_url": get("BaseUrl"), "url": get("Url")}
    stream = _get_att(service.table, "StreamArn")
    outputs[service.table] = {"base_url": get("TableName"), "arn": get("TableArn"), "stream_arn": stream}
    outputs[service.function] = {"base_url": get("FunctionName"), "arn": get("FunctionArn")}
    role_id = _get_att(f"{counter}Role", "RoleId")
    role = service.role or f"{service.function}Role"
    outputs[role] = {"base_url": get("RoleName"), "arn": get("RoleArn"), "role_id": role_id}
    outputs |= {log: {"base_url": get("LogGroupName"), "arn": get("LogGroupArn")} for log in service.logs}
    outputs |= _list_api_outputs(replacement)
    return {logical_id: Export(values, {counter: {}}) for logical_id, values in outputs.items()}


def _list_api_outputs(replacement: Replacement) -> dict[str, Values]:
    route, counter = replacement.service.route, replacement.counter
    if not replacement.is_only_user:
        return {route.api: {}} if replacement.is_api_removed else {}
    outputs = {"base_url": _get_att(counter, "ApiId")}
    if route.gateway == "rest":
        outputs["root_resource_id"] = _get_att(f"{counter}Api", "RootResourceId")
    if route.stage == "$default":
        outputs["api_endpoint"] = _get_att(counter, "BaseUrl")
    return {route.api: outputs, **{stage: {"base_url": STAGE} for stage in _list_stages(replacement.service)}}


def _get_att(logical_id: str, attribute: str) -> Json:
    return {"Fn::GetAtt": [logical_id, attribute]}


def _list_stages(service: Service) -> list[str]:
    """The logical IDs of the API's stages. SAM builds a stage's ID from the API's ID and the stage's name."""
    created = [f"{service.route.api}{service.route.stage}Stage"] if isinstance(service.route.stage, str) else []
    return [*service.route.stages, *created]


def _compile_url(replacement: Replacement) -> re.Pattern[str]:
    """A pattern of the old URL up to and including the stage, as text of ``Fn::Sub``."""
    route = replacement.service.route
    host = f"(?:{_HOST % re.escape(route.api)}|\\$\\{{{re.escape(route.api)}\\.ApiEndpoint\\}})"
    names = [re.escape(f"${{{name}}}") for name in _list_stages(replacement.service)]
    literal = inline_value(route.stage) if route.stage is not None else None
    if literal:
        names.append(re.escape(literal))
    stage = "" if route.stage == "$default" else f"/(?:{'|'.join(names)})" if names else "/[A-Za-z0-9_-]+"
    end = "(?=/|$)" if replacement.is_only_user else f"(?=/{re.escape(route.url_path)}$)"
    return re.compile(host + stage + end)


def _rewrite_urls(node: Json, replacement: Replacement, problems: Problems) -> Json:
    """The tree with the counter's URL in place of the old API's, and the new stage next to each ``Ref`` to the API."""
    if isinstance(node, list):
        return [_rewrite_urls(item, replacement, problems.at(place)) for place, item in enumerate(node)]
    if not isinstance(node, dict):
        return node
    form = next(iter(node)) if len(node) == 1 else ""
    if form == "Fn::Sub" and isinstance(node[form], str):
        node = _rewrite_url(node[form], replacement)
    if form in ("Fn::Sub", "Fn::Join") and replacement.is_only_user and _names_stage(node, replacement):
        api, stage = replacement.service.route.api, inline_value(replacement.service.route.stage)
        url = f"https://${{{api}}}.execute-api.${{AWS::Region}}.amazonaws.com/{stage}/"
        problems.add(f"refers to a stage of {api} in a form that can't be converted; write the URL as !Sub {url}…")
    result = {key: _rewrite_urls(value, replacement, problems.at(key)) for key, value in node.items()}
    return _rewrite_stage(result, replacement) if replacement.is_only_user else result


def _rewrite_url(text: str, replacement: Replacement) -> dict[str, Json]:
    new_id = _NEW + replacement.counter
    base = f"${{{new_id}.BaseUrl}}"
    new = _compile_url(replacement).sub(lambda _: base, text)
    attributes = {base: "BaseUrl", f"{base}/{replacement.service.route.url_path}": "Url"}
    return _get_att(new_id, attributes[new]) if new in attributes else {"Fn::Sub": new}


def _names_stage(node: Json, replacement: Replacement) -> bool:
    """Whether a value names the API followed by a stage, as URLs and ARNs do."""
    text = str(node)
    is_arn = ":execute-api:" in text and "/*" not in text
    names = ".execute-api." in text or "/stages/" in text or is_arn
    return names and bool(find_references(node, [replacement.service.route.api]))


def _rewrite_stage(node: dict[str, Json], replacement: Replacement) -> dict[str, Json]:
    """A map that names the API and the old stage, such as a base path mapping, with the new stage's name."""
    route = replacement.service.route
    if {"Ref": route.api} not in (node.get("RestApiId"), node.get("ApiId")):
        return node
    names = [name for name in ("Stage", "StageName") if node.get(name) == route.stage]
    return {**node, **dict.fromkeys(names, STAGE)}
