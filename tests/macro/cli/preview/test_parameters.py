"""Parameter values in each of the AWS CLI's file forms."""

import pytest

from macro.cli.preview.parameters import read_file
from macro.cli.text.files import FileError


@pytest.mark.parametrize(
    "text",
    [
        '[{"ParameterKey": "A", "ParameterValue": "1"}, {"ParameterKey": "B", "ParameterValue": "x=y"}]',
        '["A=1", "B=x=y"]',
        '[{"ParameterKey": "A", "ParameterValue": "1"}, "B=x=y", {"ParameterKey": "C", "UsePreviousValue": true}]',
        '{"Parameters": {"A": "1", "B": "x=y"}, "Tags": {"C": "2"}}',
        '\ufeff["A=1", "B=x=y"]',
    ],
    ids=["create-stack", "deploy", "previous value", "pipeline", "byte order mark"],
)
def test_each_form_says_the_same(tmp_path, text):
    path = tmp_path / "values.json"
    path.write_text(text, "utf-8")

    assert read_file(str(path)) == {"A": "1", "B": "x=y"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("9" * 5_000, "must be JSON that Python can read; a number has too many digits"),
        ("3", "must be a list of parameters, or a map with Parameters, got 3"),
        ("{}", "must be a list of parameters, or a map with Parameters, got a map"),
        (
            '[{"ParameterKey": "A"}]',
            'each entry must be \'Name=Value\' or {"ParameterKey": …, "ParameterValue": …}, got a map',
        ),
        ('["A"]', "each entry must be 'Name=Value' or {\"ParameterKey\": …, \"ParameterValue\": …}, got 'A'"),
    ],
)
def test_what_is_no_such_file_is_told(tmp_path, text, message):
    path = tmp_path / "values.json"
    path.write_text(text, "utf-8")

    with pytest.raises(FileError) as error:
        read_file(str(path))

    assert str(error.value) == message


def test_what_is_no_json_is_told_with_its_place_and_no_value(command, tmp_path):
    (tmp_path / "t.yaml").write_text("Resources: {Topic: {Type: AWS::SNS::Topic}}", "utf-8")
    path = tmp_path / "values.json"
    path.write_text('{"Parameters": {\n  "Key": "hunter2" "B": 1}}', "utf-8")

    told = command("expand", tmp_path / "t.yaml", "--parameters-file", path)

    assert told == (1, "", f"{path}:2:20: must be JSON\n")


def test_what_is_no_text_is_told(tmp_path):
    path = tmp_path / "values.json"
    path.write_bytes(b'{"\xff": 1}')

    with pytest.raises(FileError, match="must be UTF-8; byte 2 is not"):
        read_file(str(path))


def test_a_file_that_is_not_there_is_told():
    with pytest.raises(FileError, match="can't be read: No such file or directory"):
        read_file("gone.json")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"Parameters":' * 100_000], ids=["lists", "maps"])
def test_a_file_that_nests_without_end_is_an_error_with_its_name(tmp_path, text):
    path = tmp_path / "deep.json"
    path.write_text(text, "utf-8")

    with pytest.raises(FileError, match="is nested too deeply; the value of a parameter is text"):
        read_file(str(path))
