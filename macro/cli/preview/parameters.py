"""Read values for template parameters from the command line, and from files in the AWS CLI's formats."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from macro.cli.text.files import refuse_file
from macro.cli.text.positions import Position
from macro.errors import InvalidTemplate, Problem, Problems, describe, suggest
from macro.plugin import Json, Template


def read_parameters(
    pairs: Sequence[str], file: str | None, template: Template, is_other: bool = False
) -> dict[str, Json]:
    """The values by name. Values in ``pairs`` (``NAME=VALUE``) take precedence over values in the file.

    If ``is_other`` is true, values for parameters that the template does not have are omitted, because they belong to
    another template.

    Raises:
        InvalidTemplate: a pair has no ``=``, or the template has no such parameter. The error names every such value.
        FileError: the file can't be read.
    """
    values = read_file(file) if file else {}
    problems = Problems()
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if equals:
            values[name] = value
        else:
            problems.add(f"--parameter {pair}: must be NAME=VALUE")
    declared = template.get("Parameters")
    known = list(declared) if isinstance(declared, dict) else []
    if is_other:
        values = {name: value for name, value in values.items() if name in known}
    for name in values:
        if name not in known:
            have = f"it has {', '.join(known)}" if known else "it has none"
            problems.add(f"the template has no parameter {name}; {have}{suggest(name, known)}")
    problems.raise_if_any(InvalidTemplate)
    return values


def get_declared(template: Template) -> dict[str, dict[str, Json]]:
    """The template's parameters by name. Parameters with an invalid declaration are omitted."""
    declared = template.get("Parameters")
    found = declared.items() if isinstance(declared, dict) else ()
    return {name: parameter for name, parameter in found if isinstance(parameter, dict)}


def find_missing(template: Template, values: Mapping[str, Json]) -> Iterator[Problem]:
    """A problem for each parameter that has neither a value nor a default. A deployment would fail."""
    for name, parameter in get_declared(template).items():
        if name not in values and "Default" not in parameter:
            yield Problem(("Parameters", name), f"needs a value; add --parameter {name}=VALUE, or a Default")


def read_file(name: str) -> dict[str, Json]:
    """The values in a file that has one of the AWS CLI's formats.

    The formats are ``[{"ParameterKey": …, "ParameterValue": …}]`` (create-stack), ``["Name=Value"]`` (deploy) and
    ``{"Parameters": {"Name": "Value"}}`` (deploy, CodePipeline).

    Raises:
        FileError: the file can't be read, or has another format.
    """
    try:
        content = json.loads(Path(name).read_text("utf-8-sig"))
    except OSError as error:
        raise refuse_file(name, f"can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise refuse_file(name, f"must be UTF-8; byte {error.start} is not") from None
    except json.JSONDecodeError as error:
        # The line is not shown because a value can be a secret.
        raise refuse_file(name, "must be JSON", Position(error.lineno, error.colno, "")) from None
    except ValueError:
        raise refuse_file(name, "must be JSON that Python can read; a number has too many digits") from None
    except RecursionError:
        raise refuse_file(name, "is nested too deeply; the value of a parameter is text") from None
    if isinstance(content, dict) and isinstance(content.get("Parameters"), dict):
        return dict(content["Parameters"])
    if isinstance(content, list):
        return dict(_read_entry(name, entry) for entry in content if not _is_previous(entry))
    raise refuse_file(name, f"must be a list of parameters, or a map with Parameters, got {describe(content)}")


def _is_previous(entry: Json) -> bool:
    """Whether an entry asks for the stack's current value. That value is unknown here."""
    return isinstance(entry, Mapping) and entry.get("UsePreviousValue") in (True, "true")


def _read_entry(name: str, entry: Json) -> tuple[str, Json]:
    if isinstance(entry, Mapping) and isinstance(entry.get("ParameterKey"), str) and "ParameterValue" in entry:
        return entry["ParameterKey"], entry["ParameterValue"]
    if isinstance(entry, str) and "=" in entry:
        key, _, value = entry.partition("=")
        return key, value
    form = '\'Name=Value\' or {"ParameterKey": …, "ParameterValue": …}'
    raise refuse_file(name, f"each entry must be {form}, got {describe(entry)}")
