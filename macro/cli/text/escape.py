"""Text from elsewhere made safe for a terminal: control characters and invisible characters are escaped."""

import unicodedata

# Control characters, what can't be seen, surrogates, what is unassigned or private, and the two further line ends.
_UNSEEN = {"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"}


def show_text(text: str, kept: str = "") -> str:
    """The text with whatever could not be seen written as in a Python string, and ``\\`` doubled; ``kept`` stays."""
    if text.isascii() and text.isprintable() and "\\" not in text:
        return text
    return "".join(each if each in kept else _show(each) for each in text)


def fit_text(text: str, width: int) -> str:
    """The text cut or filled up to that many columns of a terminal, wide letters counted as two."""
    from rich.cells import cell_len, set_cell_size

    return set_cell_size(text, width) if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"


def measure_text(text: str) -> int:
    """How many columns of a terminal it takes."""
    from rich.cells import cell_len

    return cell_len(text)


def _show(letter: str) -> str:
    if letter == "\\":
        return "\\\\"
    return letter.encode("unicode_escape").decode("ascii") if unicodedata.category(letter) in _UNSEEN else letter
