"""``hitcounter uninstall``: remove the macro and its companion from an account."""

import argparse

from macro.cli.commands.option_values import add_suffix
from macro.cli.commands.parsers import add_json, add_place
from macro.cli.text.report import FINE, PROBLEMS

SUMMARY = "remove the installation from an account"
EXAMPLES = """\
Stacks that use the installation can't be updated or deleted without it. So it is removed only when no stack uses it.

examples:
  hitcounter uninstall
  hitcounter uninstall --suffix Beta --yes
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``uninstall``."""
    add_place(parser)
    add_suffix(parser)
    parser.add_argument("--yes", action="store_true", help="don't ask")
    parser.add_argument(
        "--force",
        action="store_true",
        help="remove it although stacks use it, and can't be deleted then",
    )
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
                f"{name} is not removed: without {name_companion(arguments.suffix)}, these stacks can't be updated or "
                f"deleted: {', '.join(users)}; delete them first, or add --force"
            )
        if not arguments.yes and not ask(f"Remove {name} from {where}?", "--yes"):
            session.reporter.show_step("declined", "nothing was changed")
            return PROBLEMS
        state = "is removed from" if uninstall(session, arguments.suffix) else "isn't installed in"
        session.reporter.show_step("uninstalled", f"{name} {state} {where}")
    return FINE
