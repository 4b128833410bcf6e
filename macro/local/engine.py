"""Runs the embedded engine (MiniStack) as a process of ours on loopback, which ends with us, however we end."""

import importlib.util
import json
import os
import select
import shutil
import signal
import site
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from macro.local.engine_guard import kill_group
from macro.local.engine_state import EngineError, State, open_state

_HOST = "127.0.0.1"
_TO_START, _TO_END = 30.0, 40.0
_FREE_PORTS = 5
_LOG_LINES = 10
# The engine's Lambda workers inherit its environment, so it gets what Python needs to start, and no more.
_PASSED = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
_SETTINGS = {
    "BIND_HOST": _HOST,
    "MINISTACK_HOST": _HOST,
    "LOG_LEVEL": "WARNING",
    # Each would listen on a port of its own, for services that nothing here uses.
    "IOT_MTLS_ENABLED": "0",
    "SFTP_ENABLED": "0",
    # The engine removes containers that it takes for its own.
    "DOCKER_HOST": "unix:///nonexistent/docker.sock",
}


class Engine(NamedTuple):
    """A running engine. ``pid`` leads the process group of the engine and its Lambda workers; ``log`` ends with it.

    ``is_set_back`` says that the last run with this state didn't end in order, so that what it changed is lost.
    """

    url: str
    port: int
    pid: int
    log: Path
    is_set_back: bool
    guard: "subprocess.Popen[bytes]"


class _PortTaken(EngineError):
    pass


@contextmanager
def run_engine(port: int | None = None, state: Path | None = None, auth: bool = False) -> Iterator[Engine]:
    """An engine that answers, on that port of loopback or a free one; with the block it ends, and nothing of it stays.

    What it holds is kept in the folder ``state`` and found there by the next run. ``auth`` makes it enforce IAM
    policies. SIGTERM and SIGHUP raise ``SystemExit`` within the block. Raises :class:`EngineError`.
    """
    _check_installed()
    with ExitStack() as stack:
        stack.enter_context(_exit_on_signals())
        kept = stack.enter_context(open_state(state)) if state else None
        ports = (_find_free_port() for _ in range(_FREE_PORTS)) if port is None else [_check_port(port)]
        yield stack.enter_context(start_on(ports, kept, auth))


@contextmanager
def start_on(ports: Iterable[int], state: State | None = None, auth: bool = False) -> Iterator[Engine]:
    """As :func:`run_engine`, on the first of the ports that nobody else took meanwhile."""
    taken = EngineError("there is no free port")
    for port in ports:
        with ExitStack() as stack:
            try:
                engine = stack.enter_context(_start(port, state, auth))
            except _PortTaken as error:
                taken = error
                continue
            yield engine
            return
    raise taken


def check_engine(engine: Engine, seconds: float = 0.0) -> None:
    """Return after so many seconds; :class:`EngineError` as soon as the engine is no longer there."""
    assert engine.guard.stdout is not None
    if not select.select([engine.guard.stdout], [], [], seconds)[0]:
        return
    ended = engine.log.with_name("ended")
    how = f"ended by itself ({_name_exit(int(ended.read_text()))})" if ended.exists() else "lost its guarding process"
    raise EngineError(f"the engine {how}; run the command again{_quote(engine.log)}")


def _check_installed() -> None:
    if importlib.util.find_spec("ministack") is None:
        raise EngineError("the embedded engine is not installed; run: pip install 'hitcounter-macro[local]'")
    if os.name != "posix":
        raise EngineError("the embedded engine runs on Linux and macOS only")


def _check_port(port: int) -> int:
    if not 1 <= port <= 65_535:
        raise EngineError(f"port {port}: must be a whole number from 1 to 65535")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except PermissionError:
            raise EngineError(f"port {port}: this user may not listen there; choose one from 1024 on") from None
        except OSError:
            raise _port_taken(port) from None
    return port


def _port_taken(port: int) -> _PortTaken:
    return _PortTaken(f"port {port} is in use; choose another, or name none to get a free one")


def _find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])


