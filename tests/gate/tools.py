"""Install the scanners: ``python tests/gate/tools.py`` gives each an environment of its own, since their pins clash.

They come from PyPI and npm. What is there already stays; a tool whose requirements changed is made again.
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
INSTALL = "python tests/gate/tools.py"


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


def check_tools():
    """Raises unless every tool is there as its requirements say."""
    missing = [name_tool(path) for path in sorted(REQUIREMENTS.iterdir()) if not is_there(path)]
    assert not missing, f"not installed: {', '.join(missing)}; `{INSTALL}` installs them"


def name_tool(requirements):
    return NPM if requirements.name == "package.json" else requirements.stem


def is_there(requirements):
    stamp = TOOLS / name_tool(requirements) / "installed"
    return stamp.exists() and stamp.read_text("utf-8") == _describe(requirements)


def main():
    """Install what is missing, two at a time."""
    missing = [path for path in sorted(REQUIREMENTS.iterdir()) if not is_there(path)]
    with ThreadPoolExecutor(max_workers=2) as pool:
        problems = [problem for problem in pool.map(_install, missing) if problem]
    print(*problems, sep="\n", file=sys.stderr, end="\n" if problems else "")
    return 1 if problems else 0


def _install(requirements):
    tool, started = name_tool(requirements), time.monotonic()
    folder = TOOLS / tool
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for command in _commands(requirements, folder):
        ran = subprocess.run([str(each) for each in command], cwd=folder, capture_output=True, text=True)
        if ran.returncode:
            reason = (ran.stderr.strip() or ran.stdout.strip()).splitlines()[-1:]
            source = "npm" if tool == NPM else "PyPI"
            return f"{tool}: could not be installed from {source}: {''.join(reason)}"
    (folder / "installed").write_text(_describe(requirements), "utf-8")
    print(f"{tool}: installed in {time.monotonic() - started:.0f} s", flush=True)
    return ""


def _commands(requirements, folder):
    pip = ("pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile", "-r", requirements)
    if name_tool(requirements) == NPM:
        shutil.copy(requirements, folder)
        yield "npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--legacy-peer-deps"
    elif name_tool(requirements) == RULES:
        yield sys.executable, "-m", *pip, "--no-deps", "--target", folder
    else:
        yield sys.executable, "-m", "venv", folder
        yield folder / "bin" / "python", "-m", *pip


def _describe(requirements):
    return f"{sys.version}\n{requirements.read_text('utf-8')}"


if __name__ == "__main__":
    raise SystemExit(main())
