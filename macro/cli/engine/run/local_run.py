"""Run ``hitcounter local``: start the engine, install, deploy, and serve until ctrl-c or the last request."""

import argparse
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from macro.cli.cloud.deployment.deploy import Deployment, prepare
from macro.cli.cloud.installation.install import install
from macro.cli.cloud.installation.plan import InstallOptions
from macro.cli.cloud.observe.served import Served, add_outputs, describe_served, find_served, own_outputs
from macro.cli.cloud.stack.account import connect_to_engine
from macro.cli.cloud.stack.errors import CloudError, explained
from macro.cli.cloud.stack.operation import carry_out
from macro.cli.cloud.stack.reporter import Reporter, Silence, open_reporter
from macro.cli.cloud.stack.session import Session
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
    """The values that all steps of one run need."""

    arguments: argparse.Namespace
    session: Session
    engine: Engine


def run_local(arguments: argparse.Namespace) -> int:
    """Run the engine with the template deployed.

    The exit code is ``FINE`` if the template and all answers were right, otherwise ``PROBLEMS``.

    Raises:
        MacroError: the engine can't be run, or the installation or a request fails.
    """
    further = [Path(arguments.parameters_file)] if arguments.parameters_file else []
    snapshot = watch(arguments.template, further)
    path_requests = check_local(arguments, snapshot.source)
    if path_requests is None:
        return PROBLEMS
    with open_reporter(arguments.json) as reporter:
        reporter.show_step("begin", "starting the engine: it needs no account, and nothing leaves this machine")
        folder = _make_folder(arguments, snapshot.source)
        with _engine_with_installation(arguments, folder, reporter) as local:
            served = _deploy(local, snapshot.source)
            if path_requests:
                return PROBLEMS if served is None else _request_all(local, path_requests, served)
            if served is None and not arguments.watch:
                return PROBLEMS
            code = _stay(local, snapshot)
        text = f"ended; tables and counts are kept in {folder}" if folder else "ended; nothing is kept"
        reporter.show_step("end", text)
        return code


def _make_folder(arguments: argparse.Namespace, source: Source) -> Path | None:
    """The folder where the engine keeps its state, or ``None``. A new folder is hidden from Git by ``.gitignore``."""
    if arguments.keep is None:
        return None
    folder = Path(arguments.keep) if arguments.keep else find_folder(source) / _KEPT
    try:
        folder.mkdir(parents=True)
        (folder / ".gitignore").write_text("*\n", "utf-8")
    except OSError:
        # The folder exists already, or the engine will report why it can't be created.
        pass
    return folder


@contextmanager
def _engine_with_installation(
    arguments: argparse.Namespace, folder: Path | None, reporter: Reporter
) -> Iterator[_Local]:
    with ThreadPoolExecutor(1) as pool:
        # Bundles take a while, so a thread makes them while the engine starts.
        bundles = pool.submit(_prepare, arguments.plugin)
        with run_engine(arguments.port, folder) as engine, _explained(engine):
            if engine.is_set_back:
                text = "the last run was interrupted: tables and counts are as they were before that run"
                reporter.show_step("set-back", text)
            account = connect_to_engine(engine.url)
            install(Session(account, Silence()), InstallOptions(drops_plugins=True), bundles.result())
            yield _Local(arguments, Session(account, reporter), engine)


def _prepare(plugins: Sequence[str]) -> Bundles:
    import boto3  # noqa: F401

    # No platforms, because the engine's functions run in this interpreter, with the packages that are installed here.
    return make_bundles((), plugins=plugins)


@contextmanager
def _explained(engine: Engine) -> Iterator[None]:
    """Turn the SDK's errors into :class:`CloudError`, or into :class:`EngineError` if the engine has ended."""
    try:
        with explained(engine.url):
            yield
    except CloudError:
        check_engine(engine, 0.5)
        raise


def _deploy(local: _Local, source: Source) -> list[Served] | None:
    """The counters that answer now, or ``None`` if the deployment failed. The cause is reported here."""
    arguments, session = local.arguments, local.session
    try:
        with _explained(local.engine):
            parameters = read_parameters(arguments.parameter, arguments.parameters_file, source.template)
            fuller = source._replace(template=add_outputs(source.template))
            deployment = Deployment(_name_stack(source), fuller, parameters)
            stack, change_set = prepare(session, deployment)
            stack = carry_out(session, change_set) if change_set else stack
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
        text += "".join(f"\ntry: {each.print_call()}" for each in served[:1]) + "\npress ctrl-c to end"
    counters = [each._asdict() for each in served]
    session.reporter.show_step("serving", text, counters=counters, outputs=outputs, engine=local.engine.url)
    return served


def _name_stack(source: Source) -> str:
    """The stack's name. Each template has its own stack, so one folder can keep several stacks."""
    stem = "" if source.name.startswith("<") else Path(source.name).stem
    return "-".join(["local", *re.findall(r"[A-Za-z0-9]+", stem)])[:40].rstrip("-")


def _request_all(local: _Local, path_requests: Sequence[PathRequest], served: Sequence[Served]) -> int:
    unserved = find_unserved(path_requests, served)
    if unserved:
        raise CloudError("\n".join(unserved))
    with _explained(local.engine):
        return FINE if request_all(path_requests, served, local.session.reporter) else PROBLEMS


def _stay(local: _Local, snapshot: Snapshot) -> int:
    """Wait until ctrl-c, or until the engine ends. With ``--watch``, deploy again when files change."""
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
    # An author may change several files, and an editor may save under a temporary name. So wait until changes stop.
    while True:
        check_engine(local.engine, _SECONDS_BETWEEN_LOOKS)
        before, now = now, look(snapshot)
        if before == now:
            break
    local.session.reporter.show_step("changed", "files have changed")
    try:
        snapshot = watch(local.arguments.template, snapshot.further)
    except FileError as error:
        complain(snapshot.source, error)
        return snapshot._replace(stamps=now)
    _deploy(local, snapshot.source)
    return snapshot
