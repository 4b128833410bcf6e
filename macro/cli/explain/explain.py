"""Describe a counter's properties, attributes and plug-ins, based on the schema and the plug-ins themselves."""

import json
import shutil
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from macro.counter.validate import load_schema
from macro.plugin import Json, Plugin
from macro.plugins import load_plugins
from macro.template.references import attribute_name

_LINT = Path(__file__).parents[1] / "lint"
# The values that exist before any plug-in runs, with their meanings for plug-in authors.
GIVEN = {
    "counter_id": "the counter's logical ID, with Stages plus the stage's name; every resource's ID begins with it",
    "stage": "the stage's name",
    "stages": "for each stage, a map of this plug-in's inputs; a plug-in with this input is built once for all stages",
    "gateway": "Gateway",
    "condition": "the stage's condition, if the counter can exist without this stage; otherwise nothing",
    "share": "the beginning of the logical IDs of a shared API; otherwise nothing",
    "suffix": "the text after HitCounterMacro in the transform's name",
    "parameter_values": "the template parameters with known values",
    "constants": "the template's Conditions and Mappings",
    "options": "the plug-in's options in the template",
    "code": "Code, or nothing for the built-in handler",
    "builtin_key": "S3 key of the built-in handler",
    "handler": "Handler, or nothing",
    "runtime": "Runtime, or nothing",
    "env": "Env",
    "env_file": "EnvFile, or nothing",
    "path": "Path without a leading slash",
    "method": "Method",
    "integration": "Integration",
    "shards": "Shards, a whole number",
    "exact": "Exact: true, false or an intrinsic function",
    "service_token": "ServiceToken, or nothing",
    "tags": "Tags",
    "function_properties": "Function",
    "table_properties": "Table",
    "role_properties": "Role",
    "api_properties": "Api without its Stage",
    "stage_properties": "Stage of Api",
    "log_group_properties": "LogGroup",
}


class _Table(NamedTuple):
    """A titled table of texts."""

    title: str
    headers: Sequence[str]
    rows: Sequence[Sequence[str]]


def explain(topic: str, form: str, further: Sequence[Plugin] = ()) -> str:
    """The description of a topic, or of all topics, in text, JSON or Markdown.

    The topics are properties, attributes, plug-ins, and values given to plug-ins. ``form`` is ``"json"``,
    ``"markdown"``, or any other value for text.
    """
    plugins = [*load_plugins(), *further]
    topics = {
        "properties": list_properties(),
        "attributes": list_attributes(plugins),
        "plugins": list_plugins(plugins),
        "values": list_values(),
    }
    entries = {topic: topics[topic]} if topic in topics else topics
    if form == "json":
        return json.dumps(entries, indent=2, ensure_ascii=False) + "\n"
    tables = [_tabulate(name, rows) for name, rows in entries.items()]
    if form == "markdown":
        return "\n".join(_print_markdown(table) for table in tables)
    width = shutil.get_terminal_size((100, 0)).columns
    return "\n".join(_print_text(table, width) for table in tables)


def list_properties() -> list[dict[str, Json]]:
    """Each property of a counter: name, description, default, and whether the value must be literal."""
    return [
        {
            "name": name,
            "description": rule["description"],
            "default": rule["defaultText"],
            "literal": rule.get("literal", False),
        }
        for name, rule in load_schema()["properties"].items()
    ]


def list_attributes(plugins: Sequence[Plugin]) -> list[dict[str, Json]]:
    """Each attribute that references to a counter can name, and the plug-ins that make this attribute."""
    makers: dict[str, list[str]] = {}
    for plugin in plugins:
        for output in plugin.outputs:
            makers.setdefault(attribute_name(output), []).append(plugin.name)
    return [{"name": name, "plugins": names} for name, names in makers.items()]


def list_plugins(plugins: Sequence[Plugin]) -> list[dict[str, Json]]:
    """Each plug-in with its summary, inputs and outputs."""
    return [
        {
            "name": plugin.name,
            "summary": plugin.summary,
            "inputs": list(plugin.inputs),
            "outputs": list(plugin.outputs),
        }
        for plugin in plugins
    ]


def list_values() -> list[dict[str, Json]]:
    """Each value that a plug-in can name in its INPUTS although no plug-in makes it."""
    return [{"name": name, "meaning": meaning} for name, meaning in GIVEN.items()]


def print_settings() -> str:
    """The lines of a ``.cfnlintrc`` that add the type ``HitCounter`` to a plain cfn-lint."""
    settings = {
        "append_rules": str(_LINT / "rules"),
        "registry_schemas": str(_LINT / "registry"),
        # E9102 and W9103 find cycles and unused conditions in the expanded template instead.
        "ignore_checks": ["E3004", "W8001"],
    }
    lines = []
    for name, value in settings.items():
        lines += [f"{name}:", *(f"  - {json.dumps(each)}" for each in ([value] if isinstance(value, str) else value))]
    return "\n".join(lines) + "\n"


def _tabulate(topic: str, entries: Sequence[Mapping[str, Json]]) -> _Table:
    if topic == "properties":
        rows = [[f"`{entry['name']}`", entry["description"], entry["default"]] for entry in entries]
        return _Table("Properties", ("property", "value", "default"), rows)
    if topic == "attributes":
        rows = [[f"`{entry['name']}`", ", ".join(entry["plugins"])] for entry in entries]
        return _Table("Attributes (!GetAtt, ${Counter.Name}; !Ref is BaseUrl)", ("attribute", "plug-ins"), rows)
    if topic == "values":
        rows = [[f"`{entry['name']}`", entry["meaning"]] for entry in entries]
        return _Table("Values that every plug-in can name as an input", ("value", "meaning"), rows)
    rows = [
        [f"`{entry['name']}`", entry["summary"], ", ".join(entry["inputs"]), ", ".join(entry["outputs"])]
        for entry in entries
    ]
    return _Table("Plug-ins", ("plug-in", "summary", "inputs", "outputs"), rows)


def _print_markdown(table: _Table) -> str:
    lines = [table.headers, ["---"] * len(table.headers), *table.rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def _print_text(table: _Table, width: int) -> str:
    rows = [[cell.replace("`", "") for cell in row] for row in [table.headers, *table.rows]]
    first = max(len(row[0]) for row in rows) + 2
    rest = max((width - first) // (len(table.headers) - 1), 20)
    lines = [table.title, ""]
    for row in rows:
        cells = [textwrap.wrap(cell, rest - 2) or [""] for cell in row[1:]]
        for place in range(max(map(len, cells))):
            first_cell = row[0] if place == 0 else ""
            parts = [cell[place] if place < len(cell) else "" for cell in cells]
            lines.append((f"  {first_cell:<{first}}" + "".join(f"{part:<{rest}}" for part in parts)).rstrip())
    return "\n".join(lines) + "\n"
