"""Undo a refused request: delete what the request created, and restore what it changed."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from transform_lambda.contract import CREATE, Json, ResourceError
from transform_lambda.function.code import Target, open_code
from transform_lambda.function.payload import Payload, make_payload
from transform_lambda.function.properties import read_wanted
from transform_lambda.function.settings import is_readable, setting_changes, settings_in
from transform_lambda.function.state import is_failed, is_ready
from transform_lambda.function.step_by_step import Step, StepByStep
from transform_lambda.function.steps import architectures_of, revision_of, wanted_tags
from transform_lambda.limits import Clock
from transform_lambda.ports import CodeStore, Found, Functions
from transform_lambda.retry import NotReady
from transform_lambda.tags import CODE_SHA256, has_code, is_ours


class Undo:
    """The undo of one refused request."""

    def __init__(self, functions: Functions, store: CodeStore, target: Target, clock: Clock) -> None:
        self._functions, self._store, self._target = functions, store, target
        self._way = StepByStep(functions, target.request, target.wanted.name, clock)
        self._payload: Payload | None = None

    def restore(self, before: Found | None, done: Collection[str], version: Mapping[str, Json] | None) -> None:
        """Return once the function is in its state `before` the request.

        `done` has the kinds of the steps that the request took, and `version` is the version that it published.

        Raises:
            ResourceError: the undo fails, or time is up. The next request then repairs the function.
            Overtaken: a newer request has begun.
        """
        if "create" in done:
            self._delete()
        elif before and self._target.request.type != CREATE:
            old = before
            self._way.walk(lambda found: self._next_step(old, done, version, found))
            self._drop_payload()

    def _delete(self) -> None:
        found = self._functions.read(self._target.wanted.name)
        self._target.request.guard.check()
        if found and is_ours(found, self._target.request):
            self._functions.delete(self._target.wanted.name)

    def _next_step(
        self, before: Found, done: Collection[str], version: Mapping[str, Json] | None, found: Found | None
    ) -> Step | None:
        """The next undo step. The order uses only states of the function that Lambda has accepted before."""
        if found is None or not is_ours(found, self._target.request):
            return None
        if not is_ready(found.configuration):
            raise NotReady(f"function {self._target.wanted.name}: is not ready yet")
        plans: tuple[Callable[[], Step | None], ...] = (
            lambda: self._version(version),
            lambda: self._signing(done),
            lambda: self._code(before, done, found),
            lambda: self._settings(before, found),
            lambda: self._tags(before, found),
        )
        return next((step for plan in plans if (step := plan()) and step.kind not in self._way.done), None)

    def _version(self, version: Mapping[str, Json] | None) -> Step | None:
        if not version or not is_failed(version):
            return None
        name, number = self._target.wanted.name, str(version["Version"])
        return Step("undo version", f"{number} failed", lambda _: self._functions.delete(name, number))

    def _signing(self, done: Collection[str]) -> Step | None:
        if "code signing" not in done:
            return None
        was = str(self._target.request.old_properties.get("CodeSigningConfigArn", ""))
        return Step("undo code signing", "as before", lambda _: self._functions.sign(self._target.wanted.name, was))

    def _code(self, before: Found, done: Collection[str], found: Found) -> Step | None:
        now, was = (each.configuration.get("CodeSha256") for each in (found, before))
        if "code" not in done and now == was:
            return None

        def take(found: Found) -> None:
            code = {**self._old_code(before), "Architectures": architectures_of(before)}
            self._functions.update_code(self._target.wanted.name, code, revision_of(found))

        return Step("undo code", "as before", take)

    def _old_code(self, before: Found) -> Mapping[str, Json]:
        """The code from before the request, prepared again from the template's old properties."""
        if self._payload is None:
            request = self._target.request
            old = replace(request, properties=request.old_properties, old_properties={})
            source = open_code(self._store, read_wanted(self._functions.takes("CreateFunction"), old))
            if not has_code(before, source.identity):
                raise ResourceError(f"function {self._target.wanted.name}: its earlier code does not exist any more")
            self._payload = make_payload(self._store, self._target._replace(source=source))
        return self._payload.code

    def _settings(self, before: Found, found: Found) -> Step | None:
        shape = self._functions.takes("UpdateFunctionConfiguration")
        old = setting_changes(shape, settings_in(shape, before.configuration), found.configuration)
        changes = {name: value for name, value in old.items() if is_readable(name, before.configuration)}
        if not changes:
            return None

        def take(found: Found) -> None:
            self._functions.update_configuration(self._target.wanted.name, changes, revision_of(found))

        return Step("undo configuration", f"{', '.join(changes)} as before", take)

    def _tags(self, before: Found, found: Found) -> Step | None:
        had = self._target.request.old_properties.get("Tags")
        ours = {*wanted_tags(self._target), CODE_SHA256, *(had if isinstance(had, Mapping) else ())}
        old = {name: value for name, value in before.tags.items() if name in ours}
        if "undo code" in self._way.done:
            old[CODE_SHA256] = str(found.configuration.get("CodeSha256"))
        changed = {name: value for name, value in old.items() if found.tags.get(name) != value}
        gone = sorted(name for name in ours if name in found.tags and name not in old)
        if not changed and not gone:
            return None

        def take(found: Found) -> None:
            self._functions.tag(str(found.configuration["FunctionArn"]), changed, gone)

        return Step("undo tags", f"{', '.join([*changed, *gone])} as before", take)

    def _drop_payload(self) -> None:
        """Remove the object that was staged to resend the old code. An object that Lambda runs from stays."""
        if self._payload and self._payload.staged and not self._payload.staged.startswith(self._target.kept):
            self._store.remove_staged(self._payload.staged)
