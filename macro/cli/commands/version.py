"""``hitcounter version``: print the release and the digests that identify the installed code."""

import argparse
import base64
import hashlib
import json

SUMMARY = "print the release and the digests of what it installs"
EXAMPLES = """\
Digests are SHA-256 in base64, as Lambda tells CodeSha256, of what is installed without plug-ins. What an account has:
aws lambda get-function-configuration --function-name HitCounterMacro-Companion --query CodeSha256

examples:
  hitcounter version
  hitcounter version --json
"""
_MEANINGS = {
    "companion": "CodeSha256 of the companion",
    "handler": "CodeSha256 of the built-in handler, before a counter's values are in it",
    "macro": "SHA-256 of the macro's own files; its zip holds the validator's packages too",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``version``."""
    parser.add_argument("--json", action="store_true", help="print the same as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print the release and the digests."""
    facts = read_facts()
    print(json.dumps(facts, indent=2) if arguments.json else print_facts(facts))
    return 0


def read_facts() -> dict[str, str]:
    """The release, and the CodeSha256 of the macro's own files, the companion and the built-in handler.

    A CodeSha256 is a SHA-256 in base64.
    """
    from macro.cli.cloud.installation.names import own_version
    from macro.cli.package.bundle import make_bundles

    bundles = make_bundles(platforms=())
    return {
        "version": own_version(),
        "macro": _digest(bundles.macro),
        "companion": _digest(bundles.companion),
        "handler": _digest(bundles.handler),
    }


def print_facts(facts: dict[str, str]) -> str:
    """The facts as text. The first line equals the output of ``--version``."""
    rows = (f"{name:<9}  {facts[name]}  {meaning}" for name, meaning in _MEANINGS.items())
    return "\n".join([f"hitcounter {facts['version']}", *rows])


def _digest(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode("ascii")
