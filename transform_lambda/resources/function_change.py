"""Change: a function brought step by step to what a template wants, each step decided on what the function is now."""

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from transform_lambda.contract import Json, Request, ResourceError
from transform_lambda.limits import Clock
from transform_lambda.log import log_phase
from transform_lambda.ports import CodeStore, Found, Functions, TryAgain
from transform_lambda.resources.function_code import Payload, Source, make_payload
from transform_lambda.resources.function_properties import Wanted
from transform_lambda.resources.function_settings import setting_changes
from transform_lambda.resources.function_state import check_state, is_ready
from transform_lambda.resources.function_tags import CODE_SHA256, has_code, is_ours, tag_changes, tags_for
from transform_lambda.resources.patience import Patience, TimeOver

_X86 = ["x86_64"]
_NOTHING = Found({}, {})


class Target(NamedTuple):
    """What to bring about: the request, the function it wants, and its code."""

    request: Request
    wanted: Wanted
    source: Source
    kept: str
    """What the keys of objects start with that Lambda runs this function from."""


class _Step(NamedTuple):
    kind: str
    why: str
    take: Callable[[Found], None]


class Change:
    """One request's way to its target; holds what was done, so that nothing is done twice and all can be undone."""

    def __init__(self, functions: Functions, store: CodeStore, target: Target, clock: Clock) -> None:
        self._functions, self._store = functions, store
        self._request, self._wanted, self._source, self._kept = target
        self._patience = Patience(target.request.deadline, clock)
        self._payload: Payload | None = None
        self._done: set[str] = set()
        self._published: Mapping[str, Json] | None = None

    def carry_out(self) -> tuple[Found, Mapping[str, Json] | None]:
        """The function once it is as wanted and ready, and the configuration of its version if one is wanted.

        Raises:
            ResourceError: it is another's, it failed, or time is up; what this made is gone again.
            Overtaken: a newer request has begun.
        """
        try:
            if self._wanted.name != self._request.physical_id:
                self._request.guard.note(self._wanted.name)
            return self._converge(), self._published
        except ResourceError as error:
            self._undo(is_over=isinstance(error, TimeOver))
            raise

    def _converge(self) -> Found:
        while True:
            try:
                found = self._functions.read(self._wanted.name)
                if found is None:
                    self._take(_Step("create", "it is not there", self._create), _NOTHING)
                elif step := self._next_step(found):
                    self._take(step, found)
                else:
                    self._await_version()
                    return found
            except TryAgain as error:
                self._patience.pause(error)

    def _take(self, step: _Step, found: Found) -> None:
        started = time.monotonic()
        # Last of all before a change: what was read may be decided on by the newest request alone.
        self._request.guard.check()
        step.take(found)
        self._done.add(step.kind)
        self._patience.restart()
        log_phase(self._request, step.kind, started, step.why)

    def _next_step(self, found: Found) -> _Step | None:
        """What is due, or nothing: the function then is as wanted."""
        if not is_ours(found, self._request):
            self._request.guard.forget(self._wanted.name)
            raise ResourceError(
                f"function {self._wanted.name}: is there already and, by its tags, not this resource's; "
                "give another FunctionName, or delete it"
            )
        self._await(found.configuration)
        steps = (self._signing, self._settings, self._code, self._tags, self._revise, self._version)
        step = next((step for plan in steps if (step := plan(found)) and step.kind not in self._done), None)
        if step is None:
            check_state(found.configuration, is_updated=False)
        return step

    def _await(self, configuration: Mapping[str, Json]) -> None:
        """What failed before this request may be mended by it; what failed since is told."""
        if not is_ready(configuration):
            raise TryAgain(f"function {configuration.get('FunctionName')}: is not ready yet")
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
        tags = {**self._wanted_tags(), **({CODE_SHA256: payload.code_sha256} if payload.code_sha256 else {})}
        call = {**self._wanted.call, "FunctionName": self._wanted.name, "Code": payload.code, "Tags": tags}
        self._functions.create(call)
        self._done.add("code signing")

    def _signing(self, found: Found) -> _Step | None:
        name = "CodeSigningConfigArn"
        wanted, was = (str(each.get(name, "")) for each in (self._wanted.call, self._request.old_properties))
        if wanted == was or self._request.type == "Create":
            return None
        return _Step("code signing", f"{name} differs", lambda _: self._functions.sign(self._wanted.name, wanted))

    def _settings(self, found: Found) -> _Step | None:
        shape = self._functions.takes("UpdateFunctionConfiguration")
        changes = setting_changes(shape, self._wanted.call, found.configuration)
        if not changes:
            return None

        def take(now: Found) -> None:
            self._functions.update_configuration(self._wanted.name, changes, _revision(now))

        return _Step("configuration", f"{', '.join(changes)} differ", take)

    def _code(self, found: Found) -> _Step | None:
        architectures = self._wanted.call.get("Architectures", _X86)
        is_elsewhere = architectures != found.configuration.get("Architectures", _X86)
        if "create" in self._done or (has_code(found, self._source.identity) and not is_elsewhere):
            return None

        def take(now: Found) -> None:
            code = {**self._prepared().code, "Architectures": architectures}
            self._functions.update_code(self._wanted.name, code, _revision(now))

        return _Step("code", "Architectures differ" if is_elsewhere else "the code's identity differs", take)

    def _tags(self, found: Found) -> _Step | None:
        wanted = {**self._wanted_tags(), CODE_SHA256: str(found.configuration.get("CodeSha256"))}
        changed, gone = tag_changes(found, wanted, self._request.old_properties)
        if not changed and not gone:
            return None

        def take(now: Found) -> None:
            self._functions.tag(str(now.configuration["FunctionArn"]), changed, gone)

        return _Step("tags", f"{', '.join([*changed, *gone])} differ", take)

    def _revise(self, found: Found) -> _Step | None:
        """Another revision, so that no call of a request that was given up on is taken after this one."""
        if self._done & {"create", "configuration", "code"} or not self._request.guard.follows_unanswered():
            return None
        same = {"Description": self._wanted.call.get("Description", "")}

        def take(now: Found) -> None:
            self._functions.update_configuration(self._wanted.name, same, _revision(now))

        return _Step("revision", "the request before has no answer, and may still be under way", take)

    def _version(self, found: Found) -> _Step | None:
        if not self._wanted.publish:
            return None

        def take(now: Found) -> None:
            options = self._wanted.publish_options
            self._published = self._functions.publish(self._wanted.name, options, _revision(now))

        return _Step("version", "a numbered version is wanted", take)

    def _wanted_tags(self) -> dict[str, str]:
        return tags_for(self._request, self._wanted.tags, self._source.label, self._source.identity)

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
                self._request.guard.check()
                self._functions.delete(self._wanted.name)
            if self._payload and self._payload.staged and self._is_unused(is_made, is_over):
                self._store.remove_staged(self._payload.staged)
        except ResourceError as error:
            self._log_code(f"{error}; the next request tries again")

    def _is_unused(self, is_made: bool, is_over: bool) -> bool:
        # After a call without an answer, Lambda may run from the object.
        may_run = bool(self._done & {"create", "code"}) or (is_over and self._source.is_kept)
        return is_made or not may_run


def _revision(found: Found) -> str:
    return str(found.configuration.get("RevisionId", ""))
