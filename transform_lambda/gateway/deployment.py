"""Deploys an API for its stages when their content has changed, and deletes deployments that no stage uses."""

from collections.abc import Iterable, Mapping
from typing import Any

from transform_lambda.contract import Json, ResourceError
from transform_lambda.gateway.calls import Calls
from transform_lambda.log import log_phase
from transform_lambda.ports import TryAgain

_LABEL = "hitcounter "
"""The start of the description of every deployment by the companion. Digests of the stages' content follow."""

Stage = Mapping[str, Any]


def apply_deployments(
    calls: Calls, api_id: str, digests: Mapping[str, str], now: Mapping[str, Stage | None]
) -> dict[str, str]:
    """The ID of a deployment for each stage's name. Its description contains the stage's digest.

    The deployment is the stage's current one, or else the current one of another stage in `now`. All stages without
    a match share one new deployment.
    """
    used = dict.fromkeys(str(stage["deploymentId"]) for stage in now.values() if stage)
    known = {number: _digests_of(calls.read("GetDeployment", restApiId=api_id, deploymentId=number)) for number in used}
    found = {name: _choose(known, now[name], digest) for name, digest in digests.items()}
    missing = sorted({digest for name, digest in digests.items() if not found[name]})
    if missing:
        made = calls.change("CreateDeployment", {"restApiId": api_id, "description": _LABEL + " ".join(missing)})
        return {name: number or str(made["id"]) for name, number in found.items()}
    return found


def prune(calls: Calls, api_id: str, stages: Iterable[Stage]) -> None:
    """Delete the companion's deployments that no stage of the API uses, neither directly nor as a canary."""
    listed = list(stages)
    used = {stage.get("deploymentId") for stage in listed}
    used |= {(stage.get("canarySettings") or {}).get("deploymentId") for stage in listed}
    for each in calls.items("GetDeployments", restApiId=api_id, limit=500):
        if _is_ours(each) and each["id"] not in used:
            try:
                calls.change("DeleteDeployment", {"restApiId": api_id, "deploymentId": each["id"]})
            except TryAgain:
                raise
            except ResourceError as error:
                # A stage of someone else uses the deployment by now.
                log_phase(calls.request, "delete deployment", 0.0, str(error))


def _digests_of(deployment: Mapping[str, Json] | None) -> list[str]:
    return str(deployment["description"]).split()[1:] if deployment and _is_ours(deployment) else []


def _is_ours(deployment: Mapping[str, Json]) -> bool:
    return str(deployment.get("description") or "").startswith(_LABEL)


def _choose(known: Mapping[str, list[str]], stage: Stage | None, digest: str) -> str:
    fitting = [number for number, digests in known.items() if digest in digests]
    own = str(stage["deploymentId"]) if stage else ""
    return own if own in fitting else next(iter(fitting), "")
