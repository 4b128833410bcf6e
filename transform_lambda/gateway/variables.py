"""Keeps and removes stage variables that name functions. A variable exists as long as a method uses it."""

from collections.abc import Collection, Mapping

from transform_lambda.contract import Json
from transform_lambda.gateway.calls import Calls
from transform_lambda.gateway.patches import escaped
from transform_lambda.gateway.permission import function_of
from transform_lambda.gateway.tree import Tree
from transform_lambda.gateway.wanted_stages import variables_named

Settings = Mapping[str, Json]


def keep_named(tree: Tree, had: Settings, wanted: Settings) -> Settings:
    """The old settings, without the variables that are no longer wanted but that a method still names.

    CloudFormation deletes the method's resource at the end of the stack's update. After a rollback, the method stays.
    """
    named = _named_in(tree)
    variables = had.get("Variables")
    given = variables if isinstance(variables, Mapping) else {}
    kept = {name: value for name, value in given.items() if name not in named or name in wanted.get("Variables", {})}
    return {**had, "Variables": kept}


def drop_variables(calls: Calls, tree: Tree, stages: Collection[Mapping[str, Json]], names: Collection[str]) -> None:
    """Remove from the stages each variable in `names` that no method uses any more."""
    gone = sorted(set(names) - _named_in(tree))
    for stage in stages:
        changes = [
            {"op": "remove", "path": f"/variables/{escaped(name)}"}
            for name in gone
            if name in (stage.get("variables") or {})
        ]
        if changes:
            keys = {"restApiId": tree.api.id, "stageName": stage["stageName"]}
            calls.change("UpdateStage", {**keys, "patchOperations": changes})


def _named_in(tree: Tree) -> set[str]:
    return {name for each in tree.methods() for name in variables_named(function_of(each.method))}
