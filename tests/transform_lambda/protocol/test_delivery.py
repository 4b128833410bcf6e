import json
import threading
import time
from dataclasses import replace

import pytest

from tests.support.cloudformation import INVENTED, STACK_ID, make_event
from tests.support.fakes import MemoryRecords, Outbox, Things
from transform_lambda.contract import ResourceError, Result
from transform_lambda.identity import is_marker, marker_for, physical_id_for
from transform_lambda.limits import read_limits
from transform_lambda.protocol.companion import Companion
from transform_lambda.protocol.delivery import LeftoversRemain
from transform_lambda.protocol.one_answer import Undelivered

NAME = physical_id_for(STACK_ID, "Visits")


class Calls:
    """A resource with the given three functions."""

    def __init__(self, create=None, update=None, delete=None):
        self.create, self.update, self.delete = create, update, delete or (lambda request: None)


def fail(error):
    def raise_it(request):
        raise error

    return raise_it


def run(event, resource, records=None, outbox=None, limits=None):
    outbox = outbox or Outbox()
    Companion({"Custom::Thing": resource}, records).process(event, outbox, limits)
    return outbox.answers


def short_limits(seconds):
    return replace_limits(read_limits(make_event(), None), seconds)


def replace_limits(limits, seconds):
    return limits._replace(result_by=time.monotonic() + seconds, answer_by=time.monotonic() + seconds + 5)


@pytest.mark.parametrize(
    ("resource", "status"),
    [
        pytest.param(Things(), "SUCCESS", id="a result"),
        pytest.param(Calls(fail(ResourceError("no"))), "FAILED", id="a refusal"),
        pytest.param(Calls(fail(KeyError("x"))), "FAILED", id="a bug"),
        pytest.param(Calls(fail(SystemExit(0))), "FAILED", id="an exit"),
        pytest.param(Calls(fail(RecursionError())), "FAILED", id="an endless recursion"),
        pytest.param(Calls(lambda request: None), "FAILED", id="no result"),
        pytest.param(Calls(lambda request: Result("")), "FAILED", id="an empty physical id"),
        pytest.param(Calls(lambda request: Result("x", {"A": object()})), "FAILED", id="data that is not JSON"),
        pytest.param(Calls(lambda request: Result("x", {"A": "y" * 5000})), "FAILED", id="data that does not fit"),
        pytest.param(Calls(lambda request: Result("x", None)), "FAILED", id="data that is none"),
        pytest.param(Calls("not callable"), "FAILED", id="a resource that is none"),
    ],
)
def test_every_request_gets_exactly_one_answer(resource, status):
    answers = run(make_event(), resource)

    assert [answer["Status"] for answer in answers] == [status]
    assert len(json.dumps(answers[0]).encode()) <= 4096


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ResourceError("Properties.Name: must be text"), "Properties.Name: must be text"),
        (ResourceError("two\n lines"), "two lines"),
        (KeyError("x"), "KeyError: 'x'"),
        (ValueError(), "ValueError:"),
    ],
)
def test_a_failures_reason_is_one_line(error, reason):
    (answer,) = run(make_event(), Calls(fail(error)))

    assert answer["Reason"] == reason


def test_create_update_and_delete_reach_their_functions():
    things, records = Things({"Url": "u"}), MemoryRecords()

    created = run(make_event("Create", "1"), things, records)
    updated = run(make_event("Update", "2", PhysicalResourceId=NAME), things, records)
    deleted = run(make_event("Delete", "3", PhysicalResourceId=NAME), things, records)

    assert things.calls == [("create", NAME), ("update", NAME), ("delete", NAME)]
    assert [answer["PhysicalResourceId"] for answer in (*created, *updated, *deleted)] == [NAME] * 3
    assert created[0]["Data"] == {"Url": "u"}


def test_no_echo_applies_to_one_result_only():
    secret, plain = Things({"Key": "k"}, no_echo=True), Things({"Key": "k"})

    (first,) = run(make_event("Create", "1"), secret)
    (second,) = run(make_event("Create", "2"), plain)

    assert (first["NoEcho"], second["NoEcho"]) == (True, False)


