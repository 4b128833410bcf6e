"""The version of Node.js on this machine."""

import functools
import re
import shutil
import subprocess

import pytest


@functools.cache
def read_version():
    """The version as numbers; empty without Node.js."""
    if not shutil.which("node"):
        return ()
    ran = subprocess.run(["node", "--version"], capture_output=True, text=True)
    return tuple(int(number) for number in re.findall(r"\d+", ran.stdout)[:3])


def explain_lack(*least):
    """The reason to skip a test that needs this version of Node.js; empty if the test can run."""
    if read_version() >= least:
        return ""
    return f"needs Node {'.'.join(map(str, least))} or newer"


def needs_node(*least):
    """A mark for tests that need this version or a newer one, such as ``needs_node(20, 12)``."""
    return pytest.mark.skipif(bool(explain_lack(*least)), reason=explain_lack(*least) or "runs")


# The first version with util.parseEnv.
PARSE_ENV = (20, 12)
