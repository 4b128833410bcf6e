"""Reuse a published version that equals the function, and delete old versions."""

import time
from collections.abc import Mapping, Sequence

from transform_lambda.contract import Json, Request, ResourceError
from transform_lambda.function.settings import is_same
from transform_lambda.function.state import is_failed
from transform_lambda.log import log_phase
from transform_lambda.ports import Functions

LATEST_PUBLISHED = "$LATEST.PUBLISHED"
"""The version that `PublishTo` overwrites (AWS: "$LATEST.PUBLISHED version in Lambda Managed Instances")."""

_FEWEST = 3
"""The newest version and two older ones. Until an update or rollback ends, other resources refer to one of them."""


def same_version(
    functions: Functions, now: Mapping[str, Json], options: Mapping[str, Json]
) -> Mapping[str, Json] | None:
    """The newest version with the function's current code and settings, None if there is none.

    A rollback reuses the earlier version this way. With the option `PublishTo`, only `LATEST_PUBLISHED` can match.
    """
    name = str(now["FunctionName"])
    listed = [] if options else reversed(functions.versions(name))
    alike = (str(each["Version"]) for each in listed if _is_like(functions, each, now))
    # A list has no states (AWS: "ListFunctions"), so each version is read separately.
    for number in [LATEST_PUBLISHED] if options else alike:
        found = functions.read(name, number)
        if found and not is_failed(found.configuration) and _is_like(functions, found.configuration, now):
            return found.configuration
    return None


def prune_versions(functions: Functions, request: Request, keep: int, used: Sequence[Mapping[str, Json]]) -> None:
    """Delete old versions. The newest `keep` versions stay, at least three, and versions like one in `used`.

    A version that an alias needs stays too, and the log says so. Refused calls are logged, not raised.
    """
    started, name = time.monotonic(), str(used[0]["FunctionName"])
    try:
        for version in functions.versions(name)[: -max(keep, _FEWEST)]:
            if not any(_is_like(functions, version, each) for each in used):
                _remove(functions, request, name, str(version["Version"]))
    except ResourceError as error:
        log_phase(request, "delete versions", started, str(error))


def _is_like(functions: Functions, version: Mapping[str, Json], now: Mapping[str, Json]) -> bool:
    return is_same(functions.takes("UpdateFunctionConfiguration"), version, now)


def _remove(functions: Functions, request: Request, name: str, number: str) -> None:
    started = time.monotonic()
    request.guard.check()
    try:
        functions.delete(name, number)
        log_phase(request, "delete version", started, f"version {number} is deleted")
    except ResourceError as error:
        log_phase(request, "delete version", started, f"version {number} stays: {error}")
