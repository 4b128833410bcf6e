"""Templates that nobody here wrote pass through unchanged, alone and with a counter added."""

import copy
import tarfile

import pytest

from macro.cli.preview.preview import preview
from macro.cli.text.edit import edit_text, print_template
from macro.cli.text.files import parse_source
from macro.errors import MacroError
from macro.expand import expand
from macro.plugins import find_plugin
from tests.corpus.fetch import find_archive

pytestmark = pytest.mark.thorough

PARTS = (
    "/test/fixtures/templates/good/",
    "/test/fixtures/templates/quickstart/",
    "/test/fixtures/templates/integration/",
)
COUNTER = "CorpusVisits"
LEAST = 30


def read_archive():
    archive = find_archive()
    assert archive, "templates are missing; run: python tests/corpus/fetch.py"
    with tarfile.open(archive) as file:
        for member in file:
            if (
                member.isfile()
                and any(part in member.name for part in PARTS)
                and member.name.endswith((".yaml", ".json"))
            ):
                yield member.name.partition("/templates/")[2], file.extractfile(member).read().decode("utf-8")


@pytest.fixture(scope="module")
def sources():
    """The templates that can be read and have resources; what can't is no template, or deliberately broken."""
    found = []
    for name, text in read_archive():
        try:
            source = parse_source(name, text)
        except MacroError:
            continue
        if isinstance(source.template.get("Resources"), dict):
            found.append(source)
    assert len(found) >= LEAST
    return found


def test_alone_they_stay_what_they_are_to_the_byte(sources):
    for source in sources:
        before = copy.deepcopy(source.template)

        plain = preview(source.template, {}, find_plugin)

        assert plain.template == source.template == before, source.name
        assert source.node is None or source.has_aliases or print_template(source, plain) == source.text, source.name


def test_they_are_read_as_cfn_lint_reads_them(sources):
    from cfnlint.decode import decode_str

    read = 0
    for source in sources:
        template, problems = decode_str(source.text)
        if not problems:
            read += 1
            assert source.template == without_dates(template), source.name
    assert read >= LEAST


def without_dates(node):
    """YAML's dates as text: CloudFormation has none."""
    if isinstance(node, dict):
        return {str(key): without_dates(value) for key, value in node.items()}
    if isinstance(node, list):
        return [without_dates(item) for item in node]
    return node.isoformat() if hasattr(node, "isoformat") else node


def test_with_a_counter_added_nothing_else_changes(sources):
    for source in sources:
        resources = {**source.template["Resources"], COUNTER: {"Type": "HitCounter"}}

        plain = expand({**source.template, "Resources": resources})

        rest = {key: value for key, value in plain["Resources"].items() if not key.startswith(COUNTER)}
        assert list(rest) == list(source.template["Resources"]), source.name
        assert {**plain, "Resources": rest} == source.template, source.name
        assert len(plain["Resources"]) == len(rest) + 12


def test_with_a_counter_written_into_the_text_every_other_line_stays(sources):
    edited = 0
    for source in sources:
        if "\nResources:\n" not in source.text or "Transform" in source.template or source.has_aliases:
            continue
        head, _, tail = source.text.partition("\nResources:\n")
        first = next(line for line in tail.split("\n") if line.strip() and not line.strip().startswith("#"))
        indent = " " * (len(first) - len(first.lstrip()))
        counter = f"{indent}{COUNTER}:\n{indent}  Type: HitCounter\n"
        compact = parse_source(source.name, f"{head}\nTransform: HitCounterMacro\nResources:\n{counter}{tail}")

        text = edit_text(compact, preview(compact.template, {}, find_plugin))

        assert text is not None, source.name
        assert text.startswith(f"{head}\nResources:\n{indent}{COUNTER}Table:\n"), source.name
        assert text.endswith(tail), source.name
        edited += 1
    assert edited >= LEAST
