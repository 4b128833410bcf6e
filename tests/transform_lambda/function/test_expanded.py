"""A counter's function, as the macro writes it and CloudFormation sends it, with the fakes."""

from pathlib import Path

import pytest

from macro.cli.text.files import read_source
from tests.support.companion import ARCHIVE, ROLE, Companion

GOLDEN = Path(__file__).parents[2] / "golden_samples"


def as_sent(value):
    """Replace references with placeholders, and turn everything else into text."""
    if isinstance(value, list):
        return [as_sent(part) for part in value]
    if not isinstance(value, dict):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if set(value) == {"Ref"}:
        return f"app-{value['Ref']}-1ABC"
    if set(value) in ({"Fn::GetAtt"}, {"Fn::Sub"}):
        return ROLE if "Fn::GetAtt" in value else "code-in-bucket"
    if set(value) == {"Fn::If"}:
        return as_sent(value["Fn::If"][1])
    return {name: as_sent(part) for name, part in value.items()}


def function_of(sample):
    resources = read_source(str(GOLDEN / f"{sample}.yaml")).template["Resources"]
    return as_sent(next(each for each in resources.values() if each["Type"] == "Custom::LambdaFunction")["Properties"])


@pytest.mark.parametrize("sample", ["minimal", "http", "own_handler", "everything"])
def test_a_samples_function_is_created_by_one_call_and_an_update_without_changes_makes_none(sample):
    companion, properties = Companion(), function_of(sample)
    companion.store.objects[properties["Code"]["S3Bucket"], properties["Code"]["S3Key"]] = ARCHIVE

    answers = [companion.create(properties), companion.update(properties)]

    assert [answer["Status"] for answer in answers] == ["SUCCESS", "SUCCESS"], answers
    assert companion.functions.kinds == ["create"]


def test_the_smallest_counter_sets_only_its_log_group():
    assert function_of("minimal")["LoggingConfig"] == {"LogGroup": "app-VisitsLogGroup-1ABC"}
