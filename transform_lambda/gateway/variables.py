"""Stage variables that name functions. They exist as long as a method uses them."""

from collections.abc import Collection, Mapping

from transform_lambda.contract import Json
from transform_lambda.gateway.calls import Calls
from transform_lambda.gateway.patches import escaped
from transform_lambda.gateway.permission import function_of
from transform_lambda.gateway.tree import Tree
from transform_lambda.gateway.wanted_stages import variables_named

Settings = Mapping[str, Json]


def keep_named(tree: Tree, had: Settings, wanted: Settings) -> Settings:
    """What the stage had of the template, but for variables that are not wanted any more and a method still names.

    That method's resource is deleted when the stack's update is done, or stays, where it is rolled back.
    """
    named = _named_in(tree)
    variables = had.get("Variables")
    given = variables if isinstance(variables, Mapping) else {}
    kept = {name: value for name, value in given.items() if name not in named or name in wanted.get("Variables", {})}
    return {**had, "Variables": kept}


def drop_variables(calls: Calls, tree: Tree, stages: Collection[Mapping[str, Json]], names: Collection[str]) -> None:
    """Take the variables of these names, which no method names any more, from the stages."""
    gone = sorted(set(names) - _named_in(tree))
    for stage in stages:
        changes = [
            {"op": "remove", "path": f"/variables/{escaped(name)}"}
            for name in gone
            if name in (stage.get("variables") or {})
        ]
        if changes:
            keys = {"restApiId": tree.api_id, "stageName": stage["stageName"]}
            calls.change("UpdateStage", {**keys, "patchOperations": changes})


def _named_in(tree: Tree) -> set[str]:
    return {name for each in tree.methods() for name in variables_named(function_of(each.method))}
