"""Remove: a method that bears this resource's mark is gone, with all that nothing else uses of what came with it."""

from transform_lambda.resources.gateway_api import Api, find_api, shared_apis
from transform_lambda.resources.gateway_calls import Calls
from transform_lambda.resources.gateway_lock import Lock, key_of_api, key_of_name
from transform_lambda.resources.gateway_mark import who_of
from transform_lambda.resources.gateway_parts import settle_parts
from transform_lambda.resources.gateway_permission import bring_permissions, function_of
from transform_lambda.resources.gateway_place import Place
from transform_lambda.resources.gateway_properties import functions_in
from transform_lambda.resources.gateway_stage import tidy_stages
from transform_lambda.resources.gateway_tree import Found, Tree, read_tree
from transform_lambda.resources.gateway_validator import tidy_validators


def remove(calls: Calls, place: Place, *, keeps_method: bool = False) -> None:
    """Return once nothing of this resource's is left at the place; or but its method, and what that needs.

    Raises:
        TryAgain: something has to pass first.
        ResourceError: something was refused.
        Overtaken: a newer request has begun.
    """
    if place.api_id:
        _remove_in_turn(calls, Api(place.api_id, is_ours=False), place, keeps_method)
        return
    with calls.locked(key_of_name(calls.request, place.api_name)) as lock:
        api = find_api(calls, lock, place)
        if api is None:
            _remove_permissions(calls, place, None)
        else:
            _remove_in_turn(calls, api, place, keeps_method)


def remove_on(calls: Calls, lock: Lock, api: Api, place: Place, *, keeps_method: bool = False) -> None:
    """The same on an API that is locked."""
    tree = read_tree(calls, api.id)
    found = tree.method(place.path, place.verb) if tree else None
    is_own = bool(found and found.mark and found.mark.who == who_of(calls.request))
    is_to_stay = is_own and keeps_method
    if not is_to_stay:
        _remove_permissions(calls, place, found if is_own else None)
    if tree and found and is_own and not is_to_stay:
        _remove_method(calls, lock, tree, found)
        tree = read_tree(calls, api.id)
    if tree is None:
        lock.forget_missing(lock.paths)
    elif api.is_ours and not list(tree.methods()):
        _remove_apis(calls, place)
        lock.forget_paths(lock.paths)
    else:
        tree = settle_parts(calls, lock, tree)
        tidy_stages(calls, api, tree, deploys=not is_to_stay)
        tidy_validators(calls, api, tree)


def _remove_in_turn(calls: Calls, api: Api, place: Place, keeps_method: bool) -> None:
    with calls.locked(key_of_api(api.id)) as lock:
        remove_on(calls, lock, api, place, keeps_method=keeps_method)


def _remove_apis(calls: Calls, place: Place) -> None:
    """All that the stack's resources share by this name: a call without an answer may have made more than the one."""
    for api_id in shared_apis(calls, place):
        tree = read_tree(calls, api_id)
        if tree and not list(tree.methods()):
            calls.change("DeleteRestApi", {"restApiId": api_id})


def _remove_method(calls: Calls, lock: Lock, tree: Tree, found: Found) -> None:
    """The parts that its mark names are remembered first: with the method, the mark is gone."""
    made = found.mark.made if found.mark else ()
    lock.remember_paths({path for path in tree.parts if tree.id_of(path) in made}, are_to_come=False)
    keys = {"restApiId": tree.api_id, "resourceId": tree.id_of(found.path), "httpMethod": found.verb}
    calls.change("DeleteMethod", keys)


def _remove_permissions(calls: Calls, place: Place, found: Found | None) -> None:
    request = calls.request
    named = [*functions_in(request.properties), *functions_in(request.old_properties)]
    functions = [*([function_of(found.method)] if found else []), *named]
    bring_permissions(calls, place, "", {name: False for name in functions if name})
