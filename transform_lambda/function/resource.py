"""``Custom::LambdaFunction``: a function whose ``.env`` file gets its values at deployment."""

import time
from collections.abc import Mapping

from transform_lambda.contract import CREATE, Json, Request, ResourceError, Result
from transform_lambda.function.change import Change, Changed
from transform_lambda.function.code import KEPT, Source, Target, is_by_reference, open_code
from transform_lambda.function.properties import is_function_name, read_wanted
from transform_lambda.function.versions import prune_versions
from transform_lambda.identity import is_invented, physical_id_for
from transform_lambda.limits import Clock
from transform_lambda.log import log_phase
from transform_lambda.ports import CodeStore, DeniedError, Found, Functions, TryAgain
from transform_lambda.retry import Retry
from transform_lambda.tags import is_ours


class LambdaFunction:
    """The resource's handler for Create, Update and Delete requests, with a code store and Lambda."""

    def __init__(self, code: CodeStore, functions: Functions, clock: Clock | None = None) -> None:
        self._store, self._functions, self._clock = code, functions, clock or Clock()

    def create(self, request: Request) -> Result:
        """Create the function, or continue with an existing function that has this resource's ownership tags."""
        return self._apply(request)

    def update(self, request: Request) -> Result:
        """Change what differs. Another name means a replacement. A function deleted by hand is created again."""
        return self._apply(request)

    def delete(self, request: Request) -> None:
        """Delete the function if this resource owns it. Retries while Lambda cannot delete the function yet."""
        started, name = time.monotonic(), request.physical_id
        if not is_function_name(name):
            return
        found = self._remove(request, name)
        note = "belongs to another owner and stays" if found else "does not exist any more"
        log_phase(request, "delete", started, f"function {name} {note}")
        if found is None:
            # The current properties do not say whether Lambda ever ran the function from an object.
            self._drop_objects(request, name)

    def _remove(self, request: Request, name: str) -> Found | None:
        """None once the function is gone, or the function of this name that another resource owns."""
        retry = Retry(request, self._clock)
        while True:
            try:
                found = self._functions.read(name)
                if found is None or not is_ours(found, request):
                    return found
                self._functions.delete(name)
            except TryAgain as error:
                retry.pause(error)
            except DeniedError:
                # CloudFormation can invent the physical ID, in a form that the companion's role may not allow.
                if is_invented(name, request.stack_id, request.logical_id):
                    return None
                raise

    def _apply(self, request: Request) -> Result:
        wanted = read_wanted(self._functions.takes("CreateFunction"), request)
        source = open_code(self._store, wanted)
        target = Target(request, wanted, source, _kept(request, wanted.name))
        changed = Change(self._functions, self._store, target, self._clock).carry_out()
        self._clean_up(target, changed)
        return Result(wanted.name, _data(changed.found, changed.version, source))

    def _clean_up(self, target: Target, changed: Changed) -> None:
        """Remove versions and objects that the function no longer needs. A refused call does not fail the request."""
        request, wanted, source, _ = target
        if wanted.keep_versions:
            used = [each for each in (changed.found.configuration, changed.before) if each]
            prune_versions(self._functions, request, wanted.keep_versions, used)
        was_kept = is_by_reference(request.old_properties.get("Code"))
        if was_kept and not wanted.publish and request.type != CREATE and wanted.name == request.physical_id:
            try:
                self._drop_objects(request, wanted.name, source)
            except ResourceError as error:
                log_phase(request, "remove objects", time.monotonic(), str(error))

    def _drop_objects(self, request: Request, name: str, source: Source | None = None) -> None:
        """Remove the objects that Lambda ran the function from, except the object of the current source."""
        prefix = _kept(request, name)
        needed = source.kept_key(prefix) if source and source.is_kept else ""
        for key in self._store.list_staged(prefix):
            if key != needed:
                self._store.remove_staged(key)


def _kept(request: Request, name: str) -> str:
    return f"{KEPT}{physical_id_for(request.stack_id, request.logical_id, name)}/"


def _data(found: Found, version: Mapping[str, Json] | None, source: Source) -> dict[str, str]:
    """The attributes for Fn::GetAtt. Without a numbered version, `VersionArn` is the function's own ARN."""
    now = found.configuration
    return {
        "Arn": now["FunctionArn"],
        "FunctionName": now["FunctionName"],
        "Version": (version or now)["Version"],
        "VersionArn": (version or now)["FunctionArn"],
        "CodeSha256": now["CodeSha256"],
        "SourceSha256": source.source_sha256 or now["CodeSha256"],
        "Runtime": now.get("Runtime", ""),
        "LastModified": now["LastModified"],
    }
