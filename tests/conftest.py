"""What all tests share."""

from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes is the machine's affair; what is slow is found by tests/bench.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

ROOT = Path(__file__).parent.parent


def pytest_addoption(parser):
    parser.addoption("--update-golden", action="store_true", help="write what comes out into tests/golden")


@pytest.fixture
def update_golden(request):
    return request.config.getoption("--update-golden")


@pytest.fixture
def command(capsys):
    """Run ``hitcounter`` in this process: (exit code, stdout, stderr)."""
    from macro.local.cli import main

    def run(*arguments):
        code = main([str(argument) for argument in arguments])
        output = capsys.readouterr()
        return code, output.out, output.err

    return run
