"""Run the embedded engine (MiniStack) on loopback. The engine always ends with the command, even if it is killed."""

import importlib.util
import os
import signal
import socket
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from macro.cli.engine.process import HOST, Engine, PortTaken, check_engine, start_engine
from macro.cli.engine.state import EngineError, State, open_state

__all__ = ["Engine", "EngineError", "check_engine", "run_engine", "start_on"]

_FREE_PORTS = 5


@contextmanager
def run_engine(port: int | None = None, state: Path | None = None, auth: bool = False) -> Iterator[Engine]:
    """An engine that answers on that port of loopback, or on a free port. The engine ends with the block.

    With ``state``, the engine keeps its state in that folder. The next run finds the state there, and uses the same
    port if it is still free. Otherwise nothing of the engine is left. ``auth`` makes the engine enforce IAM policies.
    SIGTERM and SIGHUP raise ``SystemExit`` within the block.

    Raises:
        EngineError: the engine is not installed or can't be started, or the state can't be kept.
        PortTaken: the port can't be used.
    """
    _check_installed()
    with ExitStack() as stack:
        stack.enter_context(_exit_on_signals())
        kept = stack.enter_context(open_state(state)) if state else None
        ports = [_check_port(port)] if port is not None else _find_ports(kept)
        yield stack.enter_context(start_on(ports, kept, auth))


@contextmanager
def start_on(ports: Iterable[int], state: State | None = None, auth: bool = False) -> Iterator[Engine]:
    """An engine on the first of the ports that can be used.

    Raises:
        EngineError: no port can be used, or the engine can't be started.
    """
    taken = EngineError("there is no free port")
    for port in ports:
        with ExitStack() as stack:
            try:
                engine = stack.enter_context(start_engine(port, state, auth))
            except PortTaken as error:
                taken = error
                continue
            yield engine
            return
    raise taken


def _check_installed() -> None:
    if os.name != "posix":
        raise EngineError("the embedded engine runs on Linux and macOS only")
    if importlib.util.find_spec("ministack") is None:
        raise EngineError("the embedded engine is not installed; run: pip install 'hitcounter-macro[local]'")


@contextmanager
def _exit_on_signals() -> Iterator[None]:
    def end(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    former = {}
    try:
        for number in (signal.SIGTERM, signal.SIGHUP):
            # An ignored signal stays ignored, for example under nohup.
            if signal.getsignal(number) is signal.SIG_DFL:
                former[number] = signal.signal(number, end)
    except ValueError:
        # Python allows signal handlers only in the main thread.
        pass
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _check_port(port: int) -> int:
    if not 1 <= port <= 65_535:
        raise EngineError(f"port {port}: must be an integer from 1 to 65535")
    if reason := _find_obstacle(port):
        raise PortTaken(port, reason)
    return port


def _find_ports(state: State | None) -> Iterator[int]:
    if state and state.port and not _find_obstacle(state.port):
        yield state.port
    for _ in range(_FREE_PORTS):
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port = int(probe.getsockname()[1])
        yield port


def _find_obstacle(port: int) -> str:
    with socket.socket() as probe:
        # The engine sets the same option, so it can use a port that another process has just released.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            return str(getattr(error, "strerror", error))
    return ""
