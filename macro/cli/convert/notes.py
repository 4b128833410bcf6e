"""Describe what a conversion keeps and changes, and what the author must check."""

from collections.abc import Iterator, Sequence

from macro.cli.convert import sam
from macro.cli.convert.convert import Converted
from macro.cli.convert.references import STAGE, Replacement
from macro.cli.convert.sam import Resources
from macro.cli.convert.table import list_enabled
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
# The name property that a counter's resource loses, and how the new name begins.
_NAMES = {
    "AWS::Lambda::Function": ("FunctionName", "hitcounter-"),
    "AWS::Serverless::Function": ("FunctionName", "hitcounter-"),
    "AWS::IAM::Role": ("RoleName", "the stack's name"),
    "AWS::IAM::ManagedPolicy": ("ManagedPolicyName", "the stack's name"),
}
# The defaults of a counter's function.
_DEFAULTS = {"MemorySize": 256, "Timeout": 20}


def list_notes(converted: Converted) -> list[str]:
    """The report's lines. The notes of each counter are indented below the counter's name."""
    lines = []
    for replacement in converted.replacements:
        lines.append(f"{replacement.counter} replaces {_join(replacement.service.parts)}")
        lines += [f"  {line}" for note in _describe(replacement, converted) for line in note.split("\n")]
    lines.append("Before you deploy, 'hitcounter diff STACK TEMPLATE' must report 'all counts stay'.")
    return lines


def _describe(replacement: Replacement, converted: Converted) -> Iterator[str]:
    service, resources = replacement.service, converted.resources
    function, table = resources[service.function], resources[service.table]
    yield f"keeps    {service.table} with its items, logical ID, key and name, also when the stack is deleted"
    if list_enabled(table):
        yield f"changes  {service.table} in place: enables {_join(list_enabled(table))}"
    yield from _describe_url(replacement)
    counter = converted.template["Resources"][replacement.counter]
    yield from _describe_env(function["Properties"], counter.get("Properties", {}))
    yield from _describe_names(replacement, resources)
    defaults = [f"{name} {value}" for name, value in _DEFAULTS.items() if name not in function["Properties"]]
    if defaults:
        yield f"changes  {service.function}: {_join(defaults)}, which the template doesn't set"
    allowed = "allows counting, logging and what Role allows, within the installation's boundary"
    yield f"changes  the role: has the path /hitcounter/, and {allowed}"
    yield f"changes  logs: go to {replacement.counter}LogGroup; earlier logs stay where they are"
    if "LogGroup" in sam.as_map(function["Properties"].get("LoggingConfig")):
        yield "keeps    the log group of LoggingConfig, but nothing writes to it any more"
    for log in service.logs:
        yield f"keeps    the logs of {log}, in a log group that is no longer part of the stack"
    if function["Type"] == sam.FUNCTION:
        yield "check    what 'sam build' adds to the code: 'hitcounter deploy' packs the folder as it is"


def _describe_url(replacement: Replacement) -> Iterator[str]:
    route = replacement.service.route
    old = f"'{route.stage}'" if isinstance(route.stage, str) else "the old one"
    yield f"changes  the URL: {replacement.counter}Api replaces {route.api}, and the stage is '{STAGE}', not {old}"
    yield "check    the callers of the old URL, which stops working with the deployment"
    if route.gateway == "http" and route.stage == "$default":
        yield f"check    code that reads rawPath, which now begins with /{STAGE}"


def _describe_env(function: Values, counter: Values) -> Iterator[str]:
    names = list(sam.as_map(sam.as_map(function.get("Environment")).get("Variables")))
    if not names:
        return
    yield f"changes  {_join(names)}: in the file .env of the zip, no longer in the environment"
    runtime = str(counter.get("Runtime", ""))
    reader = next((text for name, text in _READERS.items() if runtime.startswith(name)), None)
    if reader:
        yield "check    that the code reads .env before it reads the environment:\n" + _indent(reader)
    else:
        yield "check    that the code reads .env at the top of the zip, which has a line NAME=value for each variable"


def _describe_names(replacement: Replacement, resources: Resources) -> Iterator[str]:
    for part in replacement.service.parts:
        name, start = _NAMES.get(resources[part]["Type"], ("", ""))
        if name in resources[part]["Properties"]:
            yield f"changes  {part}: {name} is removed; the new name begins with {start}"


def _indent(text: str) -> str:
    return "\n".join(f"           {line}" for line in text.split("\n"))


def _join(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
