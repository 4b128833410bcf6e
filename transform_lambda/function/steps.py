"""List the steps that bring a function to the template's state, in order, with the call for each step."""

from collections.abc import Callable, Collection
from typing import NamedTuple

from transform_lambda.contract import CREATE, Request
from transform_lambda.function.code import Payload, Source
from transform_lambda.function.properties import Wanted
from transform_lambda.function.settings import setting_changes
from transform_lambda.function.step_by_step import Step
from transform_lambda.ports import Found, Functions
from transform_lambda.tags import CODE_SHA256, has_code, tag_changes, tags_for

_X86 = ["x86_64"]

Prepare = Callable[[], Payload]


class Target(NamedTuple):
    """The goal: the request, the function that the request wants, and the function's code."""

    request: Request
    wanted: Wanted
    source: Source
    kept: str
    """The key prefix of the objects that Lambda runs this function from."""


def next_step(
    functions: Functions, target: Target, prepare: Prepare, found: Found, done: Collection[str]
) -> Step | None:
    """The first step that the function still needs, None if the function is as wanted.

    `prepare` returns the code. It is called only when the code must be sent.
    """
    plans: tuple[Callable[[], Step | None], ...] = (
        lambda: _signing(functions, target),
        lambda: _settings(functions, target, found),
        lambda: None if "create" in done else _code(functions, target, prepare, found),
        lambda: _tags(functions, target, found),
        lambda: None if {"create", "configuration", "code"} & set(done) else _revise(functions, target),
    )
    return next((step for plan in plans if (step := plan()) and step.kind not in done), None)


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


def _signing(functions: Functions, target: Target) -> Step | None:
    name = "CodeSigningConfigArn"
    wanted, was = (str(each.get(name, "")) for each in (target.wanted.call, target.request.old_properties))
    if wanted == was or target.request.type == CREATE:
        return None
    return Step("code signing", f"{name} differs", lambda _: functions.sign(target.wanted.name, wanted), {name: wanted})


def _settings(functions: Functions, target: Target, found: Found) -> Step | None:
    shape = functions.takes("UpdateFunctionConfiguration")
    changes = setting_changes(shape, target.wanted.call, found.configuration)
    if not changes:
        return None

    def take(now: Found) -> None:
        functions.update_configuration(target.wanted.name, changes, revision_of(now))

    return Step("configuration", f"{', '.join(changes)} differ", take, changes)


def _code(functions: Functions, target: Target, prepare: Prepare, found: Found) -> Step | None:
    if not needs_code(target, found):
        return None

    def take(now: Found) -> None:
        code = {**prepare().code, "Architectures": _wanted_architectures(target)}
        functions.update_code(target.wanted.name, code, revision_of(now))

    is_same = has_code(found, target.source.identity)
    why = "Architectures differ" if is_same else "the code's identity differs"
    return Step("code", why, take, {"Code": target.wanted.code})


def _tags(functions: Functions, target: Target, found: Found) -> Step | None:
    wanted = {**wanted_tags(target), CODE_SHA256: str(found.configuration.get("CodeSha256"))}
    changed, gone = tag_changes(found, wanted, target.request.old_properties)
    if not changed and not gone:
        return None

    def take(now: Found) -> None:
        functions.tag(str(now.configuration["FunctionArn"]), changed, gone)

    return Step("tags", f"{', '.join([*changed, *gone])} differ", take, {"Tags": target.wanted.tags})


def _revise(functions: Functions, target: Target) -> Step | None:
    """A step that creates a new revision. Lambda then refuses late calls of an earlier, abandoned request."""
    if not target.request.guard.follows_unanswered():
        return None
    same = {"Description": target.wanted.call.get("Description", "")}

    def take(now: Found) -> None:
        functions.update_configuration(target.wanted.name, same, revision_of(now))

    return Step("revision", "the request before has no answer, and may still be under way", take)
