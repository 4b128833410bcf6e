"""``hitcounter local``: the embedded engine, installed into and deployed to, until ctrl-c or the last request."""

import argparse
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from macro.cli.cloud.deployment.deploy import Order, deploy
from macro.cli.cloud.installation.install import install
from macro.cli.cloud.installation.plan import Choice
from macro.cli.cloud.observe.served import Served, add_outputs, describe_served, find_served, own_outputs
from macro.cli.cloud.stack.account import Account, connect_to_engine
from macro.cli.cloud.stack.errors import CloudError, explained
from macro.cli.cloud.stack.progress import Line, Report, mute, show_progress
from macro.cli.cloud.stack.values import read_values
from macro.cli.engine.engine import Engine, EngineError, check_engine, run_engine
from macro.cli.engine.run.local_check import check_local, complain
from macro.cli.engine.run.once import PathRequest, find_unserved, request_all
from macro.cli.package.bundle import Bundles, make_bundles
from macro.cli.preview.parameters import read_parameters
from macro.cli.preview.watch import Snapshot, look, watch
from macro.cli.text.files import FileError, Source, find_folder
from macro.cli.text.report import FINE, PROBLEMS
from macro.errors import MacroError

_KEPT = ".hitcounter"
_SECONDS_BETWEEN_LOOKS = 0.25


class _Local(NamedTuple):
    """What all steps of one run need."""

    arguments: argparse.Namespace
    account: Account
    engine: Engine
    report: Report


def run_local(arguments: argparse.Namespace) -> int:
    """Run the engine with the template deployed; the exit code says whether the template and all answers were fine."""
    further = [Path(arguments.parameters_file)] if arguments.parameters_file else []
    snapshot = watch(arguments.template, further)
    path_requests = check_local(arguments, snapshot.source)
    if path_requests is None:
        return PROBLEMS
    with show_progress(arguments.json) as report:
        report(Line("begin", "starting the engine: it needs no account, and nothing leaves this machine"))
        folder = _make_folder(arguments, snapshot.source)
        with _engine_with_installation(arguments, folder, report) as local:
            served = _deploy(local, snapshot.source)
            if path_requests:
                return PROBLEMS if served is None else _request_all(local, path_requests, served)
            if served is None and not arguments.watch:
                return PROBLEMS
            code = _stay(local, snapshot)
        report(
            Line("end", f"ended; tables and counts are kept in {folder}" if folder else "ended; nothing of it stays")
        )
        return code


def _make_folder(arguments: argparse.Namespace, source: Source) -> Path | None:
    """Where the engine keeps its state; one that is made here is nothing to commit."""
    if arguments.keep is None:
        return None
    folder = Path(arguments.keep) if arguments.keep else find_folder(source) / _KEPT
    try:
        folder.mkdir(parents=True)
        (folder / ".gitignore").write_text("*\n", "utf-8")
    except OSError:
        # It is there already, or the engine tells why it can't be.
        pass
    return folder


@contextmanager
def _engine_with_installation(arguments: argparse.Namespace, folder: Path | None, report: Report) -> Iterator[_Local]:
    with ThreadPoolExecutor(1) as pool:
        # While the engine starts there is time for what takes a while.
        bundles = pool.submit(_prepare, arguments.plugin)
        with run_engine(arguments.port, folder) as engine, _explained(engine):
            if engine.is_set_back:
                report(
                    Line("set-back", "the last run's engine was killed: tables and counts are as that run found them")
                )
            account = connect_to_engine(engine.url)
            install(account, Choice(drops_plugins=True), bundles.result(), mute(report))
            yield _Local(arguments, account, engine, report)


def _prepare(plugins: Sequence[str]) -> Bundles:
    import boto3  # noqa: F401

    # Without platforms: the engine's functions run in this interpreter, with the packages that are installed here.
    return make_bundles((), plugins=plugins)


@contextmanager
def _explained(engine: Engine) -> Iterator[None]:
    """The SDK's errors as :class:`CloudError`, or the engine's end where that is why it doesn't answer."""
    try:
        with explained(engine.url):
            yield
    except CloudError:
        check_engine(engine, 0.5)
        raise


def _deploy(local: _Local, source: Source) -> list[Served] | None:
    """Where the counters answer now; ``None`` after the template's problems, or the failure's cause, were told."""
    arguments, account = local.arguments, local.account
    try:
        with _explained(local.engine):
            parameters = read_parameters(arguments.parameter, arguments.parameters_file, source.template)
            fuller = source._replace(template=add_outputs(source.template))
            order = Order(_name_stack(source), fuller, parameters)
            stack = deploy(account, order, lambda *_: True, mute(local.report, "changes", "no-macros")).stack
    except MacroError as error:
        if isinstance(error, EngineError):
            raise
        complain(source, error)
        return None
    assert stack is not None
    values = read_values(source.template, parameters, stack)
    served = find_served(stack, source.template, values, local.engine.url)
    outputs = own_outputs(stack, local.engine.url)
    text = describe_served(served, outputs)
    if not arguments.once:
        text += "".join(f"\ntry: {each.print_call()}" for each in served[:1]) + "\nctrl-c ends it"
    facts = {"counters": [each._asdict() for each in served], "outputs": outputs, "engine": local.engine.url}
    local.report(Line("serving", text, facts))
    return served


def _name_stack(source: Source) -> str:
    """Each template has a stack of its own, so that several can be kept in one folder."""
    stem = "" if source.name.startswith("<") else Path(source.name).stem
    return "-".join(["local", *re.findall(r"[A-Za-z0-9]+", stem)])[:40].rstrip("-")


def _request_all(local: _Local, path_requests: Sequence[PathRequest], served: Sequence[Served]) -> int:
    unserved = find_unserved(path_requests, served)
    if unserved:
        raise CloudError("\n".join(unserved))
    with _explained(local.engine):
        return FINE if request_all(path_requests, served, local.report, local.arguments.json) else PROBLEMS


def _stay(local: _Local, snapshot: Snapshot) -> int:
    """Until ctrl-c, or the engine's end; deploys again when files change, where that is requested for."""
    try:
        while True:
            check_engine(local.engine, _SECONDS_BETWEEN_LOOKS)
            if local.arguments.watch:
                snapshot = _deploy_changes(local, snapshot)
    except KeyboardInterrupt:
        return FINE


def _deploy_changes(local: _Local, snapshot: Snapshot) -> Snapshot:
    now = look(snapshot)
    if now == snapshot.stamps:
        return snapshot
    # Who changes several files, or saves by way of another name, is done when nothing changes any more.
    while True:
        check_engine(local.engine, _SECONDS_BETWEEN_LOOKS)
        before, now = now, look(snapshot)
        if before == now:
            break
    local.report(Line("changed", "files have changed"))
    try:
        snapshot = watch(local.arguments.template, snapshot.further)
    except FileError as error:
        complain(snapshot.source, error)
        return snapshot._replace(stamps=now)
    _deploy(local, snapshot.source)
    return snapshot
