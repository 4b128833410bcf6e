import pytest

from transform_lambda.aws.client import input_shape
from transform_lambda.contract import ResourceError
from transform_lambda.typed import type_properties

CREATE_FUNCTION = input_shape("lambda", "CreateFunction")


@pytest.mark.parametrize(
    ("properties", "typed"),
    [
        pytest.param({"MemorySize": "128"}, {"MemorySize": 128}, id="a number where the API has one"),
        pytest.param({"Description": "0014"}, {"Description": "0014"}, id="text where the API has text"),
        pytest.param({"Publish": "true"}, {"Publish": True}, id="a boolean"),
        pytest.param({"Publish": "False"}, {"Publish": False}, id="a boolean in another case"),
        pytest.param({"Timeout": "-1"}, {"Timeout": -1}, id="a number out of range is still a number"),
        pytest.param(
            {"EphemeralStorage": {"Size": "512"}}, {"EphemeralStorage": {"Size": 512}}, id="a number in a structure"
        ),
        pytest.param(
            {"Environment": {"Variables": {"PORT": "080", "ON": "true"}}},
            {"Environment": {"Variables": {"PORT": "080", "ON": "true"}}},
            id="values of a map of text",
        ),
        pytest.param({"Layers": ["a", "b"]}, {"Layers": ["a", "b"]}, id="a list"),
        pytest.param({"Code": {"ZipFile": "eA=="}}, {"Code": {"ZipFile": b"x"}}, id="bytes as base64"),
        pytest.param({"MemorySize": 128, "Publish": True}, {"MemorySize": 128, "Publish": True}, id="typed already"),
        pytest.param({"Description": True, "Handler": 5}, {"Description": "true", "Handler": "5"}, id="text as typed"),
        pytest.param({}, {}, id="nothing"),
    ],
)
def test_properties_get_the_types_of_the_api(properties, typed):
    assert type_properties(CREATE_FUNCTION, properties) == typed


def test_fractions_and_times_get_the_types_of_the_api():
    put_metric = input_shape("cloudwatch", "PutMetricData")

    typed = type_properties(put_metric, {"MetricData": [{"Value": "1.5", "Timestamp": "2024-01-01T00:00:00Z"}]})

    assert typed == {"MetricData": [{"Value": 1.5, "Timestamp": "2024-01-01T00:00:00Z"}]}


def test_documents_stay_unchanged():
    converse = input_shape("bedrock-runtime", "Converse")

    typed = type_properties(converse, {"additionalModelRequestFields": {"n": "1", "deep": ["2"]}})

    assert typed == {"additionalModelRequestFields": {"n": "1", "deep": ["2"]}}


@pytest.mark.parametrize(
    ("properties", "problem"),
    [
        ({"MemorySize": "lots"}, "Properties.MemorySize: must be a whole number, got other text"),
        ({"Handler": "\ud800"}, "Properties.Handler: must be text, got half of a surrogate pair"),
        ({"MemorySize": "1.5"}, "Properties.MemorySize: must be a whole number, got other text"),
        ({"MemorySize": True}, "Properties.MemorySize: must be a whole number, got another value"),
        ({"MemorySize": None}, "Properties.MemorySize: must be a whole number, got nothing"),
        ({"Publish": "yes"}, "Properties.Publish: must be true or false, got other text"),
        ({"Description": {"a": "b"}}, "Properties.Description: must be text, got a map"),
        ({"Layers": "a"}, "Properties.Layers: must be a list, got other text"),
        ({"Layers": [["a"]]}, "Properties.Layers[0]: must be text, got a list"),
        ({"Environment": ["a"]}, "Properties.Environment: must be a map, got a list"),
        ({"Environment": {"Variables": "a"}}, "Properties.Environment.Variables: must be a map, got other text"),
        ({"Code": {"ZipFile": "%"}}, "Properties.Code.ZipFile: must be base64, got other text"),
        ({"memorysize": "128"}, "Properties.memorysize: unknown; did you mean MemorySize?"),
        ({"Memory": "128"}, "Properties.Memory: unknown; did you mean MemorySize?"),
        ({"VpcConfig": {"SubnetId": "x"}}, "Properties.VpcConfig.SubnetId: unknown; did you mean SubnetIds?"),
        ({"DeadLetterConfig": {"zzz": "x"}}, "Properties.DeadLetterConfig.zzz: unknown; known are TargetArn"),
    ],
)
def test_a_value_of_the_wrong_type_is_named(properties, problem):
    with pytest.raises(ResourceError) as refused:
        type_properties(CREATE_FUNCTION, properties)

    assert str(refused.value) == problem


@pytest.mark.parametrize("value", ["inf", "nan", "x"])
def test_text_that_is_no_number_is_named(value):
    with pytest.raises(ResourceError) as refused:
        type_properties(input_shape("cloudwatch", "PutMetricData"), {"MetricData": [{"Value": value}]})

    assert str(refused.value) == "Properties.MetricData[0].Value: must be a number, got other text"


def test_all_problems_are_reported_together_without_values():
    with pytest.raises(ResourceError) as refused:
        type_properties(CREATE_FUNCTION, {"Timeout": "s3cr3t", "Nmae": "s3cr3t", "Role": "r"})

    assert len(str(refused.value).splitlines()) == 2
    assert "s3cr3t" not in str(refused.value)
