"""Fetch what nobody here wrote: templates in cfn-lint's source distribution, wheels, and packages for Node.

``python tests/corpus/fetch.py`` needs the package indexes once; the tests then read what is there offline. cfn-lint and
botocore are of the versions that are installed; all else is locked. What the zips for Lambda hold is pinned by digests, and
comes once more for the Python that runs the tests. Without npm, or where npm fails, the packages for Node and Mermaid are
left out.
"""

import importlib.metadata
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from macro.cli.package.pip import fetch_locked
from macro.cli.package.wheels import BOTO3, FOR_MACRO, MACHINES, Target, find_packages, read_pins
from macro.errors import MacroError

HERE = Path(__file__).parent
CONSTRAINTS = HERE.parent / "constraints.txt"
FOLDER = HERE / "downloaded"
LAMBDA = FOLDER / "lambda"
OWN = FOLDER / "own"
NODE = FOLDER / "node"
MERMAID = FOLDER / "mermaid.min.js"
WHEELS = ("numpy", "lxml", "botocore")
# What Node's tests need is in package.json, locked beside it; a browser loads one file of Mermaid, which has no dependencies.
PACKAGES, PACKAGES_LOCK = HERE / "package.json", HERE / "package-lock.json"
MERMAID_PACKAGE = "mermaid@11.17.2"
FETCHED = "fetched"
NPM_SECONDS = 300.0


def find_archive():
    """The path of the archive with templates, or nothing where it was not fetched yet."""
    version = importlib.metadata.version("cfn-lint")
    return next(iter(FOLDER.glob(f"cfn?lint-{version}.tar.gz")), None)


def find_wheel(package):
    """The wheel's path, or nothing where it was not fetched yet."""
    version = importlib.metadata.version(package) if package == "botocore" else "*"
    return next(iter(sorted(FOLDER.glob(f"{package}-{version}-*.whl"))), None)


def find_node_packages(folder=NODE):
    """The folder that Node finds the packages from, or nothing where they were not fetched as the lock says."""
    fetched = folder / FETCHED
    return folder if fetched.is_file() and fetched.read_bytes() == PACKAGES_LOCK.read_bytes() else None


def is_there(lock):
    """Whether all wheels of a lock file were fetched."""
    try:
        return bool(find_packages(lock, Target(), LAMBDA))
    except MacroError:
        return False


def find_own():
    """The wheels of the macro's packages for the Python that runs this; fewer where they were not fetched yet."""
    patterns = [requirement.replace("-", "_").replace("==", "-") + "-*.whl" for requirement in name_own()]
    return [wheel for pattern in patterns for wheel in sorted(OWN.glob(pattern))]


def name_own():
    """What this Python needs to run the macro's packages."""
    further = [f"typing-extensions=={importlib.metadata.version('typing-extensions')}"]
    pins = [f"{pin.name}=={pin.version}" for pin in read_pins(FOR_MACRO.read_text("utf-8"))]
    return pins + further * (sys.version_info < (3, 13))


def fetch_archive():
    version = importlib.metadata.version("cfn-lint")
    download("--no-binary", f"cfn-lint=={version}")


def fetch_wheel(package):
    # botocore is of the version that is installed, which `.ci/newest` allows to be newer than the lock.
    if package == "botocore":
        download("--only-binary", f"{package}=={importlib.metadata.version(package)}")
    else:
        download("--only-binary", "-c", CONSTRAINTS, package)


def download(kind, *requirements, folder=FOLDER):
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", kind, ":all:"]
    subprocess.run([*pip, "--dest", folder, *requirements], check=True)


def fetch_node_packages(folder=NODE, seconds=NPM_SECONDS):
    """Install the locked packages for Node; where they can't be had, say so and leave their tests out."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file in (PACKAGES, PACKAGES_LOCK):
        shutil.copy(file, folder)
    if run_npm("packages for Node", seconds, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", folder):
        (folder / FETCHED).write_bytes(PACKAGES_LOCK.read_bytes())


def fetch_mermaid(target=MERMAID, seconds=NPM_SECONDS):
    """Take the one file that a browser loads out of the package, which has a hundred times as many."""
    with tempfile.TemporaryDirectory() as folder:
        if run_npm("Mermaid", seconds, "pack", MERMAID_PACKAGE, "--pack-destination", folder):
            with tarfile.open(next(Path(folder).glob("mermaid-*.tgz"))) as package:
                target.write_bytes(package.extractfile("package/dist/mermaid.min.js").read())


def run_npm(what, seconds, *arguments):
    """Whether npm did it; if not, the reason is on stderr. Nothing of npm is left running."""
    command = ["npm", *map(str, arguments), "--silent"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        code = process.wait(seconds)
        reason = f"npm ended with {code}"
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        code = process.wait()
        reason = f"npm gave no answer within {seconds:g} s"
    if code:
        print(f"{what}: can't be fetched here, so the tests with them are left out: {reason}", file=sys.stderr)
    return code == 0


if __name__ == "__main__":
    if find_archive() is None:
        fetch_archive()
    for wheel in WHEELS:
        if find_wheel(wheel) is None:
            fetch_wheel(wheel)
    for lock in (FOR_MACRO, BOTO3):
        if not is_there(lock):
            fetch_locked(lock, MACHINES.values(), Target().python, LAMBDA)
    if len(find_own()) < len(name_own()):
        download("--only-binary", *name_own(), folder=OWN)
    if shutil.which("npm") and find_node_packages() is None:
        fetch_node_packages()
    if shutil.which("npm") and not MERMAID.is_file():
        fetch_mermaid()
