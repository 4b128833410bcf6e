"""``hitcounter local``: the embedded engine, installed into and deployed to, until ctrl-c or the last request."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from macro.errors import MacroError
from macro.local.bundle import make_bundles
from macro.local.cloud.account import Account, connect_to_engine
from macro.local.cloud.deploy import Order, deploy, read_values
from macro.local.cloud.errors import CloudError, explained
from macro.local.cloud.install import Choice, install
from macro.local.cloud.progress import Line, Tell, show_progress
from macro.local.cloud.request import request
from macro.local.cloud.served import Served, add_outputs, find_served, own_outputs
from macro.local.engine import Engine, check_engine, run_engine
from macro.local.files import Source, read_source
from macro.local.local_code import list_local_code
from macro.local.parameters import read_parameters
from macro.local.telling import PROBLEMS, tell_problems

FINE = 0
STACK = "local"
_KEPT = ".hitcounter"
_SECONDS_BETWEEN_LOOKS = 0.5


class _Local(NamedTuple):
    """What all steps of one run need."""

    arguments: argparse.Namespace
    account: Account
    engine: Engine
    tell: Tell


def run_local(arguments: argparse.Namespace) -> int:
    """Run the engine with the template deployed; the exit code says whether the template and all answers were fine."""
    source = read_source(arguments.template)
    with show_progress(arguments.json) as tell:
        tell(Line("begin", "starting the engine: it needs no account, and nothing leaves this machine"))
        with run_engine(arguments.port, _folder(arguments, source)) as engine, explained(engine.url):
            if engine.is_set_back:
                tell(Line("set-back", "the last run was killed: tables and counts are as it found them"))
            local = _Local(arguments, connect_to_engine(engine.url), engine, tell)
            install(local.account, Choice(), make_bundles(()), _mute(tell))
            served = _deploy(local, source)
            if arguments.once:
                return PROBLEMS if served is None else _request_all(local, served)
            if served is None and not arguments.watch:
                return PROBLEMS
            return _stay(local, source)


def _mute(tell: Tell, *events: str) -> Tell:
    """Without these events, or any: what no one needs to read of an engine that begins empty."""

    def tell_rest(line: Line) -> None:
        if events and line.event not in events:
            tell(line)

    return tell_rest


def _folder(arguments: argparse.Namespace, source: Source) -> Path | None:
    if arguments.keep is None:
        return None
    folder = Path(arguments.keep) if arguments.keep else _folder_of(source) / _KEPT
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        # What an engine keeps is nothing to commit.
        (folder / ".gitignore").write_text("*\n", "utf-8")
    return folder


def _folder_of(source: Source) -> Path:
    return Path() if source.name.startswith("<") else Path(source.name).parent


def _deploy(local: _Local, source: Source) -> list[Served] | None:
    """Where the counters answer now; ``None`` after the template's problems, or the failure's cause, were told."""
    arguments, account = local.arguments, local.account
    try:
        parameters = read_parameters(arguments.parameter, arguments.parameters_file, source.template)
        fuller = source._replace(template=add_outputs(source.template))
        done = deploy(
            account, Order(STACK, fuller, parameters), lambda *_: True, _mute(local.tell, "changes", "no-macros")
        )
    except CloudError as error:
        if not arguments.watch:
            raise
        print(error, file=sys.stderr)
        return None
    except MacroError as error:
        tell_problems(source, error.problems, "nothing was deployed")
        return None
    assert done.stack is not None
    values = read_values(source.template, parameters, done.stack)
    served = find_served(done.stack, source.template, values, local.engine.url)
    _show(local, served, own_outputs(done.stack, local.engine.url))
    return served


def _show(local: _Local, served: Sequence[Served], outputs: Mapping[str, str]) -> None:
    lines = [f"{each.counter} counts at {each.url}" for each in served]
    lines += [f"{name}: {value}" for name, value in outputs.items() if value not in [each.url for each in served]]
    if served and not local.arguments.once:
        method = "" if served[0].method == "GET" else f"-X {served[0].method} "
        lines += [f"try: curl {method}{served[0].url.replace('{name}', 'home')}", "ctrl-c ends it"]
    facts = {"counters": [each._asdict() for each in served], "outputs": dict(outputs), "engine": local.engine.url}
    local.tell(Line("serving", "\n".join(lines), facts))


def _request_all(local: _Local, served: Sequence[Served]) -> int:
    """Print an answer a line; a status that is no success is told beside it."""
    code = FINE
    for place in local.arguments.once:
        counter, path = _choose(served, place)
        url = f"{counter.base}/{quote(path.lstrip('/'), safe='/?&=%')}"
        answer = request(counter.method, url)
        if local.arguments.json:
            local.tell(Line("answer", "", {"path": place, "status": answer.status, "body": answer.body}))
        else:
            print(" ".join(answer.body.split("\n")), flush=True)
        if not answer.is_fine():
            code = PROBLEMS
            local.tell(
                Line("no-success", f"{place}: {counter.method} {url} was answered with {answer.status or 'nothing'}")
            )
    return code


def _choose(served: Sequence[Served], place: str) -> tuple[Served, str]:
    counter, colon, path = place.partition(":")
    named = [each for each in served if each.counter == counter]
    if colon and named:
        return named[0], path
    if len(served) == 1:
        return served[0], place
    known = ", ".join(each.counter for each in served) or "none"
    raise CloudError(f"--once {place}: say which counter, as COUNTER:PATH; the template's counters are: {known}")


def _stay(local: _Local, source: Source) -> int:
    """Until ctrl-c, or the engine's end; deploys again when files change, where that is wished for."""
    stamps = _stamp(source)
    while True:
        check_engine(local.engine, _SECONDS_BETWEEN_LOOKS)
        if not local.arguments.watch or _stamp(source) == stamps:
            continue
        local.tell(Line("changed", "files have changed"))
        try:
            source = read_source(local.arguments.template)
        except MacroError as error:
            print(error, file=sys.stderr)
            stamps = _stamp(source)
            continue
        stamps = _stamp(source)
        _deploy(local, source)


def _stamp(source: Source) -> dict[Path, float]:
    """When the template and the local code in it were changed last."""
    files = [Path(source.name)]
    for place in list_local_code(source.template, _folder_of(source)):
        files += [place, *(place.rglob("*") if place.is_dir() else [])]
    stamps = {}
    for file in files:
        # A file may be gone the moment it was found.
        with suppress(OSError):
            stamps[file] = file.stat().st_mtime
    return stamps
