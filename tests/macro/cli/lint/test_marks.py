"""Each part of a template has the position at which its author wrote it."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macro.cli.lint.marks import mark_source
from macro.cli.text.files import FileError, parse_source


def mark(text, name="t.yaml"):
    source = parse_source(name, text)
    marked = mark_source(source).template
    assert marked == source.template
    return marked


def read_span(text, part):
    """The text from a part's start to its end. Both are on one line."""
    line = text.split("\n")[part.start_mark.line]
    assert part.end_mark.line == part.start_mark.line
    return line[part.start_mark.column : part.end_mark.column]


def find_key(data, name):
    return next(key for key in data if key == name)


@pytest.mark.parametrize("name", ["Text", "12", "2026-01-02", "yes", "~"])
def test_a_key_has_its_position_even_if_yaml_reads_no_text(name):
    text = f"A: {{B: 1, {name}: x}}"

    assert read_span(text, find_key(mark(text)["A"], name)) == name


@pytest.mark.parametrize(
    "value", ["text", "2026-01-02", "'quoted'", "[a, b]", "{a: b}", "!Ref C", "!Sub '${C}'", "!Join [a, [b]]"]
)
def test_a_value_has_its_position(value):
    text = f"A: {{B: 1, C: {value}}}"

    assert read_span(text, mark(text)["A"]["C"]) == value


def test_the_parts_of_a_short_get_att_have_the_position_of_the_whole():
    text = "A: !GetAtt B.C"

    assert [read_span(text, part) for part in mark(text)["A"]["Fn::GetAtt"]] == ["!GetAtt B.C"] * 2


def test_a_merged_entry_has_the_position_of_its_origin():
    text = "A: &a {B: x}\nC: {<<: *a, D: y}\nE: {<<: [*a, {B: z, F: w}]}"
    marked = mark(text)

    places = [marked["C"]["B"], marked["C"]["D"], marked["E"]["B"], marked["E"]["F"]]
    assert [(part.start_mark.line, read_span(text, part)) for part in places] == [
        (0, "x"),
        (1, "y"),
        (0, "x"),
        (2, "w"),
    ]


@pytest.mark.parametrize("space", [" ", "\t"])
def test_json_has_positions(space):
    text = f'{{{space}"A":{space}["\\ud83d\\ude00",{space}"B"]}}'

    assert read_span(text, mark(text, "t.json")["A"][1]) == '"B"'


def test_json_that_is_no_yaml_has_the_position_of_the_first_character():
    marked = mark('{"A": "\x7f"}', "t.json")

    assert (marked.start_mark, marked.end_mark) == ((0, 0), (0, 0))
    assert not hasattr(marked["A"], "start_mark")


def test_a_copy_keeps_its_positions():
    marked = mark("A: {B: [c]}")

    for copied in (copy.copy(marked["A"]), copy.deepcopy(marked)["A"]):
        assert copied["B"][0].start_mark == (0, 8)
        assert copied.start_mark == (0, 3)


SCALARS = st.sampled_from(["a", "'b'", "12", "010", "yes", "~", "1.5", "2026-01-02", "=", "0x1F", "é", '"q"', "1_000"])


@given(st.dictionaries(SCALARS, SCALARS, min_size=1), st.booleans())
def test_every_key_is_where_its_author_wrote_it(pairs, is_flow):
    entries = [f"{key}: {value}" for key, value in pairs.items()]
    text = f"{{{', '.join(entries)}}}" if is_flow else "\n".join(entries)
    try:
        marked = mark(text)
    except FileError:
        return

    assert {read_span(text, key) for key in marked} == set(pairs)
