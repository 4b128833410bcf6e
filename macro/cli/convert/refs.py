"""Rewrite references to the replaced resources into references to the counter, and the old URL into its ``Url``."""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from macro.cli.convert.service import Service
from macro.errors import Path, Problem
from macro.plugin import Json, Template, inline_value
from macro.template.references import Export, find_references, rewrite_references

_HOST = r"https://\$\{%s\}\.execute-api\.\$\{AWS::Region\}\.(?:amazonaws\.com|\$\{AWS::URLSuffix\})"
STAGE = "prod"
# Marks a counter's logical ID during the rewrite, because a replaced resource may have the same ID.
_NEW = "→"


class Heir(NamedTuple):
    """A service and the logical ID of the counter that replaces the service.

    ``is_alone``: no other function uses the service's API. ``is_gone``: no function that stays uses the API, so the
    API is removed.
    """

    service: Service
    counter: str
    is_alone: bool = True
    is_gone: bool = True


class _Old(NamedTuple):
    """The API whose URL is rewritten: its heir, and a pattern of the URL up to and including the stage."""

    heir: Heir
    url: re.Pattern[str]


def rewrite_all(node: Json, heirs: Sequence[Heir], path: Path, problems: list[Problem]) -> Json:
    """The tree with every reference rewritten.

    Adds a problem, with its path, for each reference that can't be rewritten.
    """
    resources: dict[str, Export] = {}
    for heir in heirs:
        node = _rewrite_urls(node, _Old(heir, _compile_url(heir)), path, problems)
        resources |= _make_exports(heir)
    found: list[Problem] = []
    node = rewrite_references(node, resources, path, found)
    text = "refers to what a counter takes the place of by an attribute that it has none for"
    text = f"{text}; see 'hitcounter explain attributes'"
    problems.extend(Problem(each.path, text) for each in found)
    return node


def rewrite_sections(template: Template, heirs: Sequence[Heir], problems: list[Problem]) -> Template:
    """The template with rewritten references in all sections except ``Resources`` and ``Globals``."""
    return {
        name: section if name in ("Resources", "Globals") else rewrite_all(section, heirs, (name,), problems)
        for name, section in template.items()
    }


def _make_exports(heir: Heir) -> dict[str, Export]:
    service, counter = heir.service, heir.counter

    def offer(**outputs: Json) -> Export:
        return Export(outputs, {counter: {}})

    def get(attribute: str, logical_id: str = counter) -> Json:
        return {"Fn::GetAtt": [logical_id, attribute]}

    exports = {part: offer() for part in service.parts}
    exports[_NEW + counter] = offer(base_url=get("BaseUrl"), url=get("Url"))
    exports[service.table] = offer(
        base_url=get("TableName"), arn=get("TableArn"), stream_arn=get("StreamArn", service.table)
    )
    exports[service.function] = offer(base_url=get("FunctionName"), arn=get("FunctionArn"))
    exports[service.role or f"{service.function}Role"] = offer(
        base_url=get("RoleName"), arn=get("RoleArn"), role_id=get("RoleId", f"{counter}Role")
    )
    exports |= {log: offer(base_url=get("LogGroupName"), arn=get("LogGroupArn")) for log in service.logs}
    return exports | _export_api(heir, offer, get)


def _export_api(heir: Heir, offer: Callable[..., Export], get: Callable[..., Json]) -> dict[str, Export]:
    service, exports = heir.service, dict[str, Export]()
    if heir.is_alone:
        root = (
            {"root_resource_id": get("RootResourceId", f"{heir.counter}Api")} if service.route.gateway == "rest" else {}
        )
        end = {"api_endpoint": get("BaseUrl")} if service.route.stage == "$default" else {}
        exports[service.route.api] = offer(base_url=get("ApiId"), **root, **end)
        exports |= dict.fromkeys(_name_stages(service), offer(base_url=STAGE))
    elif heir.is_gone:
        exports[service.route.api] = offer()
    return exports


def _name_stages(service: Service) -> list[str]:
    """The logical IDs of the API's stages. SAM builds a stage's ID from the API's ID and the stage's name."""
    made = [f"{service.route.api}{service.route.stage}Stage"] if isinstance(service.route.stage, str) else []
    return [*service.route.stages, *made]


def _compile_url(heir: Heir) -> re.Pattern[str]:
    route = heir.service.route
    host = f"(?:{_HOST % re.escape(route.api)}|\\$\\{{{re.escape(route.api)}\\.ApiEndpoint\\}})"
    names = [re.escape(f"${{{name}}}") for name in _name_stages(heir.service)]
    literal = inline_value(route.stage) if route.stage is not None else None
    if literal:
        names.append(re.escape(literal))
    stage = "" if route.stage == "$default" else f"/(?:{'|'.join(names)})" if names else "/[A-Za-z0-9_-]+"
    behind = "(?=/|$)" if heir.is_alone else f"(?=/{re.escape(route.url_path)}$)"
    return re.compile(host + stage + behind)


def _rewrite_urls(node: Json, old: _Old, path: Path, problems: list[Problem]) -> Json:
    """The tree with the counter's URL in place of the old API's, and the new stage next to each ``Ref`` to the API."""
    if isinstance(node, list):
        return [_rewrite_urls(item, old, (*path, place), problems) for place, item in enumerate(node)]
    if not isinstance(node, dict):
        return node
    heir, form = old.heir, next(iter(node)) if len(node) == 1 else ""
    if form == "Fn::Sub" and isinstance(node[form], str):
        node = _rewrite_url(node[form], old)
    if form in ("Fn::Sub", "Fn::Join") and heir.is_alone and _names_stage(node, heir):
        api, stage = heir.service.route.api, inline_value(heir.service.route.stage)
        right = f"https://${{{api}}}.execute-api.${{AWS::Region}}.amazonaws.com/{stage}/"
        problems.append(Problem(path, f"names {api} with a stage that can't be followed; write it as !Sub {right}…"))
    result = {key: _rewrite_urls(value, old, (*path, key), problems) for key, value in node.items()}
    return _exchange_stage(result, heir) if heir.is_alone else result


def _rewrite_url(text: str, old: _Old) -> dict[str, Json]:
    heir = old.heir
    base = f"${{{_NEW}{heir.counter}.BaseUrl}}"
    new = old.url.sub(lambda _: base, text)
    whole = {base: "BaseUrl", f"{base}/{heir.service.route.url_path}": "Url"}
    return {"Fn::GetAtt": [_NEW + heir.counter, whole[new]]} if new in whole else {"Fn::Sub": new}


def _names_stage(node: Json, heir: Heir) -> bool:
    """Whether a value names the API followed by a stage, as URLs and ARNs do."""
    text = str(node)
    is_arn = ":execute-api:" in text and "/*" not in text
    names = ".execute-api." in text or "/stages/" in text or is_arn
    return names and bool(find_references(node, [heir.service.route.api]))


def _exchange_stage(node: dict[str, Json], heir: Heir) -> dict[str, Json]:
    """A map that names the API and the old stage, such as a base path mapping, with the new stage's name."""
    if {"Ref": heir.service.route.api} not in (node.get("RestApiId"), node.get("ApiId")):
        return node
    names = [name for name in ("Stage", "StageName") if node.get(name) == heir.service.route.stage]
    return {**node, **dict.fromkeys(names, STAGE)}
