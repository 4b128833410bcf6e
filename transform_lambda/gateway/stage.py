"""Creates, updates and deletes stages with the resources that need them."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from transform_lambda.contract import Json, ResourceError
from transform_lambda.gateway.api import Api, api_arn, apply_tags
from transform_lambda.gateway.calls import Calls
from transform_lambda.gateway.deployment import apply_deployments, prune
from transform_lambda.gateway.mark import stage_digest, who_of
from transform_lambda.gateway.patches import Patch
from transform_lambda.gateway.properties import Wanted
from transform_lambda.gateway.stage_settings import stage_patches
from transform_lambda.gateway.tree import Tree, snapshot_digest
from transform_lambda.gateway.variables import keep_named
from transform_lambda.gateway.wanted_stages import WantedStage, stages_in
from transform_lambda.ports import Found
from transform_lambda.tags import LOGICAL_ID, PREFIX, STACK, tag_changes

_DEPLOYER = f"{PREFIX}deployer"
"""The tag with the resource that deploys a stage for others. The stage stays while the resource deploys it."""

Stage = Mapping[str, Any]
Stages = Mapping[str, Stage | None]
"""Stages by name. None for a stage that does not exist."""


class _Turn(NamedTuple):
    """The current stage, the old settings, and the wanted deployment and ownership tags."""

    now: Stage | None
    had: Stage
    deployment: str
    own_tags: Mapping[str, str]


def check_stages(calls: Calls, api: Api, wanted: Wanted) -> Stages:
    """The current state of the stages to which the resource deploys.

    Raises:
        ResourceError: a stage exists and, by its tags, is not the companion's, or another resource deploys the stage.
    """
    stages = {name: calls.read("GetStage", restApiId=api.id, stageName=name) for name in wanted.deployed}
    for name, stage in stages.items():
        where = f"{_where(calls, name)}: stage {name} of API {api.id}"
        if stage is not None and not is_ours(stage):
            raise ResourceError(
                f"{where} is there already and, by its tags, not of the companion's making; give another StageName, or "
                "none and deploy the API yourself"
            )
        if not wanted.place.has_method and stage and _deployer(stage) not in ("", who_of(calls.request)):
            raise ResourceError(f"{where} is deployed by another resource already; list its Methods there")
    return stages


def apply_stages(calls: Calls, tree: Tree, wanted: Wanted, now: Stages) -> str:
    """Create or update the wanted stages, and return the ID of the first stage's deployment.

    Stages whose content has changed share one new deployment.
    """
    is_deployer = not wanted.place.has_method
    digests = {
        name: snapshot_digest(tree, name, holds_all=is_deployer or bool(_deployer(now[name] or {})))
        for name in wanted.deployed
    }
    numbers = apply_deployments(calls, tree.api_id, digests, now)
    had = {each.name: each.settings for each in stages_in(calls.request.old_properties, calls.request)}
    own_tags = {_DEPLOYER: who_of(calls.request)} if is_deployer else {}
    for each in wanted.stages:
        old = had.get(each.name, {})
        old = keep_named(tree, old, each.settings) if is_deployer else old
        _bring(calls, tree.api_id, each, _Turn(now[each.name], old, numbers[each.name], own_tags))
    return numbers[wanted.deployed[0]]


def tidy_stages(calls: Calls, tree: Tree, *, deploys: bool = True, deployed: Collection[str] | None = None) -> None:
    """Delete unneeded stages of the companion, redeploy stages that lost content, and prune deployments.

    `deployed` is for a resource that deploys for others: the stages that the resource still deploys. It does not need
    its other stages. Without `deploys`, no stage is redeployed.
    """
    marked = {digest for each in tree.methods() if each.mark for digest in each.mark.stages}
    ours: dict[str, Stage] = {}
    theirs: list[Stage] = []
    for stage in list_stages(calls, tree.api_id):
        name = stage["stageName"]
        kept = _let_go(calls, tree.api_id, stage, is_marked=stage_digest(name) in marked, deployed=deployed)
        if not is_ours(stage):
            theirs.append(stage)
        elif kept is None:
            calls.change("DeleteStage", {"restApiId": tree.api_id, "stageName": name})
        else:
            ours[name] = kept
    if deploys and any(True for _ in tree.methods()):
        ours = _redeploy(calls, tree, ours)
    prune(calls, tree.api_id, [*theirs, *ours.values()])


def list_stages(calls: Calls, api_id: str) -> list[Stage]:
    """The current state of all stages of the API."""
    return calls.items("GetStages", key="item", restApiId=api_id)


def is_ours(stage: Stage) -> bool:
    """Whether the companion created the stage, by its ownership tags."""
    return STACK in (stage.get("tags") or {})


def _deployer(stage: Stage) -> str:
    return str((stage.get("tags") or {}).get(_DEPLOYER, ""))


def _where(calls: Calls, name: str) -> str:
    return f"Properties.Stages.{name}" if "Stages" in calls.request.properties else "Properties.StageName"


def _bring(calls: Calls, api_id: str, wanted: WantedStage, turn: _Turn) -> None:
    now, had, deployment, own_tags = turn
    keys = {"restApiId": api_id, "stageName": wanted.name}
    if now is None:
        call = {**keys, "deploymentId": deployment, **_new(calls, wanted.settings, own_tags)}
        now = calls.change("CreateStage", call, {"Stage": {}})
    changes = [*_point(now, deployment), *stage_patches(now, wanted.settings, had)]
    if changes:
        calls.change("UpdateStage", {**keys, "patchOperations": changes}, {"Stage": dict(wanted.settings)})
    found = Found({}, now.get("tags") or {})
    tags = {**wanted.settings.get("Tags", {}), **own_tags}
    apply_tags(calls, _arn(calls, api_id, wanted.name), *tag_changes(found, tags, had))


def _let_go(
    calls: Calls, api_id: str, stage: Stage, *, is_marked: bool, deployed: Collection[str] | None
) -> Stage | None:
    """The stage, without the tag of a resource that no longer deploys it. None if nothing needs the stage."""
    name, tags = stage["stageName"], dict(stage.get("tags") or {})
    if deployed is not None and name not in deployed and _deployer(stage) == who_of(calls.request):
        del tags[_DEPLOYER]
        if is_marked:
            apply_tags(calls, _arn(calls, api_id, name), {}, [_DEPLOYER])
    return {**stage, "tags": tags} if is_marked or _DEPLOYER in tags else None


def _redeploy(calls: Calls, tree: Tree, stages: Mapping[str, Stage]) -> dict[str, Stage]:
    digests = {name: snapshot_digest(tree, name, holds_all=bool(_deployer(stage))) for name, stage in stages.items()}
    numbers = apply_deployments(calls, tree.api_id, digests, stages)
    for name, stage in stages.items():
        changes = _point(stage, numbers[name])
        if changes:
            keys = {"restApiId": tree.api_id, "stageName": name}
            calls.change("UpdateStage", {**keys, "patchOperations": changes})
    return {name: {**stage, "deploymentId": numbers[name]} for name, stage in stages.items()}


def _new(calls: Calls, given: Mapping[str, Json], tags: Mapping[str, str]) -> dict[str, Json]:
    own = {STACK: calls.request.stack_id, LOGICAL_ID: calls.request.logical_id, **tags}
    members = {"Variables": "variables", "Description": "description", "TracingEnabled": "tracingEnabled"}
    call = {word: given[name] for name, word in members.items() if name in given}
    return {**call, "tags": {**given.get("Tags", {}), **own}}


def _point(now: Stage, deployment: str) -> list[Patch]:
    if now.get("deploymentId") == deployment:
        return []
    return [{"op": "replace", "path": "/deploymentId", "value": deployment}]


def _arn(calls: Calls, api_id: str, name: str) -> str:
    return f"{api_arn(calls, api_id)}/stages/{name}"
