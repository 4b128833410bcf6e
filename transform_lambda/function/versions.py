"""Reuses a published version that equals the function, and deletes old versions."""

import time
from collections.abc import Mapping, Sequence

from transform_lambda.contract import Json, Request, ResourceError
from transform_lambda.function.settings import is_same
from transform_lambda.function.state import is_failed
from transform_lambda.log import log_phase
from transform_lambda.ports import Functions

LATEST_PUBLISHED = "$LATEST.PUBLISHED"
"""What `PublishTo` publishes to, again and again (AWS: "$LATEST.PUBLISHED version in Lambda Managed Instances")."""

_FEWEST = 3
"""The newest and the two before: others refer to one of them until the stack's update, or its rollback, is done."""


def same_version(
    functions: Functions, now: Mapping[str, Json], options: Mapping[str, Json]
) -> Mapping[str, Json] | None:
    """The newest version with the code and settings that the function has now: a rollback's is there already.

    With the option `PublishTo` that is the one version it names, or none.
    """
    name = str(now["FunctionName"])
    listed = [] if options else reversed(functions.versions(name))
    alike = (str(each["Version"]) for each in listed if _is_like(functions, each, now))
    # A list tells no states (AWS: "ListFunctions"), so each is read by itself.
    for number in [LATEST_PUBLISHED] if options else alike:
        found = functions.read(name, number)
        if found and not is_failed(found.configuration) and _is_like(functions, found.configuration, now):
            return found.configuration
    return None


def prune_versions(functions: Functions, request: Request, keep: int, used: Sequence[Mapping[str, Json]]) -> None:
    """Delete all but the `keep` newest, but never the last three, nor one that is like a configuration in `used`.

    One that an alias needs stays, and the log says so.
    """
    started, name = time.monotonic(), str(used[0]["FunctionName"])
    try:
        for version in functions.versions(name)[: -max(keep, _FEWEST)]:
            if not any(_is_like(functions, version, each) for each in used):
                _remove(functions, request, name, str(version["Version"]))
    except ResourceError as error:
        log_phase(request, "prune", started, str(error))


def _is_like(functions: Functions, version: Mapping[str, Json], now: Mapping[str, Json]) -> bool:
    return is_same(functions.takes("UpdateFunctionConfiguration"), version, now)


def _remove(functions: Functions, request: Request, name: str, number: str) -> None:
    started = time.monotonic()
    request.guard.check()
    try:
        functions.delete(name, number)
        log_phase(request, "prune", started, f"version {number} is gone")
    except ResourceError as error:
        log_phase(request, "prune", started, f"version {number} stays: {error}")
