"""Creates the API resources that a path lacks. Deletes those that the companion created once they are unused."""

from transform_lambda.contract import ResourceError
from transform_lambda.gateway.calls import Calls
from transform_lambda.gateway.lock import Lock
from transform_lambda.gateway.place import is_variable, parent_of, prefixes
from transform_lambda.gateway.tree import Found, Tree


def make_parts(calls: Calls, lock: Lock, tree: Tree, path: str) -> Tree:
    """The tree with all parts of the path; those that are made are remembered by the lock before they are.

    Raises:
        ResourceError: a part takes any value, and has a sibling of another name that does.
    """
    missing = [each for each in prefixes(path) if each not in tree.parts]
    if missing:
        _refuse_siblings(tree, missing[0])
        lock.remember_paths(lock.paths | set(missing))
    for each in missing:
        parent = tree.id_of(parent_of(each))
        call = {"restApiId": tree.api_id, "parentId": parent, "pathPart": each.rpartition("/")[2]}
        tree = tree.adding(calls.change("CreateResource", call, {"Path": path}), each)
    return tree


def made_on(lock: Lock, tree: Tree, path: str) -> frozenset[str]:
    """The ids of the path's parts that the companion made and no mark names yet."""
    return frozenset(tree.id_of(each) for each in prefixes(path) if each in lock.paths and each in tree.parts)


def settle_parts(calls: Calls, lock: Lock, tree: Tree) -> Tree:
    """The tree after each part that the lock remembers is gone, or is named by the mark of a method below it.

    What others use and no method of the companion's does is theirs by now, and stays.
    """
    for path in sorted(lock.paths & tree.parts.keys(), reverse=True):
        if tree.is_empty(path):
            calls.change("DeleteResource", {"restApiId": tree.api_id, "resourceId": tree.id_of(path)})
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
            f"Properties.Path: {path} cannot stand beside {others[0]}, which is there already: API Gateway takes one "
            "name in braces at each place of a path; use that name"
        )


def _heir(tree: Tree, path: str) -> Found | None:
    """A method of the companion's below the part, unless one names the part already."""
    marked = [each for each in tree.methods() if each.mark]
    if any(each.mark and tree.id_of(path) in each.mark.made for each in marked):
        return None
    return next((each for each in marked if f"{each.path}/".startswith(f"{path}/")), None)


def _hand_over(calls: Calls, tree: Tree, heir: Found, part: str) -> Tree:
    """The tree with the part named by the heir's mark."""
    assert heir.mark, "an heir is one of the companion's methods"
    mark = str(heir.mark._replace(made=heir.mark.made | {part}))
    keys = {"restApiId": tree.api_id, "resourceId": tree.id_of(heir.path), "httpMethod": heir.verb}
    change = {"op": "replace", "path": "/operationName", "value": mark}
    calls.change("UpdateMethod", {**keys, "patchOperations": [change]})
    holder = tree.parts[heir.path]
    methods = {**holder["resourceMethods"], heir.verb: {**heir.method, "operationName": mark}}
    return tree.adding({**holder, "resourceMethods": methods}, heir.path)
