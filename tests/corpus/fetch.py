"""Fetch what nobody here wrote: templates in cfn-lint's source distribution, wheels, and packages for Node.

``python tests/corpus/fetch.py`` needs the package indexes once; the tests then read what is there offline. cfn-lint and
botocore are of the versions that are installed; what the zips for Lambda hold is pinned by digests, and comes once more
for the Python that runs the tests. Without npm the packages for Node, and Mermaid for a browser, are left out.
"""

import importlib.metadata
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from macro.errors import MacroError
from macro.local.pip import fetch_locked
from macro.local.wheels import BOTO3, FOR_MACRO, MACHINES, Target, find_packages, read_pins

FOLDER = Path(__file__).parent / "downloaded"
LAMBDA = FOLDER / "lambda"
OWN = FOLDER / "own"
NODE = FOLDER / "node"
MERMAID = FOLDER / "mermaid.min.js"
WHEELS = ("numpy", "lxml", "botocore")
ARCHIVERS = ("archiver@8", "adm-zip@0.6", "jszip@3", "yazl@3")
EDITOR = ("yaml-language-server@2",)
SDK = ("@aws-sdk/client-dynamodb@3",)


def find_archive():
    """The path of the archive with templates, or nothing where it was not fetched yet."""
    version = importlib.metadata.version("cfn-lint")
    return next(iter(FOLDER.glob(f"cfn?lint-{version}.tar.gz")), None)


def find_wheel(package):
    """The wheel's path, or nothing where it was not fetched yet."""
    version = importlib.metadata.version(package) if package == "botocore" else "*"
    return next(iter(sorted(FOLDER.glob(f"{package}-{version}-*.whl"))), None)


def find_archivers():
    """The folder that Node finds the archivers from, or nothing where they were not all fetched yet."""
    return find_packages_of_node(ARCHIVERS)


def find_editor():
    """The folder that Node finds the YAML language server from, or nothing where it was not fetched yet."""
    return find_packages_of_node(EDITOR)


def find_sdk():
    """The folder that Node finds AWS's SDK from, or nothing where it was not fetched yet."""
    return find_packages_of_node(SDK)


def find_packages_of_node(packages):
    found = [(NODE / "node_modules" / name.rpartition("@")[0] / "package.json").is_file() for name in packages]
    return NODE if all(found) else None


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
    pin = f"=={importlib.metadata.version(package)}" if package == "botocore" else ""
    download("--only-binary", f"{package}{pin}")


def download(kind, *requirements, folder=FOLDER):
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", kind, ":all:"]
    subprocess.run([*pip, "--dest", folder, *requirements], check=True)


def fetch_for_node():
    NODE.mkdir(parents=True, exist_ok=True)
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--silent", "--fetch-retries=0", "--fetch-timeout=20000"]
    run = subprocess.run(["npm", "install", *options, "--prefix", NODE, *ARCHIVERS, *EDITOR, *SDK], timeout=120)
    if run.returncode:
        # Where the registry can't be reached, the tests with them are left out and say so.
        print("packages for Node can't be installed here", file=sys.stderr)


def fetch_mermaid():
    """The one file of the package that a browser loads; the whole of it has a hundred times as many."""
    with tempfile.TemporaryDirectory() as folder:
        options = ["--silent", "--fetch-retries=0", "--fetch-timeout=60000", "--pack-destination", folder]
        run = subprocess.run(["npm", "pack", "mermaid@11", *options], timeout=120, stdout=subprocess.DEVNULL)
        if run.returncode:
            print("Mermaid can't be fetched here", file=sys.stderr)
            return
        with tarfile.open(next(Path(folder).glob("mermaid-*.tgz"))) as package:
            MERMAID.write_bytes(package.extractfile("package/dist/mermaid.min.js").read())


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
    if shutil.which("npm") and None in (find_archivers(), find_editor(), find_sdk()):
        fetch_for_node()
    if shutil.which("npm") and not MERMAID.is_file():
        fetch_mermaid()
