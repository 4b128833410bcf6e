"""Who may import whom: layers of rooms, checked on each import of each module's syntax tree."""

import ast
import itertools
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted([*ROOT.glob("macro/**/*.py"), *ROOT.glob("transform_lambda/**/*.py")])

# From top to bottom. A room is a folder or a module; it belongs to the longest name that fits. A room imports itself and
# the layers below it, never its neighbours on the same line.
LAYERS = {
    "macro": [
        ["macro.__main__"],
        ["macro.handler", "macro.cli"],
        ["macro.expand"],
        ["macro.assembly"],
        ["macro.counter"],
        ["macro.plugins", "macro.template"],
        ["macro.plugin", "macro.builtin"],
        ["macro.errors"],
        ["macro.intrinsic"],
    ],
    "macro.plugins": [
        ["macro.plugins.__init__"],
        [f"macro.plugins.{name}" for name in ("table", "role", "log_group", "function", "alarms")]
        + [f"macro.plugins.gateways.{name}" for name in ("rest", "http", "custom")],
        ["macro.plugins.companion", "macro.plugins.gateways"],
    ],
    "macro.cli": [
        ["macro.cli.pre_commit"],
        ["macro.cli.main"],
        ["macro.cli.commands"],
        ["macro.cli.engine.run"],
        ["macro.cli.cloud.deployment"],
        ["macro.cli.cloud.installation", "macro.cli.cloud.observe"],
        ["macro.cli.cloud.stack", "macro.cli.engine"]
        + [f"macro.cli.{name}" for name in ("lint", "convert", "graph", "explain")],
        ["macro.cli.preview"],
        ["macro.cli.package"],
        ["macro.cli.text"],
    ],
    "macro.cli.lint": [["macro.cli.lint.rules"], ["macro.cli.lint"]],
    "transform_lambda": [
        ["transform_lambda.__main__", "transform_lambda.handler"],
        ["transform_lambda.gateway", "transform_lambda.function", "transform_lambda.aws"],
        ["transform_lambda.protocol"],
        ["transform_lambda.idempotency", "transform_lambda.staging"],
        ["transform_lambda.env"],
        ["transform_lambda.zip"],
        ["transform_lambda"],
    ],
}
# The command shows what the companion does; neither is in the other's bundle.
ACROSS = {("macro.cli.commands.env", "transform_lambda.env.command")}
ONLY = {"macro.cli.commands": ("macro.cli.main", "macro.cli.commands")}

THIRD_PARTY = {
    "boto3": ("macro.cli.cloud", "macro.builtin.index", "transform_lambda.aws", "macro.cli.engine.run.local_run"),
    "botocore": ("macro.cli.cloud", "macro.builtin.index", "transform_lambda.aws"),
    "yaml": ("macro.cli.text",),
    "cfnlint": ("macro.cli.lint",),
    "jsonschema": ("macro.counter.validate",),
    "quickjs": ("macro.cli.graph.draw",),
    "rich": ("macro.cli.cloud", "macro.cli.text"),
    "argcomplete": ("macro.cli.main", "macro.cli.commands.completion"),
    "hypercorn": ("macro.cli.engine.server",),
    "ministack": ("macro.cli.engine.server",),
}
# 75 MB and half a second of import stay out of every command that doesn't need them; cfn-lint loads the rules itself.
WHERE_USED = ("yaml", "cfnlint", "rich", "quickjs", "jsonschema", "argcomplete")
LOADED_BY_CFN_LINT = "macro.cli.lint.rules"

# These import none of our modules but one another: bytes in, bytes out.
PURE = ("transform_lambda.zip", "transform_lambda.env.file", "transform_lambda.env.readers")
# Each runs in a process of its own, without our packages on its path.
ALONE = ("macro.cli.engine.guard", "macro.cli.engine.server", "macro.cli.engine.worker")
# The server's process knows this folder by another name, so its modules import one another relatively.
RELATIVE = "macro.cli.engine.api_gateway"


def name_module(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_module(path) for path in FILES}
PACKAGES = {name_module(path) for path in FILES if path.name == "__init__.py"}


