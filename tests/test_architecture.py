"""Who may import whom: the table in macro/README.md, checked on every file's syntax tree."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted([*ROOT.glob("macro/**/*.py"), *ROOT.glob("transform_lambda/**/*.py")])
AWS = {f"transform_lambda.{name}" for name in ("aws", "aws_errors", "aws_functions", "aws_gateways")}
PURE = ("transform_lambda.zip", "transform_lambda.env_file", "transform_lambda.env_readers")
ON_THEIR_OWN = {
    "macro.local.engine_guard": set(),
    "macro.local.engine_mapping": set(),
    "macro.local.engine_http": set(),
    "macro.local.engine_proxy": set(),
    "macro.local.engine_server": {"hypercorn", "ministack"},
}
FOR_PLUGINS = {f"macro.{name}" for name in ("plugin", "errors", "companion", "gateway", "mapping", "snapshot")}


def name_module(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def find_imports(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            for alias in node.names:
                is_module = (ROOT / Path(*f"{node.module}.{alias.name}".split("."))).with_suffix(".py").exists()
                yield f"{node.module}.{alias.name}" if is_module else node.module


def is_in(module, *packages):
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def is_allowed(module, target):
    top = target.partition(".")[0]
    if top == "tests" or {module.partition(".")[0], top} == {"macro", "transform_lambda"}:
        # The command shows what the companion does; neither is in the other's bundle.
        return (module, target) == ("macro.local.env_command", "transform_lambda.command")
    if is_in(module, "transform_lambda"):
        return is_allowed_in_companion(module, target)
    if module in ON_THEIR_OWN:
        return top in sys.stdlib_module_names or top in ON_THEIR_OWN[module]
    if top == "quickjs":
        return module == "macro.local.graph.draw"
    if is_in(module, "macro.local"):
        needs_boto3 = is_in(module, "macro.local.cloud")
        return top not in ("boto3", "botocore") or needs_boto3
    if is_in(module, "macro.builtin.index"):
        return top in ("boto3", "botocore") or top in sys.stdlib_module_names
    if module.startswith("macro.plugins."):
        return target in FOR_PLUGINS or top in sys.stdlib_module_names
    if is_in(module, "macro"):
        on_top = ("macro.handler", "macro.local")
        is_door = is_in(module, "macro.__main__", "macro.handler")
        is_ours = top == "macro" and (is_door or not is_in(target, *on_top))
        return is_ours or top in sys.stdlib_module_names or (target == "jsonschema" and module == "macro.validate")
    return True


def is_allowed_in_companion(module, target):
    top = target.partition(".")[0]
    if top in sys.stdlib_module_names:
        return True
    if is_in(module, *PURE):
        return is_in(target, *PURE)
    if top in ("boto3", "botocore"):
        return module in AWS
    is_seam = module in AWS or module == "transform_lambda.handler"
    return top == "transform_lambda" and (target not in AWS or is_seam)


@pytest.mark.parametrize("path", FILES, ids=name_module)
def test_a_module_imports_only_what_it_may(path):
    module = name_module(path)

    assert [target for target in find_imports(path) if not is_allowed(module, target)] == []


@pytest.mark.parametrize("path", FILES, ids=name_module)
def test_a_module_says_what_it_is(path):
    assert ast.get_docstring(ast.parse(path.read_text("utf-8")))


@pytest.mark.parametrize(
    ("module", "target"),
    [
        ("macro.plugins.table", "macro.plugins.role"),
        ("macro.plugins.table", "macro.expand"),
        ("macro.expand", "yaml"),
        ("macro.expand", "boto3"),
        ("macro.expand", "jsonschema"),
        ("macro.expand", "macro.local.files"),
        ("macro.resolve", "macro.handler"),
        ("macro.local.cli", "boto3"),
        ("macro.local.graph.command", "quickjs"),
        ("macro.local.cli", "transform_lambda.handler"),
        ("macro.local.engine_guard", "macro.errors"),
        ("macro.local.engine_server", "macro.local.engine_state"),
        ("transform_lambda.wrapper", "macro.plugin"),
        ("transform_lambda.wrapper", "botocore.session"),
        ("transform_lambda.wrapper", "transform_lambda.aws"),
        ("transform_lambda.resources.lambda_function", "transform_lambda.aws_functions"),
        ("transform_lambda.zip.plan", "transform_lambda.contract"),
        ("transform_lambda.env_file", "transform_lambda.ports"),
    ],
)
def test_what_must_not_be_is_noticed(module, target):
    assert not is_allowed(module, target)


def test_every_folder_of_modules_is_a_package_that_gets_installed():
    folders = {path.parent for path in FILES}

    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []
