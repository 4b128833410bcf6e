"""Versions: old ones removed once a function has newer ones."""

import time

from transform_lambda.contract import Request, ResourceError
from transform_lambda.log import log_phase
from transform_lambda.ports import Functions

_FEWEST = 2
"""The newest, and the one before: others refer to that one until the stack's update, or its rollback, is done."""


def prune_versions(functions: Functions, request: Request, name: str, keep: int) -> None:
    """Delete all but the `keep` newest, but never the last two; one that is in use stays, and the log says so."""
    started = time.monotonic()
    try:
        for number in functions.versions(name)[: -max(keep, _FEWEST)]:
            _remove(functions, request, name, number, started)
    except ResourceError as error:
        log_phase(request, "prune", started, str(error))


def _remove(functions: Functions, request: Request, name: str, number: int, started: float) -> None:
    request.guard.check()
    try:
        functions.delete(name, str(number))
        log_phase(request, "prune", started, f"version {number} is gone")
    except ResourceError as error:
        log_phase(request, "prune", started, f"version {number} stays: {error}")
