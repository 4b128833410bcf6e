"""The code blocks of a document, and a script that runs them like a reader does."""

import re
import shlex
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
README, GUIDE = ROOT / "README.md", ROOT / "samples" / "README.md"
_BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_NAMED = re.compile(r"^(?:#|//) ([\w./-]+\.\w+)$")
# This block sets up the checkout and the environment, which a test already has.
_LEFT_OUT = "tests/corpus/fetch.py"


class Block(NamedTuple):
    """A block: its language, its text, and the file name in its first line, if any."""

    language: str
    text: str
    name: str | None

    def is_sample(self):
        return bool(self.name) and self.name.startswith("samples/")

    def is_shown(self):
        """Whether the block is a command with its output."""
        return not self.language and self.text.startswith("$ hitcounter ")


def find_blocks(path):
    """All code blocks of a document."""
    found = _BLOCK.findall(path.read_text("utf-8"))
    return [Block(language, text, (_NAMED.findall(text.partition("\n")[0]) or [None])[0]) for language, text in found]


def write_script(blocks, folder):
    """A bash script that writes the files of the blocks and runs their commands, and the outputs that the blocks show.

    The script writes the output of command ``n`` with a shown output to the file ``n`` of the folder.
    """
    lines, shown = ["set -euo pipefail"], []
    for block in blocks:
        if block.language == "sh" and _LEFT_OUT not in block.text:
            lines.append(block.text)
        elif block.is_shown():
            command, _, text = block.text.removeprefix("$ ").partition("\n")
            lines.append(f"{{ {command}; }} > {shlex.quote(str(folder / str(len(shown))))} 2>&1")
            shown.append(text)
        elif block.language == "yaml" and block.name and not block.is_sample():
            lines.append(f"cat > {block.name} <<'END'\n{block.text}END")
    return "\n".join(lines), shown
