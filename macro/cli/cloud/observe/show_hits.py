"""Show hits for ``hitcounter hits``: find the tables, read them, and print the counts in the requested form."""

import argparse
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence

from macro.cli.cloud.observe.deployed import Part, choose_parts, read_deployed
from macro.cli.cloud.observe.hits import Page, count_all, count_one, read_pages
from macro.cli.cloud.observe.hits_table import Chart, Screen, make_chart, print_charts, print_csv, print_json
from macro.cli.cloud.stack.account import Client, in_account
from macro.cli.cloud.stack.errors import CloudError
from macro.cli.text.report import FINE, has_colour


def show_hits(arguments: argparse.Namespace) -> int:
    """Print the counts to stdout. The progress of long reads and notes go to stderr.

    Raises:
        CloudError: the template doesn't report a counter's table, or a call fails.
    """
    with in_account(arguments) as account:
        deployed = read_deployed(account, arguments.stack_name)
        parts = choose_parts(deployed, arguments.stack_name, arguments.counter, arguments.stage)
        lost = ", ".join(part.label for part in parts if not part.table)
        if lost:
            raise CloudError(
                f"the stack's template doesn't name the table of {lost}; choose another counter with --counter"
            )
        charts = [_read(account.client("dynamodb"), part, arguments) for part in parts]
    _print(charts, arguments)
    return FINE


def _read(client: Client, part: Part, arguments: argparse.Namespace) -> Chart:
    if arguments.name is not None:
        return make_chart(part, {arguments.name: count_one(client, part, arguments.name)})
    hits, left_out = count_all(_show_reading(part.label, read_pages(client, part)), part.shards)
    if left_out:
        print(f"note: items without a count in {part.table}: {left_out}", file=sys.stderr)
    return make_chart(part, hits, arguments.top)


def _print(charts: Sequence[Chart], arguments: argparse.Namespace) -> None:
    is_terminal = sys.stdout.isatty()
    if arguments.json:
        print(print_json(arguments.stack_name, charts))
    elif arguments.csv:
        sys.stdout.write(print_csv(charts, is_terminal))
    else:
        width = shutil.get_terminal_size().columns if is_terminal else 0
        print(print_charts(charts, Screen(width, has_colour(sys.stdout))))


def _show_reading(label: str, pages: Iterable[Page]) -> Iterator[Page]:
    """The same pages. If stderr is a terminal, it shows the number of items read, from the second page on."""
    if not sys.stderr.isatty():
        yield from pages
        return
    from rich.console import Console

    seen = 0
    with Console(stderr=True, highlight=False).status("") as status:
        for page in pages:
            if seen:
                status.update(f"{label}: {seen + len(page)} items read")
            seen += len(page)
            yield page