def test_an_unknown_type_lists_the_known_types():
    outbox = Outbox()

    companion = Companion({"Custom::B": Things(), "Custom::A": Things()})
    companion.process(make_event(ResourceType="Custom::X"), outbox)

    assert outbox.answers[0]["Reason"] == "Visits: unknown type 'Custom::X'; known are Custom::A, Custom::B"


@pytest.mark.parametrize("known", [marker_for(STACK_ID, "Visits"), INVENTED])
def test_a_delete_of_an_unknown_type_succeeds_if_nothing_was_created(known):
    outbox = Outbox()

    Companion({}).process(make_event("Delete", ResourceType="Custom::X", PhysicalResourceId=known), outbox)

    assert [answer["Status"] for answer in outbox.answers] == ["SUCCESS"]


def test_a_delete_of_an_unknown_type_fails_if_something_was_created():
    outbox = Outbox()

    Companion({}).process(make_event("Delete", ResourceType="Custom::X", PhysicalResourceId=NAME), outbox)

    assert outbox.answers[0]["Reason"] == "Visits: unknown type 'Custom::X'; known are none"


def test_a_handler_that_cannot_be_created_fails_the_request():
    class Broken(dict):
        def get(self, resource_type):
            raise ImportError("no module named 'gone'")

    outbox = Outbox()

    Companion(Broken()).process(make_event(), outbox)

    assert outbox.answers[0]["Reason"] == "ImportError: no module named 'gone'"


def test_the_watchdog_answers_if_creating_the_handler_takes_too_long():
    things, outbox, answered_meanwhile = Things(), Outbox(), []

    class Slow(dict):
        def get(self, resource_type):
            time.sleep(0.5)
            answered_meanwhile.extend(outbox.answers)
            return things

    Companion(Slow(), MemoryRecords()).process(make_event(), outbox, short_limits(0.1))

    assert [answer["Reason"] for answer in outbox.answers] == ["the Create did not finish within 0 seconds"]
    assert answered_meanwhile == outbox.answers
    assert things.things == set()


def test_a_broken_request_is_answered_with_its_problems():
    (answer,) = run(make_event("Destroy", PhysicalResourceId="x"), Things())

    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", "x")
    assert answer["Reason"].endswith("RequestType: must be Create, Update or Delete, got 'Destroy'")


def test_an_event_that_cannot_be_answered_is_raised():
    with pytest.raises(ResourceError):
        run({"key": "value"}, Things())


def test_a_failed_create_is_answered_with_a_marker_whose_delete_removes_the_leftovers():
    things, records = Things(failure=ResourceError("half way")), MemoryRecords()

    (failed,) = run(make_event("Create", "1"), things, records)
    (deleted,) = run(make_event("Delete", "2", PhysicalResourceId=failed["PhysicalResourceId"]), things, records)

    assert is_marker(failed["PhysicalResourceId"])
    assert (deleted["Status"], deleted["PhysicalResourceId"]) == ("SUCCESS", failed["PhysicalResourceId"])
    assert things.things == set()
    assert things.calls == [("create", NAME), ("delete", NAME)]


def test_without_records_the_delete_of_a_marker_removes_the_name_of_the_create():
    things = Things(failure=ResourceError("half way"))

    (failed,) = run(make_event("Create", "1"), things)
    run(make_event("Delete", "2", PhysicalResourceId=failed["PhysicalResourceId"]), things)

    assert things.things == set()


def test_a_failed_create_leaves_an_existing_thing_untouched():
    things, records = Things(), MemoryRecords()
    things.things.add(NAME)

    def create(request):
        request.guard.forget(request.physical_id)
        raise ResourceError("exists")

    (failed,) = run(make_event("Create", "1"), Calls(create), records)
    run(make_event("Delete", "2", PhysicalResourceId=failed["PhysicalResourceId"]), things, records)

    assert things.things == {NAME}


def test_forgetting_an_unknown_name_changes_nothing():
    records = MemoryRecords()

    def create(request):
        request.guard.forget("other")
        return Result(request.physical_id)

    (answer,) = run(make_event(), Calls(create), records)

    assert answer["Status"] == "SUCCESS"


