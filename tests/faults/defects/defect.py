"""Defects: possible mistakes in the product, each with the tests that must detect it.

``companion.yaml`` and ``macro.yaml`` list the defects. A defect names its place by a definition in any module of the
package, and by a fragment of code in the definition, compared as a syntax tree. So a defect stays valid after a module
moves or its code is formatted.
"""

import ast
import copy
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

HERE = Path(__file__).parent
ROOT = HERE.parent.parent.parent
COPIED = ("macro", "transform_lambda", "samples", "tests", "setup.cfg", "pyproject.toml", "README.md")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "downloaded", ".hypothesis", ".tools")
MAX_SECONDS = 300
ALL_TESTS = ("-m", "")
# Environment variables of the outer test run.
_OUTER_SETTINGS = ("PYTEST_", "COV_", "COVERAGE_", "HYPOTHESIS_")
_ALL_PASSED, _FAILED, _BROKEN, _NONE_RUN = 0, 1, 2, 5


class Defect(NamedTuple):
    """A mutation: ``put`` replaces ``find`` in the definition ``where`` of ``package``.

    ``where`` is the qualified name of a function, class or constant, which contains ``find`` once; or the name of a YAML
    file, with ``find`` as text. ``tests`` are the names of the test functions that must detect the defect.
    """

    name: str
    package: str
    where: str
    find: str
    put: str
    tests: tuple[str, ...]


class Outcome(NamedTuple):
    """The first test that detected the defect; empty without one, and then ``said`` is the reason."""

    test: str
    seconds: float
    said: str = ""


def load(file, package):
    """The defects in a file next to this module."""
    groups = yaml.safe_load((HERE / file).read_text("utf-8"))
    return tuple(
        Defect(each["name"], package, each["in"], each["find"], each["put"], tuple(each["noticed by"]))
        for group in groups.values()
        for each in group
    )


COMPANION = load("companion.yaml", "transform_lambda")
MACRO = load("macro.yaml", "macro")


def damage(defect, root=ROOT):
    """The file with the defect's place, and its text with the defect.

    Raises:
        ValueError: the place exists never or more than once.
    """
    is_text = defect.where.endswith(".yaml")
    pattern, find = (defect.where, _find_text) if is_text else ("*.py", _find_code)
    files = [(path, path.read_text("utf-8")) for path in sorted((root / defect.package).rglob(pattern))]
    found = [(path, damaged) for path, text in files for damaged in find(defect, text)]
    if len(found) != 1:
        raise ValueError(f"{defect.name}: its code must be once in {defect.where}, got {len(found)} times")
    return found[0]


def find_tests(names, root=ROOT):
    """The IDs of all test functions with these names.

    Raises:
        LookupError: no test function has one of the names.
    """
    known = _list_tests(root)
    missing = [name for name in names if name not in known]
    if missing:
        raise LookupError(f"no test has the name {missing[0]!r}")
    return tuple(f"{file}::{name}" for name in names for file in known[name])


def try_defect(defect, root=ROOT, max_seconds=MAX_SECONDS, chosen=ALL_TESTS):
    """Run the defect's tests in a copy of the tree with the defect."""
    with copy_tree(root) as copy_:
        path, text = damage(defect, copy_)
        path.write_text(text, "utf-8")
        return run_tests(copy_, find_tests(defect.tests, root), max_seconds, chosen)


def try_without_defect(tests, root=ROOT, max_seconds=10 * MAX_SECONDS, chosen=ALL_TESTS):
    """Run the tests in a copy of the tree without a defect. No test may fail."""
    with copy_tree(root) as copy_:
        return run_tests(copy_, find_tests(dict.fromkeys(tests), root), max_seconds, chosen)


@contextmanager
def copy_tree(root):
    with tempfile.TemporaryDirectory(prefix="defect-") as folder:
        target = Path(folder) / "tree"
        target.mkdir()
        for name in COPIED:
            if (root / name).is_dir():
                shutil.copytree(root / name, target / name, ignore=LEFT_OUT)
            elif (root / name).exists():
                shutil.copy2(root / name, target / name)
        yield target


