"""Deletes everything with this resource's mark or ownership tag, and the parts that nothing else uses."""

from typing import NamedTuple

from transform_lambda.gateway.api import Api, find_api, shared_apis
from transform_lambda.gateway.calls import Calls
from transform_lambda.gateway.lock import Lock, key_of_api, key_of_name
from transform_lambda.gateway.mark import who_of
from transform_lambda.gateway.parts import settle_parts
from transform_lambda.gateway.permission import function_of, grant, revoke
from transform_lambda.gateway.place import Place
from transform_lambda.gateway.stage import list_stages, tidy_stages
from transform_lambda.gateway.tree import Found, Tree, read_tree
from transform_lambda.gateway.validator import tidy_validators
from transform_lambda.gateway.variables import drop_variables
from transform_lambda.gateway.wanted_stages import functions_in, resolve, variable_in, variables_named


class Removal(NamedTuple):
    """What to remove at a place: everything of the resource.

    With `keeps_own`, the resource's method or stages stay, with everything that they need.
    """

    place: Place
    keeps_own: bool = False


def remove(calls: Calls, removal: Removal) -> None:
    """Delete the resource's things, and everything created with them that nothing else uses.

    Raises:
        TryAgain: a temporary condition must pass first.
        ResourceError: AWS refused a call.
        Overtaken: a newer request has begun.
    """
    place = removal.place
    if place.api_id:
        _remove_in_turn(calls, Api(place.api_id, is_ours=False), removal)
        return
    with calls.locked(key_of_name(calls.request, place.api_name)) as lock:
        api = find_api(calls, lock, place)
        if api is None:
            _remove_permissions(calls, place, None)
        else:
            _remove_in_turn(calls, api, removal)


def remove_on(calls: Calls, lock: Lock, api: Api, removal: Removal) -> None:
    """Remove the same from an API that is locked already. Raises the same as `remove`."""
    tree = read_tree(calls, api)
    found = tree.method(removal.place.path, removal.place.verb) if tree else None
    own = found if found and found.mark and found.mark.who == who_of(calls.request) else None
    is_to_stay = own is not None and removal.keeps_own
    if not is_to_stay:
        _remove_permissions(calls, removal.place, own, tree)
    if tree and own and not is_to_stay:
        _remove_method(calls, lock, tree, own)
        tree = read_tree(calls, api)
    if tree is None:
        lock.forget_missing(lock.paths)
    elif api.is_ours and not list(tree.methods()):
        _remove_apis(calls, removal.place)
        lock.forget_paths(lock.paths)
    elif removal.place.has_method:
        _tidy(calls, settle_parts(calls, lock, tree), is_to_stay=is_to_stay)
    else:
        tidy_stages(calls, tree, deployed=None if removal.keeps_own else ())


def _remove_in_turn(calls: Calls, api: Api, removal: Removal) -> None:
    with calls.locked(key_of_api(api.id)) as lock:
        remove_on(calls, lock, api, removal)


def _tidy(calls: Calls, tree: Tree, *, is_to_stay: bool) -> None:
    tidy_stages(calls, tree, deploys=not is_to_stay)
    tidy_validators(calls, tree)
    request = calls.request
    names = {variable_in(each, request) for each in (request.properties, request.old_properties)} - {""}
    if names:
        drop_variables(calls, tree, list_stages(calls, tree.api.id), names)


def _remove_apis(calls: Calls, place: Place) -> None:
    """Delete all APIs that the stack's resources share by this name, if they have no methods.

    There may be several, because a call whose answer was lost may have created one more.
    """
    for api_id in shared_apis(calls, place):
        tree = read_tree(calls, Api(api_id, is_ours=True))
        if tree and not list(tree.methods()):
            calls.change("DeleteRestApi", {"restApiId": api_id})


def _remove_method(calls: Calls, lock: Lock, tree: Tree, found: Found) -> None:
    """Delete the method. The lock first records the parts in the method's mark, which disappears with the method."""
    made = found.mark.made if found.mark else ()
    lock.remember_paths({path for path in tree.parts if tree.id_of(path) in made}, are_to_come=False)
    keys = {"restApiId": tree.api.id, "resourceId": tree.id_of(found.path), "httpMethod": found.verb}
    calls.change("DeleteMethod", keys)


def _remove_permissions(calls: Calls, place: Place, found: Found | None, tree: Tree | None = None) -> None:
    called = function_of(found.method) if found else ""
    stages = list_stages(calls, tree.api.id) if tree and variables_named(called) else []
    before = [resolve(called, each) for each in ({}, *((stage.get("variables") or {}) for stage in stages))]
    named = [*functions_in(calls.request.properties), *functions_in(calls.request.old_properties)]
    revoke(calls, grant(calls, place, {name: () for name in (*before, *named) if name}))
