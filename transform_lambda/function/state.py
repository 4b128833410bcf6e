"""Check whether a function is ready for the next change, or has failed."""

from collections.abc import Mapping

from transform_lambda.contract import Json, ResourceError

_MOVING = {"Pending", "InProgress", "Deleting"}

_ABOUT = {
    "Subnet": "VpcConfig",
    "SecurityGroup": "VpcConfig",
    "Eni": "VpcConfig",
    "Vpc": "VpcConfig",
    "Image": "Code",
    "Zip": "Code",
    "KMSKey": "KMSKeyArn",
    "EFS": "FileSystemConfigs",
    "Runtime": "Runtime",
    "Role": "Role",
    "Capacity": "CapacityProviderConfig",
}
"""The property that a reason code is about, by a text that the code contains."""


def is_ready(configuration: Mapping[str, Json]) -> bool:
    """Whether no change of the function is in progress (AWS: "Lambda function states")."""
    return not _MOVING & {configuration.get("State"), configuration.get("LastUpdateStatus")}


def is_failed(configuration: Mapping[str, Json]) -> bool:
    """Whether the function cannot be invoked."""
    return configuration.get("State") == "Failed"


def check_state(configuration: Mapping[str, Json], *, is_updated: bool) -> None:
    """Return if the function has not failed. `is_updated` says whether this request has changed the function.

    A failed update by an earlier request is no error, because this request repairs the function.

    Raises:
        ResourceError: the function failed, or this request's update of the function failed. Has Lambda's reason.
    """
    if is_failed(configuration):
        raise _failure(configuration, "State", "failed")
    if is_updated and configuration.get("LastUpdateStatus") == "Failed":
        raise _failure(configuration, "LastUpdateStatus", "the update failed")


def _failure(configuration: Mapping[str, Json], of: str, what: str) -> ResourceError:
    reason, code = (str(configuration.get(f"{of}{part}") or "") for part in ("Reason", "ReasonCode"))
    about = next((f"Properties.{name}: " for part, name in _ABOUT.items() if part in code), "")
    said = f"{reason or 'Lambda gives no reason'}" + (f" ({code})" if code else "")
    return ResourceError(f"{about}function {configuration.get('FunctionName')}: {what}: {said}")
