"""Read the properties of a function, typed by Lambda's own model, and check them before any change."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from transform_lambda.contract import Json, Request, ResourceError
from transform_lambda.identity import physical_id_for
from transform_lambda.tags import PREFIX
from transform_lambda.typed import Members, Shape, type_properties
from transform_lambda.zip.names import check_path
from transform_lambda.zip.refused import ZipError

RIGHT_CODE = "s3://bucket/key, {S3Bucket, S3Key, S3ObjectVersion}, or {ZipFile} with the code as text"

_OWN = ("Env", "EnvFile", "EnvEncoding", "KeepVersions")
_NOT_SENT = (*_OWN, "FunctionName", "Code", "Tags", "Publish", "PublishTo")
_MANDATORY = ("Role", "Code")
_MANDATORY_WITH_A_ZIP = ("Handler", "Runtime")
_FIXED = {"PackageType": "Zip", "TenancyConfig": None}
"""Properties that cannot be changed in place, with the values they have if the template omits them."""
_FIXED_PRESENCE = ("CapacityProviderConfig", "DurableConfig")
"""Properties that can be changed in place, but not added or removed."""
_SOURCES = {"S3Bucket", "S3Key", "ZipFile", "ImageUri"}
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


_TEXT, _WHOLE = Members("string"), Members("integer")
_OWN_MEMBERS = {"Env": Members("map", value=_TEXT), "EnvFile": _TEXT, "EnvEncoding": _TEXT, "KeepVersions": _WHOLE}


@dataclass(frozen=True)
class Wanted:
    """A function as the template describes it. `call` and `code` have the members and types of Lambda's API."""

    name: str
    call: Mapping[str, Json] = field(repr=False)
    """The input of CreateFunction, without the properties that have their own fields here."""
    code: Mapping[str, Json] = field(repr=False)
    tags: Mapping[str, str]
    env: Mapping[str, str] = field(repr=False)
    env_file: str
    encoding: str
    publish: bool
    publish_options: Mapping[str, Json]
    keep_versions: int | None


def read_wanted(shape: Shape, request: Request) -> Wanted:
    """The function that `request.properties` describe. `shape` is the input shape of CreateFunction.

    Raises:
        ResourceError: properties are wrong. Each line names a property, its problem, and what would be right.
    """
    properties = {**request.properties, "Code": _code_map(request.properties.get("Code"))}
    typed = type_properties(_extended(shape), {name: part for name, part in properties.items() if part is not None})
    problems = list(_problems(typed))
    if problems:
        raise ResourceError("\n".join(problems))
    return Wanted(
        name=function_name(request),
        call={name: value for name, value in typed.items() if name not in _NOT_SENT},
        code=typed["Code"],
        tags=typed.get("Tags", {}),
        env=typed.get("Env", {}),
        env_file=typed.get("EnvFile", ".env"),
        encoding=typed.get("EnvEncoding", "raw"),
        publish=typed.get("Publish", False),
        publish_options={name: typed[name] for name in ("PublishTo",) if name in typed},
        keep_versions=typed.get("KeepVersions"),
    )


def function_name(request: Request) -> str:
    """The function's name. It differs from `request.physical_id` if the template's change cannot be made in place.

    Raises:
        ResourceError: the change needs a replacement, but the template gives the same name as before.
    """
    name = _name_for(request, request.properties)
    if not request.old_properties:
        return name
    if name != _name_for(request, request.old_properties):
        return name
    new, old = _fixed(request.properties), _fixed(request.old_properties)
    changed = next((each for each in (*_FIXED, *_FIXED_PRESENCE) if new.get(each) != old.get(each)), None)
    if changed:
        what = "changed" if changed in _FIXED else "added or removed"
        raise ResourceError(
            f"Properties.{changed}: cannot be {what} in place; change or omit FunctionName in the same update"
        )
    return request.physical_id


def is_function_name(name: str) -> bool:
    """Whether Lambda accepts this name for a function."""
    return _NAME.fullmatch(name) is not None


