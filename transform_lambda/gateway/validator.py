"""Request validators: one for each kind of check in an API, deleted with the last method that uses it."""

from transform_lambda.gateway.calls import Calls
from transform_lambda.gateway.properties import OWN_VALIDATORS
from transform_lambda.gateway.tree import Tree


def apply_validator(calls: Calls, api_id: str, name: str) -> str:
    """The id of the validator of this name, made where it is not there; empty for none."""
    if not name:
        return ""
    for each in calls.items("GetRequestValidators", restApiId=api_id, limit=500):
        if each.get("name") == name:
            return str(each["id"])
    call = {
        "restApiId": api_id,
        "name": name,
        "validateRequestBody": "body" in name,
        "validateRequestParameters": "parameters" in name,
    }
    return str(calls.change("CreateRequestValidator", call, {"RequestValidation": name})["id"])


def tidy_validators(calls: Calls, tree: Tree) -> None:
    """Remove the validators of ours that no method has."""
    used = {each.method.get("requestValidatorId") for each in tree.methods()}
    for each in calls.items("GetRequestValidators", restApiId=tree.api_id, limit=500):
        if each.get("name") in OWN_VALIDATORS and each["id"] not in used:
            calls.change("DeleteRequestValidator", {"restApiId": tree.api_id, "requestValidatorId": each["id"]})
