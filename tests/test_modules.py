"""How the tests' own modules are imported: one name for each, so that a class is the same class everywhere."""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
LEFT_OUT = {".tools", "downloaded", "golden"}
MODULES = [path for path in sorted(TESTS.rglob("*.py")) if not LEFT_OUT & set(path.relative_to(TESTS).parts)]
# The names that a path entry of this folder, instead of its parent, would give to the same files.
SECOND_NAMES = {path.stem for path in TESTS.iterdir() if path.suffix == ".py" or path.is_dir()} - {
    "macro",
    "transform_lambda",
}


def find_imports(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def is_wrong(name):
    return name.rpartition(".")[2] == "conftest" or name.partition(".")[0] in SECOND_NAMES


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(TESTS)))
def test_no_module_is_imported_by_a_second_name(path):
    """pytest imports each conftest by a name of its own, so its classes would exist twice."""
    assert [name for name in find_imports(path) if is_wrong(name)] == []


@pytest.mark.parametrize(
    "name", ["conftest", "tests.faults.sdk.conftest", "support.plain", "corpus.fetch", "faults.companion"]
)
def test_a_second_name_is_noticed(name):
    assert is_wrong(name)
