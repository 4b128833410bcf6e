"""A defect: one mistake that somebody could make in the product, and the tests that are expected to notice it.

The defects stand in ``companion.yaml`` and ``macro.yaml``. Each names its place by a definition, wherever in the package it is,
and by a fragment of code in it, compared as a syntax tree. So defects stay valid when modules move and code is formatted anew.
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
LONGEST_SECONDS = 300
ALL_TESTS = ("-m", "")
# What the run around it has set, for its own tests.
_NOT_PASSED_ON = ("PYTEST_", "COV_", "COVERAGE_", "HYPOTHESIS_")
_ALL_PASSED, _FAILED, _BROKEN, _NONE_RUN = 0, 1, 2, 5


class Defect(NamedTuple):
    """A mutation: in the definition ``where`` of ``package``, ``find`` (which stands there once) becomes ``put``.

    ``where`` is the qualified name of a function, class or constant, or the name of a YAML file, in which ``find`` is text.
    ``tests`` are the names of the test functions that have to notice.
    """

    name: str
    package: str
    where: str
    find: str
    put: str
    tests: tuple[str, ...]


class Outcome(NamedTuple):
    """Which test was the first to notice; empty where none did, and ``said`` then is what happened instead."""

    test: str
    seconds: float
    said: str = ""


def load(file, package):
    """The defects of one of the files beside this module."""
    groups = yaml.safe_load((HERE / file).read_text("utf-8"))
    return tuple(
        Defect(each["name"], package, each["in"], each["find"], each["put"], tuple(each["noticed by"]))
        for group in groups.values()
        for each in group
    )


COMPANION = load("companion.yaml", "transform_lambda")
MACRO = load("macro.yaml", "macro")


def damage(defect, root=ROOT):
    """The file of the defect's place, and its text with the defect; ValueError where the place is not there once."""
    is_text = defect.where.endswith(".yaml")
    pattern, find = (defect.where, _find_text) if is_text else ("*.py", _find_code)
    files = [(path, path.read_text("utf-8")) for path in sorted((root / defect.package).rglob(pattern))]
    found = [(path, damaged) for path, text in files for damaged in find(defect, text)]
    if len(found) != 1:
        raise ValueError(f"{defect.name}: its code stands {len(found)} times in {defect.where}, must be once")
    return found[0]


def find_tests(names, root=ROOT):
    """The ids of the test functions of these names, wherever they are; LookupError for a name that no test has."""
    known = _list_tests(root)
    missing = [name for name in names if name not in known]
    if missing:
        raise LookupError(f"no test is called {missing[0]!r}")
    return tuple(f"{file}::{name}" for name in names for file in known[name])


def look(defect, root=ROOT, longest=LONGEST_SECONDS, chosen=ALL_TESTS):
    """Run the defect's tests in a copy of the tree that has it."""
    with copied(root) as copy_:
        path, text = damage(defect, copy_)
        path.write_text(text, "utf-8")
        return run_tests(copy_, find_tests(defect.tests, root), longest, chosen)


def look_at_none(tests, root=ROOT, longest=10 * LONGEST_SECONDS, chosen=ALL_TESTS):
    """Run the tests in a copy without a defect, where none of them may fail."""
    with copied(root) as copy_:
        return run_tests(copy_, find_tests(dict.fromkeys(tests), root), longest, chosen)


@contextmanager
def copied(root):
    with tempfile.TemporaryDirectory(prefix="defect-") as folder:
        target = Path(folder) / "tree"
        target.mkdir()
        for name in COPIED:
            if (root / name).is_dir():
                shutil.copytree(root / name, target / name, ignore=LEFT_OUT)
            elif (root / name).exists():
                shutil.copy2(root / name, target / name)
        yield target


def run_tests(folder, tests, longest, chosen=ALL_TESTS):
    # The copy is installed nowhere: what tests start of their own shall find it before what is.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_PASSED_ON)}
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
        said = process.communicate(timeout=longest)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return Outcome("", time.monotonic() - started, f"no answer within {longest} seconds")
    return judge(process.returncode, said, time.monotonic() - started)


def judge(code, said, seconds):
    """What the tests' end means: only a test that failed, or could not even be imported, has noticed something."""
    lines = said.splitlines()
    failed = [line.partition(" ")[2].partition(" - ")[0] for line in lines if line.startswith(("FAILED ", "ERROR "))]
    if code in (_FAILED, _BROKEN) and failed:
        return Outcome(failed[0], seconds)
    plain = {_ALL_PASSED: "all passed", _NONE_RUN: "no test of it was run"}
    output = "; ".join(line for line in lines if line.strip()) or "nothing"
    return Outcome("", seconds, plain.get(code, f"pytest ended with {code}: {output}"))


def _find_text(defect, text):
    return [text.replace(defect.find, defect.put, 1)] * text.count(defect.find)


def _find_code(defect, text):
    """The text once for each place of the fragment, damaged there."""
    if defect.where.rpartition(".")[2] not in text:
        return
    sought, put = ast.parse(defect.find).body, ast.parse(defect.put).body
    for definition in _find_definitions(_parse(text), defect.where.split(".")):
        for body in _list_bodies(definition):
            for start, end, statements in _match(body, sought, put):
                yield _write_over(text, start, end, statements)


def _find_definitions(tree, names):
    """The nodes of that qualified name: functions, classes, and statements that assign to a name."""
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
    """First and last statement of each match in a body, and what stands in their place."""
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
    """The expressions of a statement, without those of the statements in it."""
    for node in ast.iter_child_nodes(statement):
        if not isinstance(node, ast.stmt):
            if isinstance(node, ast.expr):
                yield node
            yield from _list_expressions(node)


def _write_over(text, start, end, statements):
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
    """The files that have a test function of a name, by name."""
    found = {}
    for path in sorted((root / "tests").rglob("test_*.py")):
        if not {"downloaded", ".tools"} & set(path.parts):
            for node in ast.parse(path.read_text("utf-8")).body:
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                    found.setdefault(node.name, []).append(path.relative_to(root).as_posix())
    return found
