"""Start one engine process in a clean environment, wait until it answers, and end it with its children."""

import json
import os
import select
import site
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from macro.cli.engine.guard import kill_group, remove_folder
from macro.cli.engine.state import EngineError, State

HOST = "127.0.0.1"
_HERE = Path(__file__).parent
_TO_START, _TO_END = 30.0, 40.0
_LOG_LINES = 10
# The engine's Lambda workers inherit its environment. So the engine gets only what Python needs to start.
_PASSED = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_SETTINGS = {
    "BIND_HOST": HOST,
    "MINISTACK_HOST": HOST,
    "LOG_LEVEL": "WARNING",
    # Each of these services would listen on another port, and nothing here uses them.
    "IOT_MTLS_ENABLED": "0",
    "SFTP_ENABLED": "0",
    # Without Docker, the engine can't remove containers that it mistakes for its own.
    "DOCKER_HOST": "unix:///nonexistent/docker.sock",
}


class Engine(NamedTuple):
    """A running engine.

    ``pid`` is the leader of the process group of the engine and its Lambda workers. ``log`` is removed when the engine
    ends. ``is_set_back`` says that the last run with this state was interrupted, and that its changes are lost.
    """

    url: str
    port: int
    pid: int
    log: Path
    is_set_back: bool
    guard: "subprocess.Popen[bytes]"


class PortTaken(EngineError):
    """The engine can't listen on the port, usually because another process does."""

    def __init__(self, port: int, reason: str = "Address already in use") -> None:
        super().__init__(f"port {port} can't be used: {reason}; choose another, or omit --port to get a free one")


@contextmanager
def start_engine(port: int, state: State | None, auth: bool) -> Iterator[Engine]:
    """An engine that answers on that port until the block ends.

    Raises:
        PortTaken: another process has taken the port.
        EngineError: the engine can't be started, ends early, or doesn't answer within 30 s.
    """
    name = uuid4().hex
    guard = _start_guard(port, state, _make_environment(port, state, auth) | {"MINISTACK_EDITION": name})
    engine = None
    try:
        engine = _meet_engine(port, state, guard)
        _wait_for_answer(engine, name)
        if state:
            state.port_file.write_text(str(port))
            state.mark.unlink(missing_ok=True)
        yield engine
    finally:
        _end(guard, engine)


def check_engine(engine: Engine, seconds: float = 0.0) -> None:
    """Watch the engine for that many seconds.

    Raises:
        EngineError: the engine has ended. This error is raised at once.
    """
    assert engine.guard.stdout is not None
    if not select.select([engine.guard.stdout], [], [], seconds)[0]:
        return
    ended = engine.log.with_name("ended")
    how = f"ended by itself ({_name_exit(int(ended.read_text()))})" if ended.exists() else "lost its guarding process"
    raise EngineError(f"the engine {how}; run the command again{_quote(engine.log)}")


def _make_environment(port: int, state: State | None, auth: bool) -> dict[str, str]:
    passed = {name: os.environ[name] for name in _PASSED if name in os.environ}
    if site.ENABLE_USER_SITE:
        # Python finds this folder through HOME, and the engine has another HOME.
        passed["PYTHONUSERBASE"] = site.getuserbase()
    settings = {"GATEWAY_PORT": str(port), "AUTH": str(auth).lower()}
    if state:
        settings |= {"PERSIST_STATE": "1", "STATE_DIR": str(state.folder)}
        settings |= {"S3_PERSIST": "1", "S3_DATA_DIR": str(state.folder / "s3")}
    return {**passed, **_SETTINGS, **settings}


def _start_guard(port: int, state: State | None, environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    try:
        parent = tempfile.gettempdir()
    except FileNotFoundError as error:
        raise EngineError(
            f"the engine needs a temporary folder: {error.strerror}; set TMPDIR to a folder that can be written"
        ) from None
    guard = [sys.executable, "-I", str(_HERE / "guard.py"), parent, str(state.mark) if state else ""]
    return subprocess.Popen(
        [*guard, sys.executable, str(_HERE / "server.py"), HOST, str(port)],
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
        reason = line + guard.stdout.read().decode(errors="replace")
        raise EngineError(f"the engine can't be started: {reason.strip()}")
    met = json.loads(line)
    log = Path(met["folder"], "log")
    return Engine(f"http://{HOST}:{port}", port, met["pid"], log, bool(state and state.is_set_back), guard)


def _wait_for_answer(engine: Engine, name: str) -> None:
    deadline = time.monotonic() + _TO_START
    while _ask_name(engine) != name:
        try:
            check_engine(engine, 0.05)
        except EngineError:
            if "already in use" in engine.log.read_text("utf-8", "replace"):
                raise PortTaken(engine.port) from None
            raise
        if time.monotonic() > deadline:
            raise EngineError(f"the engine didn't answer within {_TO_START:.0f} s{_quote(engine.log)}")


def _ask_name(engine: Engine) -> object:
    # The name distinguishes this engine from another engine on the same port. Requests to loopback use no proxy.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{engine.url}/_ministack/health", timeout=1) as answer:
            return json.load(answer).get("edition")
    except (OSError, HTTPException, ValueError, AttributeError):
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
        remove_folder(engine.log.parent)
    guard.stdout.close()


def _name_exit(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _quote(log: Path) -> str:
    try:
        lines = log.read_text("utf-8", "replace").splitlines()[-_LOG_LINES:]
    except OSError:
        lines = []
    return "\n  ".join(["; the end of its log:", *lines]) if lines else ""