def find_imports(path):
    """(module or package that is imported, whether that happens as the module is loaded) of each import."""
    tree = ast.parse(path.read_text("utf-8"))
    late = {id(inner) for node in ast.walk(tree) if is_late(node) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) not in late) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 or is_in(name_module(path), RELATIVE), f"{path}: relative import"
            source = ".".join([RELATIVE] * node.level + [node.module] * bool(node.module))
            for alias in node.names:
                full = f"{source}.{alias.name}"
                yield full if full in MODULES else source, id(node) not in late


def is_late(node):
    is_for_types = isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
    return is_for_types or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))


def is_in(module, *rooms):
    return any(module == room or module.startswith(f"{room}.") for room in rooms)


def find_layer(module, layers):
    """(number of the layer, room) of a module, or None where these layers don't have it."""
    entry = f"{module}.__init__" if module in PACKAGES else module
    fitting = [(len(room), number, room) for number, rooms in enumerate(layers) for room in rooms if is_in(entry, room)]
    return max(fitting)[1:] if fitting else None


def find_fault(module, target, is_loaded=True):
    """What is wrong with an import, or nothing."""
    top = target.partition(".")[0]
    if top in sys.stdlib_module_names or (module, target) in ACROSS:
        return ""
    if top not in ("macro", "transform_lambda"):
        is_early = is_loaded and top in WHERE_USED and not is_in(module, LOADED_BY_CFN_LINT)
        return f"{module} imports {target}" if is_early or not is_in(module, *THIRD_PARTY.get(top, ())) else ""
    if is_in(module, *ALONE) or is_in(module, RELATIVE) != is_in(target, RELATIVE):
        return f"{module} imports {target}"
    if (is_in(module, *PURE) and not is_in(target, *PURE)) or top != module.partition(".")[0]:
        return f"{module} imports {target}"
    for room, sources in ONLY.items():
        if is_in(target, room) and not is_in(module, *sources):
            return f"{module} imports {target}"
    for layers in LAYERS.values():
        here, there = find_layer(module, layers), find_layer(target, layers)
        if here and there and here[1] != there[1] and here[0] >= there[0]:
            return f"{module} imports {target}, which is not below it"
    return ""


def find_cycles(edges):
    """The nodes of cycles and between them: all others are taken away, as they reach nothing or nothing reaches them."""
    left = {node: set(targets) - {node} for node, targets in edges.items()}
    while True:
        reached = set().union(*left.values())
        ends = [node for node, targets in left.items() if node not in reached or not targets & set(left)]
        if not ends:
            return sorted(left)
        for node in ends:
            del left[node]


def name_room(module):
    """A module's folder; in a folder that has folders of its own the module itself, above or below those."""
    folder = module if module in PACKAGES else module.rpartition(".")[0]
    has_folders = any(package.startswith(f"{folder}.") for package in PACKAGES)
    return module if has_folders else folder


def read_edges():
    edges = {name_module(path): {target for target, _ in find_imports(path)} & MODULES for path in FILES}
    return {module: targets - {module} for module, targets in edges.items()}


def join_rooms(edges):
    rooms = {}
    for module, targets in edges.items():
        rooms.setdefault(name_room(module), set()).update(map(name_room, targets))
    return rooms


@pytest.mark.parametrize("path", FILES, ids=name_module)
def test_a_module_imports_only_what_it_may(path):
    module = name_module(path)
    faults = [find_fault(module, target, is_loaded) for target, is_loaded in find_imports(path)]

    assert [fault for fault in faults if fault] == []


@pytest.mark.parametrize("path", FILES, ids=name_module)
def test_a_module_says_what_it_is(path):
    assert ast.get_docstring(ast.parse(path.read_text("utf-8")))


def test_no_module_imports_itself_by_way_of_others():
    assert find_cycles(read_edges()) == []


def test_no_room_imports_itself_by_way_of_others():
    assert find_cycles(join_rooms(read_edges())) == []


@pytest.mark.parametrize("name", LAYERS)
def test_every_module_is_in_a_layer(name):
    # The package's own docstring stands in no room.
    modules = [module for module in MODULES - {name, "macro.cli.cloud"} if is_in(module, name)]

    assert [module for module in modules if not find_layer(module, LAYERS[name])] == []


@pytest.mark.parametrize("name", LAYERS)
def test_an_import_across_any_border_is_noticed(name):
    rooms = [(number, room) for number, rooms in enumerate(LAYERS[name]) for room in rooms]
    modules = {find_layer(module, LAYERS[name]): module for module in sorted(MODULES)}
    borders = [
        (modules[lower], modules[upper]) for upper, lower in itertools.permutations(rooms, 2) if upper[0] <= lower[0]
    ]

    assert borders
    assert [border for border in borders if not find_fault(*border)] == []


