"""Change a function to the template's state step by step. Each step reads the function's current state."""

import time
from collections.abc import Mapping
from typing import NamedTuple

from transform_lambda.contract import Json, ResourceError
from transform_lambda.function.code import Target
from transform_lambda.function.payload import Payload, make_payload
from transform_lambda.function.state import check_state, is_ready
from transform_lambda.function.step_by_step import Step, StepByStep
from transform_lambda.function.steps import Steps, needs_code, revision_of, wanted_tags
from transform_lambda.function.undo import Undo
from transform_lambda.function.versions import same_version
from transform_lambda.limits import Clock
from transform_lambda.log import log_phase
from transform_lambda.offending_properties import with_offending_properties
from transform_lambda.ports import CodeStore, Found, Functions
from transform_lambda.retry import NotReady, TimeOver
from transform_lambda.tags import CODE_SHA256, is_ours


class Changed(NamedTuple):
    """A function after a request has changed it."""

    found: Found
    version: Mapping[str, Json] | None
    """The configuration of the function's version. None if the template wants no version."""
    before: Mapping[str, Json] | None
    """The configuration that the request found. Other resources may still refer to a version like it."""


class Change:
    """One request's changes. Records the steps taken: no step repeats, and a refused request can be undone."""

    def __init__(self, functions: Functions, store: CodeStore, target: Target, clock: Clock) -> None:
        self._functions, self._store, self._clock = functions, store, clock
        self._target = target
        self._request, self._wanted, self._source, _ = target
        self._steps = Steps(functions, target, self._prepared)
        self._way = StepByStep(functions, target.request, target.wanted.name, clock)
        self._payload: Payload | None = None
        self._published: Mapping[str, Json] | None = None
        self._before: Found | None = None

    def carry_out(self) -> Changed:
        """Change the function, and return it with its version once it is ready and as wanted.

        Raises:
            ResourceError: another resource owns the function, Lambda refuses a call, the function fails, or time is
                up. Unless time is up, the function is first restored to its earlier state.
            Overtaken: a newer request has begun.
        """
        try:
            if self._wanted.name != self._request.physical_id:
                self._request.guard.note(self._wanted.name)
            found = self._way.walk(self._next_step)
        except ResourceError as error:
            self._undo(is_over=isinstance(error, TimeOver))
            raise
        assert found, "a missing function always has a next step"
        return Changed(found, self._published, self._before and self._before.configuration)

    def _next_step(self, found: Found | None) -> Step | None:
        """The next step. None if the function is as wanted."""
        if found is None:
            return Step("create", "the function does not exist", self._create, self._sent())
        if not is_ours(found, self._request):
            self._request.guard.forget(self._wanted.name)
            raise ResourceError(
                f"Properties.FunctionName: function {self._wanted.name} already exists and, by its tags, does not "
                "belong to this resource; give another FunctionName, or delete the function"
            )
        self._before = self._before or found
        self._await(found.configuration)
        done = self._way.done
        if not done and needs_code(self._target, found):
            # Code that cannot be prepared must fail before the first change.
            self._request.guard.check()
            self._prepared()
        step = self._steps.next(found, done) or self._version()
        if step is None:
            check_state(found.configuration, is_updated=False)
            self._await_version()
        return step

    def _await(self, configuration: Mapping[str, Json]) -> None:
        """Raise if the function is not ready, or has failed since this request's first step.

        An earlier failure raises nothing, because this request may repair the function.
        """
        if not is_ready(configuration):
            raise NotReady(f"function {configuration.get('FunctionName')}: is not ready yet")
        if self._way.done:
            check_state(configuration, is_updated=True)

    def _await_version(self) -> None:
        """Raise if the published version is not ready. With SnapStart, a version can take some more minutes."""
        if self._published and not is_ready(self._published):
            version = self._functions.read(self._wanted.name, str(self._published["Version"]))
            self._published = version.configuration if version else self._published
            self._await(self._published)

    def _sent(self) -> dict[str, Json]:
        """The template's properties of the function, which a refusal can be about."""
        return {**self._wanted.call, "Code": self._wanted.code, "Tags": self._wanted.tags}

    def _create(self, _: Found) -> None:
        self._request.guard.note(self._wanted.name)
        payload = self._prepared()
        tags = {**wanted_tags(self._target), **({CODE_SHA256: payload.code_sha256} if payload.code_sha256 else {})}
        call = {**self._wanted.call, "FunctionName": self._wanted.name, "Code": payload.code, "Tags": tags}
        self._functions.create(call)
        self._way.done.add("code signing")

    def _version(self) -> Step | None:
        if not self._wanted.publish or "version" in self._way.done:
            return None

        def take(now: Found) -> None:
            options = self._wanted.publish_options
            # A rollback needs the version that the stack had before, so an equal version is reused.
            same = None if "create" in self._way.done else same_version(self._functions, now.configuration, options)
            self._published = same or self._functions.publish(self._wanted.name, options, revision_of(now))

        return Step("version", "the template wants a version", take, {"Publish": True, **self._wanted.publish_options})

    def _prepared(self) -> Payload:
        if self._payload is None:
            try:
                self._payload = make_payload(self._store, self._target)
            except ResourceError as error:
                raise with_offending_properties(error, {"Code": self._wanted.code}) from error
        return self._payload

    def _undo(self, *, is_over: bool) -> None:
        """Undo the request unless time is up.

        After a timeout, another delivery of the request may have had more time, and the ledger has what exists.
        """
        undo = Undo(self._functions, self._store, self._target, self._clock)
        done = self._way.done
        try:
            if not is_over and (self._request.physical_id == self._wanted.name or "create" in done):
                undo.restore(self._before, done, self._published)
                done = done - {"create", "code"}
            # A call that got no answer may have succeeded, so Lambda may run from the object.
            may_run = bool(done & {"create", "code"}) or (is_over and self._source.is_kept)
            if self._payload and self._payload.staged and not may_run:
                self._store.remove_staged(self._payload.staged)
        except ResourceError as error:
            log_phase(self._request, "undo", time.monotonic(), f"{error}; the next request tries again")
