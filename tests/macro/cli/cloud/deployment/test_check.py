"""Problems of a template that are found before an account is changed."""

import pytest

from macro.cli.cloud.deployment.check import check_template
from macro.errors import InvalidTemplate

SSM = {"Type": "AWS::SSM::Parameter::Value<String>"}


def template(parameters, **properties):
    counter = {"Type": "HitCounter", "Properties": properties}
    return {"Transform": "HitCounterMacro", "Parameters": parameters, "Resources": {"Visits": counter}}


def refuse(tmp_path, checked, values):
    with pytest.raises(InvalidTemplate) as caught:
        check_template(checked, tmp_path, values)
    return [str(problem) for problem in caught.value.problems]


def test_a_value_that_only_cloudformation_can_look_up_is_not_checked(tmp_path):
    checked = template({"Count": SSM}, Shards={"Ref": "Count"})

    assert check_template(checked, tmp_path, {}) == (checked, (), ())


def test_a_looked_up_value_is_checked(tmp_path):
    checked = template({"Count": SSM}, Shards={"Ref": "Count"})

    assert refuse(tmp_path, checked, {"Count": "many"}) == [
        "Resources.Visits.Properties.Shards: must be an integer from 1 to 64, got 'many'"
    ]


def test_other_problems_are_reported_beside_a_value_that_only_cloudformation_can_look_up(tmp_path):
    checked = template({"Count": SSM, "Verb": {"Type": "String"}}, Shards={"Ref": "Count"}, Method={"Ref": "Verb"})

    assert refuse(tmp_path, checked, {}) == [
        "Parameters.Verb: needs a value; add --parameter Verb=VALUE, or a Default",
        "Resources.Visits.Properties.Method: needs the value of parameter Verb, which is not known here; "
        "add --parameter Verb=VALUE",
    ]
