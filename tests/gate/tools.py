"""Install the scanners: ``python tests/gate/tools.py`` gives each an environment of its own, since their pins clash.

They come from PyPI and npm, locked with all that they depend on: `.ci/lock` writes each `.txt` from the `.in` beside it (but
cdk-preflight, which is installed without dependencies), and the npm lock from `package.json`. An installed tool stays; a tool whose lock changed is installed again.
"""

import platform
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
TOOLS = HERE / ".tools"
REQUIREMENTS = HERE / "requirements"
# Its rules are all that is wanted of it, not the CDK that it depends on.
RULES = "cdk-preflight"
NPM = "npm"


def python_of(tool):
    """The interpreter of a tool's environment."""
    return TOOLS / tool / "bin" / "python"


def find_rules():
    """cdk-preflight's archive, as jsii packs it."""
    (archive,) = (TOOLS / RULES).rglob("*.jsii.tgz")
    return archive


def find_guard():
    """cfn-guard for this machine, and the folder of Control Tower's rules."""
    package = TOOLS / NPM / "node_modules" / "@cdklabs" / "cdk-validator-cfnguard"
    system = "macos" if sys.platform == "darwin" else "ubuntu"
    machine = "aarch64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
    return package / "bin" / system / machine / "cfn-guard", package / "rules" / "control-tower" / "cfn-guard"


def check_tools(tools=TOOLS):
    """Raises unless every tool is there as its requirements say."""
    missing = ", ".join(name_tool(each) for each in find_missing(REQUIREMENTS, tools))
    assert not missing, f"not installed: {missing}; `python tests/gate/tools.py` installs them"


def find_missing(requirements, tools):
    """The lock files in ``requirements`` whose tools are not in ``tools``, or not as the lock says."""
    return [path for path in find_locks(requirements) if not _is_there(path, tools / name_tool(path))]


def find_locks(requirements):
    """The lock files of a folder, one for each tool."""
    return sorted([*requirements.glob("*.txt"), *requirements.glob("package-lock.json")])


def install(requirements, tools):
    """Install what is missing, two at a time; the problems, a line for each."""
    missing = find_missing(requirements, tools)
    with ThreadPoolExecutor(max_workers=2) as pool:
        problems = pool.map(_install, missing, [tools / name_tool(each) for each in missing])
        return [problem for problem in problems if problem]


def name_tool(path):
    """The tool that a lock file is for."""
    return NPM if path.name == "package-lock.json" else path.stem


def main():
    problems = install(REQUIREMENTS, TOOLS)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def _is_there(path, folder):
    stamp = folder / "installed"
    return stamp.exists() and stamp.read_text("utf-8") == _describe(path)


def _install(path, folder):
    started = time.monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for command in _commands(path, folder):
        ran = subprocess.run([str(each) for each in command], cwd=folder, capture_output=True, text=True)
        if ran.returncode:
            reason = (ran.stderr.strip() or ran.stdout.strip() or "it said nothing").splitlines()[-1]
            source = "npm" if folder.name == NPM else "PyPI"
            return f"{folder.name}: could not be installed from {source}: {reason}"
    (folder / "installed").write_text(_describe(path), "utf-8")
    print(f"{folder.name}: installed in {time.monotonic() - started:.0f} s", flush=True)
    return ""


def _commands(path, folder):
    pip = ("pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile", "-r", path)
    if folder.name == NPM:
        shutil.copy(path, folder)
        shutil.copy(path.with_name("package.json"), folder)
        yield "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--legacy-peer-deps"
    elif folder.name == RULES:
        yield sys.executable, "-m", *pip, "--no-deps", "--target", folder
    else:
        yield sys.executable, "-m", "venv", folder
        yield folder / "bin" / "python", "-m", *pip


def _describe(path):
    return f"{sys.version}\n{path.read_text('utf-8')}"


if __name__ == "__main__":
    raise SystemExit(main())
