"""Prepare a deployment: check the template, upload local code, and create a change set."""

import json
from collections.abc import Iterator, Mapping, Sequence
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
from macro.cli.cloud.stack.change_set import ChangeSet, ChangeSetRequest, create_change_set
from macro.cli.cloud.stack.errors import CloudError
from macro.cli.cloud.stack.operation import make_ready
from macro.cli.cloud.stack.session import Session
from macro.cli.cloud.stack.stack import Stack
from macro.cli.cloud.stack.values import as_text, find_unused_defaults, read_values, resolve_values, values_before
from macro.cli.package.local_code import Upload
from macro.cli.preview.calls import find_name
from macro.cli.preview.parameters import get_declared
from macro.cli.text.files import Source, find_folder
from macro.plugin import Json, Template
from macro.template.merge import MAX_INLINE_BYTES
from macro.template.transform import MACRO, read_suffix


class Deployment(NamedTuple):
    """A deployment to prepare: the stack's name, its template, parameter values by name, and tags for the stack."""

    stack_name: str
    source: Source
    parameters: Mapping[str, Json] = {}
    tags: Mapping[str, str] = {}


class Checked(NamedTuple):
    """A deployment without known problems.

    The ``template`` has object keys in place of paths to local code, and ``uploads`` is that code. ``values`` are the
    resolved values of all parameters. The ``installation`` is ``None`` if the template doesn't need one.
    """

    template: Template
    uploads: Sequence[Upload]
    values: Mapping[str, Json]
    installation: Installation | None


def prepare(session: Session, deployment: Deployment) -> tuple[Stack | None, ChangeSet | None]:
    """The stack, with no operation running, and the change set that brings the stack to the deployment's state.

    The stack is ``None`` if it doesn't exist yet. The change set is ``None`` if nothing would change.

    Raises:
        MacroError: the template has problems.
        CloudError: the stack can't be changed, or CloudFormation can't create the change set. The text has the cause
            and a remedy.
    """
    stack = make_ready(session, deployment.stack_name)
    if stack and is_installation(stack):
        raise CloudError(f"the stack {stack.name} is the installation itself; choose another --stack-name")
    unused = list(find_unused_defaults(deployment.source.template, deployment.parameters, stack))
    for text in unused:
        session.reporter.show_step("unused-default", text)
    checked = check(session.account, deployment, stack)
    if checked.installation:
        _upload(session, checked.installation, checked.uploads)
    change_set = plan(session, deployment, checked, stack)
    if change_set is None:
        head = f"{deployment.stack_name}:" if unused else f"{deployment.stack_name} matches the template;"
        session.reporter.show_step("no-change", f"{head} nothing to change")
    return stack, change_set


def check(account: Account, deployment: Deployment, stack: Stack | None) -> Checked:
    """The deployment's template after all checks that are possible before a change set.

    Raises:
        MacroError: the template has problems.
        CloudError: the template needs an installation, and there is none. The text has the command that installs it.
    """
    source = deployment.source
    values = resolve_values(account, source.template, read_values(source.template, deployment.parameters, stack))
    template, uploads, _ = check_template(source.template, find_folder(source), values)
    name = find_name(template)
    is_needed = name is not None or uploads
    installation = need_installation(account, read_suffix(name or MACRO)) if is_needed else None
    return Checked(template, uploads, values, installation)


def plan(session: Session, deployment: Deployment, checked: Checked, stack: Stack | None) -> ChangeSet | None:
    """A change set that brings the stack to the deployment's state, or ``None`` if the stack has that state already.

    The change set can be executed once the local code is uploaded. Raises :class:`CloudError` like :func:`prepare`.
    """
    account, source, installation = session.account, deployment.source, checked.installation
    # CloudFormation accepts no YAML aliases. The JSON form writes them out.
    is_as_written = not checked.uploads and not source.has_aliases
    body = source.text if is_as_written else json.dumps(checked.template, ensure_ascii=False)
    with _with_release_in_errors(account, installation):
        if installation and not installation.runs_macros:
            if account.is_shared:
                text = f"{account.name()} runs no macros; the macro's function is called, and the result is deployed"
                session.reporter.show_step("no-macros", text)
            body = json.dumps(expand_by_function(account, checked.template, checked.values), ensure_ascii=False)
        passed, given = _pass(account, installation, body), _parameters(checked.template, deployment.parameters, stack)
        request = ChangeSetRequest(deployment.stack_name, passed, given, deployment.tags)
        return create_change_set(account.client("cloudformation"), request, stack)


def _upload(session: Session, installation: Installation, uploads: Sequence[Upload]) -> None:
    bucket = open_bucket(session.account, installation.suffix)
    for upload in uploads:
        is_new = bucket.put(upload.key, upload.content)
        text = f"{'uploaded' if is_new else 'already uploaded'}: {upload.path} as {upload.key}"
        session.reporter.show_step("upload", text, path=str(upload.path), key=upload.key, is_new=is_new)


def _parameters(template: Template, given: Mapping[str, Json], stack: Stack | None) -> dict[str, str | None]:
    before = values_before(stack)
    known = {name: None for name in get_declared(template) if name in before}
    return {**known, **{name: as_text(value) for name, value in given.items()}}


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
        releases = f"the installation has release {installation.version}, this command has {own_version()}"
        raise CloudError(f"{error}\n{releases}; run: {run}") from None
