"""What a template's text says, as CloudFormation reads it, and where each part of it stands."""

import re

import pytest

from macro.cli.text.files import FileError, find_position, parse_source
from macro.cli.text.positions import print_problem
from macro.errors import Problem


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("a: 2010-09-09", {"a": "2010-09-09"}),
        ("a: 012\nb: 0x1f\nc: 1_000\nd: 089", {"a": 10, "b": 31, "c": 1000, "d": "089"}),
        ("a: yes\nb: 'yes'\nc: ~\nd:\ne: =", {"a": True, "b": "yes", "c": None, "d": None, "e": "="}),
        ("123: x\ntrue: y", {"123": "x", "true": "y"}),
        ("a: !Ref B\nb: !Condition C", {"a": {"Ref": "B"}, "b": {"Condition": "C"}}),
        ("a: !GetAtt B.C.D\nb: !GetAtt [B, C]", {"a": {"Fn::GetAtt": ["B", "C.D"]}, "b": {"Fn::GetAtt": ["B", "C"]}}),
        ("a: !Sub 12\nb: !Select [0, !Ref L]", {"a": {"Fn::Sub": "12"}, "b": {"Fn::Select": [0, {"Ref": "L"}]}}),
        ("a: !Transform {Name: X}", {"a": {"Fn::Transform": {"Name": "X"}}}),
        ("a: &x {b: 1}\nc: *x", {"a": {"b": 1}, "c": {"b": 1}}),
        ("a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}", {"a": {"b": 1, "c": 2}, "d": {"b": 1, "c": 3}}),
        ("a: {<<: [{b: 1}, {b: 2, c: 3}]}", {"a": {"b": 1, "c": 3}}),
        ("a: 1e400\nb: 190:20:30", {"a": "1e400", "b": 685230}),
        ("a: !!int ''\nb: !!bool x\nc: !!float y", {"a": "", "b": "x", "c": "y"}),
        (f"a: 0x{'f' * 5_000}\nb: {'1' * 5_000}", {"a": f"0x{'f' * 5_000}", "b": "1" * 5_000}),
        (f"a: {'1:' * 300}1.5", {"a": f"{'1:' * 300}1.5"}),
        ('{"a": NaN, "b": 1e400}', {"a": "NaN", "b": "1e400"}),
        ('{"a": [1, {"b": null}]}', {"a": [1, {"b": None}]}),
        ('{"a": "\\ud83d\\ude00 \\u00e4"}', {"a": "😀 ä"}),
        ("{a: !Ref B}", {"a": {"Ref": "B"}}),
    ],
)
def test_it_is_read_as_cloudformation_reads_it(text, data):
    assert parse_source("t", text).template == data


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("a: 1\nb: 2\na: 3\nb: 4", ["a: stands twice, first in line 1; remove one", "b: stands twice, first in line 2; remove one"]),
        ("a: !!binary aGk=\nb: !!set {x}", ["a: the tag tag:yaml.org,2002:binary has no meaning in a template", "b: the tag tag:yaml.org,2002:set has no meaning in a template"]),
        ("? [a]\n: 1", ["a key must be a text"]),
        ("a: .nan\nb: -.inf", ["a: .nan is no number that a template may have; quote it if it is a text", "b: -.inf is no number that a template may have; quote it if it is a text"]),
        ("a: {<<: 3}", ["a: '<<' must merge a map"]),
        ("a: &x\n  b: *x", ["a.b: the alias stands for what it is part of"]),
        ("a: 1\n---\nb: 2", ["broken YAML: "]),
        ("a: *x", ["broken YAML: "]),
        ("a: 'x", ["broken YAML: "]),
    ],
)  # fmt: skip
def test_what_no_template_may_hold_is_told_at_once(text, messages):
    with pytest.raises(FileError) as error:
        parse_source("t", text)

    # What is broken is told in libyaml's words.
    told = [re.sub("(?<=broken YAML: ).+", "", str(problem)) for problem, _ in error.value.found]
    assert told == messages
    assert all(position is not None for _, position in error.value.found)


@pytest.mark.parametrize("before", [1, 100, 1_000])
def test_of_a_long_line_what_is_around_the_place_is_shown(before):
    text = "{" + ", ".join(f"a{n}: 1" for n in range(before)) + ", b: 1, b: 2, c: [" + "x, " * 1_000 + "]}"
    with pytest.raises(FileError) as error:
        parse_source("t", text)

    told, line, mark = print_problem("t", *error.value.found[0]).split("\n")

    assert told.endswith("b: stands twice, first in line 1; remove one")
    assert line[mark.index("^") :].startswith("b: 2, c: [x, x, ")
    assert len(line) <= 250


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_lines_are_those_of_editors(ending):
    with pytest.raises(FileError) as error:
        parse_source("t", ending.join(["# one\u2028# still one", "a: 'two\x85still two'", "é🎉: 3", "a: 4", ""]))

    ((problem, position),) = error.value.found
    assert str(problem) == "a: stands twice, first in line 2; remove one"
    assert position == (4, 1, "a: 4")


TEXT = """\
Resources:
  Visits:
    Type: HitCounter
    Properties:
      Shards: fast
      Env: !If
        - C
        - A: 1
        - {B: 2}
      Plugins: [a,
        b]
"""


@pytest.mark.parametrize(
    ("path", "at_key", "line", "column"),
    [
        ((), False, 1, 1),
        (("Resources",), False, 1, 1),
        (("Resources", "Visits", "Type"), False, 3, 11),
        (("Resources", "Visits", "Type"), True, 3, 5),
        (("Resources", "Visits", "Properties", "Shards"), False, 5, 15),
        (("Resources", "Visits", "Properties", "Env", "Fn::If", 1, "A"), False, 8, 14),
        (("Resources", "Visits", "Properties", "Env", "Fn::If", 2), False, 9, 11),
        (("Resources", "Visits", "Properties", "Plugins", 1), False, 11, 9),
        (("Resources", "Visits", "Properties", "Plugins", 7), False, 10, 7),
        (("Resources", "Visits", "Nothing", "More"), False, 2, 3),
        (("Elsewhere",), False, 1, 1),
    ],
)
def test_a_problem_stands_where_its_author_wrote_it_or_as_near_as_the_file_goes(path, at_key, line, column):
    position = find_position(parse_source("t.yaml", TEXT), Problem(path, "x", at_key))

    assert (position.line, position.column) == (line, column)
    assert position.text == TEXT.split("\n")[line - 1]


def test_json_that_yaml_can_not_read_has_its_places_too():
    source = parse_source("t.json", '{"D": "\\ud83d\\ude00", "Resources": {"A": {"Type": 3}}}')

    position = find_position(source, Problem(("Resources", "A", "Type"), "x"))

    assert (position.line, position.column) == (1, 51)


def test_a_problem_without_a_place_is_still_told():
    source = parse_source("t.json", '{"\x7f": 1, "Resources": {}}')
    problem = Problem(("Resources",), "must be more")

    text = print_problem("t.json", problem, find_position(source, problem))

    assert text.startswith("t.json")
    assert "Resources: must be more" in text