@contextmanager
def _exit_on_signals() -> Iterator[None]:
    def end(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    former = {}
    try:
        for number in (signal.SIGTERM, signal.SIGHUP):
            # Not where it's ignored, as under nohup.
            if signal.getsignal(number) is signal.SIG_DFL:
                former[number] = signal.signal(number, end)
    except ValueError:
        # Only the main thread gets signals.
        pass
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


@contextmanager
def _start(port: int, state: State | None, auth: bool) -> Iterator[Engine]:
    edition = uuid4().hex
    environment = _make_environment(port, edition, state, auth)
    guard = _start_guard(environment, state)
    engine = None
    try:
        engine = _meet_engine(port, state, guard)
        _wait_for_answer(engine, edition)
        yield engine
    finally:
        _end(guard, engine)


def _make_environment(port: int, edition: str, state: State | None, auth: bool) -> dict[str, str]:
    passed = {name: os.environ[name] for name in _PASSED if name in os.environ}
    if site.ENABLE_USER_SITE:
        # Found by way of HOME, which is another one for the engine.
        passed["PYTHONUSERBASE"] = site.getuserbase()
    settings = {"GATEWAY_PORT": str(port), "MINISTACK_EDITION": edition, "AUTH": str(auth).lower()}
    if state:
        settings |= {"PERSIST_STATE": "1", "STATE_DIR": str(state.folder.absolute())}
        settings |= {"S3_PERSIST": "1", "S3_DATA_DIR": str(state.folder.absolute() / "s3")}
    return {**passed, **_SETTINGS, **settings}


def _start_guard(environment: Mapping[str, str], state: State | None) -> "subprocess.Popen[bytes]":
    mark = str(state.mark.absolute()) if state else ""
    program = [sys.executable, "-I", str(Path(__file__).with_name("engine_guard.py")), tempfile.gettempdir(), mark]
    return subprocess.Popen(
        [*program, sys.executable, "-m", "ministack"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
        pass_fds=[state.lock] if state else [],
        start_new_session=True,
    )


def _meet_engine(port: int, state: State | None, guard: "subprocess.Popen[bytes]") -> Engine:
    assert guard.stdout is not None
    line = guard.stdout.readline().decode(errors="replace")
    if not line.startswith("{"):
        raise EngineError(f"the engine can't be started: {guard.stdout.read().decode(errors='replace').strip()}")
    met = json.loads(line)
    log = Path(met["folder"], "log")
    return Engine(f"http://{_HOST}:{port}", port, met["pid"], log, bool(state and state.is_set_back), guard)


def _wait_for_answer(engine: Engine, edition: str) -> None:
    deadline = time.monotonic() + _TO_START
    while _ask_edition(engine) != edition:
        try:
            check_engine(engine, 0.05)
        except EngineError:
            if "in use" in engine.log.read_text("utf-8", "replace"):
                raise _port_taken(engine.port) from None
            raise
        if time.monotonic() > deadline:
            raise EngineError(f"the engine didn't answer within {_TO_START:.0f} s{_quote(engine.log)}")


def _ask_edition(engine: Engine) -> object:
    # Another engine may have taken the port, and must not be taken for ours; a proxy has no place on loopback.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{engine.url}/_ministack/health", timeout=5) as answer:
            return json.load(answer).get("edition")
    except (OSError, ValueError, AttributeError):
        return None


def _end(guard: "subprocess.Popen[bytes]", engine: Engine | None) -> None:
    assert guard.stdin is not None
    assert guard.stdout is not None
    guard.stdin.close()
    try:
        guard.wait(_TO_END)
    except subprocess.TimeoutExpired:
        guard.kill()
        guard.wait()
    if guard.returncode and engine:
        kill_group(engine.pid)
        shutil.rmtree(engine.log.parent, ignore_errors=True)
    guard.stdout.close()


def _name_exit(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _quote(log: Path) -> str:
    try:
        lines = log.read_text("utf-8", "replace").splitlines()[-_LOG_LINES:]
    except OSError:
        lines = []
    return "\n  ".join(["; its log ends:", *lines]) if lines else ""
