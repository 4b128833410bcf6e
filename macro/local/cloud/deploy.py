"""``hitcounter deploy``: local code uploaded, a change set made, shown, agreed to and carried out."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from macro.local.cloud.account import Account
from macro.local.cloud.change_set import ChangeSet, Wanted, discard, make_change_set
from macro.local.cloud.changes import Change, print_changes
from macro.local.cloud.check import check_template
from macro.local.cloud.errors import CloudError
from macro.local.cloud.installation import (
    Installation,
    install_command,
    is_older,
    need_installation,
    open_bucket,
    own_version,
)
from macro.local.cloud.macro_call import expand_by_function
from macro.local.cloud.operation import carry_out, make_ready
from macro.local.cloud.progress import Line, Tell
from macro.local.cloud.stack import REVIEW, Stack
from macro.local.files import Source, find_folder
from macro.local.local_code import Upload
from macro.local.preview import find_name
from macro.plugin import Json, Template
from macro.template import MACRO, MAX_INLINE_BYTES, read_suffix

Agree = Callable[[ChangeSet, Sequence[Change]], bool]


class Order(NamedTuple):
    """What is to be deployed: a stack's name, its template, parameter values by name, and tags for the stack."""

    stack_name: str
    source: Source
    parameters: Mapping[str, Json] = {}
    tags: Mapping[str, str] = {}


class Deployed(NamedTuple):
    """The stack, ``None`` where it was never made; the change set, where one was left to be carried out later."""

    stack: Stack | None
    change_set: ChangeSet | None = None
    is_declined: bool = False


def deploy(account: Account, order: Order, agree: Agree | None, tell: Tell) -> Deployed:
    """Deploy the template; ``agree`` is asked with the change set and what of it costs data, before anything changes.

    Without ``agree`` the change set is left as it is. Raises :class:`MacroError` with what is wrong with the template,
    or :class:`CloudError` with the first cause of a failure and what would help; all is as before then.
    """
    stack = make_ready(account, order.stack_name, tell)
    values = read_values(order.source.template, order.parameters, stack)
    template, uploads = check_template(order.source.template, find_folder(order.source), values)
    installation = _find_installation(account, template, bool(uploads))
    if installation:
        _upload(account, installation, uploads, tell)
    change_set = _plan(account, order, stack, (template, bool(uploads)), installation, tell)
    if change_set is None:
        tell(Line("no-change", f"{order.stack_name} is as the template says; nothing to change"))
        return Deployed(stack)
    dangers = [change for change in change_set.changes if change.costs_data()]
    told = {"stack": order.stack_name, "changes": [change._asdict() for change in change_set.changes]}
    tell(Line("changes", f"{order.stack_name}:\n{print_changes(change_set.changes, _is_terminal())}", told))
    if agree is None:
        return Deployed(stack, change_set)
    if not _is_agreed(account, change_set, agree, dangers):
        tell(Line("declined", "nothing was changed"))
        return Deployed(stack, is_declined=True)
    return Deployed(carry_out(account, change_set, tell))


def read_values(template: Template, given: Mapping[str, Json], stack: Stack | None) -> dict[str, Json]:
    """Values of the template's parameters as the macro gets them: given, else the stack's, else the default."""
    declared = template.get("Parameters")
    declared = declared if isinstance(declared, dict) else {}
    before = stack.parameters if stack else {}
    values: dict[str, Any] = {
        name: parameter["Default"]
        for name, parameter in declared.items()
        if isinstance(parameter, dict) and "Default" in parameter
    }
    return {**values, **{name: before[name] for name in declared if name in before}, **given}


def _is_agreed(account: Account, change_set: ChangeSet, agree: Agree, dangers: Sequence[Change]) -> bool:
    """Whether to go on; nothing is left of the change set where not, nor where asking fails."""
    is_agreed = False
    try:
        is_agreed = agree(change_set, dangers)
    finally:
        if not is_agreed:
            discard(account.client("cloudformation"), change_set)
    return is_agreed


def _find_installation(account: Account, template: Template, has_uploads: bool) -> Installation | None:
    name = find_name(template)
    if name is None and not has_uploads:
        return None
    return need_installation(account, read_suffix(name or MACRO))


def _upload(account: Account, installation: Installation, uploads: Sequence[Upload], tell: Tell) -> None:
    bucket = open_bucket(account, installation.suffix)
    for upload in uploads:
        is_new = bucket.put(upload.key, upload.content)
        text = f"{'uploaded' if is_new else 'there already'}: {upload.path} as {upload.key}"
        tell(Line("upload", text, {"path": str(upload.path), "key": upload.key, "is_new": is_new}))


def _plan(
    account: Account,
    order: Order,
    stack: Stack | None,
    packed: tuple[Template, bool],
    installation: Installation | None,
    tell: Tell,
) -> ChangeSet | None:
    template, is_packed = packed
    values = read_values(template, order.parameters, stack)
    body = json.dumps(template, ensure_ascii=False) if is_packed else order.source.text
    try:
        if installation and not installation.runs_macros:
            tell(Line("no-macros", f"{account.name()} runs no macros; its function is called and the result deployed"))
            body = json.dumps(expand_by_function(account, template, values), ensure_ascii=False)
        wanted = Wanted(
            order.stack_name,
            _pass(account, installation, body),
            _parameters(template, order.parameters, stack),
            order.tags,
        )
        return make_change_set(account.client("cloudformation"), wanted, stack)
    except CloudError as error:
        raise CloudError(f"{error}{_blame_release(account, installation)}") from None


def _parameters(template: Template, given: Mapping[str, Json], stack: Stack | None) -> dict[str, str | None]:
    declared = template.get("Parameters")
    before = stack.parameters if stack and stack.status != REVIEW else {}
    known = {name: None for name in declared if name in before} if isinstance(declared, dict) else {}
    return {**known, **{name: _as_text(value) for name, value in given.items()}}


def _as_text(value: Json) -> str:
    if isinstance(value, list):
        return ",".join(_as_text(item) for item in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _pass(account: Account, installation: Installation | None, body: str) -> dict[str, str]:
    """A template in the call itself, or through the bucket where it is too long for that."""
    content = body.encode()
    if len(content) <= MAX_INLINE_BYTES:
        return {"TemplateBody": body}
    from macro.local.cloud.bucket import digest_of

    bucket = open_bucket(account, installation.suffix if installation else "")
    if installation is None and not bucket.exists():
        need_installation(account, "")
    key = f"templates/{digest_of(content)}"
    bucket.put(key, content)
    return {"TemplateURL": bucket.url_of(key)}


def _blame_release(account: Account, installation: Installation | None) -> str:
    if installation is None or not is_older(installation.version, own_version()):
        return ""
    run = install_command(account, installation.suffix)
    return f"\nthe installation is of release {installation.version}, this command of {own_version()}; run: {run}"


def _is_terminal() -> bool:
    import sys

    from macro.local.cli import has_colour

    return has_colour(sys.stderr)
