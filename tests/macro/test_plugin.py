"""The functions for authors of plug-ins, and the lookup of plug-ins by name."""

import pytest

from macro.errors import PluginError
from macro.plugin import NO_VALUE, inline_value, merge, substitute, tag_list, tag_map
from macro.plugins import find_entry_points, find_plugin, load_plugins


@pytest.mark.parametrize(
    ("base", "further", "merged"),
    [
        ({"a": 1}, {}, {"a": 1}),
        ({"a": 1, "b": 2}, {"a": 3, "c": 4}, {"a": 3, "b": 2, "c": 4}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"c": 3}}, {"a": {"b": 1, "c": 3}}),
        ({"a": [1]}, {"a": [2]}, {"a": [2]}),
        ({"a": {"b": 1}}, {"a": {"Ref": "X"}}, {"a": {"Ref": "X"}}),
        ({"a": {"Fn::Sub": "x"}}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": {"b": 1}}, {"a": NO_VALUE}, {"a": NO_VALUE}),
    ],
)
def test_maps_are_merged_and_other_values_are_replaced(base, further, merged):
    before = repr((base, further))

    assert merge(base, further) == merged
    assert list(merge(base, further)) == list(merged)
    assert repr((base, further)) == before


def test_tags_have_both_forms():
    tags = {"A": 1, "B": {"Fn::If": ["C", "x", NO_VALUE]}, "D": {"Fn::If": ["C", "x", "y"]}, "E": NO_VALUE}

    assert tag_list(tags)["Tags"] == [
        {"Key": "A", "Value": 1},
        {"Fn::If": ["C", {"Key": "B", "Value": "x"}, NO_VALUE]},
        {"Key": "D", "Value": {"Fn::If": ["C", "x", "y"]}},
        NO_VALUE,
    ]
    assert tag_map(tags) == {"Tags": tags}
    assert tag_list({}) == tag_map({}) == {}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain ${x}", "plain ${!x}"),
        (42, "42"),
        (True, "true"),
        ({"Ref": "A"}, "${A}"),
        ({"Fn::GetAtt": ["A", "B.C"]}, "${A.B.C}"),
        ({"Fn::Sub": "${A}-x"}, "${A}-x"),
        ({"Fn::Sub": ["${A}", {"A": 1}]}, None),
        ({"Fn::Join": [",", []]}, None),
        ({"a": 1, "b": 2}, None),
        ({}, None),
        ([], None),
    ],
)
def test_a_value_is_inserted_into_a_sub(value, text):
    assert inline_value(value) == text
    expected = {"Fn::Sub": ["in ${V}", {"V": value}]} if text is None else {"Fn::Sub": f"in {text}"}
    assert substitute("in ${V}", "V", value) == expected


def test_a_name_with_another_meaning_is_not_inserted():
    assert inline_value({"Ref": "A"}, taken=("A",)) is None
    assert inline_value({"Ref": "A"}, taken=("B",)) == "${A}"


def register(folder, package, name, value):
    info = folder / f"{package}-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1\n", "utf-8")
    (info / "entry_points.txt").write_text(f"[hitcounter_macro.plugins]\n{name} = {value}\n", "utf-8")


@pytest.fixture
def packages(tmp_path, monkeypatch):
    (tmp_path / "topic_for_test.py").write_text(
        '"""A topic."""\nINPUTS = ()\nOUTPUTS = ()\ndef build(values): ...\n', "utf-8"
    )
    monkeypatch.syspath_prepend(tmp_path)
    find_entry_points.cache_clear()
    yield tmp_path
    find_entry_points.cache_clear()


def test_an_installed_plugin_is_found_by_its_registered_name(packages):
    register(packages, "first", "topic", "topic_for_test")

    assert find_plugin("topic").summary == "A topic."
    assert "topic" in [plugin.name for plugin in load_plugins()]


@pytest.mark.parametrize("name", ["topic", "table"])
def test_a_name_that_is_registered_twice_is_refused(packages, name):
    register(packages, "first", name, "topic_for_test")
    register(packages, "second", name, "other_module")

    with pytest.raises(PluginError) as error:
        find_plugin("other")

    assert str(error.value) == f"plugin '{name}' is registered twice; uninstall one of its packages"


def test_an_unknown_plugin_is_reported_with_the_installed_plugins(packages):
    with pytest.raises(PluginError, match="unknown plugin 'topc'; none is installed"):
        find_plugin("topc")
    register(packages, "first", "topic", "topic_for_test")
    find_entry_points.cache_clear()
    with pytest.raises(PluginError, match="unknown plugin 'topc'; installed are topic; did you mean 'topic'"):
        find_plugin("topc")
