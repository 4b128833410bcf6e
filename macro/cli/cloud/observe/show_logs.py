"""Show logs for ``hitcounter logs``: find the log groups, read them, and print the lines."""

import argparse
import sys
import time
from collections.abc import Iterable

from macro.cli.cloud.observe.deployed import Deployed, Part, choose_parts, read_deployed
from macro.cli.cloud.observe.logs import Logged, LogSource, follow_logs, read_logs
from macro.cli.cloud.observe.logs_lines import print_json, print_logged
from macro.cli.cloud.stack.account import Account, in_account
from macro.cli.cloud.stack.errors import CloudError
from macro.cli.text.report import FINE, has_colour
from macro.counter.stages import name_part


def show_logs(arguments: argparse.Namespace) -> int:
    """Print the lines to stdout. If there are none, a note goes to stderr.

    Raises:
        CloudError: there is no log to read, or a call fails.
    """
    with in_account(arguments) as account:
        deployed = read_deployed(account, arguments.stack_name)
        parts = choose_parts(deployed, arguments.stack_name, arguments.counter, arguments.stage)
        sources = find_access_logs(deployed, parts) if arguments.access else find_function_logs(parts)
        if not sources:
            what = "access log" if arguments.access else "log group"
            raise CloudError(f"the stack {arguments.stack_name} has no {what} of {_list_labels(parts)}")
        since = round((time.time() - arguments.since) * 1000)
        client = account.client("logs")
        if arguments.follow:
            for lines in follow_logs(client, sources, since, arguments.filter):
                _print(lines, arguments.json)
        lines = read_logs(client, sources, since, arguments.filter)
        _print(lines, arguments.json)
        if not lines:
            print(_say_nothing(account, arguments.access), file=sys.stderr)
    return FINE


def find_function_logs(parts: Iterable[Part]) -> list[LogSource]:
    """The log groups of the parts' functions."""
    return [LogSource(part.label, part.log_group) for part in parts if part.log_group]


def find_access_logs(deployed: Deployed, parts: Iterable[Part]) -> list[LogSource]:
    """The log groups of the parts' gateways. Counters that share a gateway share its log group."""
    found: dict[str, LogSource] = {}
    for part in parts:
        stage = name_part(part.stage)
        own = f"{part.counter}{stage}AccessLog"
        labels = {own: part.label} if own in deployed.access_logs else _label_shared(stage)
        for logical_id, label in labels.items():
            if logical_id in deployed.access_logs:
                found[logical_id] = LogSource(label, deployed.access_logs[logical_id])
    return list(found.values())


def _label_shared(stage: str) -> dict[str, str]:
    """Labels of shared APIs by the logical IDs of their log groups."""
    apis = [f"HitCounter{name}{stage}" for name in ("Rest", "Http", "Custom")]
    return {f"{api}AccessLog": api for api in apis}


def _print(lines: Iterable[Logged], as_json: bool) -> None:
    for logged in lines:
        print(print_json(logged) if as_json else print_logged(logged, has_colour(sys.stdout)))
    sys.stdout.flush()


def _say_nothing(account: Account, is_access: bool) -> str:
    if is_access and account.is_ministack():
        return "nothing was logged: MiniStack writes no access logs"
    return "nothing was logged in that time; to look further back, add --since 1d"


def _list_labels(parts: Iterable[Part]) -> str:
    return ", ".join(part.label for part in parts)
