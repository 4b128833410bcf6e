"""Serves the engine on loopback until SIGTERM, and leaves as soon as its state is saved.

``engine.py`` runs this file as a process of its own: ``server.py HOST PORT``. The engine's own command would
wait for each function that still runs, and a custom resource may take an hour.
"""

import asyncio
import importlib
import os
import resource
import signal
import sys
from contextlib import suppress


def serve(host: str, port: str) -> None:
    """Never returns; the exit code is 0 where the engine ended in order."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    _allow_many_files()
    mapping, proxy, http = map(importlib.import_module, ("mapping", "proxy", "http_api"))
    # The folder of this file is no further place to import from.
    del sys.path[0]
    from hypercorn.asyncio import serve as serve_app
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"{host}:{port}"]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    app = http.add_stage_variables(importlib.import_module("ministack.app").app, mapping, proxy)
    app = mapping.add_mapping(app, proxy)
    asyncio.new_event_loop().run_until_complete(serve_app(app, config))
    os._exit(0)


def _allow_many_files() -> None:
    # Each connection and each pipe to a Lambda worker is one, and macOS begins with 256.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    serve(*sys.argv[1:])
