"""Plug-ins are ordered by their inputs and outputs. Messages name the plug-ins that can't be ordered."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macro.assembly.resolve import order_plugins
from macro.errors import PluginError
from macro.plugin import Piece, Plugin

ROOT = Path(__file__).parents[3]


def make(name, inputs="", outputs=""):
    return Plugin(name, tuple(inputs.split()), tuple(outputs.split()), lambda values: Piece({}, {}))


TABLE = make("table", "", "table_arn")
ROLE = make("role", "table_arn", "role_arn")
FUNCTION = make("function", "role_arn", "function_arn")


def get_names(plugins):
    return [plugin.name for plugin in plugins]


@pytest.mark.parametrize("plugins", list(itertools.permutations([TABLE, ROLE, FUNCTION])))
def test_each_plugin_follows_the_plugins_that_make_its_inputs(plugins):
    assert get_names(order_plugins(plugins, ())) == ["table", "role", "function"]


def test_independent_plugins_keep_their_order():
    plugins = [make(name) for name in ("c", "a", "b")]

    assert get_names(order_plugins(plugins, ())) == ["c", "a", "b"]


def test_a_link_orders_like_an_input():
    plugins = [make("function", "env"), make("topic", "", "topic_arn")]

    assert get_names(order_plugins(plugins, ("env",), {"function": ["topic_arn"]})) == ["topic", "function"]


@pytest.mark.parametrize(
    ("plugins", "message"),
    [
        ([ROLE], "plugin 'role' requires 'table_arn', but no plugin has that output; add 'table' to Plugins"),
        ([make("a", "nothing")], "plugin 'a' requires 'nothing', but no plugin has that output"),
        ([make("a", "", "x"), make("b", "", "x")], "plugins 'a' and 'b' both have the output 'x'; remove one"),
        ([make("a", "", "counter_id")], "plugin 'a' has the output 'counter_id', a value of every counter; rename it"),
        (
            [make("function", "role_arn", "function_arn"), make("role", "function_arn", "role_arn")],
            "plugins depend on each other: function → role → function, through function_arn, role_arn",
        ),
        (
            [TABLE, make("c", "b", "c"), make("a", "c", "a"), make("b", "a", "b")],
            "plugins depend on each other: c → a → b → c, through c, a, b",
        ),
        ([make("a", "a", "a")], "plugins depend on each other: a → a, through a"),
    ],
    ids=["missing, known", "missing", "twice", "given", "cycle", "longer cycle", "itself"],
)
def test_plugins_that_cannot_be_ordered_are_named(plugins, message):
    with pytest.raises(PluginError) as error:
        order_plugins(plugins, ("counter_id",), {}, lambda: [TABLE])

    assert str(error.value) == message


def test_all_missing_inputs_are_reported_at_once():
    with pytest.raises(PluginError) as error:
        order_plugins([make("a", "x y")], ())

    assert [problem.text for problem in error.value.problems] == [
        "plugin 'a' requires 'x', but no plugin has that output",
        "plugin 'a' requires 'y', but no plugin has that output",
    ]


def test_the_order_is_the_same_in_every_process():
    code = (
        "from macro.plugin import Plugin\n"
        "from macro.assembly.resolve import order_plugins\n"
        "makers = [Plugin(f'p{n}', (), (f'v{n}',), None) for n in range(8)]\n"
        "user = Plugin('user', tuple(f'v{n}' for n in range(8)), ('x',), None)\n"
        "print([plugin.name for plugin in order_plugins([user, *makers], ())])"
    )

    orders = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in "123"
    }

    assert len(orders) == 1


@given(st.permutations(range(8)), st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7))), st.data())
def test_any_acyclic_graph_always_has_the_same_order(places, edges, data):
    edges = {(user, maker) for user, maker in edges if places[maker] < places[user]}
    plugins = [make(f"p{n}", " ".join(f"v{m}" for u, m in sorted(edges) if u == n), f"v{n}") for n in range(8)]

    order = get_names(order_plugins(plugins, ()))

    assert order == get_names(order_plugins(plugins, ()))
    assert sorted(order) == sorted(get_names(plugins))
    assert all(order.index(f"p{maker}") < order.index(f"p{user}") for user, maker in edges)
