"""Every message that users may meet, found in the source and written into macro/MESSAGES.md: ``python tests/support/messages.py``."""

import ast
import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "macro" / "MESSAGES.md"
SOURCES = ("macro/**/*.py", "transform_lambda/**/*.py")
HEAD = """\
# Every message, and where it comes from

For searching: what is filled in stands here as `…`. A message says where something is wrong, what, and what would be right;
the heading above it says what was being done. The README's *Troubleshooting* explains those that are met most.
Written by `python tests/support/messages.py`, and compared with the source by a test.
"""
# Help of commands, and texts that are no messages.
LEFT_OUT = ("macro/cli/commands/starter", "macro/cli/explain/explain.py", "macro/cli/text/emit.py")
_NOT_SHOWN = ("help", "metavar", "description", "epilog", "title", "usage")
_NAMES = ("EXAMPLES", "SUMMARY", "PROGRAM", "_PROGRAM", "__doc__")
_WORD = re.compile(r"[A-Za-z][a-z'-]+[,;:.]?")
_CODE = re.compile(r"^[<{(@#^$]|[\\<>|]|\n.*\n.*\n|https?://")


def find_messages():
    """By module, as a path: the first line of its docstring and its messages in order."""
    found = {}
    for path in sorted({path for glob in SOURCES for path in ROOT.glob(glob)}):
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith(LEFT_OUT):
            tree = ast.parse(path.read_text("utf-8"))
            texts = dict.fromkeys(text for text in find_texts(tree) if is_sentence(text))
            if texts:
                found[name] = ((ast.get_docstring(tree) or "").partition("\n")[0], list(texts))
    schema = json.loads((ROOT / "macro" / "hit_counter.schema.json").read_text("utf-8"))
    found["macro/hit_counter.schema.json"] = ("What a counter's properties must be.", find_words(schema))
    return found


def find_texts(node):
    """The texts of a syntax tree, each whole, without docstrings and help."""
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


def find_words(schema):
    """The schema's own words, each once."""
    if isinstance(schema, list):
        return list(dict.fromkeys(word for each in schema for word in find_words(each)))
    if not isinstance(schema, dict):
        return []
    own = [schema["errorMessage"]] if isinstance(schema.get("errorMessage"), str) else []
    return list(dict.fromkeys([*own, *(word for each in schema.values() for word in find_words(each))]))


def write_page():
    """The page as it should be."""
    parts = [HEAD]
    for name, (says, texts) in find_messages().items():
        lines = "".join(f"- `{' '.join(text.split()).replace('`', chr(39))}`\n" for text in texts)
        parts.append(f"\n## {says}\n\n`{name}`\n\n{lines}")
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(write_page(), "utf-8")
