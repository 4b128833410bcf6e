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
# Meanings, for plug-in authors, of the values that exist before any plug-in runs.
GIVEN = {
    "counter_id": "the counter's logical id, with Stages the stage's part behind it; every id begins with it",
    "stage": "the stage's name",
    "stages": "for each stage a map of the values that this plug-in takes; who takes it is built once for all stages",
    "gateway": "Gateway",
    "condition": "the stage's condition, where the counter may be there without that stage, or nothing",
    "share": "what the ids of the API begin with that counters share, or nothing",
    "suffix": "what follows HitCounterMacro in the transform's name",
    "parameter_values": "template parameters and their values, as far as known",
    "constants": "the template's Conditions and Mappings, as far as it has them",
    "options": "the options the template gives to this plug-in",
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
    "exact": "Exact; an intrinsic function where the template says so",
    "service_token": "ServiceToken, or nothing",
    "tags": "Tags",
    "function_properties": "Function",
    "table_properties": "Table",
    "role_properties": "Role",
    "api_properties": "Api without its Stage",
    "stage_properties": "Stage of Api",
    "log_group_properties": "LogGroup",
}


class Table(NamedTuple):
    """A titled table of texts."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


def explain(topic: str, form: str, further: Sequence[Plugin] = ()) -> str:
    """The description of a topic, or of all topics, in text, JSON or Markdown.

    The topics are properties, attributes, plug-ins, and values given to plug-ins. ``form`` is ``"json"``,
    ``"markdown"``, or any other value for text.
    """
    topics = {
        "properties": list_properties,
        "attributes": list_attributes,
        "plugins": list_plugins,
        "values": list_values,
    }
    chosen = [topic] if topic in topics else list(topics)
    plugins = [*load_plugins(), *further]
    entries = {name: topics[name](plugins) for name in chosen}
    if form == "json":
        return json.dumps(entries, indent=2, ensure_ascii=False) + "\n"
    tables = [_tabulate(name, entries[name]) for name in chosen]
    if form == "markdown":
        return "\n".join(_print_markdown(table) for table in tables)
    width = shutil.get_terminal_size((100, 0)).columns
    return "\n".join(_print_text(table, width) for table in tables)


def list_properties(plugins: Sequence[Plugin] = ()) -> list[dict[str, Json]]:
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


def list_values(plugins: Sequence[Plugin] = ()) -> list[dict[str, Json]]:
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


def _tabulate(topic: str, entries: Sequence[Mapping[str, Json]]) -> Table:
    if topic == "properties":
        rows = [[f"`{entry['name']}`", entry["description"], entry["default"]] for entry in entries]
        return Table("Properties", ("property", "value", "default"), rows)
    if topic == "attributes":
        rows = [[f"`{entry['name']}`", ", ".join(entry["plugins"])] for entry in entries]
        return Table("Attributes (!GetAtt, ${Counter.Name}; !Ref is BaseUrl)", ("attribute", "made by plug-in"), rows)
    if topic == "values":
        rows = [[f"`{entry['name']}`", entry["meaning"]] for entry in entries]
        return Table("Values that every plug-in may take", ("value", "is"), rows)
    rows = [
        [f"`{entry['name']}`", entry["summary"], ", ".join(entry["inputs"]), ", ".join(entry["outputs"])]
        for entry in entries
    ]
    return Table("Plug-ins", ("plug-in", "makes", "takes", "gives"), rows)


def _print_markdown(table: Table) -> str:
    lines = [table.heads, ["---"] * len(table.heads), *table.rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def _print_text(table: Table, width: int) -> str:
    rows = [[cell.replace("`", "") for cell in row] for row in [table.heads, *table.rows]]
    first = max(len(row[0]) for row in rows) + 2
    rest = max((width - first) // (len(table.heads) - 1), 20)
    lines = [table.title, ""]
    for row in rows:
        cells = [textwrap.wrap(cell, rest - 2) or [""] for cell in row[1:]]
        for place in range(max(map(len, cells))):
            lead = row[0] if place == 0 else ""
            parts = [cell[place] if place < len(cell) else "" for cell in cells]
            lines.append((f"  {lead:<{first}}" + "".join(f"{part:<{rest}}" for part in parts)).rstrip())
    return "\n".join(lines) + "\n"
