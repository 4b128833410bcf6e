"""Deploy for ``hitcounter deploy``: upload local code, then create, show and execute a change set."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from macro.cli.cloud.deployment.check import check_template
from macro.cli.cloud.deployment.macro_call import expand_by_function
from macro.cli.cloud.installation.names import (
    Installation,
    install_command,
    is_installation,
    is_older,
    need_installation,
    open_bucket,
    own_version,
)
from macro.cli.cloud.stack.account import Account
from macro.cli.cloud.stack.change_set import ChangeSet, Wanted, discard, make_change_set
from macro.cli.cloud.stack.changes import Change, print_changes
from macro.cli.cloud.stack.errors import CloudError
from macro.cli.cloud.stack.operation import carry_out, make_ready
from macro.cli.cloud.stack.progress import Line, Report
from macro.cli.cloud.stack.stack import Stack
from macro.cli.cloud.stack.values import read_values, resolve_values, values_before
from macro.cli.package.local_code import Upload
from macro.cli.preview.calls import find_name
from macro.cli.preview.parameters import get_declared
from macro.cli.text.files import Source, find_folder
from macro.plugin import Json, Template
from macro.template.merge import MAX_INLINE_BYTES
from macro.template.transform import MACRO, read_suffix

Agree = Callable[[ChangeSet, Sequence[Change]], bool]


class Order(NamedTuple):
    """A requested deployment: the stack's name, its template, parameter values by name, and tags for the stack."""

    stack_name: str
    source: Source
    parameters: Mapping[str, Json] = {}
    tags: Mapping[str, str] = {}


class Deployed(NamedTuple):
    """The stack, or ``None`` if it was never created, and the change set if it was left for later execution."""

    stack: Stack | None
    change_set: ChangeSet | None = None
    is_declined: bool = False


def deploy(account: Account, order: Order, agree: Agree | None, report: Report) -> Deployed:
    """Deploy the template.

    Before the change set is executed, ``agree`` gets the change set and those of its changes that may lose data. If
    ``agree`` returns false, the change set is deleted. If ``agree`` is ``None``, the change set is left unexecuted.

    Raises:
        MacroError: the template has problems.
        CloudError: the deployment failed. The text has the first cause and a remedy. The stack is as it was before.
    """
    stack = make_ready(account, order.stack_name, report)
    if stack and is_installation(stack):
        raise CloudError(f"the stack {stack.name} is the installation itself; choose another --stack-name")
    change_set = plan(account, order, stack, report)
    if change_set is None:
        report(Line("no-change", f"{order.stack_name} is as the template says; nothing to change"))
        return Deployed(stack)
    dangers = [change for change in change_set.changes if change.costs_data()]
    told = {"stack": order.stack_name, "changes": [change._asdict() for change in change_set.changes]}
    report(Line("changes", f"{order.stack_name}:\n{print_changes(change_set.changes, _is_terminal())}", told))
    if agree is None:
        return Deployed(stack, change_set)
    if not _is_agreed(account, change_set, agree, dangers):
        report(Line("declined", "nothing was changed"))
        return Deployed(stack, is_declined=True)
    return Deployed(carry_out(account, change_set, report))


def plan(
    account: Account, order: Order, stack: Stack | None, report: Report, uploads_code: bool = True
) -> ChangeSet | None:
    """A change set that brings the stack to the order's state, or ``None`` if the stack has that state already.

    Without ``uploads_code``, the change set of a template with local code can be read but not executed. Raises the
    same errors as :func:`deploy`.
    """
    source = order.source
    values = resolve_values(account, source.template, read_values(source.template, order.parameters, stack))
    template, uploads, _ = check_template(source.template, find_folder(source), values)
    installation = _find_installation(account, template, bool(uploads))
    if installation and uploads_code:
        _upload(account, installation, uploads, report)
    # CloudFormation accepts no YAML aliases. The JSON form writes them out.
    body = json.dumps(template, ensure_ascii=False) if uploads or source.has_aliases else source.text
    with _with_release_in_errors(account, installation):
        if installation and not installation.runs_macros:
            report(
                Line("no-macros", f"{account.name()} runs no macros; its function is called and the result deployed")
            )
            body = json.dumps(expand_by_function(account, template, values), ensure_ascii=False)
        passed = _pass(account, installation, body)
        wanted = Wanted(order.stack_name, passed, _parameters(template, order.parameters, stack), order.tags)
        return make_change_set(account.client("cloudformation"), wanted, stack)


def _find_installation(account: Account, template: Template, has_uploads: bool) -> Installation | None:
    name = find_name(template)
    if name is None and not has_uploads:
        return None
    return need_installation(account, read_suffix(name or MACRO))


def _upload(account: Account, installation: Installation, uploads: Sequence[Upload], report: Report) -> None:
    bucket = open_bucket(account, installation.suffix)
    for upload in uploads:
        is_new = bucket.put(upload.key, upload.content)
        text = f"{'uploaded' if is_new else 'there already'}: {upload.path} as {upload.key}"
        report(Line("upload", text, {"path": str(upload.path), "key": upload.key, "is_new": is_new}))


def _parameters(template: Template, given: Mapping[str, Json], stack: Stack | None) -> dict[str, str | None]:
    before = values_before(stack)
    known = {name: None for name in get_declared(template) if name in before}
    return {**known, **{name: _as_text(value) for name, value in given.items()}}


def _as_text(value: Json) -> str:
    if isinstance(value, list):
        return ",".join(_as_text(item) for item in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _pass(account: Account, installation: Installation | None, body: str) -> dict[str, str]:
    """The template as ``TemplateBody``, or as ``TemplateURL`` in the bucket if it is too long for the call."""
    content = body.encode()
    if len(content) <= MAX_INLINE_BYTES:
        return {"TemplateBody": body}
    from macro.cli.cloud.installation.bucket import digest_of

    bucket = open_bucket(account, installation.suffix if installation else "")
    if installation is None and not bucket.exists():
        need_installation(account, "")
    key = f"templates/{digest_of(content)}"
    bucket.put(key, content)
    return {"TemplateURL": bucket.url_of(key)}


@contextmanager
def _with_release_in_errors(account: Account, installation: Installation | None) -> Iterator[None]:
    """Add both releases to an error inside the block if the installation is older than this command.

    The difference between the releases may be the cause.
    """
    try:
        yield
    except CloudError as error:
        if installation is None or not is_older(installation.version, own_version()):
            raise
        run = install_command(account, installation.suffix)
        releases = f"the installation is of release {installation.version}, this command of {own_version()}"
        raise CloudError(f"{error}\n{releases}; run: {run}") from None


def _is_agreed(account: Account, change_set: ChangeSet, agree: Agree, dangers: Sequence[Change]) -> bool:
    """Whether the user agrees. If not, or if ``agree`` raises an error, the change set is deleted."""
    is_agreed = False
    try:
        is_agreed = agree(change_set, dangers)
    finally:
        if not is_agreed:
            discard(account.client("cloudformation"), change_set)
    return is_agreed


def _is_terminal() -> bool:
    import sys

    from macro.cli.text.report import has_colour

    return has_colour(sys.stderr)
