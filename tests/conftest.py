"""What all tests share."""

import signal
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes is the machine's affair; what is slow is found by tests/bench.
settings.register_profile("quick", deadline=None, max_examples=25)
settings.register_profile("thorough", deadline=None, max_examples=1_000)
settings.load_profile("quick")

# A shell lets what it starts in the background ignore ctrl-c, and so would the commands that tests press it for.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).parent.parent

pytest_plugins = ("tests.support.tally",)


def pytest_addoption(parser):
    parser.addoption("--update-golden", action="store_true", help="write what comes out into tests/golden")


@pytest.fixture
def update_golden(request):
    return request.config.getoption("--update-golden")


@pytest.fixture
def command(capsys):
    """Run ``hitcounter`` in this process: (exit code, stdout, stderr)."""
    from macro.cli.main import main

    def run(*arguments):
        code = main([str(argument) for argument in arguments])
        output = capsys.readouterr()
        return code, output.out, output.err

    return run
