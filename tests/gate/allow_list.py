"""The allow list: which findings of scanners stay, and why."""

from fnmatch import fnmatchcase
from pathlib import Path

import yaml

from tests.gate.templates import NATIVE

PATH = Path(__file__).parent / "allowed.yaml"
KEYS = {"id", "templates", "resources", "because"}


def read_entries(scanner):
    """The entries for a scanner."""
    return yaml.safe_load(PATH.read_text("utf-8"))[scanner]


def is_allowed(entry, finding):
    template = finding.template.removesuffix(NATIVE)
    return (
        entry["id"] == finding.id
        and _matches(template, entry.get("templates", "*"))
        and _matches(finding.resource, entry.get("resources", "*"))
    )


def _matches(name, patterns):
    return any(fnmatchcase(name, each) for each in ([patterns] if isinstance(patterns, str) else patterns))
