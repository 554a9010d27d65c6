"""The program `dvlwidgets`: looks into notebooks and pages that somebody shared, and takes data out of them."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from dvlwidgets.cli.saying import complain, say
from dvlwidgets.errors import DvlError

USAGE, FAILED, INTERRUPTED = 2, 1, 130
"""Exit statuses, beside 0: wrong arguments, what was asked for cannot be done, Ctrl-C."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the program; returns the exit status.

    Args:
        arguments: as on the command line, by default those.
    """
    parser = _parser()
    try:
        options = parser.parse_args(arguments)
    except SystemExit as ended:  # argparse has said why
        return int(ended.code or 0)
    if options.command is None:
        say(parser.format_help().rstrip("\n"))
        return 0
    try:
        return _run(options)
    except DvlError as refusal:
        complain(str(refusal))
    except RecursionError:
        complain("The file is nested too deeply; it is not read.")
    except BrokenPipeError:  # the reader has seen enough, as `head` does; nobody is there to be told
        sys.stdout = open(os.devnull, "w")
        return 0
    except OSError as reason:
        complain(f"{reason.filename or 'The file'}: {reason.strerror or reason}.")
    except KeyboardInterrupt:
        return INTERRUPTED
    return FAILED


def _run(options: argparse.Namespace) -> int:
    from dvlwidgets.cli import commands

    if options.command == "strip":
        commands.strip(options.file, level=options.level, out=options.out, in_place=options.in_place)
    elif options.command == "edits":
        commands.edits(options.file, run=options.run, code=options.code)
    elif options.browser:
        commands.browse(options.file, run=options.run)
    elif options.out is not None:
        commands.page(options.file, options.out, run=options.run)
    else:
        commands.show(options.file, run=options.run, rows=options.rows)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dvlwidgets",
        description="Look into notebooks and pages with data values, and take the data out of them. Files are read "
        "as data; nothing in them is executed.",
        epilog="`python -m dvlwidgets.demo` shows what the package does.",
    )
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    _add_show(commands)
    _add_edits(commands)
    _add_strip(commands)
    return parser


def _version() -> str:
    from importlib import metadata

    return f"dvlwidgets {metadata.version('dvlwidgets')}"


def _add_show(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    show = commands.add_parser(
        "show",
        help="print or open the runs in a notebook or page",
        description="Prints the lowest and highest values, the edits and what the copy holds; or makes a page.",
    )
    show.add_argument("file", type=Path, help="a notebook (.ipynb), a page (.html) or a payload (.json)")
    show.add_argument("--run", help="name or title of one run; by default all")
    how = show.add_mutually_exclusive_group()
    how.add_argument("--print", action="store_true", help="print a table (this is the default)")
    how.add_argument("--browser", action="store_true", help="open the interactive page in a browser")
    how.add_argument("--out", type=Path, metavar="PAGE.html", help="write the interactive page")
    show.add_argument("--rows", type=_rows, default=10, help="how many of the lowest and highest (10)")


def _rows(given: str) -> int:
    if not given.isdecimal() or not int(given):
        raise argparse.ArgumentTypeError(f"{given!r} was given; expected a whole number above 0, such as 10")
    return int(given)


def _add_edits(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    edits = commands.add_parser(
        "edits",
        help="print the edits in a notebook or page",
        description="Prints what was relabelled and dropped. In Python: Edits.from_notebook(FILE).apply(train).",
    )
    edits.add_argument("file", type=Path, help="a notebook (.ipynb), a page (.html) or a payload (.json)")
    edits.add_argument("--run", help="name or title of the run, where several have edits")
    edits.add_argument("--code", action="store_true", help="as Python code instead of a table")


def _add_strip(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    strip = commands.add_parser(
        "strip",
        help="take the data of panels out of a notebook or page",
        description="Takes out what only a program reads: the values of all points, the edits, the viewer and saved "
        "widget states. Heading, sentence and picture stay, and the table of the lowest and highest points where it "
        "holds no more than positions, labels and values. All other outputs and cells stay as they are.",
    )
    strip.add_argument("file", type=Path, help="a notebook (.ipynb) or a page (.html)")
    strip.add_argument(
        "--level",
        choices=("values", "summary"),
        default="values",
        help="summary: the tables of points are taken out too",
    )
    where = strip.add_mutually_exclusive_group()
    where.add_argument("--out", type=Path, help="the new file (by default NAME-stripped.ipynb)")
    where.add_argument("--in-place", action="store_true", help="write over the file")
