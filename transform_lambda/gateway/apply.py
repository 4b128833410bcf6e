"""Applies the template: creates or updates a method of an API, or the API's stages, with everything they need."""

from collections.abc import Callable

from transform_lambda.contract import ResourceError
from transform_lambda.gateway.api import Api, apply_api
from transform_lambda.gateway.calls import Calls
from transform_lambda.gateway.data import data_of
from transform_lambda.gateway.deployment import prune
from transform_lambda.gateway.lock import Lock, key_of_api, key_of_name
from transform_lambda.gateway.mark import new_mark, who_of
from transform_lambda.gateway.method import Target, method_steps
from transform_lambda.gateway.parts import made_on, make_parts, settle_parts
from transform_lambda.gateway.permission import Sources, function_of, grant, revoke, source_arn
from transform_lambda.gateway.place import Place, prefixes
from transform_lambda.gateway.properties import Wanted
from transform_lambda.gateway.remove import Removal, remove_on
from transform_lambda.gateway.stage import Stages, apply_stages, check_stages, list_stages, tidy_stages
from transform_lambda.gateway.tree import Tree, read_tree
from transform_lambda.gateway.validator import apply_validator, tidy_validators
from transform_lambda.gateway.variables import drop_variables
from transform_lambda.gateway.wanted_stages import deployed_names, functions_in, resolve, variable_in
from transform_lambda.ports import TryAgain

Undo = Callable[[Lock, Api], None]


def apply(calls: Calls, wanted: Wanted, undo: Undo) -> dict[str, str]:
    """Apply the template, and return the attributes for Fn::GetAtt.

    After a refusal, `undo` runs at once, while the API is still locked.

    Raises:
        TryAgain: a temporary condition must pass first.
        ResourceError: the method or a stage belongs to another resource, or AWS refused a call.
        Overtaken: a newer request has begun.
    """
    if wanted.place.api_id:
        return _apply_locked(calls, Api(wanted.place.api_id, is_ours=False), wanted, undo)
    with calls.locked(key_of_name(calls.request, wanted.place.api_name)) as lock:
        return _apply_locked(calls, apply_api(calls, lock, wanted), wanted, undo)


def apply_changes(calls: Calls, lock: Lock, api: Api, wanted: Wanted) -> dict[str, str]:
    """Apply the template to an API that is locked already. Returns and raises the same as `apply`."""
    tree = _without_incomplete(calls, lock, api, wanted)
    _refuse_foreign(calls, tree, wanted.place)
    stages = check_stages(calls, api, wanted)
    stale = []
    if wanted.place.has_method:
        sources = _sources(calls, tree, wanted, stages)
        tree = _apply_method(calls, lock, tree, wanted)
        stale = grant(calls, wanted.place, sources)
        settle_parts(calls, lock, tree)
    deployment = apply_stages(calls, tree, wanted, stages) if stages else ""
    # Before the deployment above, the served methods still needed these permissions.
    revoke(calls, stale)
    _tidy(calls, tree, wanted)
    return data_of(calls.request.stack_id, tree, wanted, deployment)


def _apply_locked(calls: Calls, api: Api, wanted: Wanted, undo: Undo) -> dict[str, str]:
    with calls.locked(key_of_api(api.id)) as lock:
        try:
            return apply_changes(calls, lock, api, wanted)
        except TryAgain:
            raise
        except ResourceError:
            # Undo under the lock: another delivery of the request could otherwise report this state as its answer.
            undo(lock, api)
            raise


def _read(calls: Calls, api: Api) -> Tree:
    tree = read_tree(calls, api)
    if tree is None and api.is_ours:
        raise TryAgain(f"API {api.id}: it was deleted in the meantime")
    if tree is None:
        raise ResourceError(f"Properties.RestApiId: there is no REST API {api.id} in this account and region")
    return tree


