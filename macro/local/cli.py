"""The commands of ``hitcounter``: one small function each; what they need is imported when they run."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from macro.errors import MacroError
from macro.expand import Expanded
from macro.local import usage
from macro.local.files import FileError, Source, find_folder, read_source
from macro.local.spots import print_problem
from macro.local.telling import PROBLEMS, tell, tell_problems
from macro.plugin import Plugin, Template

FINE, WRONG_USAGE = 0, 2
# What a shell reports for a command that ctrl-c ended.
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0 where all is fine, 1 where problems were found, 2 for wrong usage."""
    try:
        if "_ARGCOMPLETE" in os.environ:
            complete_for_shell()
        arguments, rest = make_parser().parse_known_args(argv)
        if rest and arguments.command not in (lint, env):
            make_parser().error(f"unknown arguments: {' '.join(rest)}")
        arguments.rest = rest
        command: Callable[[argparse.Namespace], int] = arguments.command
        code = command(arguments)
        sys.stdout.flush()
        return code
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else WRONG_USAGE
    except FileError as error:
        return tell([print_problem(error.name, *found) for found in error.found])
    except MacroError as error:
        return tell([str(problem) for problem in error.problems])
    except RecursionError:
        return tell(["the template is nested too deeply to be read"])
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of the output has gone (``| head``), which is no fault; keep the interpreter from flushing to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE


def init(arguments: argparse.Namespace) -> int:
    """Write files to begin with."""
    from macro.local.init_command import run

    return run(arguments)


def convert(arguments: argparse.Namespace) -> int:
    """Turn what counts hits by hand into counters."""
    from macro.local.convert_command import run

    return run(arguments)


def expand(arguments: argparse.Namespace) -> int:
    """Print, write, compare or check the plain template."""
    from macro.local.edit import print_template

    if arguments.check and not arguments.output:
        fail("--check needs -o FILE, the file to be checked")
    if arguments.diff == usage.LAST_OUTPUT and not arguments.output:
        fail("--diff needs a template to compare with, or -o FILE, whose last content it then compares with")
    source = read_source(arguments.template)
    expanded = expand_source(source, arguments)
    if expanded is None:
        return PROBLEMS
    text = print_template(source, expanded, arguments.format)
    warn_of_size(text)
    if arguments.check:
        return check(text, arguments)
    if arguments.diff is not None:
        return compare(text, arguments)
    return write(text, arguments.output)


def lint(arguments: argparse.Namespace) -> int:
    """Print what is wrong with the compact template, then what cfn-lint finds in the plain one."""
    from macro.local import lint as linter

    source = read_source(arguments.template)
    if expand_source(source, arguments, end="cfn-lint is asked once these are mended") is None:
        return PROBLEMS
    options = arguments.rest if arguments.format == "text" else ["--format", arguments.format, *arguments.rest]
    return linter.lint_source(source, lambda template: _preview(template, source, arguments), options)


def graph(arguments: argparse.Namespace) -> int:
    """Print or write a picture of what a template becomes."""
    from macro.local.graph.command import print_graph

    source = read_source(arguments.template)
    expanded = expand_source(source, arguments)
    return PROBLEMS if expanded is None else write(print_graph(source, expanded, arguments), arguments.output)


def explain(arguments: argparse.Namespace) -> int:
    """Print what a counter may say, what it offers, and which plug-ins there are."""
    from macro.local import explain as explainer

    if arguments.cfnlintrc:
        print(explainer.print_settings(), end="")
        return FINE
    if arguments.shards is not None:
        return explain_shards(arguments.shards)
    further = list(_load_plugins(arguments).values())
    if arguments.schema:
        from macro.local.editor_schema import print_schema

        print(print_schema(further), end="")
        return FINE
    print(explainer.explain(arguments.topic, arguments.format, further), end="")
    return FINE


def explain_shards(rate: int) -> int:
    """Print how many items so many hits a second need."""
    from macro.local.shards import print_plans

    if rate < 1:
        fail(f"--shards {rate}: must be a rate of at least 1 hit a second")
    print(print_plans(rate), end="")
    return FINE


def env(arguments: argparse.Namespace) -> int:
    """Print what the companion would do to a zip's env file, or write the result."""
    from transform_lambda.command import main as show_env

    return show_env(["env", *arguments.rest], program="hitcounter")


def install(arguments: argparse.Namespace) -> int:
    """Put the macro and its companion into an account."""
    from macro.local.cloud.commands import run_install

    return run_install(arguments)


def uninstall(arguments: argparse.Namespace) -> int:
    """Remove the installation from an account."""
    from macro.local.cloud.commands import run_uninstall

    return run_uninstall(arguments)


def deploy(arguments: argparse.Namespace) -> int:
    """Show what a template would change in an account, and deploy it."""
    from macro.local.cloud.commands import run_deploy

    return run_deploy(arguments)


def diff(arguments: argparse.Namespace) -> int:
    """Tell what deploying a template would change in a stack."""
    from macro.local.cloud.diff_command import run

    return run(arguments)


