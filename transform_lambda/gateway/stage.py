"""Creates, updates and deletes stages with the resources that need them."""

from collections.abc import Collection, Mapping
from typing import Any

from transform_lambda.contract import ResourceError
from transform_lambda.gateway.api import Api, api_arn, apply_tags
from transform_lambda.gateway.calls import Calls
from transform_lambda.gateway.deployment import apply_deployments, prune
from transform_lambda.gateway.mark import stage_digest, who_of
from transform_lambda.gateway.names import STAGE, renamed
from transform_lambda.gateway.patches import Patch
from transform_lambda.gateway.properties import Wanted
from transform_lambda.gateway.stage_settings import stage_patches
from transform_lambda.gateway.tree import Tree, snapshot_digest
from transform_lambda.gateway.variables import keep_named
from transform_lambda.gateway.wanted_stages import WantedStage, stages_in
from transform_lambda.tags import LOGICAL_ID, PREFIX, STACK, tag_changes

_DEPLOYER = f"{PREFIX}deployer"
"""The tag with the resource that deploys a stage for others. The stage stays while the resource deploys it."""

Stage = Mapping[str, Any]
Stages = Mapping[str, Stage | None]
"""Stages by name. None for a stage that does not exist."""


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
                f"{where} already exists and, by its tags, does not belong to the companion; give another StageName, "
                "or omit it and deploy the API yourself"
            )
        if not wanted.place.has_method and stage and _deployer(stage) not in ("", who_of(calls.request)):
            raise ResourceError(f"{where} is already deployed by another resource; list the Methods there")
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
    numbers = apply_deployments(calls, tree.api.id, digests, now)
    had = {each.name: each.settings for each in stages_in(calls.request.old_properties, calls.request)}
    for each in wanted.stages:
        old = had.get(each.name, {})
        if is_deployer:
            each = _with_tags(each, {_DEPLOYER: who_of(calls.request)})
            old = keep_named(tree, old, each.settings)
        stage = now[each.name] or _create(calls, tree.api.id, each, numbers[each.name])
        _update(
            calls, tree.api.id, each, [*_point(stage, numbers[each.name]), *stage_patches(stage, each.settings, old)]
        )
        tags = tag_changes(stage.get("tags") or {}, each.settings.get("Tags", {}), old)
        apply_tags(calls, _arn(calls, tree.api.id, each.name), *tags)
    return numbers[wanted.deployed[0]]


def tidy_stages(calls: Calls, tree: Tree, *, deploys: bool = True, deployed: Collection[str] | None = None) -> None:
    """Delete unneeded stages of the companion, redeploy stages that lost content, and prune deployments.

    `deployed` is for a resource that deploys for others: the stages that the resource still deploys. It does not need
    its other stages. Without `deploys`, no stage is redeployed.
    """
    marked = {digest for each in tree.methods() if each.mark for digest in each.mark.stages}
    listed = list_stages(calls, tree.api.id)
    ours: dict[str, Stage] = {}
    for stage in filter(is_ours, listed):
        name = stage["stageName"]
        is_marked, deployer = stage_digest(name) in marked, _deployer(stage)
        is_dropped = deployed is not None and name not in deployed and deployer == who_of(calls.request)
        if is_marked:
            ours[name] = _without_deployer(calls, tree.api.id, stage) if is_dropped else stage
        elif deployer and not is_dropped:
            ours[name] = stage
        else:
            calls.change("DeleteStage", {"restApiId": tree.api.id, "stageName": name})
    if deploys and any(True for _ in tree.methods()):
        ours = _redeploy(calls, tree, ours)
    others = [stage for stage in listed if not is_ours(stage)]
    prune(calls, tree.api.id, [*others, *ours.values()])


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


def _with_tags(wanted: WantedStage, tags: Mapping[str, str]) -> WantedStage:
    return wanted._replace(settings={**wanted.settings, "Tags": {**wanted.settings.get("Tags", {}), **tags}})


def _create(calls: Calls, api_id: str, wanted: WantedStage, deployment: str) -> Stage:
    own = {STACK: calls.request.stack_id, LOGICAL_ID: calls.request.logical_id}
    tags = {**wanted.settings.get("Tags", {}), **own}
    call = {"restApiId": api_id, "stageName": wanted.name, "deploymentId": deployment, "tags": tags}
    # API Gateway refuses an empty description.
    given = {name: value for name, value in renamed(wanted.settings, STAGE).items() if value != ""}
    return calls.change("CreateStage", {**call, **given}, {"Stage": {}})


def _update(calls: Calls, api_id: str, wanted: WantedStage, changes: list[Patch]) -> None:
    if changes:
        call = {"restApiId": api_id, "stageName": wanted.name, "patchOperations": changes}
        calls.change("UpdateStage", call, {"Stage": dict(wanted.settings)})


def _without_deployer(calls: Calls, api_id: str, stage: Stage) -> Stage:
    """The stage, after it lost the tag of the resource that deployed it."""
    apply_tags(calls, _arn(calls, api_id, stage["stageName"]), {}, [_DEPLOYER])
    return {**stage, "tags": {name: value for name, value in stage["tags"].items() if name != _DEPLOYER}}


def _redeploy(calls: Calls, tree: Tree, stages: Mapping[str, Stage]) -> dict[str, Stage]:
    digests = {name: snapshot_digest(tree, name, holds_all=bool(_deployer(stage))) for name, stage in stages.items()}
    numbers = apply_deployments(calls, tree.api.id, digests, stages)
    for name, stage in stages.items():
        changes = _point(stage, numbers[name])
        if changes:
            keys = {"restApiId": tree.api.id, "stageName": name}
            calls.change("UpdateStage", {**keys, "patchOperations": changes})
    return {name: {**stage, "deploymentId": numbers[name]} for name, stage in stages.items()}


def _point(now: Stage, deployment: str) -> list[Patch]:
    if now.get("deploymentId") == deployment:
        return []
    return [{"op": "replace", "path": "/deploymentId", "value": deployment}]


def _arn(calls: Calls, api_id: str, name: str) -> str:
    return f"{api_arn(calls, api_id)}/stages/{name}"
