"""Fetch templates that nobody here wrote: those in cfn-lint's source distribution, of the version that is installed.

``python tests/corpus/fetch.py`` needs the package index once; the tests then read the archive offline.
"""

import importlib.metadata
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent / "downloaded"


def find_archive():
    """The archive's path, or nothing where it was not fetched yet."""
    version = importlib.metadata.version("cfn-lint")
    return next(iter(FOLDER.glob(f"cfn?lint-{version}.tar.gz")), None)


def fetch():
    version = importlib.metadata.version("cfn-lint")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
    subprocess.run([*pip, "--dest", FOLDER, f"cfn-lint=={version}"], check=True)


if __name__ == "__main__":
    if find_archive() is None:
        fetch()
