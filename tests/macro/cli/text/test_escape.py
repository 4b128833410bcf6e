"""Text from elsewhere on a terminal: it is shown, and its control characters have no effect."""

import pytest

from macro.cli.text.escape import fit_text, measure_text, show_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("home", "home"),
        ("Zürich 🌍 数", "Zürich 🌍 数"),
        ("\x1b]0;mine\x07", "\\x1b]0;mine\\x07"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\u202eevil", "\\u202eevil"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\x9b31m", "\\x9b31m"),
        ("line\u2028end", "line\\u2028end"),
        ("\U000e0041", "\\U000e0041"),
        ("back\\slash", "back\\\\slash"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text, shown):
    assert show_text(text) == shown


def test_what_is_to_be_kept_is_kept():
    assert show_text("a\tb\x1b", kept="\t") == "a\tb\\x1b"


@pytest.mark.parametrize("text", ["home", "数数数数数数", "a数数数", ""])
@pytest.mark.parametrize("width", [4, 5, 20])
def test_a_text_fits_its_columns(text, width):
    assert measure_text(fit_text(text, width)) == width


def test_a_text_that_is_cut_says_so():
    assert fit_text("homepage", 5) == "home…"
