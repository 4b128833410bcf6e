"""Read a hand-written function as a counter's Code, Handler, Runtime, Env and Function properties."""

import re

from macro.cli.convert import sam
from macro.counter.validate import load_schema
from macro.errors import Problems, describe
from macro.intrinsic import is_function_name, name_function
from macro.plugin import Json, Values
from macro.template.references import find_references

_SAME = ("Handler", "Runtime")
# Properties that a counter sets elsewhere, or doesn't use.
_ELSEWHERE = (
    "Code", "CodeUri", "InlineCode", "ImageUri", "ImageConfig", "Role", "Environment", "Tags", "LoggingConfig",
    "FunctionName", "PackageType", "CodeSigningConfigArn",
)  # fmt: skip
_FUNCTION = (
    "Architectures", "DeadLetterConfig", "Description", "EphemeralStorage", "FileSystemConfigs", "KmsKeyArn", "Layers",
    "MemorySize", "RecursiveLoop", "ReservedConcurrentExecutions", "RuntimeManagementConfig", "SnapStart", "Timeout",
    "TracingConfig", "VpcConfig",
)  # fmt: skip
_SAM = ("Policies", "Events", "Tracing", "PermissionsBoundary", "RolePath", "PropagateTags", "AssumeRolePolicyDocument")
# A counter's names for the parts of an S3 location.
_S3 = {"Bucket": "S3Bucket", "Key": "S3Key", "Version": "S3ObjectVersion"}


def read_function(resource: Values, table: str, problems: Problems) -> dict[str, Json]:
    """The counter's properties that come from the function. ``problems`` is at the function's properties.

    Adds a problem for each setting that a counter's function can't have.
    """
    properties = resource["Properties"]
    function = {name: properties[name] for name in _FUNCTION if name in properties}
    if properties.get("Tracing") is not None:
        function["TracingConfig"] = {"Mode": properties["Tracing"]}
    logging = {name: value for name, value in sam.as_map(properties.get("LoggingConfig")).items() if name != "LogGroup"}
    tags = read_tags(properties.get("Tags"), problems.at("Tags"))
    function |= {"LoggingConfig": logging} if logging else {}
    function |= {"Tags": tags} if tags else {}
    known = (*_SAME, *_ELSEWHERE, *_FUNCTION, *(_SAM if resource["Type"] == sam.FUNCTION else ()))
    for name in properties:
        if name not in known:
            problems.at(name).add("isn't supported by a counter's function; remove it first", at_key=True)
    found = {
        "Code": _read_code(properties, problems),
        **{name: properties[name] for name in _SAME if name in properties},
        "Env": _read_env(properties.get("Environment", {}), table, problems.at("Environment")),
        "Function": function,
    }
    return {name: value for name, value in found.items() if value not in (None, {}) or name in _SAME}


def read_tags(tags: Json, problems: Problems) -> dict[str, Json]:
    """Tags as a map, from a map or from a list of maps with ``Key`` and ``Value``.

    Any other form gives an empty map and adds a problem.
    """
    if tags is None or isinstance(tags, dict):
        return dict(tags or {})
    if isinstance(tags, list) and all(isinstance(tag, dict) and isinstance(tag.get("Key"), str) for tag in tags):
        return {tag["Key"]: tag.get("Value") for tag in tags}
    problems.add("must be a list of maps with a Key and a Value")
    return {}


def _read_code(properties: Values, problems: Problems) -> Json:
    """The counter's ``Code``; ``None``, with a problem, if a counter can't have the function's code."""
    names = [name for name in ("InlineCode", "ImageUri", "CodeUri", "Code") if name in properties]
    here = problems.at(*names[:1])
    code = properties.get("CodeUri", properties.get("Code"))
    if "InlineCode" in properties or "ZipFile" in sam.as_map(code):
        here.add(
            "must be a folder or a zip, which a counter's .env file goes into: save the code as 'index.py' (or '.js') "
            "in a folder, and write the folder's path here; 'hitcounter deploy' uploads it"
        )
    elif "ImageUri" in {**properties, **sam.as_map(code)} or properties.get("PackageType") == "Image":
        here.add("must be a zip, which a counter's .env file goes into; package the function as a zip")
    elif "CodeSigningConfigArn" in properties:
        text = "must be removed: the counter's .env file changes the signed zip, and Lambda refuses changed code"
        problems.at("CodeSigningConfigArn").add(text)
    elif isinstance(code, dict) and code and not any(map(is_function_name, code)):
        return {_S3.get(name, name): value for name, value in code.items()}
    elif isinstance(code, str):
        return code
    else:
        here.add(f"must be a location in S3, or a local folder, zip or file, got {describe(code)}")
    return None


def _read_env(environment: Json, table: str, problems: Problems) -> dict[str, Json]:
    variables = environment.get("Variables", {}) if isinstance(environment, dict) else None
    if not isinstance(variables, dict) or name_function(variables):
        problems.add("must have a literal map of Variables, because each variable becomes a line of .env")
        return {}
    rule = load_schema()["properties"]["Env"]["then"]["propertyNames"]
    for name in variables:
        if not re.search(rule["pattern"], str(name)):
            problems.at("Variables", name).add(rule["errorMessage"], at_key=True)
    # The counter itself sets the variable "table" to its table's name.
    return {
        name: value
        for name, value in variables.items()
        if not (name == "table" and find_references(value, [table]) == [(table, "BaseUrl")])
    }
