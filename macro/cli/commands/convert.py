"""``hitcounter convert``: convert a hand-written hit counter and keep its table, or report why not."""

import argparse
from collections.abc import Mapping

from macro.cli.convert import sam
from macro.cli.text.files import Source, read_source
from macro.errors import MacroError, Problem

SUMMARY = "make a counter of a table, function and API written by hand"
EXAMPLES = """\
The new template goes to stdout, what is kept, changed and to be checked to stderr. Each table keeps its logical id, and
with it its items; where that can't be, nothing is written, and every reason is told at its line (exit code 1).

examples:
  hitcounter convert template.yaml -o converted.yaml
  hitcounter convert template.yaml --explain                     just what would be kept and changed
  hitcounter convert template.yaml --function HitFunction        that function's only
  hitcounter convert template.yaml --rename Hits=HitsTable       first give a resource the id that a counter needs
"""
# Properties with names that must be unique, so two resources can't have the same name.
_FIXED = ("FunctionName", "RoleName", "ManagedPolicyName", "LogGroupName")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``convert``."""
    parser.add_argument("template", metavar="TEMPLATE", help="a YAML or JSON file, or - for stdin")
    parser.add_argument("-o", "--output", metavar="FILE", help="write there instead of to stdout")
    parser.add_argument("--explain", action="store_true", help="report what would be kept and changed; writes nothing")
    parser.add_argument(
        "--function", action="append", default=[], metavar="ID", help="convert just what that function does; repeatable"
    )
    parser.add_argument(
        "--rename",
        action="append",
        default=[],
        metavar="OLD=NEW",
        help="don't convert: print the template with another logical id, and what to do with it; repeatable",
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the converted template and report the notes.

    If the template can't be converted, report each reason with the template's file and line.
    """
    from macro.cli.convert.convert import convert
    from macro.cli.convert.notes import list_notes
    from macro.cli.convert.text import print_converted, print_renamed
    from macro.cli.text.output import write
    from macro.cli.text.report import report, report_problems

    source = read_source(arguments.template)
    try:
        if arguments.rename:
            names = _read_names(arguments.rename)
            text, notes = print_renamed(source, names), _list_steps(source, names, arguments.output or "FILE")
        else:
            converted = convert(source.template, arguments.function)
            text, notes = print_converted(source, converted), list_notes(converted)
    except MacroError as error:
        return report_problems(source, error.problems, "nothing was converted")
    report(notes)
    return 0 if arguments.explain else write(text, arguments.output)


def _read_names(given: list[str]) -> Mapping[str, str]:
    names = dict(each.split("=", 1) for each in given if "=" in each)
    wrong = [each for each in given if not all(map(_is_id, each.partition("=")[::2]))]
    if wrong:
        raise MacroError(Problem((), f"--rename {each}: must be OLD=NEW, two logical ids") for each in wrong)
    return names


def _is_id(text: str) -> bool:
    return text.isascii() and text.isalnum()


def _list_steps(source: Source, names: Mapping[str, str], file: str) -> list[str]:
    """The author's next steps for a template with renamed IDs: move the tables, create other resources anew."""
    resources = source.template["Resources"]
    tables = [name for name in names if resources[name].get("Type") in ("AWS::DynamoDB::Table", sam.TABLE)]
    others = [name for name in names if name not in tables]
    lines = []
    for name in tables:
        lines += _move(name, names[name], file, "Transform" in source.template)
    if others:
        listed = ", ".join(f"{name} as {names[name]}" for name in others)
        lines.append(f"deploy this, which makes {listed} before the old one goes; then convert it")
    for name in others:
        fixed = [each for each in _FIXED if each in (resources[name].get("Properties") or {})]
        lines += [f"{names[name]} has to be without its {each}, which can't be there twice" for each in fixed]
    return lines


def _move(old: str, new: str, file: str, is_processed: bool) -> list[str]:
    places = [f"{{StackName=STACK,LogicalResourceId={name}}}" for name in (old, new)]
    lines = [
        f"{new} is the table {old} under another id. Don't deploy this as it is: that makes an empty table.",
        "Move the id instead, in a template that is otherwise what is deployed "
        "(CloudFormation guide, 'Stack refactoring'):",
        "  aws cloudformation create-stack-refactor \\",
        f"    --stack-definitions StackName=STACK,TemplateBody@=file://{file} \\",
        f"    --resource-mappings 'Source={places[0]},Destination={places[1]}'",
        "  aws cloudformation describe-stack-refactor --stack-refactor-id ID   (until ExecutionStatus is AVAILABLE)",
        "  aws cloudformation execute-stack-refactor --stack-refactor-id ID",
        "then convert it",
    ]
    if is_processed:
        processed = "'aws cloudformation get-template --template-stage Processed'"
        lines.insert(-1, f"With a Transform, that file is what {processed} gives, with the id changed alike.")
    return lines