def test_a_failed_update_keeps_the_physical_id():
    (answer,) = run(make_event("Update", PhysicalResourceId="x"), Calls(update=fail(ResourceError("no"))))

    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", "x")


def test_a_failed_delete_is_answered_failed():
    (answer,) = run(make_event("Delete", PhysicalResourceId="x"), Calls(delete=fail(ResourceError("in use"))))

    assert (answer["Status"], answer["Reason"]) == ("FAILED", "in use")


def test_the_next_delete_completes_a_failed_delete():
    things, records = Things(), MemoryRecords()

    run(make_event("Create", "1"), things, records)
    run(make_event("Delete", "2", PhysicalResourceId=NAME), Calls(delete=fail(ResourceError("in use"))), records)
    (answer,) = run(make_event("Delete", "3", PhysicalResourceId=NAME), things, records)

    assert answer["Status"] == "SUCCESS"
    assert things.things == set()


def test_the_watchdog_answers_in_time_and_the_late_result_is_not_sent(capsys):
    entered, outbox = threading.Event(), Outbox()

    def create(request):
        entered.set()
        time.sleep(0.5)
        return Result("late")

    answers = run(make_event(), Calls(create), MemoryRecords(), outbox, short_limits(0.1))

    assert entered.is_set()
    assert [answer["Reason"] for answer in answers] == ["the Create did not finish within 0 seconds"]
    assert is_marker(answers[0]["PhysicalResourceId"])
    assert '"phase": "late result"' in capsys.readouterr().out


def test_a_handler_creates_nothing_after_the_watchdogs_answer():
    things, records = Things(), MemoryRecords()

    def update(request):
        time.sleep(0.4)
        return things.update(request)

    event = make_event("Update", PhysicalResourceId=NAME, ResourceProperties={"Name": "new"})
    run(event, Calls(update=update), records, limits=short_limits(0.1))

    assert things.things == set()


def test_the_delete_removes_what_a_create_made_after_the_watchdogs_answer():
    things, records = Things(), MemoryRecords()

    def create(request):
        time.sleep(0.4)
        return things.create(request)

    (failed,) = run(make_event("Create", "1"), Calls(create), records, limits=short_limits(0.1))
    before = set(things.things)
    run(make_event("Delete", "2", PhysicalResourceId=failed["PhysicalResourceId"]), things, records)

    assert (before, things.things) == ({NAME}, set())


def test_a_request_is_delivered_again_if_the_watchdog_cannot_answer():
    outbox = Outbox([OSError("down")])

    def create(request):
        time.sleep(0.3)
        return Result("late")

    with pytest.raises(Undelivered, match="the watchdog's answer was not delivered"):
        run(make_event(), Calls(create), MemoryRecords(), outbox, short_limits(0.1))


def test_an_answer_that_cannot_be_sent_raises_and_the_next_delivery_answers():
    things, records, outbox = Things(), MemoryRecords(), Outbox([OSError("down")])

    with pytest.raises(OSError, match="down"):
        run(make_event(), things, records, outbox)
    answers = run(make_event(), things, records, outbox)

    assert [answer["Status"] for answer in answers] == ["SUCCESS"]
    assert things.things == {NAME}


def test_nothing_is_raised_after_an_answer():
    class Flaky(MemoryRecords):
        def write(self, key, record):
            if record.is_answered:
                raise OSError("throttled")
            return super().write(key, record)

    answers = run(make_event(), Things(), Flaky())

    assert [answer["Status"] for answer in answers] == ["SUCCESS"]


def test_unreachable_records_fail_the_request_before_any_change():
    class Down(MemoryRecords):
        def read(self, key):
            raise OSError("no table")

    things = Things()

    (answer,) = run(make_event(), things, Down())

    assert answer["Reason"] == "OSError: no table"
    assert things.calls == []


def test_constant_conflicts_on_the_record_fail_the_request():
    class Busy(MemoryRecords):
        def write(self, key, record):
            return False

    (answer,) = run(make_event(), Things(), Busy())

    assert answer["Reason"] == "Visits: too many requests at once; try again"


