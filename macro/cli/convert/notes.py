"""Describe what a conversion keeps and changes, and what the author must check."""

from collections.abc import Iterator

from macro.cli.convert import sam
from macro.cli.convert.convert import Converted
from macro.cli.convert.refs import STAGE, Heir
from macro.cli.convert.service import Resources
from macro.cli.convert.table import list_turned_on
from macro.plugin import Values

_READERS = {
    "python": """\
import os, pathlib
for line in pathlib.Path(os.environ["LAMBDA_TASK_ROOT"], ".env").read_text("utf-8").split("\\n"):
    if "=" in line:
        name, value = line.split("=", 1)
        os.environ[name] = value""",
    "nodejs": 'process.loadEnvFile(process.env.LAMBDA_TASK_ROOT + "/.env")',
}
_NAMES = {
    "AWS::Lambda::Function": ("FunctionName", "hitcounter-"),
    "AWS::Serverless::Function": ("FunctionName", "hitcounter-"),
    "AWS::IAM::Role": ("RoleName", "its stack's name"),
    "AWS::IAM::ManagedPolicy": ("ManagedPolicyName", "its stack's name"),
}


def list_notes(converted: Converted) -> list[str]:
    """The report's lines. The notes of each counter are indented below the counter's name."""
    lines = []
    for heir in converted.heirs:
        lines.append(f"{heir.counter} takes the place of {_list(heir.service.parts)}")
        lines += [f"  {line}" for note in _report(heir, converted) for line in note.split("\n")]
    lines.append("before deploying, 'hitcounter diff STACK TEMPLATE' has to say that all counts stay")
    return lines


def _report(heir: Heir, converted: Converted) -> Iterator[str]:
    service, resources = heir.service, converted.resources
    table = resources[service.table]
    yield f"keeps    {service.table} with its items: the same id, key and name; it stays when the stack goes"
    if list_turned_on(table):
        yield f"changes  {service.table} in place: {_list(list_turned_on(table))} turned on"
    yield from _tell_url(heir)
    yield from _tell_env(heir, resources, converted.template["Resources"][heir.counter].get("Properties", {}))
    yield from _tell_names(heir, resources)
    function = resources[service.function]["Properties"]
    given = {"MemorySize": 256, "Timeout": 20}
    unsaid = [f"{name} {value}" for name, value in given.items() if name not in function]
    if unsaid:
        yield f"changes  {service.function}: {_list(unsaid)}, where it said nothing"
    does = "it counts and logs, and does what Role says, within the installation's boundary"
    yield f"changes  the role: below /hitcounter/, {does}"
    yield f"changes  logs: they go to {heir.counter}LogGroup; what was logged stays where it is"
    if "LogGroup" in sam.read_map(function.get("LoggingConfig")):
        yield "keeps    the log group that LoggingConfig named; nothing is written to it any more"
    for log in service.logs:
        yield f"keeps    the logs of {log}, which stay in the account and leave the stack"
    if resources[service.function]["Type"].startswith("AWS::Serverless::"):
        yield "check    what 'sam build' adds to the code: 'hitcounter deploy' packs a folder as it is"


def _tell_url(heir: Heir) -> Iterator[str]:
    route = heir.service.route
    old = f"'{route.stage}'" if isinstance(route.stage, str) else "the old one"
    yield f"changes  the URL: {heir.counter}Api takes the place of {route.api}, and its stage is '{STAGE}', not {old}"
    yield "check    who calls the old URL: it ends with the deployment"
    if route.gateway == "http" and route.stage == "$default":
        yield f"check    code that reads rawPath: it begins with /{STAGE} now"


def _tell_env(heir: Heir, resources: Resources, properties: Values) -> Iterator[str]:
    environment = resources[heir.service.function]["Properties"].get("Environment", {})
    names = list(environment.get("Variables", ())) if isinstance(environment, dict) else []
    if not names:
        return
    yield f"changes  {_list(names)}: in the file .env of the zip, no more in the environment"
    runtime = str(properties.get("Runtime", ""))
    reader = next((text for name, text in _READERS.items() if runtime.startswith(name)), None)
    if reader:
        yield "check    that the code reads it, before it reads the environment:\n" + _indent(reader)
    else:
        yield "check    that the code reads the file: a line NAME=value each, at the top of the zip"


def _tell_names(heir: Heir, resources: Resources) -> Iterator[str]:
    for part in heir.service.parts:
        name, start = _NAMES.get(resources[part]["Type"], ("", ""))
        if name in resources[part]["Properties"]:
            yield f"changes  {part}: no {name} any more; the new one begins with {start}"


def _indent(text: str) -> str:
    return "\n".join(f"           {line}" for line in text.split("\n"))


def _list(names: "tuple[str, ...] | list[str]") -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
