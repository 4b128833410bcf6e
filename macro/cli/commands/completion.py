"""``hitcounter completion``: lines that teach a shell to complete the command."""

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
    """What ``completion`` takes."""
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell that reads them")


def run(arguments: argparse.Namespace) -> int:
    """Print the lines."""
    from argcomplete.shell_integration import shellcode

    print(shellcode(["hitcounter"], shell=arguments.shell), end="")
    return 0
