import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.cloudformation import STACK_ID
from transform_lambda.identity import is_invented, is_marker, marker_for, physical_id_for


@given(stack=st.text(), logical=st.text(), generation=st.text())
def test_a_physical_id_is_always_a_function_name(stack, logical, generation):
    name = physical_id_for(f"arn:aws:cloudformation:eu-west-1:1:stack/{stack}/1", logical, generation)

    assert re.fullmatch(r"[A-Za-z0-9-]{1,64}", name)
    assert name == physical_id_for(f"arn:aws:cloudformation:eu-west-1:1:stack/{stack}/1", logical, generation)


def test_a_physical_id_contains_stack_and_logical_id():
    name = physical_id_for(STACK_ID, "VisitsFunction")

    assert name.startswith("hitcounter-app-VisitsFunction-")


@pytest.mark.parametrize(
    "others", [(STACK_ID + "x", "Visits", ""), (STACK_ID, "Visit", ""), (STACK_ID, "Visits", "b"), ("", "", "")]
)
def test_other_resources_have_other_physical_ids(others):
    assert physical_id_for(*others) != physical_id_for(STACK_ID, "Visits")


def test_a_marker_is_recognized_and_is_no_function_name():
    marker = marker_for(STACK_ID, "Visits")

    assert is_marker(marker)
    assert not is_marker(physical_id_for(STACK_ID, "Visits"))
    assert ":" in marker


@pytest.mark.parametrize(
    ("physical_id", "invented"),
    [
        ("app-Visits-1ABCDEF2GHIJK", True),
        ("app-Visits-production", False),
        ("app-Other-1ABCDEF2GHIJK", False),
        ("app-Visits-", False),
        (physical_id_for(STACK_ID, "Visits"), False),
    ],
)
def test_an_invented_id_is_recognized(physical_id, invented):
    assert is_invented(physical_id, STACK_ID, "Visits") is invented
