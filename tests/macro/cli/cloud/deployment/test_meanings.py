"""What changes mean for counters: which are new, changed or removed, and what happens to counts and URLs."""

import pytest

from macro.cli.cloud.deployment.meanings import explain_changes, find_owners, print_meanings
from macro.cli.cloud.stack.changes import Change

TABLE, FUNCTION, API = "AWS::DynamoDB::Table", "Custom::LambdaFunction", "AWS::ApiGateway::RestApi"


def explain(changes, before=("Visits",), after=("Visits",)):
    owners = find_owners(changes, {change.logical_id: "Visits" for change in changes}, {*before, *after})
    return explain_changes(changes, owners, before, after)


@pytest.mark.parametrize(
    ("change", "sentences"),
    [
        (
            Change("change", "VisitsFunction", FUNCTION, ("Env", "Code")),
            [
                "all counts are kept",
                "its URL doesn't change",
                "VisitsFunction is updated in place and keeps counting (Env, Code)",
            ],
        ),
        (
            Change("change", "VisitsFunction", FUNCTION),
            [
                "all counts are kept",
                "its URL doesn't change",
                "VisitsFunction is updated in place and keeps counting (values from other resources)",
            ],
        ),
        (
            Change("replace", "VisitsTable", TABLE, is_kept=True),
            [
                "VisitsTable is replaced: a new table counts from zero, the old one stays in the account",
                "its URL doesn't change",
            ],
        ),
        (
            Change("change", "VisitsTable", TABLE, is_certain=False),
            [
                "VisitsTable may be replaced: a new table counts from zero, the old one is deleted with its counts",
                "its URL doesn't change",
            ],
        ),
        (
            Change("remove", "VisitsDevTable", TABLE),
            ["VisitsDevTable is deleted with its counts", "its URL doesn't change"],
        ),
        (
            Change("add", "VisitsEuTable", TABLE),
            ["VisitsEuTable is new and counts from zero; all counts are kept", "its URL doesn't change"],
        ),
        (Change("replace", "VisitsApi", API), ["all counts are kept", "its URL changes"]),
        (Change("change", "VisitsApi", API, is_certain=False), ["all counts are kept", "its URL may change"]),
    ],
)
def test_a_changed_counter_is_explained_by_its_counts_and_url(change, sentences):
    (meaning,) = explain([change])

    assert (meaning.name, meaning.state, list(meaning.sentences)) == ("Visits", "changes", sentences)


def test_new_and_removed_counters_are_explained_in_a_few_lines():
    came = [Change("add", f"Visits{part}", kind) for part, kind in (("Table", TABLE), ("Function", FUNCTION))]
    kept = Change("remove", "LikesLogGroup", "AWS::Logs::LogGroup", is_kept=True)
    gone = [Change("remove", "LikesTable", TABLE, is_kept=True), kept]
    owners = find_owners([*came, *gone], {change.logical_id: "Visits" for change in came}, {"Visits", "Likes"})

    shown = print_meanings(explain_changes([*came, *gone], owners, ["Likes"], ["Visits"]))

    assert shown.split("\n") == [
        "Visits is new:",
        "  it counts from zero, in 2 new resources",
        "",
        "Likes is removed:",
        "  LikesTable stays in the account with its counts",
        "  its URL stops working",
        "  2 resources are removed from the stack; LikesLogGroup stays in the account",
    ]


def test_a_new_counter_can_keep_counting_in_an_existing_table():
    changes = [Change("change", "VisitsTable", TABLE), Change("add", "VisitsApi", API)]

    (meaning,) = explain(changes, before=())

    assert (meaning.state, meaning.sentences) == ("changes", ("all counts are kept", "its URL changes"))


def test_a_new_counter_with_an_unchanged_table_does_not_count_from_zero():
    (meaning,) = explain([Change("add", "VisitsApi", API), Change("add", "VisitsFunction", FUNCTION)], before=())

    sentence = "it gets 2 resources; its table doesn't change, or isn't in this stack"
    assert (meaning.state, meaning.sentences) == ("new", (sentence,))


def test_a_removed_resource_belongs_to_the_counter_with_the_longest_matching_name():
    gone = [Change("remove", logical_id, TABLE) for logical_id in ("VisitsTable", "VisitsNewTable", "Visits", "Other")]

    owners = find_owners(gone, {}, {"Visits", "VisitsNew"})

    assert owners == {"VisitsTable": "Visits", "VisitsNewTable": "VisitsNew"}


def test_the_authors_own_resources_come_last():
    topic, function = Change("add", "Topic", "AWS::SNS::Topic"), Change("change", "VisitsFunction", FUNCTION, ("Env",))

    meanings = explain_changes([topic, function], {"VisitsFunction": "Visits"}, ["Visits"], ["Visits"])

    assert [meaning.name for meaning in meanings] == ["Visits", ""]
    assert print_meanings(meanings).endswith("\n\nyour own resources:\n  + add     Topic  AWS::SNS::Topic\n1 added")
