"""The URLs of counters on an engine, found through added outputs."""

from macro.cli.cloud.observe.served import Served, add_outputs, find_served, own_outputs
from macro.cli.cloud.stack.stack import Stack

ENGINE = "http://127.0.0.1:4566"
ON_AWS = "https://abc123.execute-api.us-east-1.amazonaws.com/prod"
HERE = f"{ENGINE}/_aws/execute-api/abc123/prod"
TEMPLATE = {
    "Transform": "HitCounterMacro",
    "Resources": {
        "Visits": {"Type": "HitCounter"},
        "Topic": {"Type": "AWS::SNS::Topic"},
        "Likes": {"Type": "HitCounter", "Condition": "HasLikes", "Properties": {"Method": "POST"}},
    },
    "Outputs": {"Own": {"Value": "x"}},
}


def stack(**outputs):
    return Stack("local", "id", "CREATE_COMPLETE", "", outputs, {}, False)


def served(properties, values=None):
    template = {"Transform": "HitCounterMacro", "Resources": {"Visits": {"Type": "HitCounter", **properties}}}
    made = stack(HitCounterBaseOfVisits=ON_AWS, HitCounterUrlOfVisits=f"{ON_AWS}/{{name}}")
    return find_served(made, template, values or {}, ENGINE)


def test_each_counter_gets_outputs_for_its_urls():
    outputs = add_outputs(TEMPLATE)["Outputs"]

    assert outputs == {
        "Own": {"Value": "x"},
        "HitCounterBaseOfVisits": {"Value": {"Fn::GetAtt": ["Visits", "BaseUrl"]}},
        "HitCounterUrlOfVisits": {"Value": {"Fn::GetAtt": ["Visits", "Url"]}},
        "HitCounterBaseOfLikes": {"Condition": "HasLikes", "Value": {"Fn::GetAtt": ["Likes", "BaseUrl"]}},
        "HitCounterUrlOfLikes": {"Condition": "HasLikes", "Value": {"Fn::GetAtt": ["Likes", "Url"]}},
    }
    assert list(TEMPLATE["Outputs"]) == ["Own"]


def test_a_template_without_outputs_gets_outputs():
    template = {"Transform": "HitCounterMacro", "Resources": {"Visits": {"Type": "HitCounter"}}, "Outputs": None}

    assert list(add_outputs(template)["Outputs"]) == ["HitCounterBaseOfVisits", "HitCounterUrlOfVisits"]


def test_the_authors_outputs_have_urls_of_the_engine():
    made = stack(Own=f"{ON_AWS}/{{name}}", Topic="arn:x", HitCounterBaseOfVisits=ON_AWS, HitCounterUrlOfVisits=ON_AWS)

    assert own_outputs(made, ENGINE) == {"Own": f"{HERE}/{{name}}", "Topic": "arn:x"}


def test_a_counter_is_described_by_url_and_method():
    made = stack(
        HitCounterBaseOfVisits=ON_AWS,
        HitCounterUrlOfVisits=f"{ON_AWS}/{{name}}",
        HitCounterBaseOfLikes=ON_AWS,
        HitCounterUrlOfLikes=f"{ON_AWS}/likes/{{name}}",
    )

    assert find_served(made, TEMPLATE, {}, ENGINE) == [
        Served("Visits", HERE, f"{HERE}/{{name}}", "GET"),
        Served("Likes", HERE, f"{HERE}/likes/{{name}}", "POST"),
    ]


def test_a_counter_with_a_false_condition_is_not_served():
    made = stack(HitCounterBaseOfVisits=ON_AWS, HitCounterUrlOfVisits=ON_AWS)

    assert [each.counter for each in find_served(made, TEMPLATE, {}, ENGINE)] == ["Visits"]


def test_the_method_can_come_from_a_parameter():
    (by_value,) = served({"Properties": {"Method": {"Ref": "Verb"}}}, {"Verb": "PUT"})
    (without,) = served({"Properties": {"Method": {"Ref": "Verb"}}})
    (any_method,) = served({"Properties": {"Method": "ANY"}})
    (nothing_said,) = served({"Properties": None})

    assert [each.method for each in (by_value, without, any_method, nothing_said)] == ["PUT", "GET", "GET", "GET"]