def test_an_answered_request_is_not_carried_out_again():
    things, records = Things(), MemoryRecords()

    first = run(make_event(), things, records)
    again = run(make_event(), things, records)

    assert (len(first), len(again), len(things.calls)) == (1, 0, 1)


def test_an_answered_request_is_not_carried_out_again_after_a_newer_one():
    things, records = Things(), MemoryRecords()

    run(make_event("Create", "1"), things, records)
    run(make_event("Delete", "2", PhysicalResourceId=NAME), things, records)
    again = run(make_event("Create", "1"), things, records)

    assert again == []
    assert things.things == set()


def test_an_answered_request_is_not_carried_out_again_after_many_newer_ones():
    things, records = Things(), MemoryRecords()

    run(make_event("Create", "1"), things, records)
    for number in range(2, 50):
        run(make_event("Update", str(number), PhysicalResourceId=NAME), things, records)
    again = run(make_event("Create", "1"), things, records)

    assert again == []
    assert len(things.calls) == 49


def test_an_older_request_that_arrives_late_changes_nothing():
    things, records = Things(), MemoryRecords()

    run(make_event("Delete", "2", issued=60, PhysicalResourceId=INVENTED), things, records)
    (late,) = run(make_event("Create", "1", issued=0), things, records)

    assert late["Reason"] == "a newer request for Visits has begun; this Create changes nothing more"
    assert things.things == set()


def test_a_delete_within_the_same_second_follows_the_create_that_it_cancels():
    things, records = Things(), MemoryRecords()

    run(make_event("Delete", "2", issued=0, PhysicalResourceId=INVENTED), things, records)
    (late,) = run(make_event("Create", "1", issued=0), things, records)

    assert late["Status"] == "FAILED"
    assert things.things == set()


def test_a_cancelled_create_removes_what_it_creates_after_its_delete():
    things, records = Things(), MemoryRecords()

    def create(request):
        run(make_event("Delete", "2", PhysicalResourceId=INVENTED), things, records)
        return things.create(request)

    (answer,) = run(make_event("Create", "1"), Calls(create, delete=things.delete), records)

    assert answer["Status"] == "FAILED"
    assert things.things == set()


def test_a_cancelled_create_with_leftovers_is_answered_and_delivered_again():
    things, records, outbox, event = Things(), MemoryRecords(), Outbox(), make_event("Create", "1")

    def create(request):
        run(make_event("Delete", "2", PhysicalResourceId=INVENTED), things, records)
        return things.create(request)

    with pytest.raises(LeftoversRemain) as raised:
        run(event, Calls(create, delete=fail(OSError("down"))), records, outbox)
    left = set(things.things)
    run(event, things, records, outbox)

    assert str(raised.value) == "Visits: this overtaken request could not remove what it created"
    assert [answer["Status"] for answer in outbox.answers] == ["FAILED", "FAILED"]
    assert (left, things.things) == ({NAME}, set())


def test_a_cancelled_create_does_not_remove_its_successor():
    things, records = Things(), MemoryRecords()

    def create(request):
        things.create(request)
        run(make_event("Delete", "2", PhysicalResourceId=INVENTED), things, records)
        return Result(request.physical_id)

    run(make_event("Create", "1"), Calls(create, delete=things.delete), records)
    run(make_event("Create", "3"), things, records)
    run(make_event("Create", "1"), Calls(create, delete=things.delete), records)

    assert things.things == {NAME}


def test_a_late_delete_does_not_remove_the_next_generation():
    things, records = Things(), MemoryRecords()

    run(make_event("Create", "1"), things, records)
    run(make_event("Delete", "2", PhysicalResourceId=NAME), things, records, Outbox())
    run(make_event("Create", "3"), things, records)
    run(make_event("Delete", "2", PhysicalResourceId=NAME), things, records)

    assert things.things == {NAME}


def test_a_late_copy_of_an_older_delete_does_not_lower_the_fence():
    things, records = Things(), MemoryRecords()

    run(make_event("Create", "3", issued=60), things, records)
    run(make_event("Delete", "2", issued=30, PhysicalResourceId=NAME), things, records)
    (late,) = run(make_event("Create", "1", issued=40), things, records)

    assert late["Status"] == "FAILED"
    assert things.things == {NAME}


