"""``hitcounter completion``: print the shell code that completes ``hitcounter`` commands and options."""

import argparse

SUMMARY = "print what makes a shell complete commands and options"
EXAMPLES = """\
bash reads  eval "$(hitcounter completion bash)"  in ~/.bashrc,
zsh         eval "$(hitcounter completion zsh)"   in ~/.zshrc, after compinit,
fish        what is written to ~/.config/fish/completions/hitcounter.fish.

examples:
  hitcounter completion bash
  hitcounter completion fish
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``completion``."""
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell that reads them")


def run(arguments: argparse.Namespace) -> int:
    """Print the shell code."""
    from argcomplete.shell_integration import shellcode

    print(shellcode(["hitcounter"], shell=arguments.shell), end="")
    return 0
