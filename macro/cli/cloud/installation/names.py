"""Name and find the installation of an account and region."""

from pathlib import Path
from typing import NamedTuple

from macro.cli.cloud.installation.bucket import Bucket
from macro.cli.cloud.stack.account import Account
from macro.cli.cloud.stack.errors import CloudError
from macro.cli.cloud.stack.stack import REVIEW, Stack, read_stack
from macro.cli.text.files import read_source
from macro.plugin import Template
from macro.template.transform import MACRO

# These parameters distinguish the installation's stack from another stack with the same name.
_OWN_PARAMETERS = {"Suffix", "LowerSuffix", "AnswerHosts"}
_TEMPLATE = Path(__file__).parents[3] / "install.yaml"


class Installation(NamedTuple):
    """An installation, from the outputs of its stack."""

    suffix: str
    version: str
    runs_macros: bool


def name_stack(suffix: str) -> str:
    """The name of both the installation's stack and the macro."""
    return f"{MACRO}{suffix}"


def name_companion(suffix: str) -> str:
    """The companion function's name, the same as in every expansion."""
    return f"{MACRO}{suffix}-Companion"


def open_bucket(account: Account, suffix: str) -> Bucket:
    """The installation's bucket, which may not exist. Its name is the same as in every expansion."""
    return Bucket(account, f"{MACRO.lower()}{suffix.lower()}-{account.id}-{account.region}")


def need_installation(account: Account, suffix: str) -> Installation:
    """The installation with that suffix.

    Raises:
        CloudError: there is none, or it is incomplete. The text has the command that installs it.
    """
    stack = read_stack(account.client("cloudformation"), name_stack(suffix))
    if stack is None or stack.status == REVIEW or "Version" not in stack.outputs:
        raise CloudError(
            f"{name_stack(suffix)} isn't installed in {account.name()}; run: {install_command(account, suffix)}"
        )
    return Installation(suffix, stack.outputs["Version"], "MacroName" in stack.outputs)


def is_installation(stack: Stack) -> bool:
    """Whether the stack was created from ``install.yaml``. The stack may have any name."""
    return stack.parameters.keys() >= _OWN_PARAMETERS


def check_ours(stack: Stack) -> None:
    """Raise :class:`CloudError` if the stack has the installation's name but is no installation."""
    if stack.status != REVIEW and not is_installation(stack):
        raise CloudError(
            f"the stack {stack.name} exists, but is no installation of {MACRO}; choose another name with --suffix"
        )


def install_command(account: Account, suffix: str) -> str:
    """The command that installs or updates the installation in this account."""
    return f"hitcounter install{f' --suffix {suffix}' if suffix else ''}{account.options()}"


def read_template() -> Template:
    """``install.yaml`` as data."""
    return read_source(str(_TEMPLATE)).template


def own_version() -> str:
    """The release of this command, which is also the release that the command installs."""
    return str(read_template()["Outputs"]["Version"]["Value"])


def is_older(version: str, than: str) -> bool:
    """Whether ``version`` is an older release than ``than``, compared number by number."""
    return _numbers(version) < _numbers(than)


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdigit()]
