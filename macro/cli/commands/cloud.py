"""Run the commands ``install``, ``uninstall`` and ``deploy``, and return their exit codes."""

import argparse
import sys
from collections.abc import Sequence

from macro.cli.cloud.deployment.deploy import Agree, Deployed, Order, deploy
from macro.cli.cloud.installation.install import install
from macro.cli.cloud.installation.names import name_companion, name_stack, own_version
from macro.cli.cloud.installation.plan import Choice
from macro.cli.cloud.installation.uninstall import find_users, uninstall
from macro.cli.cloud.stack.account import Account, in_account
from macro.cli.cloud.stack.change_set import ChangeSet
from macro.cli.cloud.stack.changes import Change
from macro.cli.cloud.stack.errors import CloudError
from macro.cli.cloud.stack.operation import print_outputs
from macro.cli.cloud.stack.progress import Line, Report, show_progress
from macro.cli.engine.url import to_engine_url
from macro.cli.package.wheels import MACHINES
from macro.cli.preview.parameters import read_parameters
from macro.cli.text.files import read_source
from macro.cli.text.report import FINE, PROBLEMS, report_problems
from macro.errors import MacroError


def run_install(arguments: argparse.Namespace) -> int:
    """Make and upload the zips, deploy the installation's stack, and report how to use the macro."""
    from macro.cli.package.bundle import make_bundles

    with show_progress(arguments.json) as report, in_account(arguments) as account:
        doing = "finding out what would change by installing" if arguments.dry_run else "installing"
        report(Line("begin", f"{doing} {name_stack(arguments.suffix)} {own_version()} in {account.name()}"))
        bundles = make_bundles(_platforms(account), arguments.plugin, arguments.with_boto3, arguments.wheels)
        choice = Choice(arguments.suffix, _read_parameters(arguments), arguments.dry_run, arguments.drop_plugins)
        installed = install(account, choice, bundles, report)
        if arguments.dry_run:
            return FINE
        state = "is installed" if installed.has_changed else "is installed already; nothing was changed"
        text = (
            f"{name_stack(arguments.suffix)} {state}. Use it: put 'Transform: {name_stack(arguments.suffix)}' into a "
        )
        facts = {"stack": name_stack(arguments.suffix), "has_changed": installed.has_changed}
        example = f"hitcounter deploy TEMPLATE --stack-name NAME{account.options()}"
        report(Line("installed", f"{text}template, then run: {example}", facts))
    return FINE


def run_uninstall(arguments: argparse.Namespace) -> int:
    """Remove the installation, unless stacks use the companion.

    Raises:
        CloudError: stacks use the companion, and ``--force`` is not given.
    """
    with show_progress(arguments.json) as report, in_account(arguments) as account:
        users = find_users(account, arguments.suffix)
        if users and not arguments.force:
            raise CloudError(
                f"{name_stack(arguments.suffix)} stays: these stacks use {name_companion(arguments.suffix)}, and could "
                f"not be changed or deleted without it: {', '.join(users)}; delete them first, or say --force"
            )
        question = f"Remove {name_stack(arguments.suffix)} from {account.name()}?"
        if not arguments.yes and not ask(question, "--yes"):
            report(Line("declined", "nothing was changed"))
            return PROBLEMS
        state = "is removed from" if uninstall(account, arguments.suffix, report) else "isn't installed in"
        report(Line("uninstalled", f"{name_stack(arguments.suffix)} {state} {account.name()}"))
    return FINE


def run_deploy(arguments: argparse.Namespace) -> int:
    """Show the changes, then deploy the template. Problems of the template are reported with file and line."""
    source = read_source(arguments.template)
    parameters = read_parameters(arguments.parameter, arguments.parameters_file, source.template)
    order = Order(arguments.stack_name, source, parameters, _read_tags(arguments.tag))
    try:
        with show_progress(arguments.json) as report, in_account(arguments) as account:
            deployed = deploy(account, order, None if arguments.no_execute else _agree(arguments), report)
            return _tell_deployed(deployed, account, arguments.json, report)
    except CloudError:
        raise
    except MacroError as error:
        return report_problems(source, error.problems, "nothing was deployed")


def ask(question: str, option: str) -> bool:
    """Whether the user answers yes.

    Raises:
        CloudError: stdin is no terminal. The message names ``option``, which answers the question.
    """
    return _read_answer(f"{question} [y/N] ", option).lower() in ("y", "yes")


def _platforms(account: Account) -> tuple[str, ...]:
    """Lambda's platforms. None for MiniStack: its own interpreter runs functions and can't load Lambda's packages."""
    return () if account.is_ministack() else tuple(MACHINES)


def _read_parameters(arguments: argparse.Namespace) -> dict[str, str]:
    given = {
        "Architecture": arguments.architecture,
        "LogRetention": arguments.log_retention,
        "KmsKeyArn": arguments.kms_key_arn,
    }
    return {name: value for name, value in given.items() if value is not None}


def _read_tags(pairs: Sequence[str]) -> dict[str, str]:
    tags = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not name or not equals:
            raise CloudError(f"--tag {pair}: must be NAME=VALUE")
        tags[name] = value
    return tags


def _agree(arguments: argparse.Namespace) -> Agree:
    def agree(change_set: ChangeSet, dangers: Sequence[Change]) -> bool:
        if dangers and not (arguments.yes and arguments.allow_data_loss) and not _confirm_loss(dangers, arguments.yes):
            return False
        return bool(arguments.yes) or bool(dangers) or ask(f"Deploy {change_set.stack_name}?", "--yes")

    return agree


def _confirm_loss(dangers: Sequence[Change], is_unattended: bool) -> bool:
    names = ", ".join(change.logical_id for change in dangers)
    if is_unattended:
        raise CloudError(
            f"this replaces or removes tables that hold counts ({names}); --yes does so only with --allow-data-loss"
        )
    return _read_answer(f"To replace or remove {names}, type {names}: ", "--yes --allow-data-loss") == names


def _read_answer(question: str, option: str) -> str:
    if not sys.stdin.isatty():
        raise CloudError(f"there is no terminal to ask on; say {option}")
    try:
        print(question, end="", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip()
    except KeyboardInterrupt:
        print(file=sys.stderr)
        raise


def _tell_deployed(deployed: Deployed, account: Account, as_json: bool, report: Report) -> int:
    if deployed.is_declined:
        return PROBLEMS
    if deployed.change_set:
        call = "aws cloudformation execute-change-set --retain-except-on-create"
        run = f"{call} --change-set-name {deployed.change_set.id}{account.options()}"
        report(Line("change-set", f"to carry it out: {run}", {"id": deployed.change_set.id}))
        return FINE
    outputs = deployed.stack.outputs if deployed.stack else {}
    if account.endpoint:
        outputs = {name: to_engine_url(account.endpoint, value) for name, value in outputs.items()}
    report(Line("outputs", "", {"outputs": dict(outputs)}))
    if outputs and not as_json:
        print(print_outputs(outputs))
    return FINE