def run_tests(folder, tests, max_seconds, chosen=ALL_TESTS):
    # The copy isn't installed, so processes that a test starts must find the copy before the installed packages.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_OUTER_SETTINGS)}
    environment |= {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-n",
        "0",
        "-p",
        "no:cacheprovider",
        "--tb=no",
        *chosen,
        *tests,
    ]
    started = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        start_new_session=True,
    )
    try:
        said = process.communicate(timeout=max_seconds)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return Outcome("", time.monotonic() - started, f"no answer within {max_seconds} seconds")
    return judge(process.returncode, said, time.monotonic() - started)


def judge(code, said, seconds):
    """The outcome of a test run. A defect is detected only if a test failed, or a test module couldn't be imported."""
    lines = said.splitlines()
    failed = [line.partition(" ")[2].partition(" - ")[0] for line in lines if line.startswith(("FAILED ", "ERROR "))]
    if code in (_FAILED, _BROKEN) and failed:
        return Outcome(failed[0], seconds)
    plain = {_ALL_PASSED: "all passed", _NONE_RUN: "none of its tests was run"}
    output = "; ".join(line for line in lines if line.strip()) or "nothing"
    return Outcome("", seconds, plain.get(code, f"pytest ended with {code}: {output}"))


def _find_text(defect, text):
    return [text.replace(defect.find, defect.put, 1)] * text.count(defect.find)


def _find_code(defect, text):
    """For each occurrence of the fragment, the text with the defect at this occurrence."""
    if defect.where.rpartition(".")[2] not in text:
        return
    sought, put = ast.parse(defect.find).body, ast.parse(defect.put).body
    for definition in _find_definitions(_parse(text), defect.where.split(".")):
        for body in _list_bodies(definition):
            for start, end, statements in _match(body, sought, put):
                yield _replace(text, start, end, statements)


def _find_definitions(tree, names):
    """The nodes with this qualified name: functions, classes, and assignments."""
    for node in ast.iter_child_nodes(tree):
        if names[0] in _list_names(node):
            yield from _find_definitions(node, names[1:]) if names[1:] else [node]


def _list_names(node):
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)]


def _list_bodies(definition):
    if not isinstance(definition, (ast.FunctionDef, ast.ClassDef)):
        return [[definition]]
    fields = [value for node in ast.walk(definition) for _, value in ast.iter_fields(node)]
    return [value for value in fields if isinstance(value, list) and value and isinstance(value[0], ast.stmt)]


def _match(body, sought, put):
    """For each match in a body: its first and last statement, and the statements that replace them."""
    wanted = [ast.dump(each) for each in sought]
    is_expression = len(sought) == 1 and isinstance(sought[0], ast.Expr)
    for at, statement in enumerate(body):
        if [ast.dump(each) for each in body[at : at + len(sought)]] == wanted:
            yield statement, body[at + len(sought) - 1], put
        elif is_expression:
            value = ast.dump(sought[0].value)
            for node in _list_expressions(statement):
                if ast.dump(node) == value:
                    yield statement, statement, [copy.deepcopy(statement, {id(node): put[0].value})]


def _list_expressions(statement):
    """The expressions of a statement, without expressions in nested statements."""
    for node in ast.iter_child_nodes(statement):
        if not isinstance(node, ast.stmt):
            if isinstance(node, ast.expr):
                yield node
            yield from _list_expressions(node)


def _replace(text, start, end, statements):
    lines = text.split("\n")
    first = lines[start.lineno - 1]
    indent = first[: len(first) - len(first.lstrip())]
    new = "\n".join(map(ast.unparse, statements)) or "pass"
    new = "el" * first.lstrip().startswith("elif ") + new
    return "\n".join([*lines[: start.lineno - 1], textwrap.indent(new, indent), *lines[end.end_lineno :]])


@cache
def _parse(text):
    return ast.parse(text)


@cache
def _list_tests(root):
    """By name, the files with a test function of this name."""
    found = {}
    for path in sorted((root / "tests").rglob("test_*.py")):
        if not {"downloaded", ".tools"} & set(path.parts):
            for node in ast.parse(path.read_text("utf-8")).body:
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                    found.setdefault(node.name, []).append(path.relative_to(root).as_posix())
    return found