def _without_incomplete(calls: Calls, lock: Lock, api: Api, wanted: Wanted) -> Tree:
    """The tree without this resource's method at another place that has no integration.

    An interrupted replacement leaves an incomplete method. API Gateway deploys nothing while the API has one.
    """
    tree, place = _read(calls, api), wanted.place
    for each in tree.methods():
        is_own = each.mark is not None and each.mark.who == who_of(calls.request)
        if is_own and "methodIntegration" not in each.method and (each.path, each.verb) != (place.path, place.verb):
            remove_on(calls, lock, api, Removal(place._replace(path=each.path, verb=each.verb)))
            return _read(calls, api)
    return tree


def _refuse_foreign(calls: Calls, tree: Tree, place: Place) -> None:
    found = tree.method(place.path, place.verb)
    if found and (found.mark is None or found.mark.who != who_of(calls.request)):
        calls.request.guard.forget(place.physical_id)
        raise ResourceError(
            f"Properties.Path: {found.verb} {found.path} of API {tree.api.id} already exists and, by its "
            "operationName, does not belong to this resource; give another Path or Method, or delete the method"
        )


def _apply_method(calls: Calls, lock: Lock, tree: Tree, wanted: Wanted) -> Tree:
    """The tree after the method, its parts and its validator are created or updated."""
    path, verb, before = wanted.place.path, wanted.place.verb, len(calls.done)
    found = tree.method(path, verb)
    tree = make_parts(calls, lock, tree, path)
    if found is None and wanted.place.physical_id == calls.request.physical_id:
        # Someone deleted the method by hand. A concurrent Delete learns only from this note that it is created again.
        calls.request.guard.note(wanted.place.physical_id)
    made = made_on(lock, tree, path) | (found.mark.made if found and found.mark else frozenset())
    validator = apply_validator(calls, tree.api.id, wanted.validator)
    mark = str(new_mark(calls.request, wanted.deployed, made))
    target = Target(tree.api.id, tree.id_of(path), verb, mark, validator)
    for step in method_steps(found.method if found else None, wanted, target):
        given = calls.request.properties
        calls.change(step.operation, step.call, {name: given[name] for name in step.about if name in given})
    lock.forget_paths(prefixes(path))
    return _read(calls, tree.api) if len(calls.done) > before else tree


def _sources(calls: Calls, tree: Tree, wanted: Wanted, stages: Stages) -> Sources:
    """The functions that the method must call, with their sources, and its possible former functions, without any."""
    found = tree.method(wanted.place.path, wanted.place.verb)
    named = function_of(found.method) if found else ""
    before = [resolve(named, (stage or {}).get("variables") or {}) for stage in [None, *stages.values()]]
    names = [*before, *functions_in(calls.request.old_properties), *wanted.functions]
    return {
        name: [
            source_arn(calls, tree.api.id, wanted.place, stage)
            for stage in dict.fromkeys(wanted.functions.get(name, ()))
        ]
        for name in names
        if name
    }


def _tidy(calls: Calls, tree: Tree, wanted: Wanted) -> None:
    """Remove what only the old properties needed: a validator, a variable, a stage or the previous deployment."""
    request, old = calls.request, calls.request.old_properties
    if old.get("RequestValidation") != request.properties.get("RequestValidation") and old:
        tidy_validators(calls, tree)
    if variable_in(old, request) not in ("", variable_in(request.properties, request)):
        drop_variables(calls, tree, list_stages(calls, tree.api.id), [variable_in(old, request)])
    if not wanted.place.has_method:
        tidy_stages(calls, tree, deployed=wanted.deployed)
    elif old and deployed_names(old, request) != wanted.deployed:
        tidy_stages(calls, tree)
    elif wanted.deployed and (old or "CreateDeployment" in calls.done):
        # Delete the deployments of abandoned requests, so that their late calls cannot point a stage to them. Prune
        # on every update: an earlier delivery may have moved the stages and then stopped.
        prune(calls, tree.api.id, list_stages(calls, tree.api.id))
