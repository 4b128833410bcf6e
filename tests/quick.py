"""Which cases of a test every run tries."""

import pytest


def leave(cases, quick, name=str):
    """The cases as parameters; those whose name is none of ``quick`` are thorough."""
    quick = set(quick)
    assert quick <= {name(case) for case in cases}
    return [case if name(case) in quick else pytest.param(case, marks=pytest.mark.thorough) for case in cases]
