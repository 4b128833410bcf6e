"""State: whether a function is ready for the next change, or failed."""

from collections.abc import Mapping

from transform_lambda.contract import Json, ResourceError

_MOVING = {"Pending", "InProgress", "Deleting"}


def is_ready(configuration: Mapping[str, Json]) -> bool:
    """Whether nothing is under way (AWS: "Lambda function states")."""
    return not _MOVING & {configuration.get("State"), configuration.get("LastUpdateStatus")}


def is_failed(configuration: Mapping[str, Json]) -> bool:
    """Whether it cannot be invoked."""
    return configuration.get("State") == "Failed"


def check_state(configuration: Mapping[str, Json], *, is_updated: bool) -> None:
    """Raise ResourceError with Lambda's reason where the function failed, or the update just made to it.

    An update that an earlier request made, and that failed, is for this one to mend.
    """
    name = configuration.get("FunctionName")
    if is_failed(configuration):
        raise ResourceError(f"function {name}: failed: {_reason(configuration, 'State')}")
    if is_updated and configuration.get("LastUpdateStatus") == "Failed":
        raise ResourceError(f"function {name}: its update failed: {_reason(configuration, 'LastUpdateStatus')}")


def _reason(configuration: Mapping[str, Json], of: str) -> str:
    reason, code = configuration.get(f"{of}Reason"), configuration.get(f"{of}ReasonCode")
    return f"{reason or 'Lambda gives no reason'}" + (f" ({code})" if code else "")
