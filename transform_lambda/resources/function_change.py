"""Change: a function brought step by step to what a template wants, each step decided on what the function is now."""

import time
from collections.abc import Mapping
from typing import NamedTuple

from transform_lambda.contract import Json, ResourceError
from transform_lambda.limits import Clock
from transform_lambda.log import log_phase, redact
from transform_lambda.ports import CodeStore, Found, Functions, TryAgain
from transform_lambda.resources.function_code import Payload, make_payload
from transform_lambda.resources.function_state import check_state, is_ready
from transform_lambda.resources.function_steps import Step, Target, next_step, revision_of, wanted_tags
from transform_lambda.resources.function_tags import CODE_SHA256, is_ours
from transform_lambda.resources.function_versions import same_version
from transform_lambda.resources.patience import Patience, TimeOver

_NOTHING = Found({}, {})


class _NotReady(TryAgain):
    """A change is still under way."""


class Changed(NamedTuple):
    """A function as a request has made it."""

    found: Found
    version: Mapping[str, Json] | None
    """The configuration of its version, if one is wanted."""
    before: Mapping[str, Json] | None
    """The configuration that the request found; others may still refer to a version that is like it."""


class Change:
    """One request's way to its target; holds what was done, so that nothing is done twice and all can be undone."""

    def __init__(self, functions: Functions, store: CodeStore, target: Target, clock: Clock) -> None:
        self._functions, self._store = functions, store
        self._target = target
        self._request, self._wanted, self._source, self._kept = target
        self._patience = Patience(target.request.deadline, clock)
        self._payload: Payload | None = None
        self._done: set[str] = set()
        self._is_told = False
        self._published: Mapping[str, Json] | None = None
        self._before: Mapping[str, Json] | None = None

    def carry_out(self) -> Changed:
        """The function once it is as wanted and ready, with its version.

        Raises:
            ResourceError: it is another's, it failed, or time is up; what this made is gone again.
            Overtaken: a newer request has begun.
        """
        try:
            if self._wanted.name != self._request.physical_id:
                self._request.guard.note(self._wanted.name)
            return Changed(self._converge(), self._published, self._before)
        except ResourceError as error:
            self._undo(is_over=isinstance(error, TimeOver))
            raise

    def _converge(self) -> Found:
        while True:
            try:
                found = self._functions.read(self._wanted.name)
                if found is None:
                    self._take(Step("create", "it is not there", self._create), _NOTHING)
                elif step := self._next_step(found):
                    self._take(step, found)
                else:
                    self._await_version()
                    return found
            except TryAgain as error:
                self._tell(error)
                self._patience.pause(error)

    def _tell(self, refusal: TryAgain) -> None:
        """Log why it is tried again, the first time: a role that stays wrong shows long before time is up."""
        if not self._is_told and not isinstance(refusal, _NotReady):
            self._is_told = True
            properties = {
                "ResourceProperties": self._request.properties,
                "OldResourceProperties": self._request.old_properties,
            }
            log_phase(self._request, "try again", time.monotonic(), redact(str(refusal), properties))

    def _take(self, step: Step, found: Found) -> None:
        started = time.monotonic()
        # Last of all before a change: what was read may be decided on by the newest request alone.
        self._request.guard.check()
        step.take(found)
        self._done.add(step.kind)
        self._patience.restart()
        log_phase(self._request, step.kind, started, step.why)

    def _next_step(self, found: Found) -> Step | None:
        """What is due, or nothing: the function then is as wanted."""
        if not is_ours(found, self._request):
            self._request.guard.forget(self._wanted.name)
            raise ResourceError(
                f"function {self._wanted.name}: is there already and, by its tags, not this resource's; "
                "give another FunctionName, or delete it"
            )
        self._before = self._before or found.configuration
        self._await(found.configuration)
        step = next_step(self._functions, self._target, self._prepared, found, self._done) or self._version()
        if step is None:
            check_state(found.configuration, is_updated=False)
        return step

    def _await(self, configuration: Mapping[str, Json]) -> None:
        """What failed before this request may be mended by it; what failed since is told."""
        if not is_ready(configuration):
            raise _NotReady(f"function {configuration.get('FunctionName')}: is not ready yet")
        if self._done:
            check_state(configuration, is_updated=True)

    def _await_version(self) -> None:
        """A version may take minutes more, with SnapStart."""
        if self._published and not is_ready(self._published):
            version = self._functions.read(self._wanted.name, str(self._published["Version"]))
            self._published = version.configuration if version else self._published
            self._await(self._published)

    def _create(self, _: Found) -> None:
        self._request.guard.note(self._wanted.name)
        payload = self._prepared()
        tags = {**wanted_tags(self._target), **({CODE_SHA256: payload.code_sha256} if payload.code_sha256 else {})}
        call = {**self._wanted.call, "FunctionName": self._wanted.name, "Code": payload.code, "Tags": tags}
        self._functions.create(call)
        self._done.add("code signing")

    def _version(self) -> Step | None:
        if not self._wanted.publish or "version" in self._done:
            return None

        def take(now: Found) -> None:
            options = self._wanted.publish_options
            # To a version that it has no more, a stack would roll back in vain; where to publish is another matter.
            same = None if options or "create" in self._done else same_version(self._functions, now.configuration)
            self._published = same or self._functions.publish(self._wanted.name, options, revision_of(now))

        return Step("version", "a numbered version is wanted", take)

    def _prepared(self) -> Payload:
        if self._payload is None:
            self._payload = make_payload(self._store, self._source, self._log_code, self._kept)
        return self._payload

    def _log_code(self, note: str) -> None:
        log_phase(self._request, "prepare", time.monotonic(), note)

    def _undo(self, *, is_over: bool) -> None:
        """Take back what was made: a function that was not there before, and an object that Lambda does not run.

        When time is over, another delivery of this request may have had more of it: the ledger knows what there is.
        """
        is_made = "create" in self._done and not is_over
        try:
            if is_made:
                found = self._functions.read(self._wanted.name)
                self._request.guard.check()
                if found and is_ours(found, self._request):
                    self._functions.delete(self._wanted.name)
            if self._payload and self._payload.staged and self._is_unused(is_made, is_over):
                self._store.remove_staged(self._payload.staged)
        except ResourceError as error:
            self._log_code(f"{error}; the next request tries again")

    def _is_unused(self, is_made: bool, is_over: bool) -> bool:
        # After a call without an answer, Lambda may run from the object.
        may_run = bool(self._done & {"create", "code"}) or (is_over and self._source.is_kept)
        return is_made or not may_run
