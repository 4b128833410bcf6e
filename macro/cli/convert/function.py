"""Read a hand-written function as a counter's Code, Handler, Runtime, Env and Function properties."""

import re

from macro.cli.convert import sam
from macro.errors import Path, Problem, describe
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
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read_function(name: str, table: str, resource: Values, problems: list[Problem]) -> dict[str, Json]:
    """The counter's properties that come from the function.

    Adds to ``problems`` each setting that a counter's function can't have.
    """
    properties, place = resource["Properties"], ("Resources", name, "Properties")
    found: dict[str, Json] = {}
    _read_code(found, properties, place, problems)
    found |= {each: properties[each] for each in _SAME if each in properties}
    env = _read_env(properties, table, place, problems)
    function = {each: properties[each] for each in _FUNCTION if each in properties}
    if properties.get("Tracing") is not None:
        function["TracingConfig"] = {"Mode": properties["Tracing"]}
    logging = properties.get("LoggingConfig")
    if isinstance(logging, dict):
        rest = {each: value for each, value in logging.items() if each != "LogGroup"}
        function |= {"LoggingConfig": rest} if rest else {}
    tags = read_tags(properties.get("Tags"), (*place, "Tags"), problems)
    function |= {"Tags": tags} if tags else {}
    known = (*_SAME, *_ELSEWHERE, *_FUNCTION, *(_SAM if resource["Type"] == sam.FUNCTION else ()))
    for each in properties:
        if each not in known:
            problems.append(Problem((*place, each), "a counter's function has none; remove it first", at_key=True))
    return {**found, **({"Env": env} if env else {}), **({"Function": function} if function else {})}


def read_tags(tags: Json, place: Path, problems: list[Problem]) -> dict[str, Json]:
    """Tags as a map, from a map or from a list of maps with ``Key`` and ``Value``.

    Any other form gives an empty map and adds a problem.
    """
    if tags is None or isinstance(tags, dict):
        return dict(tags or {})
    if isinstance(tags, list) and all(isinstance(tag, dict) and isinstance(tag.get("Key"), str) for tag in tags):
        return {tag["Key"]: tag.get("Value") for tag in tags}
    problems.append(Problem(place, "must be a list of maps with a Key and a Value"))
    return {}


def _read_code(found: dict[str, Json], properties: Values, place: Path, problems: list[Problem]) -> None:
    code = properties.get("CodeUri", properties.get("Code"))
    inline = "InlineCode" in properties or (isinstance(code, dict) and "ZipFile" in code)
    image = "ImageUri" in properties or (isinstance(code, dict) and "ImageUri" in code)
    key = next((each for each in ("InlineCode", "ImageUri", "CodeUri", "Code") if each in properties), "")
    text = ""
    if inline:
        text = (
            "stands in the template, and a counter's .env stands in a zip: write it to a file 'index.py' (or '.js') "
            "in a folder, and that folder here; 'hitcounter deploy' uploads it"
        )
    elif image or properties.get("PackageType") == "Image":
        text = "is an image, and a counter's .env stands in a zip: package the function as one"
    elif "CodeSigningConfigArn" in properties:
        text, key = "refuses code whose .env was rewritten: remove it", "CodeSigningConfigArn"
    elif isinstance(code, dict) and not any(each.startswith(("Ref", "Fn::")) for each in code):
        names = {"Bucket": "S3Bucket", "Key": "S3Key", "Version": "S3ObjectVersion"}
        found["Code"] = {names.get(each, each): value for each, value in code.items()}
    elif isinstance(code, str):
        found["Code"] = code
    else:
        text = f"must be a place in S3, or a local folder, zip or file, got {describe(code)}"
    if text:
        problems.append(Problem((*place, key) if key else place, text))


def _read_env(properties: Values, table: str, place: Path, problems: list[Problem]) -> dict[str, Json]:
    environment = properties.get("Environment", {})
    variables = environment.get("Variables", {}) if isinstance(environment, dict) else None
    place = (*place, "Environment")
    if not isinstance(variables, dict) or any(str(each).startswith("Fn::") for each in variables):
        problems.append(Problem(place, "must be a map of Variables, so that each can go into .env"))
        return {}
    for each in variables:
        if not _ENV_NAME.fullmatch(str(each)):
            text = "must be a name of letters, digits and underscores that starts with no digit, to stand in .env"
            problems.append(Problem((*place, "Variables", each), text, at_key=True))
    # The counter itself sets the variable "table" to its table's name.
    return {
        each: value
        for each, value in variables.items()
        if not (each == "table" and find_references(value, [table]) == [(table, "BaseUrl")])
    }