@pytest.mark.parametrize(
    ("module", "target"),
    [
        ("macro.expand", "yaml"),
        ("macro.expand", "boto3"),
        ("macro.expand", "jsonschema"),
        ("macro.expand", "requests"),
        ("macro.cli.main", "boto3"),
        ("macro.cli.main", "yaml"),
        ("macro.cli.commands.graph", "quickjs"),
        ("macro.cli.text.files", "macro.cli.commands.expand"),
        ("macro.cli.pre_commit", "macro.cli.commands.lint"),
        ("macro.cli.main", "transform_lambda.handler"),
        ("macro.cli.engine.guard", "macro.errors"),
        ("macro.cli.engine.server", "macro.cli.engine.state"),
        ("macro.cli.engine.api_gateway.proxy", "macro.errors"),
        ("macro.cli.engine.process", "macro.cli.engine.api_gateway.calls"),
        ("transform_lambda.protocol.delivery", "macro.plugin"),
        ("transform_lambda.protocol.delivery", "botocore.session"),
        ("transform_lambda.zip.plan", "transform_lambda.contract"),
        ("transform_lambda.env.file", "transform_lambda.ports"),
        ("transform_lambda.env.file", "transform_lambda.env.change"),
    ],
)
def test_an_import_that_no_layer_forbids_is_noticed(module, target):
    assert find_fault(module, target, is_loaded=False)


@pytest.mark.parametrize(
    ("module", "target"), [("macro.cli.text.files", "yaml"), ("macro.cli.lint.lint", "cfnlint.core")]
)
def test_a_slow_package_is_imported_where_it_is_used(module, target):
    assert not find_fault(module, target, is_loaded=False)
    assert find_fault(module, target, is_loaded=True)


@pytest.mark.parametrize(
    ("module", "target"),
    [("macro.counter.literals", "macro.counter.read"), ("transform_lambda.zip.records", "transform_lambda.zip.write")],
)
def test_a_cycle_of_modules_is_noticed(module, target):
    edges = read_edges()
    edges[module] = {*edges[module], target}

    assert {module, target} <= set(find_cycles(edges))


@pytest.mark.parametrize(
    ("module", "target"),
    [("macro.cli.text.escape", "macro.cli.preview.watch"), ("macro.counter.accept", "macro.assembly.build")],
)
def test_a_cycle_of_rooms_is_noticed(module, target):
    edges = read_edges()
    edges[module] = {*edges[module], target}

    assert {name_room(module), name_room(target)} <= set(find_cycles(join_rooms(edges)))


def test_an_import_inside_a_function_counts(tmp_path):
    module = tmp_path / "late.py"
    module.write_text("def load():\n    from macro.cli import main\n    import boto3\n    return main, boto3\n")

    assert list(find_imports(module)) == [("macro.cli.main", False), ("boto3", False)]


def test_every_folder_of_modules_is_a_package_that_gets_installed():
    folders = {path.parent for path in FILES}

    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


# All else may change in any release.
PUBLIC = {"macro.plugin", "macro.errors", "transform_lambda.contract"}
TOLD = [ROOT / "README.md", *(ROOT / name / "README.md" for name in ("macro", "transform_lambda", "samples"))]


def find_told_imports(text):
    """The modules of ours that Python in a text imports."""
    return set(re.findall(r"^\s*(?:from|import) ((?:macro|transform_lambda)[\w.]*)", text, re.MULTILINE))


@pytest.mark.parametrize(
    "path",
    [*TOLD, *sorted(ROOT.glob("samples/**/*.py")), *sorted(ROOT.glob("macro/cli/commands/starter/**/*.*"))],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_samples_and_guides_import_what_is_public_alone(path):
    assert find_told_imports(path.read_text("utf-8")) <= PUBLIC


def test_what_is_public_is_imported_by_the_samples():
    found = {name for path in ROOT.glob("samples/**/*.py") for name in find_told_imports(path.read_text("utf-8"))}

    assert found == {"macro.plugin", "transform_lambda.contract"}
    assert find_told_imports("```python\nfrom macro.expand import expand\nimport transform_lambda.ports\n```") == {
        "macro.expand",
        "transform_lambda.ports",
    }
