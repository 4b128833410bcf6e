"""``hitcounter install``: install the macro and its companion in an account."""

import argparse

from macro.cli.commands.bundle import add_packing
from macro.cli.commands.option_values import add_suffix, read_as
from macro.cli.commands.parsers import add_json, add_place
from macro.cli.text.report import FINE

SUMMARY = "install the macro and its companion in an account"
EXAMPLES = """\
Finds credentials where the AWS CLI finds them. A second run updates the installation, or changes nothing.

examples:
  hitcounter install
  hitcounter install --profile work --region eu-central-1
  hitcounter install --dry-run                         show what would change
  hitcounter install --suffix Beta                     a second installation: Transform: HitCounterMacroBeta
  hitcounter install --plugin samples/plugin           with a plug-in: a folder, a wheel, or an installed package
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``install``."""
    add_place(parser)
    add_suffix(parser)
    parser.add_argument("--dry-run", action="store_true", help="show what would change, and change nothing")
    parser.add_argument("--architecture", choices=("arm64", "x86_64"), help="for both functions; default: arm64")
    parser.add_argument(
        "--log-retention",
        type=read_as("LogRetention"),
        metavar="DAYS",
        help="days for which the logs of both functions are kept; default: 365",
    )
    parser.add_argument(
        "--kms-key-arn",
        type=read_as("KmsKeyArn"),
        metavar="ARN",
        help="key that encrypts the bucket, table, queue and logs; default: keys of AWS",
    )
    add_packing(parser)
    parser.add_argument(
        "--drop-plugins", action="store_true", help="drop the installation's plug-ins that --plugin doesn't name"
    )
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Make and upload the zips, deploy the installation's stack, and report how to use the macro."""
    from macro.cli.cloud.installation.install import install
    from macro.cli.cloud.installation.names import name_stack, own_version
    from macro.cli.cloud.installation.plan import InstallOptions
    from macro.cli.cloud.stack.session import open_session
    from macro.cli.package.bundle import make_bundles
    from macro.cli.package.wheels import MACHINES

    name = name_stack(arguments.suffix)
    with open_session(arguments) as session:
        account = session.account
        doing = "checking what would change by installing" if arguments.dry_run else "installing"
        session.reporter.show_step("begin", f"{doing} {name} {own_version()} in {account.name()}")
        # MiniStack's own interpreter runs functions, and can't load Lambda's packages.
        platforms = () if account.is_ministack() else tuple(MACHINES)
        bundles = make_bundles(platforms, arguments.plugin, arguments.with_boto3, arguments.wheels)
        parameters = _read_parameters(arguments)
        options = InstallOptions(arguments.suffix, parameters, arguments.dry_run, arguments.drop_plugins)
        has_changed = install(session, options, bundles)
        if not arguments.dry_run:
            state = "is installed" if has_changed else "is installed already; nothing was changed"
            example = f"hitcounter deploy TEMPLATE --stack-name NAME{account.options()}"
            text = f"{name} {state}. Use it: put 'Transform: {name}' into a template, then run: {example}"
            session.reporter.show_step("installed", text, stack=name, has_changed=has_changed)
    return FINE


def _read_parameters(arguments: argparse.Namespace) -> dict[str, str]:
    given = {
        "Architecture": arguments.architecture,
        "LogRetention": arguments.log_retention,
        "KmsKeyArn": arguments.kms_key_arn,
    }
    return {name: value for name, value in given.items() if value is not None}
