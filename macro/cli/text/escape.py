"""Make text from other sources safe for a terminal by escaping control characters and invisible characters."""

import unicodedata

# Unicode categories: control, format (invisible), surrogate, unassigned, private use, line and paragraph separators.
_UNSEEN = {"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"}


def show_text(text: str, kept: str = "") -> str:
    """The text with invisible characters written as in a Python string, and ``\\`` doubled.

    Characters in ``kept`` stay as they are.
    """
    if text.isascii() and text.isprintable() and "\\" not in text:
        return text
    return "".join(each if each in kept else _show(each) for each in text)


def fit_text(text: str, width: int) -> str:
    """The text cut or padded to ``width`` terminal columns. Wide letters count as two columns."""
    from rich.cells import cell_len, set_cell_size

    return set_cell_size(text, width) if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"


def measure_text(text: str) -> int:
    """The width of the text in terminal columns."""
    from rich.cells import cell_len

    return cell_len(text)


def _show(letter: str) -> str:
    if letter == "\\":
        return "\\\\"
    return letter.encode("unicode_escape").decode("ascii") if unicodedata.category(letter) in _UNSEEN else letter