def test_a_request_without_an_issue_time_does_not_lower_the_fence():
    things, records = Things(), MemoryRecords()

    run(make_event("Create", "2", issued=60), things, records)
    run(make_event("Update", "3", PhysicalResourceId=NAME), things, records)
    (late,) = run(make_event("Delete", "1", issued=30, PhysicalResourceId=NAME), things, records)

    assert late["Status"] == "FAILED"
    assert things.things == {NAME}


def test_a_late_copy_of_a_failed_replacement_creates_nothing():
    things, records = Things(), MemoryRecords()
    event = make_event("Update", "2", PhysicalResourceId=NAME, ResourceProperties={"Name": "new"})

    run(make_event("Create", "1"), things, records)
    with pytest.raises(OSError, match="down"):
        run(event, Calls(update=fail(ResourceError("no"))), records, Outbox([OSError("down")]))
    run(make_event("Update", "3", PhysicalResourceId=NAME), things, records)
    run(event, things, records)

    assert things.things == {NAME}


def test_a_replacement_that_ends_after_its_rollback_leaves_nothing():
    things, records = Things(), MemoryRecords()

    def update(request):
        request.guard.note("new")
        run(make_event("Update", "3", PhysicalResourceId=NAME), things, records)
        things.things.add("new")
        return Result("new")

    run(make_event("Create", "1"), things, records)
    event = make_event("Update", "2", PhysicalResourceId=NAME)
    (answer,) = run(event, Calls(update=update, delete=things.delete), records)

    assert answer["Status"] == "FAILED"
    assert things.things == {NAME}


def test_the_guard_stops_an_update_overtaken_by_its_rollback():
    things, records, written = Things(), MemoryRecords(), []

    def update(request):
        run(make_event("Update", "3", PhysicalResourceId=NAME), things, records)
        request.guard.check()
        written.append("late")
        return Result(NAME)

    run(make_event("Create", "1"), things, records)
    (answer,) = run(make_event("Update", "2", PhysicalResourceId=NAME), Calls(update=update), records)

    assert answer["Status"] == "FAILED"
    assert written == []


def test_the_rollback_removes_the_leftovers_of_a_failed_replacement():
    things, records = Things(), MemoryRecords()

    run(make_event("Create", "1"), things, records)
    things.failure = ResourceError("half way")
    event = make_event("Update", "2", PhysicalResourceId=NAME, ResourceProperties={"Name": "new"})
    run(event, things, records)
    things.failure = None
    run(make_event("Update", "3", PhysicalResourceId=NAME), things, records)

    assert things.things == {NAME}


def test_leftovers_that_cannot_be_removed_fail_no_update_and_the_delete_removes_them(capsys):
    things, records = Things(), MemoryRecords()
    stuck = Calls(update=lambda request: Result(NAME), delete=fail(ResourceError("in use")))

    run(make_event("Create", "1"), things, records)
    things.failure = ResourceError("half way")
    run(make_event("Update", "2", PhysicalResourceId=NAME, ResourceProperties={"Name": "new"}), things, records)
    (answer,) = run(make_event("Update", "3", PhysicalResourceId=NAME), stuck, records)
    run(make_event("Delete", "4", PhysicalResourceId=NAME), things, records)

    assert answer["Status"] == "SUCCESS"
    assert '"phase": "remove leftovers"' in capsys.readouterr().out
    assert things.things == set()


def test_only_its_own_delete_removes_the_old_thing_of_a_replacement():
    things, records = Things(), MemoryRecords()

    run(make_event("Create", "1"), things, records)
    run(make_event("Update", "2", PhysicalResourceId=NAME, ResourceProperties={"Name": "new"}), things, records)
    both = set(things.things)
    run(make_event("Delete", "3", PhysicalResourceId=NAME), things, records)

    assert both == {NAME, "new"}
    assert things.things == {"new"}


def test_a_retained_thing_outlives_further_updates_and_the_delete_of_its_successor():
    things, records = Things(), MemoryRecords()
    renamed = {"ResourceProperties": {"Name": "new"}}

    run(make_event("Create", "1"), things, records)
    run(make_event("Update", "2", PhysicalResourceId=NAME, **renamed), things, records)
    run(make_event("Update", "3", PhysicalResourceId="new", **renamed), things, records)
    run(make_event("Delete", "4", PhysicalResourceId="new"), things, records)

    assert things.things == {NAME}