def _name_for(request: Request, properties: Mapping[str, Json]) -> str:
    given = properties.get("FunctionName")
    if given:
        return str(given)
    fixed = _fixed(properties)
    generation = json.dumps(fixed, sort_keys=True) if fixed else ""
    return physical_id_for(request.stack_id, request.logical_id, generation)


def _fixed(properties: Mapping[str, Json]) -> dict[str, Json]:
    """The properties that cannot be changed, added or removed in place, without those at their defaults."""
    values = {name: properties.get(name, usual) for name, usual in _FIXED.items()}
    is_given = {name: True for name in _FIXED_PRESENCE if properties.get(name)}
    return {**{name: value for name, value in values.items() if value != _FIXED[name]}, **is_given}


def _code_map(code: Json) -> Json:
    """The code as a map. Text such as s3://bucket/key becomes S3Bucket and S3Key."""
    if not isinstance(code, str):
        return code
    found = re.fullmatch(r"s3://([^/]+)/(.+)", code, re.DOTALL)
    if not found:
        raise ResourceError(f"Properties.Code: must be {RIGHT_CODE}, got other text")
    return {"S3Bucket": found[1], "S3Key": found[2]}


def _extended(shape: Shape) -> Members:
    code = shape.members["Code"]
    as_text = Members("structure", {**code.members, "ZipFile": _TEXT})
    return Members("structure", {**shape.members, **_OWN_MEMBERS, "Code": as_text})


def _problems(typed: Mapping[str, Json]) -> Iterator[str]:
    code = typed.get("Code")
    for name in _MANDATORY:
        if not typed.get(name):
            yield f"Properties.{name}: must be given" + (f", as {RIGHT_CODE}" if name == "Code" else "")
    if not (code and code.get("ImageUri")):
        yield from (f"Properties.{name}: must be given" for name in _MANDATORY_WITH_A_ZIP if not typed.get(name))
    if code:
        yield from _problems_of_code(code, typed)
    if "FunctionName" in typed and not is_function_name(typed["FunctionName"]):
        yield "Properties.FunctionName: must be 1 to 64 letters, digits, - and _, not an ARN"
    for name in typed.get("Tags", {}):
        if name.startswith(PREFIX):
            yield f"Properties.Tags.{name}: must not start with {PREFIX!r}, the prefix of the ownership tags"
    if typed.get("KeepVersions", 1) < 1:
        yield "Properties.KeepVersions: must be a whole number of at least 1"
    if "KeepVersions" in typed and not typed.get("Publish"):
        yield "Properties.KeepVersions: needs 'Publish: true'; without it there are no versions to keep"
    if "PublishTo" in typed and not typed.get("Publish"):
        yield "Properties.PublishTo: needs 'Publish: true'; without it nothing is published"
    try:
        check_path(typed.get("EnvFile", ".env"))
    except ZipError as error:
        yield f"Properties.EnvFile: {error}"


def _problems_of_code(code: Mapping[str, Json], typed: Mapping[str, Json]) -> Iterator[str]:
    given = _SOURCES & {name for name, value in code.items() if value}
    if given not in ({"S3Bucket", "S3Key"}, {"ZipFile"}, {"ImageUri"}):
        missing = {"S3Bucket": "S3Key", "S3Key": "S3Bucket"}.get("".join(given))
        yield f"Properties.Code.{missing}: must be given" if missing else f"Properties.Code: must be {RIGHT_CODE}"
        return
    is_image = typed.get("PackageType") == "Image"
    if is_image != (given == {"ImageUri"}):
        yield "Properties.PackageType: must be Image if Code has ImageUri, else Zip or omitted"
    if is_image and typed.get("Env"):
        yield "Properties.Env: needs an archive, which a container image does not have; use Environment"
    if given == {"ZipFile"} and code.get("S3ObjectStorageMode"):
        yield "Properties.Code.S3ObjectStorageMode: needs code in S3, not ZipFile"
