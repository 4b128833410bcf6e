"""Random histories of a resource. Whatever happens to its requests, exactly the resource that CloudFormation knows exists."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.faults.histories.machine import stack_of
from tests.support.sink import Sink

STEPS = settings(stateful_step_count=8, deadline=None, database=None, suppress_health_check=list(HealthCheck))
QUICK = settings(STEPS, derandomize=True, max_examples=134)
LONG = settings(STEPS, print_blob=True, max_examples=1_000)


def run(new_subject, tally, some):
    with Sink() as sink:
        stack, figures = stack_of(new_subject, sink)
        run_state_machine_as_test(stack, settings=some)
    for title, amount in figures.items():
        tally(title, amount)
    return figures


@pytest.mark.thorough
def test_random_histories_end_with_the_known_resource(new_subject, tally):
    figures = run(new_subject, tally, QUICK)

    assert figures["cancellations in histories"] > 0
    assert figures["late duplicates in histories"] > 0
    assert figures["faults in histories"] > 0


@pytest.mark.histories
def test_three_thousand_random_histories_end_with_the_known_resource(new_subject, tally):
    figures = run(new_subject, tally, LONG)

    assert figures["unanswered"] == figures["orphans"] == figures["foreign functions touched"] == 0
