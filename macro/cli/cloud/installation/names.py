"""The installation of an account and region: its fixed names, and what its stack says."""

from pathlib import Path
from typing import NamedTuple

from macro.cli.cloud.installation.bucket import Bucket
from macro.cli.cloud.stack.account import Account
from macro.cli.cloud.stack.errors import CloudError
from macro.cli.cloud.stack.stack import REVIEW, Stack, read_stack
from macro.cli.text.files import read_source
from macro.plugin import Template
from macro.template.merge import MACRO

# By these the installation's stack is told from another of its name.
_OWN_PARAMETERS = {"Suffix", "LowerSuffix", "AnswerHosts"}
_TEMPLATE = Path(__file__).parents[3] / "install.yaml"


class Installation(NamedTuple):
    """An installation as its stack's outputs report of it."""

    suffix: str
    stack: Stack
    version: str
    runs_macros: bool


def name_stack(suffix: str) -> str:
    """The installation's stack, and the macro's name."""
    return f"{MACRO}{suffix}"


def name_companion(suffix: str) -> str:
    """The companion function, as every expansion names it."""
    return f"{MACRO}{suffix}-Companion"


def name_bucket(account: Account, suffix: str) -> str:
    """The bucket, as every expansion names it."""
    return f"{MACRO.lower()}{suffix.lower()}-{account.id}-{account.region}"


def open_bucket(account: Account, suffix: str) -> Bucket:
    """The installation's bucket, whether it is there or not."""
    return Bucket(account, name_bucket(account, suffix))


def find_installation(account: Account, suffix: str) -> Installation | None:
    """The installation with that suffix; ``None`` where there is none, or only the beginning of one."""
    stack = read_stack(account.client("cloudformation"), name_stack(suffix))
    if stack is None or stack.status == REVIEW or "Version" not in stack.outputs:
        return None
    return Installation(suffix, stack, stack.outputs["Version"], "MacroName" in stack.outputs)


def need_installation(account: Account, suffix: str) -> Installation:
    """The installation with that suffix; :class:`CloudError` with the command that makes one."""
    found = find_installation(account, suffix)
    if found is None:
        raise CloudError(
            f"{name_stack(suffix)} isn't installed in {account.name()}; run: {install_command(account, suffix)}"
        )
    return found


def is_installation(stack: Stack) -> bool:
    """Whether the stack, whatever its name, was made from ``install.yaml``."""
    return stack.parameters.keys() >= _OWN_PARAMETERS


def check_ours(stack: Stack) -> None:
    """Raise :class:`CloudError` where a stack of the installation's name is something else."""
    if stack.status != REVIEW and not is_installation(stack):
        raise CloudError(
            f"there is a stack {stack.name} which is no installation of {MACRO}; choose another name with --suffix"
        )


def install_command(account: Account, suffix: str) -> str:
    """The command that installs, or brings up to date, what this template needs here."""
    return f"hitcounter install{f' --suffix {suffix}' if suffix else ''}{account.options()}"


def read_template() -> Template:
    """``install.yaml`` as data."""
    return read_source(str(_TEMPLATE)).template


def own_version() -> str:
    """The release this command belongs to, and installs."""
    return str(read_template()["Outputs"]["Version"]["Value"])


def is_older(version: str, than: str) -> bool:
    """Whether a release comes before another, compared number by number."""
    return _numbers(version) < _numbers(than)


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdigit()]
