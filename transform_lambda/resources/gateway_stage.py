"""Stage: a deployment whenever what it holds has changed, and the stage that points to it."""

from collections.abc import Mapping
from typing import Any

from transform_lambda.contract import Json, ResourceError
from transform_lambda.log import log_phase
from transform_lambda.ports import TryAgain
from transform_lambda.resources.function_tags import LOGICAL_ID, STACK
from transform_lambda.resources.gateway_api import Api, api_arn, bring_tags
from transform_lambda.resources.gateway_calls import Calls
from transform_lambda.resources.gateway_mark import stage_digest
from transform_lambda.resources.gateway_patches import Patch
from transform_lambda.resources.gateway_properties import Wanted
from transform_lambda.resources.gateway_stage_settings import stage_patches
from transform_lambda.resources.gateway_tree import Tree, snapshot_digest

_LABEL = "hitcounter "
"""What the description of each deployment of the companion's starts with; a digest of what it holds follows."""
Stage = Mapping[str, Any]


def check_stage(calls: Calls, api: Api, wanted: Wanted) -> Stage | None:
    """The stage, if it is there.

    Raises:
        ResourceError: it is there and, by its tags, not the companion's.
    """
    if not wanted.stage_name:
        return None
    stage = calls.read("GetStage", restApiId=api.id, stageName=wanted.stage_name)
    if stage is not None and not _is_ours(stage):
        raise ResourceError(
            f"Properties.StageName: stage {wanted.stage_name} of API {api.id} is there already and, by its tags, not "
            "of the companion's making; give another StageName, or none and deploy the API yourself"
        )
    return stage


def bring_stage(calls: Calls, api: Api, tree: Tree, wanted: Wanted, now: Stage | None) -> str:
    """The id of the deployment that the stage has in the end: a new one only where it would hold something else."""
    label = _label(api, tree, wanted.stage_name)
    deployment = (
        str(now["deploymentId"]) if now and _is_deployed(calls, api, now, label) else _deploy(calls, api, label)
    )
    keys = {"restApiId": api.id, "stageName": wanted.stage_name}
    if now is None:
        now = calls.change("CreateStage", {**keys, "deploymentId": deployment, **_new(calls, wanted)}, {"Stage": {}})
    changes = [*_point(now, deployment), *stage_patches(now, wanted.stage, _old_stage(calls))]
    if changes:
        calls.change("UpdateStage", {**keys, "patchOperations": changes}, {"Stage": dict(wanted.stage)})
    had = _old_stage(calls).get("Tags")
    arn = f"{api_arn(calls, api.id)}/stages/{wanted.stage_name}"
    bring_tags(calls, arn, now.get("tags") or {}, wanted.stage.get("Tags", {}), had)
    return deployment


def tidy_stages(calls: Calls, api: Api, tree: Tree, *, deploys: bool = True) -> None:
    """Deploy what stages of ours have lost, remove those without a method, and deployments without a stage."""
    stages = calls.items("GetStages", key="item", restApiId=api.id)
    used = {each.mark.stage for each in tree.methods() if each.mark}
    kept = []
    for stage in stages:
        if not _is_ours(stage) or stage_digest(stage["stageName"]) in used:
            kept.append(_redeploy(calls, api, tree, stage) if _is_ours(stage) and deploys else stage)
        else:
            calls.change("DeleteStage", {"restApiId": api.id, "stageName": stage["stageName"]})
    _prune(calls, api, kept)


def prune_deployments(calls: Calls, api: Api) -> None:
    """Remove the deployments of ours that no stage points to."""
    _prune(calls, api, calls.items("GetStages", key="item", restApiId=api.id))


def _is_ours(stage: Stage) -> bool:
    return STACK in (stage.get("tags") or {})


def _label(api: Api, tree: Tree, stage_name: str) -> str:
    return _LABEL + snapshot_digest(tree, api.snapshot, stage_digest(stage_name))


def _is_deployed(calls: Calls, api: Api, stage: Stage, label: str) -> bool:
    found = calls.read("GetDeployment", restApiId=api.id, deploymentId=stage["deploymentId"])
    return found is not None and found.get("description") == label


def _deploy(calls: Calls, api: Api, label: str) -> str:
    return str(calls.change("CreateDeployment", {"restApiId": api.id, "description": label})["id"])


def _new(calls: Calls, wanted: Wanted) -> dict[str, Json]:
    given = wanted.stage
    own = {STACK: calls.request.stack_id, LOGICAL_ID: calls.request.logical_id}
    words = {"Variables": "variables", "Description": "description", "TracingEnabled": "tracingEnabled"}
    call = {word: given[name] for name, word in words.items() if name in given}
    return {**call, "tags": {**given.get("Tags", {}), **own}}


def _point(now: Stage, deployment: str) -> list[Patch]:
    if now.get("deploymentId") == deployment:
        return []
    return [{"op": "replace", "path": "/deploymentId", "value": deployment}]


def _old_stage(calls: Calls) -> Stage:
    old = calls.request.old_properties.get("Stage")
    return old if isinstance(old, Mapping) else {}


def _redeploy(calls: Calls, api: Api, tree: Tree, stage: Stage) -> Stage:
    label = _label(api, tree, stage["stageName"])
    if _is_deployed(calls, api, stage, label):
        return stage
    deployment = _deploy(calls, api, label)
    keys = {"restApiId": api.id, "stageName": stage["stageName"]}
    calls.change("UpdateStage", {**keys, "patchOperations": _point(stage, deployment)})
    return {**stage, "deploymentId": deployment}


def _prune(calls: Calls, api: Api, stages: list[Stage]) -> None:
    used = {stage.get("deploymentId") for stage in stages}
    used |= {(stage.get("canarySettings") or {}).get("deploymentId") for stage in stages}
    for each in calls.items("GetDeployments", restApiId=api.id, limit=500):
        if str(each.get("description") or "").startswith(_LABEL) and each["id"] not in used:
            try:
                calls.change("DeleteDeployment", {"restApiId": api.id, "deploymentId": each["id"]})
            except TryAgain:
                raise
            except ResourceError as error:
                # Another's stage took it meanwhile.
                log_phase(calls.request, "prune", 0.0, str(error))
