"""Creates the parts (API resources) that a path lacks, and deletes those of the companion that are unused."""

from transform_lambda.contract import ResourceError
from transform_lambda.gateway.calls import Calls
from transform_lambda.gateway.lock import Lock
from transform_lambda.gateway.place import is_variable, parent_of, prefixes
from transform_lambda.gateway.tree import Found, Tree


def make_parts(calls: Calls, lock: Lock, tree: Tree, path: str) -> Tree:
    """The tree with all parts of the path. The lock records missing parts before this function creates them.

    Raises:
        ResourceError: a missing part is a path variable, and a path variable of another name exists at this place.
    """
    missing = [each for each in prefixes(path) if each not in tree.parts]
    if missing:
        _refuse_siblings(tree, missing[0])
        lock.remember_paths(lock.paths | set(missing))
    for each in missing:
        parent = tree.id_of(parent_of(each))
        call = {"restApiId": tree.api.id, "parentId": parent, "pathPart": each.rpartition("/")[2]}
        tree = tree.adding(calls.change("CreateResource", call, {"Path": path}), each)
    return tree


def made_on(lock: Lock, tree: Tree, path: str) -> frozenset[str]:
    """The IDs of the path's parts that the companion created, and that no mark names yet."""
    return frozenset(tree.id_of(each) for each in prefixes(path) if each in lock.paths and each in tree.parts)


def settle_parts(calls: Calls, lock: Lock, tree: Tree) -> Tree:
    """Delete each empty part that the lock records, let a mark name each other one, and return the new tree.

    A part is named by the mark of a method below it. A part that only methods of others use now belongs to them, and
    stays.
    """
    for path in sorted(lock.paths & tree.parts.keys(), reverse=True):
        if tree.is_empty(path):
            calls.change("DeleteResource", {"restApiId": tree.api.id, "resourceId": tree.id_of(path)})
            tree = tree.without(path)
        elif heir := _heir(tree, path):
            tree = _hand_over(calls, tree, heir, tree.id_of(path))
    lock.forget_paths(lock.paths & tree.parts.keys())
    lock.forget_missing(lock.paths)
    return tree


def _refuse_siblings(tree: Tree, path: str) -> None:
    others = [each for each in tree.children(parent_of(path)) if is_variable(each)]
    if is_variable(path) and others:
        raise ResourceError(
            f"Properties.Path: {path} conflicts with the existing {others[0]}: API Gateway allows one path variable at "
            "each place; use the existing name"
        )


def _heir(tree: Tree, path: str) -> Found | None:
    """A method of the companion at or below the part. None if a mark names the part already."""
    marked = [each for each in tree.methods() if each.mark]
    if any(each.mark and tree.id_of(path) in each.mark.made for each in marked):
        return None
    return next((each for each in marked if f"{each.path}/".startswith(f"{path}/")), None)


def _hand_over(calls: Calls, tree: Tree, heir: Found, part: str) -> Tree:
    """The tree after the mark of `heir` names the part."""
    assert heir.mark, "each of `marked` has a mark"
    mark = str(heir.mark._replace(made=heir.mark.made | {part}))
    keys = {"restApiId": tree.api.id, "resourceId": tree.id_of(heir.path), "httpMethod": heir.verb}
    change = {"op": "replace", "path": "/operationName", "value": mark}
    calls.change("UpdateMethod", {**keys, "patchOperations": [change]})
    holder = tree.parts[heir.path]
    methods = {**holder["resourceMethods"], heir.verb: {**heir.method, "operationName": mark}}
    return tree.adding({**holder, "resourceMethods": methods}, heir.path)
