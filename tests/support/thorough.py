"""Mark the cases that are too slow for every run."""

import pytest


def mark_thorough(cases, *, quick, name=str):
    """The cases as parameters. Cases outside of ``quick`` get the mark ``thorough``."""
    quick = set(quick)
    assert quick <= {name(case) for case in cases}
    return [case if name(case) in quick else pytest.param(case, marks=pytest.mark.thorough) for case in cases]
