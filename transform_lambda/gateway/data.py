"""The attributes of a gateway for ``Fn::GetAtt``."""

from transform_lambda.contract import Json
from transform_lambda.gateway.names import part_of
from transform_lambda.gateway.place import ROOT
from transform_lambda.gateway.properties import Wanted
from transform_lambda.gateway.tree import Tree, method_digest
from transform_lambda.protocol.answer_url import domain_of

_LONGEST_URLS = 2500
"""Characters for stage URLs, of an answer's 4,096 bytes. A counter's own attributes do not use stage URLs."""


def data_of(stack_id: str, tree: Tree, wanted: Wanted, deployment: str) -> dict[str, Json]:
    """The IDs of the API and its resources, and the first stage's URL, name and deployment.

    If the template names stages by `Stages`, the URL of each stage follows, unless all of them together are too long.
    If a method's stages are deployed by another resource, `MethodDigest` follows.
    """
    place, names = wanted.place, [each.name for each in wanted.stages]
    first = next(iter(names), "")
    data = {
        "Url": _url_of(stack_id, tree.api.id, first, place.path),
        "RestApiId": tree.api.id,
        "RootResourceId": tree.id_of(ROOT),
        **({"ResourceId": tree.id_of(place.path)} if place.has_method else {}),
        "StageName": first,
        "DeploymentId": deployment,
    }
    found = tree.method(place.path, place.verb)
    if found and names and not wanted.deployed:
        data["MethodDigest"] = method_digest(found)
    if wanted.are_several:
        urls = {f"{part_of(name)}Url": _url_of(stack_id, tree.api.id, name, place.path) for name in names}
        data |= urls if len(str(urls)) <= _LONGEST_URLS else {}
    return data


def _url_of(stack_id: str, api_id: str, stage: str, path: str) -> str:
    """The URL, with the path as in the template. Without a stage, the URL ends after the host."""
    region = stack_id.split(":")[3]
    host = f"https://{api_id}.execute-api.{region}.{domain_of(region)}"
    return f"{host}/{stage}{path}" if stage else host
