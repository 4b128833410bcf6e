"""The account that a command works in, and the reporter of what it does there: built once and passed down."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from macro.cli.cloud.stack.account import Account, in_account
from macro.cli.cloud.stack.reporter import Reporter, open_reporter


class Session(NamedTuple):
    """An account with its clients and region, and a reporter."""

    account: Account
    reporter: Reporter


@contextmanager
def open_session(arguments: argparse.Namespace) -> Iterator[Session]:
    """The account that the arguments name, and the reporter for ``--json``, a terminal or a log.

    Raises:
        CloudError: the account can't be reached, or an SDK call inside the block fails.
    """
    with open_reporter(arguments.json) as reporter, in_account(arguments) as account:
        yield Session(account, reporter)
