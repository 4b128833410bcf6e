"""Random env files and values, and the checks of a merge."""

import io
import json
import subprocess

from dotenv import dotenv_values

from transform_lambda.env.file import EnvError, merge_env_file

NAMES = ("TABLE", "A", "B", "name", "_x", "A1")
ODD_NAMES = ("", "1A", "A-B", "A B", "Ä", "export", "A\n", "=", "#A")
PIECES = (
    *(
        "A",
        "B",
        "TABLE",
        "=",
        "=",
        "=",
        "\n",
        "\n",
        "\n",
        "\r\n",
        "\r",
        " ",
        "  ",
        "\t",
        "'",
        '"',
        "`",
        "#",
        " # ",
        "\\",
    ),
    *(
        "\\n",
        "\\'",
        '\\"',
        "export ",
        "export\t",
        "${A}",
        "$A",
        "x",
        "value",
        "\ufeff",
        "\u2028",
        "\x0b",
        "\x0c",
        "\x85",
    ),
    *("\u00a0", "\0", "\x1b[31m", ".", "é", "\U0001f600", ":", "A=1", "B='x'", 'TABLE="t"', "# remark"),
)
LINES = (
    *("TABLE=t", "A=1", "B = 2", "export A=x", "# remark", "", "  ", "name='one word'", 'B="two words"', "A=`tick`"),
    *("A='first\nsecond'", 'B="first\nB=second"', "A=1 # why", "B=#x", "_x=", "A", "TABLE:t", "=x", "'A'=1", "A='open"),
)
VALUES = ("visits", "", "1", "a b", "a=b", "x" * 300, "é\U0001f600", "s3cr3t-\\n", "https://x.y/z?a=b&c=d", '{"a": 1}')
ODD_VALUES = (" x", "x ", "'x'", '"x', "`", "a#b", "${A}", "a\nb", "a\rb", "\0", "\u2028", "\ufeffx", "\ud800", "\x85")


def make_text(chance):
    """A random env file: valid lines, unusual fragments, and sometimes bytes that aren't UTF-8."""
    if chance.random() < 0.6:
        end = chance.choice(("\n", "\n", "\r\n"))
        text = end.join(chance.choices(LINES, k=chance.randrange(8))) + chance.choice((end, ""))
    else:
        text = "".join(chance.choices(PIECES, k=chance.randrange(30)))
    if chance.random() < 0.3 and text:
        at = chance.randrange(len(text))
        text = text[:at] + chance.choice((*PIECES, chr(chance.randrange(0xD800)))) + text[at + chance.randrange(2) :]
    content = chance.choice(("", "", "", "\ufeff")).encode() + text.encode()
    return content + (chance.randbytes(3) if chance.random() < 0.03 else b"")


def make_values(chance):
    """One to three names with values. Most of them are accepted."""
    names = [chance.choice(NAMES if chance.random() < 0.95 else ODD_NAMES) for _ in range(chance.randrange(1, 4))]
    return {name: chance.choice(VALUES if chance.random() < 0.85 else ODD_VALUES) for name in names}


def merge(content, values):
    """The merged file, after the checks without another reader; ``None`` if the merge was refused."""
    try:
        merged = merge_env_file(content, values)
    except EnvError as error:
        for value in values.values():
            assert len(value) < 7 or value not in str(error)
        assert all(line.isprintable() for line in str(error).split("\n") if "Env." not in line), str(error)
        return None
    _check_lines(content, merged, values)
    assert merge_env_file(merged, values) == merged
    return merged


def _check_lines(content, merged, values):
    """Assert that all lines except assignments to the names are unchanged."""
    written = {f"{name}={value}".encode() for name, value in values.items()}
    mark = "\ufeff".encode()
    before, after = (each.removeprefix(mark).removesuffix(b"\n").split(b"\n") for each in (content, merged))
    kept = [line for line in after if line.removesuffix(b"\r") not in written]
    rest = iter(before)
    assert all(any(line in (old, old + b"\r") for old in rest) for line in kept)
    assert content.startswith(mark) == merged.startswith(mark) or not content
    if not any(name.encode() in content for name in values):
        assert merged.startswith(content)


def read_plain(content):
    """The variables, read by a simple split, like in a function's code."""
    lines = content.decode("utf-8-sig").split("\n")
    return {name.strip(): value.strip() for name, value in (line.split("=", 1) for line in lines if "=" in line)}


def read_dotenv(content):
    """The variables, read by python-dotenv."""
    text = content.decode("utf-8-sig")
    return dict(dotenv_values(stream=io.StringIO(text, newline=""), interpolate=False))


class Node:
    """Node.js's own reader in one process. ``version`` is the release of Node.js."""

    SCRIPT = (
        "const { parseEnv } = require('util');"
        "console.log(JSON.stringify(parseEnv ? process.version : ''));"
        "require('readline').createInterface({ input: process.stdin }).on('line', (line) =>"
        " console.log(JSON.stringify(JSON.parse(line).map((text) => parseEnv(text)))));"
    )

    def __enter__(self):
        self._process = subprocess.Popen(
            ["node", "-e", self.SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        self.version = json.loads(self._process.stdout.readline())
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def read(self, texts):
        """The variables in each text."""
        self._process.stdin.write(json.dumps(texts) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())
