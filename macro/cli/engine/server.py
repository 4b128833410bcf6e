"""Serve the engine on loopback until SIGTERM, and exit as soon as its state is saved.

``process.py`` runs this file as a separate process, through ``guard.py``: ``server.py HOST PORT``. The engine's own
command would wait for each running function, and a custom resource may take an hour.
"""

import asyncio
import importlib
import os
import resource
import signal
import sys
from contextlib import suppress


def serve(host: str, port: str) -> None:
    """Serve the engine. This function never returns. The exit code is 0 if the engine ended in order."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    _allow_many_files()
    gateway, worker = map(importlib.import_module, ("api_gateway", "worker"))
    # The engine must not import modules from this file's folder.
    del sys.path[0]
    from hypercorn.asyncio import serve as serve_app
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"{host}:{port}"]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    worker.convert_decimals(importlib.import_module("ministack.core.lambda_runtime"))
    app = gateway.add_api_gateway(importlib.import_module("ministack.app").app)
    asyncio.new_event_loop().run_until_complete(serve_app(app, config))
    os._exit(0)


def _allow_many_files() -> None:
    # Each connection and each pipe to a Lambda worker needs a file descriptor. The default limit on macOS is 256.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    serve(*sys.argv[1:])
