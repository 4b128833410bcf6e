"""Every message is findable: the page that lists them is what the source says, and knows what commands really told."""

import re
from pathlib import Path

import pytest

from tests.support.messages import PAGE, find_messages, write_page

GOLDEN = Path(__file__).parent / "golden"
TOLD = re.compile(r"^[^ ]*?:\d+:\d+: (?:[A-Za-z0-9:.\[\]_'-]+: )?(.*)$")


def test_the_page_is_what_the_source_says(update_golden):
    if update_golden:
        PAGE.write_text(write_page(), "utf-8")

    assert PAGE.read_text("utf-8") == write_page(), "run: python tests/support/messages.py"


def list_told():
    files = sorted(GOLDEN.glob("bad_*/problems.txt"))
    lines = [line for path in files for line in path.read_text("utf-8").splitlines()]
    return sorted({match[1] for line in lines if (match := TOLD.match(line))})


@pytest.fixture(scope="module")
def patterns():
    texts = [text for _, found in find_messages().values() for text in found]
    return [re.compile(".*".join(map(re.escape, text.strip().split("…")))) for text in texts]


def list_explained():
    """What the README explains of our own messages: those that it doesn't call another's."""
    readme = (GOLDEN.parent.parent / "README.md").read_text("utf-8")
    rows = readme.partition("## Troubleshooting")[2].partition("\n## ")[0].splitlines()
    return [match[1] for row in rows if (match := re.match(r"\| `(.*)` \|", row))]


@pytest.mark.parametrize("message", list_explained())
def test_what_the_readme_explains_is_a_message_of_ours(message):
    said = PAGE.read_text("utf-8")

    parts = [part.strip() for part in message.split("…")]

    assert [part for part in parts if part not in said] == []


def test_there_are_messages_to_be_found():
    assert len(list_told()) > 100


@pytest.mark.parametrize("message", list_told())
def test_what_was_told_is_on_the_page(patterns, message):
    assert any(pattern.search(message) for pattern in patterns)
