"""The command `env`: show what the companion would do to a local zip, and write the result on request."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from transform_lambda.contract import ResourceError
from transform_lambda.env.change import plan_change
from transform_lambda.env.file import ENCODINGS, EnvError
from transform_lambda.env.report import print_change
from transform_lambda.zip.refused import ZipError
from transform_lambda.zip.write import rewrite_file

_EXAMPLES = """\
examples:
  %(prog)s code.zip table=hits                 the env file before and after, values masked
  %(prog)s code.zip table=hits --show-values
  %(prog)s code.zip table=hits -o new.zip      write what would be deployed
"""


def main(argv: Sequence[str] | None = None, program: str = "python -m transform_lambda") -> int:
    """The exit code: 0 for success, 1 for an error, which is printed to stderr. Wrong usage exits with 2.

    If the values or the archive are refused, nothing is written.
    """
    parser = _parser(f"{program} env")
    command, *typed = (sys.argv[1:] if argv is None else argv) or ("",)
    if command != "env":
        parser.error("the command is env")
    arguments = parser.parse_intermixed_args(typed)
    place = arguments.zip
    try:
        change = plan_change(arguments.zip, dict(arguments.values), arguments.env_file, arguments.encoding)
        if arguments.output:
            place = arguments.output
            rewrite_file(arguments.zip, arguments.output, change.files)
        place = "standard output"
        sys.stdout.write(print_change(change, shows_values=arguments.show_values))
    except (EnvError, ZipError, ResourceError) as error:
        print(f"{arguments.zip}: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        # The error's file name may be that of the temporary part that becomes the output.
        print(f"{place}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description="Show what deployment would do to the .env of a code zip, and the digests of both.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("zip", type=Path, metavar="ZIP", help="the code archive, which is read only")
    parser.add_argument("values", nargs="*", type=_value, metavar="K=V", help="values for the env file")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write the new archive here, whole or not at all"
    )
    parser.add_argument("--env-file", default=".env", metavar="PATH", help="its path inside the archive (%(default)s)")
    parser.add_argument("--encoding", choices=ENCODINGS, default="raw", help="as EnvEncoding (%(default)s)")
    parser.add_argument("--show-values", action="store_true", help="print the values instead of ***")
    return parser


def _value(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        # The message does not show the text, because it may be a secret value without its name.
        raise argparse.ArgumentTypeError("each value must be given as NAME=VALUE")
    return name, value
