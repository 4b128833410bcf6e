"""Write all messages in the source to macro/MESSAGES.md: ``python tests/support/messages.py``."""

import ast
import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "macro" / "MESSAGES.md"
SOURCES = ("macro/**/*.py", "transform_lambda/**/*.py")
HEAD = """\
# All messages and their modules

Search here for the module that a message comes from. `…` stands for inserted values. A message states the place, the problem
and the remedy; the heading states the module's task. The README's *Troubleshooting* explains the most frequent messages.
`python tests/support/messages.py` writes this file, and a test compares it with the source.
"""
# Modules with help texts and other texts that are no messages.
LEFT_OUT = ("macro/cli/commands/starter", "macro/cli/explain/explain.py", "macro/cli/text/emit.py")
_NOT_SHOWN = ("help", "metavar", "description", "epilog", "title", "usage")
_NAMES = ("EXAMPLES", "SUMMARY", "PROGRAM", "_PROGRAM", "__doc__")
_WORD = re.compile(r"[A-Za-z][a-z'-]+[,;:.]?")
_CODE = re.compile(r"^[<{(@#^$]|[\\<>|]|\n.*\n.*\n|https?://")


def find_messages():
    """By the path of a module: the first line of its docstring, and its messages in order."""
    found = {}
    for path in sorted({path for glob in SOURCES for path in ROOT.glob(glob)}):
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith(LEFT_OUT):
            tree = ast.parse(path.read_text("utf-8"))
            texts = dict.fromkeys(text for text in find_texts(tree) if is_sentence(text))
            if texts:
                found[name] = ((ast.get_docstring(tree) or "").partition("\n")[0], list(texts))
    schema = json.loads((ROOT / "macro" / "hit_counter.schema.json").read_text("utf-8"))
    found["macro/hit_counter.schema.json"] = ("The rules for a counter's properties.", find_schema_messages(schema))
    return found


def find_texts(node):
    """The texts in a syntax tree, without docstrings and help. ``…`` replaces each inserted value."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if isinstance(node, ast.Assign) and any(getattr(target, "id", "").strip("_") in _NAMES for target in node.targets):
        return
    if isinstance(node, ast.keyword) and node.arg in _NOT_SHOWN:
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
        for part in node.values:
            yield from find_texts(part) if isinstance(part, ast.FormattedValue) else ()
    else:
        for child in ast.iter_child_nodes(node):
            yield from find_texts(child)


def is_sentence(text):
    words = sum(bool(_WORD.fullmatch(word)) for word in text.split())
    return not _CODE.search(text) and (words >= 2 or (words == 1 and "…: " in text))


def find_schema_messages(schema):
    """The error messages in the schema, each once."""
    if isinstance(schema, list):
        return list(dict.fromkeys(word for each in schema for word in find_schema_messages(each)))
    if not isinstance(schema, dict):
        return []
    own = [schema["errorMessage"]] if isinstance(schema.get("errorMessage"), str) else []
    return list(dict.fromkeys([*own, *(word for each in schema.values() for word in find_schema_messages(each))]))


def write_page():
    """The content of the page."""
    parts = [HEAD]
    for name, (summary, texts) in find_messages().items():
        lines = "".join(f"- `{' '.join(text.split()).replace('`', chr(39))}`\n" for text in texts)
        parts.append(f"\n## {summary}\n\n`{name}`\n\n{lines}")
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(write_page(), "utf-8")
