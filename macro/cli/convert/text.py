"""Print a converted template. Text that no counter replaces keeps its bytes."""

import re

from macro.cli.convert.convert import Converted
from macro.cli.text.edit import print_template
from macro.cli.text.files import Source, parse_source
from macro.expand import Expanded
from macro.template.transform import MACRO


def print_converted(source: Source, converted: Converted) -> str:
    """The author's text with the counters. Each counter takes its table's position in the text."""
    source = _add_transform(source)
    tables = {each.counter: each.service.table for each in converted.replacements}
    owners = {name: name if name in source.template["Resources"] else table for name, table in tables.items()}
    text = print_template(source, Expanded(converted.template, owners))
    return text if source.node is None else _close_gaps(source, text)


def _add_transform(source: Source) -> Source:
    """The source with a new ``Transform`` line that names the macro, if the template has no transform yet."""
    if source.node is None or "Transform" in source.template or source.node.flow_style:
        return source
    keys = [key for key, _ in source.node.value]
    heads = [number for number, key in enumerate(keys) if key.value in ("AWSTemplateFormatVersion", "Description")]
    first = min(heads[-1] + 1 if heads else 0, len(keys) - 1)
    place = keys[first].start_mark.index
    return parse_source(source.name, f"{source.text[:place]}Transform: {MACRO}\n{source.text[place:]}")


def _close_gaps(source: Source, text: str) -> str:
    """Reduce the empty lines that removed resources left to one. A source with such gaps of its own stays as it is."""
    gap = re.compile(r"\r?\n(?:[ \t]*\r?\n){2,}")
    if gap.search(source.text):
        return text
    end = "\r\n" if "\r\n" in text else "\n"
    closed = gap.sub(end * 2, text)
    if closed.endswith(end * 2):
        closed = closed.rstrip() + end
    is_same = parse_source(source.name, closed).template == parse_source(source.name, text).template
    return closed if is_same else text
