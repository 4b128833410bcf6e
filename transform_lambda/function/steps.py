"""List the steps from a function's current state to the template's, in order, with the call for each step."""

from collections.abc import Callable, Collection

from transform_lambda.contract import CREATE
from transform_lambda.function.code import Target
from transform_lambda.function.payload import Payload
from transform_lambda.function.settings import setting_changes
from transform_lambda.function.step_by_step import Step
from transform_lambda.ports import Found, Functions
from transform_lambda.tags import CODE_SHA256, has_code, tag_changes, tags_for

_X86 = ["x86_64"]

Prepare = Callable[[], Payload]


class Steps:
    """The steps to a target. `prepare` returns the code. It is called only when the code must be sent."""

    def __init__(self, functions: Functions, target: Target, prepare: Prepare) -> None:
        self._functions, self._target, self._prepare = functions, target, prepare
        self._request, self._wanted, self._source, _ = target

    def next(self, found: Found, done: Collection[str]) -> Step | None:
        """The first step that the function still needs, None if the function is as wanted."""
        is_changed = bool({"create", "configuration", "code"} & set(done))
        plans: tuple[Callable[[], Step | None], ...] = (
            self._signing,
            lambda: self._settings(found),
            lambda: None if "create" in done else self._code(found),
            lambda: self._tags(found),
            lambda: None if is_changed else self._revise(),
        )
        return next((step for plan in plans if (step := plan()) and step.kind not in done), None)

    def _signing(self) -> Step | None:
        name = "CodeSigningConfigArn"
        wanted, was = (str(each.get(name, "")) for each in (self._wanted.call, self._request.old_properties))
        if wanted == was or self._request.type == CREATE:
            return None

        def take(_: Found) -> None:
            self._functions.sign(self._wanted.name, wanted)

        return Step("code signing", f"{name} differs", take, {name: wanted})

    def _settings(self, found: Found) -> Step | None:
        shape = self._functions.takes("UpdateFunctionConfiguration")
        changes = setting_changes(shape, self._wanted.call, found.configuration)
        if not changes:
            return None

        def take(now: Found) -> None:
            self._functions.update_configuration(self._wanted.name, changes, revision_of(now))

        return Step("configuration", f"{', '.join(changes)} differ", take, changes)

    def _code(self, found: Found) -> Step | None:
        if not needs_code(self._target, found):
            return None

        def take(now: Found) -> None:
            code = {**self._prepare().code, "Architectures": _wanted_architectures(self._target)}
            self._functions.update_code(self._wanted.name, code, revision_of(now))

        is_same = has_code(found, self._source.identity)
        why = "Architectures differ" if is_same else "the code's identity differs"
        return Step("code", why, take, {"Code": self._wanted.code})

    def _tags(self, found: Found) -> Step | None:
        wanted = {**wanted_tags(self._target), CODE_SHA256: str(found.configuration.get("CodeSha256"))}
        changed, gone = tag_changes(found.tags, wanted, self._request.old_properties)
        if not changed and not gone:
            return None

        def take(now: Found) -> None:
            self._functions.tag(str(now.configuration["FunctionArn"]), changed, gone)

        return Step("tags", f"{', '.join([*changed, *gone])} differ", take, {"Tags": self._wanted.tags})

    def _revise(self) -> Step | None:
        """A step that creates a new revision. Lambda then refuses late calls of an earlier, abandoned request."""
        if not self._request.guard.follows_unanswered():
            return None
        same = {"Description": self._wanted.call.get("Description", "")}

        def take(now: Found) -> None:
            self._functions.update_configuration(self._wanted.name, same, revision_of(now))

        return Step("revision", "the previous request has no answer, so its calls may still arrive", take)


def needs_code(target: Target, found: Found) -> bool:
    """Whether the existing function needs the wanted code to be sent."""
    return not has_code(found, target.source.identity) or _wanted_architectures(target) != architectures_of(found)


def wanted_tags(target: Target) -> dict[str, str]:
    """All tags that the function must have, except the digest of its code."""
    return tags_for(target.request, target.wanted.tags, target.source.label, target.source.identity)


def revision_of(found: Found) -> str:
    """The revision ID for an update. Empty if an engine returns none."""
    return str(found.configuration.get("RevisionId", ""))


def architectures_of(found: Found) -> list[str]:
    """The architectures of the function's code. Without a value, Lambda's default."""
    return list(found.configuration.get("Architectures", _X86))


def _wanted_architectures(target: Target) -> list[str]:
    return list(target.wanted.call.get("Architectures", _X86))