def test_a_retained_thing_outlives_an_update_back_to_its_name_that_fails():
    things, records = Things(), MemoryRecords()
    renamed = {"ResourceProperties": {"Name": "new"}}

    run(make_event("Create", "1"), things, records)
    run(make_event("Update", "2", PhysicalResourceId=NAME, **renamed), things, records)
    things.failure = ResourceError("it is there already")
    run(make_event("Update", "3", PhysicalResourceId="new", ResourceProperties={"Name": NAME}), things, records)
    things.failure = None
    run(make_event("Update", "4", PhysicalResourceId="new", **renamed), things, records)

    assert things.things == {NAME, "new"}


def test_a_delete_with_an_invented_id_removes_what_an_unanswered_create_made():
    things, records = Things(), MemoryRecords()

    run(make_event("Create", "1"), things, records)
    run(make_event("Delete", "2", PhysicalResourceId=INVENTED), things, records)

    assert things.things == set()


def test_the_log_is_json_lines_without_values_urls_and_queries(capsys):
    properties = {"Env": {"KEY": "s3cr3t-value", "LIST": ["s3cr3t-value", 12345, None]}, "Environment": "s3cr3t-other"}
    message = "'s3cr3t-value' s3cr3t-other https://host/x?X-Amz-Signature=s3cr3t"

    (answer,) = run(make_event(ResourceProperties=properties), Calls(fail(ValueError(message))))

    logged = capsys.readouterr().out
    lines = [json.loads(line) for line in logged.splitlines()]
    assert {"stack", "logical_id", "request_id", "type", "phase", "duration_ms"} <= set(lines[0])
    assert {line["request_id"] for line in lines} == {"1"}
    assert [line["phase"] for line in lines] == ["error", "answered FAILED"]
    assert "s3cr3t" not in logged + answer["Reason"]
    assert answer["Reason"] == "ValueError: '***' *** https://host/x?***"


def test_a_late_result_does_not_interleave_with_the_answer_in_progress():
    sent, release = [], threading.Event()

    def send(url, answer):
        sent.append(answer["Status"])
        release.wait(1)

    def create(request):
        time.sleep(0.3)
        release.set()
        return Result("late")

    Companion({"Custom::Thing": Calls(create)}).process(make_event(), send, short_limits(0.1))

    assert sent == ["FAILED"]


def test_a_handler_knows_its_deadline():
    seen = []
    limits = short_limits(60)

    run(make_event(), Calls(lambda request: seen.append(request.deadline) or Result("x")), limits=limits)

    assert seen == [limits.result_by]


def test_a_create_fails_if_an_earlier_request_may_still_remove_its_name():
    things, records = Things(), MemoryRecords()

    def create(request):
        run(make_event("Delete", "2", PhysicalResourceId=INVENTED), things, records)
        nested.extend(run(make_event("Create", "3"), things, records, limits=short_limits(0.5)))
        return things.create(request)

    nested = []
    run(make_event("Create", "1"), Calls(create, delete=things.delete), records)

    assert nested[0]["Reason"] == f"{NAME}: an earlier request may still remove it; try again in 15 minutes"
    assert things.things == set()


def test_a_create_takes_a_name_that_an_earlier_request_releases_in_time():
    things, records, threads = Things(), MemoryRecords(), []

    def create(request):
        run(make_event("Delete", "2", PhysicalResourceId=INVENTED), things, records)
        successor = threading.Thread(target=run, args=(make_event("Create", "3"), things, records))
        successor.start()
        threads.append(successor)
        time.sleep(0.3)
        return things.create(replace(request))

    run(make_event("Create", "1"), Calls(create, delete=things.delete), records)
    threads[0].join()

    assert things.calls == [
        ("delete", INVENTED),
        ("delete", NAME),
        ("create", NAME),
        ("delete", NAME),
        ("create", NAME),
    ]
    assert things.things == {NAME}
