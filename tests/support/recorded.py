"""Record the AWS calls of the project's functions: ``pytest -p tests.support.recorded --record-calls FILE``."""

import json
import os
import sys
from pathlib import Path

import botocore

ROOT = Path(__file__).parents[2]
FUNCTIONS = {
    "companion": (str(ROOT / "transform_lambda"),),
    # Like Lambda, tests run the built-in handler from its unpacked zip.
    "counter": (str(ROOT / "macro" / "builtin"), "unpacked_handler"),
}


def pytest_addoption(parser):
    parser.addoption("--record-calls", type=Path, help="write a line of JSON for each call of the project's functions")


def pytest_configure(config):
    path = config.getoption("--record-calls")

    def record(params, model, **_):
        if who := find_caller():
            call = {
                "who": who,
                "service": model.service_model.service_name,
                "operation": model.name,
                "parameters": params,
            }
            line = json.dumps({**call, "test": os.environ["PYTEST_CURRENT_TEST"].split(" ")[0]}, default=lambda _: None)
            with path.open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")

    # The hook runs before botocore checks the parameters. Each client copies the hooks of its session.
    botocore.register_initializer(lambda session: session.register("before-parameter-build", record))


def find_caller():
    """The project's function on the call stack; ``None`` for a call of the test itself."""
    frame = sys._getframe(1)
    while frame:
        path = frame.f_code.co_filename
        for name, places in FUNCTIONS.items():
            if any(place in path for place in places):
                return name
        frame = frame.f_back
    return None