def hits(arguments: argparse.Namespace) -> int:
    """Print how often each name was counted."""
    from macro.local.cloud.hits_command import run

    return run(arguments)


def logs(arguments: argparse.Namespace) -> int:
    """Print what functions and gateways logged."""
    from macro.local.cloud.logs_command import run

    return run(arguments)


def local(arguments: argparse.Namespace) -> int:
    """Deploy a template on the embedded engine, and count hits."""
    from macro.local.cloud.local_command import run_local

    return run_local(arguments)


def bundle(arguments: argparse.Namespace) -> int:
    """Write the zips that an installation is made of."""
    from macro.local.bundle_command import run

    return run(arguments)


def version(arguments: argparse.Namespace) -> int:
    """Print which release this is, and the digests of what it installs."""
    from macro.local.version_command import run

    return run(arguments)


def completion(arguments: argparse.Namespace) -> int:
    """Print what makes a shell complete the command."""
    from macro.local.completion_command import run

    return run(arguments)


def expand_source(
    source: Source, arguments: argparse.Namespace, is_other: bool = False, end: str = "nothing was written"
) -> Expanded | None:
    """The plain template, or ``None`` after its problems were told, each with the author's line, and ``end`` last.

    Another template need not have the parameters whose values are given.
    """
    try:
        return _preview(source.template, source, arguments, is_other)
    except FileError:
        raise
    except MacroError as error:
        tell_problems(source, error.problems, end)
        return None


def check(text: str, arguments: argparse.Namespace) -> int:
    """Whether the output file is what expanding gives now."""
    output = Path(arguments.output)
    if output.is_file() and read_output(output) == text:
        return FINE
    state = "is out of date" if output.exists() else "is missing"
    return tell([f"{output}: {state}; run: hitcounter expand {arguments.template} -o {output}"])


def compare(text: str, arguments: argparse.Namespace) -> int:
    """Print how the plain template differs from another template's, or from the last output."""
    from macro.local.diff import print_diff
    from macro.local.edit import print_template

    if arguments.diff == usage.LAST_OUTPUT:
        name = arguments.output
        before = read_output(Path(name)) if Path(name).is_file() else ""
    else:
        name = arguments.diff
        other = read_source(name)
        expanded = expand_source(other, arguments, is_other=True)
        if expanded is None:
            return PROBLEMS
        before = print_template(other, expanded, arguments.format)
    sys.stdout.write(print_diff(before, text, (name, arguments.template), has_colour(sys.stdout)))
    return FINE


def read_output(path: Path) -> str:
    """An earlier output with its own line ends; what is no text is no output of ours and equals none."""
    return path.read_bytes().decode("utf-8", "replace")


def write(text: str, output: str | None) -> int:
    """The text to stdout, or into a file that holds all of it or is left as it was."""
    if output is None:
        sys.stdout.write(text)
        return FINE
    target = Path(output)
    if target.is_dir():
        return tell([f"{output}: can't be written: it is a folder"])
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with draft.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
        draft.replace(target)
    except OSError as error:
        draft.unlink(missing_ok=True)
        return tell([f"{output}: can't be written: {error.strerror}"])
    return FINE


def warn_of_size(text: str) -> None:
    """Say on stderr where the plain template is too long to be passed inline."""
    from macro.local.preview import warn_inline
    from macro.template import check_size

    check_size(len(text.encode()))
    warning = warn_inline(len(text.encode()))
    if warning:
        print(f"note: {warning}", file=sys.stderr)


def complete_for_shell() -> None:
    """Tell a shell what may follow what was typed so far, and end."""
    import argcomplete

    argcomplete.autocomplete(make_parser())


def fail(text: str) -> NoReturn:
    """End with a message about how the command is used."""
    print(f"hitcounter: {text}", file=sys.stderr)
    raise SystemExit(WRONG_USAGE)


def has_colour(stream: object) -> bool:
    """Whether the stream is a terminal whose user didn't turn colours off (no-color.org)."""
    return bool(getattr(stream, "isatty", lambda: False)()) and not os.environ.get("NO_COLOR")


def make_parser() -> argparse.ArgumentParser:
    """The command line's grammar."""
    commands = (
        init, convert, expand, lint, graph, explain, env, local, bundle,
        install, deploy, diff, hits, logs, uninstall, version, completion,
    )  # fmt: skip
    return usage.make_parser({command.__name__: command for command in commands})


def _preview(template: Template, source: Source, arguments: argparse.Namespace, is_other: bool = False) -> Expanded:
    import functools

    from macro.local.parameters import read_parameters
    from macro.local.preview import preview_file
    from macro.plugins import find_plugin

    parameters = read_parameters(arguments.parameter, arguments.parameters_file, template, is_other)
    find = functools.partial(find_plugin, further=_load_plugins(arguments))
    return preview_file(template, find_folder(source), parameters, find)


def _load_plugins(arguments: argparse.Namespace) -> dict[str, Plugin]:
    if not arguments.plugin:
        return {}
    from macro.local.trial import load_trials

    return load_trials(arguments.plugin)
