"""``hitcounter uninstall``: remove the macro and its companion from an account."""

import argparse

from macro.cli.commands.option_values import add_suffix
from macro.cli.commands.parsers import add_json, add_place
from macro.cli.text.report import FINE, PROBLEMS

SUMMARY = "remove the installation from an account"
EXAMPLES = """\
Stacks that use the installation can't be changed or deleted without it, so it stays while there are any.

examples:
  hitcounter uninstall
  hitcounter uninstall --suffix Beta --yes
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``uninstall``."""
    add_place(parser)
    add_suffix(parser)
    parser.add_argument("--yes", action="store_true", help="don't ask")
    parser.add_argument("--force", action="store_true", help="also while stacks use it, which then can't be deleted")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Remove the installation, unless stacks use the companion.

    Raises:
        CloudError: stacks use the companion, and ``--force`` is not given.
    """
    from macro.cli.cloud.installation.names import name_companion, name_stack
    from macro.cli.cloud.installation.uninstall import find_users, uninstall
    from macro.cli.cloud.stack.errors import CloudError
    from macro.cli.cloud.stack.question import ask
    from macro.cli.cloud.stack.session import open_session

    name = name_stack(arguments.suffix)
    with open_session(arguments) as session:
        where = session.account.name()
        users = find_users(session.account, arguments.suffix)
        if users and not arguments.force:
            raise CloudError(
                f"{name} stays: these stacks use {name_companion(arguments.suffix)}, and could "
                f"not be changed or deleted without it: {', '.join(users)}; delete them first, or say --force"
            )
        if not arguments.yes and not ask(f"Remove {name} from {where}?", "--yes"):
            session.reporter.show_step("declined", "nothing was changed")
            return PROBLEMS
        state = "is removed from" if uninstall(session, arguments.suffix) else "isn't installed in"
        session.reporter.show_step("uninstalled", f"{name} {state} {where}")
    return FINE
