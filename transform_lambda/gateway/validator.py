"""Creates one request validator for each kind of check in an API. Deletes a validator with its last method."""

from transform_lambda.gateway.calls import Calls
from transform_lambda.gateway.properties import OWN_VALIDATORS
from transform_lambda.gateway.tree import Tree


def apply_validator(calls: Calls, api_id: str, name: str) -> str:
    """The ID of the validator with this name, which is created if it does not exist. Empty without a name."""
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
    """Delete the companion's validators that no method uses."""
    used = {each.method.get("requestValidatorId") for each in tree.methods()}
    for each in calls.items("GetRequestValidators", restApiId=tree.api.id, limit=500):
        if each.get("name") in OWN_VALIDATORS and each["id"] not in used:
            calls.change("DeleteRequestValidator", {"restApiId": tree.api.id, "requestValidatorId": each["id"]})
