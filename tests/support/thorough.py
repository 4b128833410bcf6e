"""Cases of a test that are too many for every run."""

import pytest


def mark_thorough(cases, *, quick, name=str):
    """The cases as parameters: those named in ``quick`` belong to every run, the others are thorough."""
    quick = set(quick)
    assert quick <= {name(case) for case in cases}
    return [case if name(case) in quick else pytest.param(case, marks=pytest.mark.thorough) for case in cases]
