"""Draw the terminal output of commands as SVGs: ``python -m tests.support.screenshots``."""

import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from xml.etree import ElementTree

import pyte
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from macro.cli.commands.init import write_starter
from tests.support.deploying import Cloud
from tests.support.ministack import ministack
from tests.support.terminal import on_terminal

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "samples" / "pictures"
COLUMNS, LINES = 128, 80
# Replaces the engine's output by an account's.
_REPLACEMENTS = (
    (re.compile(r"^the engine at .*\n", re.MULTILINE), ""),
    (
        re.compile(r"http://127\.0\.0\.1:\d+/_aws/execute-api/\w+"),
        "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com",
    ),
)
_SECONDS = re.compile(r" +\d+ s$")
_COLOURS = {"brown": "yellow"}
_THEME = TerminalTheme(
    (13, 17, 23),
    (230, 237, 243),
    [(72, 79, 88), (255, 123, 114), (63, 185, 80), (210, 153, 34), (88, 166, 255), (188, 140, 255), (57, 197, 207), (177, 186, 196)],
    [(110, 118, 129), (255, 161, 152), (86, 211, 100), (227, 179, 65), (121, 192, 255), (210, 168, 255), (86, 212, 221), (255, 255, 255)],
)  # fmt: skip
# rich's own format without fonts from the network.
_FORM = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="TITLE">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


class Window:
    """A terminal, and the coloured lines that its commands wrote."""

    def __init__(self, environment, folder):
        self._environment, self._folder = environment, folder
        self.lines = []

    def type(self, command, *answers):
        """Run a command. ``answers`` are pairs of a question to wait for and the text to type."""
        self.lines.append(Text.assemble(("$ ", "green"), (command, "bold")))
        env = {**os.environ, **self._environment, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT)}
        env.pop("NO_COLOR", None)
        program = f"import os, sys; os.chdir({str(self._folder)!r}); sys.argv[0] = 'hitcounter'; from macro.__main__ import run; run()"
        options = {"columns": COLUMNS, "lines": LINES, "has_stdout": True}
        with on_terminal("-c", program, *command.split()[1:], env=env, **options) as terminal:
            for asked, typed in answers:
                terminal.wait_for(asked)
                terminal.press(typed)
            terminal.end()
        self.lines += [*read_screen(_tidy(terminal.shown))]


def _tidy(shown):
    for pattern, text in _REPLACEMENTS:
        shown = pattern.sub(text, shown.replace("\r\n", "\n"))
    return shown.replace("\n", "\r\n")


def read_screen(shown):
    """The final screen of a terminal after the output, as ``rich`` lines without times."""
    screen = pyte.Screen(COLUMNS, LINES)
    pyte.Stream(screen).feed(shown)
    lines = [
        _read_line([row[column] for column in range(COLUMNS)]) for row in map(screen.buffer.get, range(LINES)) if row
    ]
    while lines and not lines[-1].plain:
        lines.pop()
    return lines


def _read_line(cells):
    line = Text()
    for (colour, is_bold), piece in groupby(cells, lambda cell: (cell.fg, cell.bold)):
        line.append("".join(cell.data for cell in piece), Style(color=_find_colour(colour), bold=is_bold))
    line.rstrip()
    if _SECONDS.search(line.plain):
        line.right_crop(len(_SECONDS.search(line.plain)[0]))
        line.rstrip()
    return line


def _find_colour(name):
    if name == "default":
        return None
    return f"#{name}" if re.fullmatch("[0-9a-f]{6}", name) else _COLOURS.get(name, name)


def draw(name, lines, title):
    """Draw the lines as an SVG."""
    width = max(line.cell_len for line in lines) + 1
    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    for line in lines:
        console.print(line, no_wrap=True, crop=True)
    form = _FORM.replace("TITLE", title)
    return console.export_svg(title=title, theme=_THEME, code_format=form, unique_id=name, font_aspect_ratio=0.61)


def read_text(svg):
    """The lines of a picture without colours."""
    rows = {}
    for text in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"):
        if "clip-path" in text.attrib:
            rows.setdefault(float(text.attrib["y"]), []).append("".join(text.itertext()).replace("\xa0", " "))
    return ["".join(rows[place]).rstrip() for place in sorted(rows)]


def take_lint(cloud, folder):
    """Lint a template with two mistakes, then one with a mistake that cfn-lint finds in the expansion."""
    head = "Transform: HitCounterMacro\nResources:\n  Visits:\n    Type: HitCounter\n    Properties:\n"
    (folder / "slips.yaml").write_text(f"{head}      Shards: fast\n      Gatway: http\n")
    (folder / "class.yaml").write_text(f"{head}      Gateway: http\n      Table: {{TableClass: COLD}}\n")
    window = Window(cloud.environment(), folder)
    window.type("hitcounter lint slips.yaml")
    window.type("hitcounter lint class.yaml")
    return window.lines


def take_expand_diff(cloud, folder):
    """Show the change of a plain template after one more line in the compact one."""
    template = _write_starter(folder)
    subprocess.run(
        [sys.executable, "-m", "macro", "expand", template, "-o", folder / "plain.yaml"], cwd=ROOT, check=True
    )
    _change(template, "      Env:", "      Exact: true\n      Env:")
    window = Window(cloud.environment(), folder)
    window.type("hitcounter expand template.yaml -o plain.yaml --diff")
    return window.lines


def take_deploy(cloud, folder):
    """Deploy a change that replaces a table."""
    template = _write_starter(folder)
    cloud.deploy(template, "hits")
    _change(template, "greeting: hello", "greeting: moin")
    _change(template, "      Env:", "      Table: {TableName: hits}\n      Env:")
    window = Window({**cloud.environment(), "AWS_ENDPOINT_URL": cloud.url}, folder)
    window.type("hitcounter deploy template.yaml --stack-name hits", ("type VisitsTable", "VisitsTable\n"))
    return window.lines


PICTURES = {"lint": take_lint, "expand-diff": take_expand_diff, "deploy": take_deploy}


def _write_starter(folder):
    write_starter(folder)
    return folder / "template.yaml"


def _change(template, before, after):
    template.write_text(template.read_text("utf-8").replace(before, after), "utf-8")


def take(cloud, name, folder):
    """Draw one picture."""
    return draw(name, PICTURES[name](cloud, folder), f"hitcounter {name.replace('-', ' --')}")


def main(names: Iterable[str] = PICTURES):
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with ministack(home) as url:
            cloud = Cloud(url, home)
            assert cloud.run("install").code == 0
            for name in names or PICTURES:
                (home / name).mkdir()
                FOLDER.mkdir(exist_ok=True)
                (FOLDER / f"{name}.svg").write_text(take(cloud, name, home / name), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
