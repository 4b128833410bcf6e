"""Install for ``hitcounter install``: the bucket, its content, then the rest of the stack.

A second run changes nothing.
"""

from collections.abc import Mapping, Sequence

from macro.builtin.digest import SHA256
from macro.cli.cloud.installation.bucket import Bucket, digest_of
from macro.cli.cloud.installation.names import check_ours, is_older, name_stack, open_bucket, own_version, read_template
from macro.cli.cloud.installation.plan import InstallOptions, Plan
from macro.cli.cloud.installation.template import COMPANION_FUNCTION, MACRO_FUNCTION, fill_in, tell_served
from macro.cli.cloud.stack.change_set import ChangeSet, discard
from macro.cli.cloud.stack.changes import count_changes, print_changes
from macro.cli.cloud.stack.errors import CloudError
from macro.cli.cloud.stack.operation import await_end, carry_out, make_ready, remove
from macro.cli.cloud.stack.session import Session
from macro.cli.cloud.stack.stack import Stack
from macro.cli.package.bundle import Bundles

_NEVER_THERE = ("ROLLBACK_COMPLETE", "CREATE_FAILED")


def install(session: Session, options: InstallOptions, bundles: Bundles) -> bool:
    """Install or update the installation, and return whether anything was changed. A dry run only reports the changes.

    Raises:
        CloudError: the installation failed. The text has the cause and a remedy. The next run continues from the state
            that this run left.
    """
    bucket = open_bucket(session.account, options.suffix)
    keys = {MACRO_FUNCTION: f"macro/{digest_of(bundles.macro)}.zip"}
    keys[COMPANION_FUNCTION] = f"companion/{digest_of(bundles.companion)}.zip"
    template = tell_served(fill_in(read_template(), keys, bucket.name), bundles.served())
    stack = _find_stack(session, options)
    if stack and not options.drops_plugins:
        _check_kept(stack, bundles.served())
    plan = Plan(session, options, bucket)
    if not options.is_dry_run:
        stack = plan.ensure_bucket(template, stack)
        contents = {keys[MACRO_FUNCTION]: bundles.macro, keys[COMPANION_FUNCTION]: bundles.companion}
        _upload(session, bucket, {**contents, f"handlers/hit-counter-{SHA256}.zip": bundles.handler})
    change_set = plan.make(template, stack)
    if change_set:
        changes = change_set.changes
        session.reporter.show_step("changes", print_changes(changes), count=count_changes(changes))
    if options.is_dry_run:
        _end_dry_run(session, change_set)
        return False
    if change_set:
        stack = carry_out(session, change_set)
    if stack and not stack.is_protected:
        client = session.account.client("cloudformation")
        client.update_termination_protection(StackName=stack.name, EnableTerminationProtection=True)
    return change_set is not None


def _find_stack(session: Session, options: InstallOptions) -> Stack | None:
    """The installation's stack, ready for an update. A stack that was never created is empty and is deleted."""
    wait = await_end if session.account.is_shared else make_ready
    stack = wait(session, name_stack(options.suffix))
    if stack is None:
        return None
    check_ours(stack)
    if stack.status in _NEVER_THERE and not options.is_dry_run:
        remove(session, stack)
        return None
    version = stack.outputs.get("Version", own_version())
    if is_older(own_version(), version):
        raise CloudError(
            f"the installation has release {version}, but this command has the older release {own_version()}; "
            f"update the command to release {version}"
        )
    return make_ready(session, stack.name)


def _check_kept(stack: Stack, served: Mapping[str, Sequence[str]]) -> None:
    """Raise :class:`CloudError` if the update would drop plug-ins or custom resources that stacks may need."""
    gone = [name for key in served for name in stack.outputs.get(key, "").split(",") if name not in ("", *served[key])]
    if gone:
        raise CloudError(
            f"{stack.name} serves {' and '.join(gone)}, which this update drops, so stacks with them could be neither "
            "updated nor deleted; name each package with --plugin again, or drop them with --drop-plugins"
        )


def _upload(session: Session, bucket: Bucket, contents: Mapping[str, bytes]) -> None:
    for key, content in contents.items():
        is_new = bucket.put(key, content)
        text = f"{'uploaded' if is_new else 'already uploaded'}: {key} ({len(content):,} bytes)"
        session.reporter.show_step("upload", text, key=key, bytes=len(content), is_new=is_new)


def _end_dry_run(session: Session, change_set: ChangeSet | None) -> None:
    if change_set:
        discard(session.account.client("cloudformation"), change_set)
    up_to_date = "the installation is up to date; nothing would change"
    text = "nothing was changed: this was a dry run" if change_set else up_to_date
    session.reporter.show_step("dry-run", text, would_change=change_set is not None)
