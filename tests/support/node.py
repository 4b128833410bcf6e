"""The Node on this machine."""

import functools
import re
import shutil
import subprocess

import pytest


@functools.cache
def read_version():
    """The version as numbers; empty where there is no Node, or none that runs."""
    if not shutil.which("node"):
        return ()
    ran = subprocess.run(["node", "--version"], capture_output=True, text=True)
    return tuple(int(number) for number in re.findall(r"\d+", ran.stdout)[:3])


def explain_lack(*least):
    """Why a test that needs this version of Node can't run; empty where it can."""
    if read_version() >= least:
        return ""
    return f"needs Node {'.'.join(map(str, least))} or newer"


def needs_node(*least):
    """A mark for tests that need this version, such as ``needs_node(20, 12)``."""
    return pytest.mark.skipif(bool(explain_lack(*least)), reason=explain_lack(*least) or "runs")


# util.parseEnv came with it.
PARSE_ENV = (20, 12)
