"""``archviz check-figure``: whether pictures can be printed."""

from __future__ import annotations

import json
from argparse import Namespace

from archviz_cli import arguments
from archviz_cli.arguments import choice, several, text
from archviz_cli.commands import Command
from archviz_cli.completing import checks, venues
from archviz_cli.console import Console
from archviz_cli.parsing import Parser, number
from archviz_cli.running import FINDINGS, each, print_text

EXAMPLES = """examples:
  archviz check-figure figure.svg --venue cvpr
  archviz check-figure camera-ready/*.pdf --venue ieee
  archviz check-figure figures/*.svg --width 84mm --format json"""


def declare(parser: Parser) -> None:
    """Declares the arguments."""
    parser.places.add_argument("files", nargs="+", metavar="FILE", help="SVG and PDF files")
    group = parser.add_argument_group("demands")
    text(
        group,
        "--venue",
        metavar="NAME",
        help="where it is to be printed, as in neurips, icml, cvpr, acl or ieee",
        completer=venues,
    )
    arguments.width(group, "the widest that it may be; the venue's text if not given")
    group.add_argument(
        "--min-text",
        metavar="POINTS",
        type=number,
        default=6.0,
        help="the smallest text allowed",
    )
    several(
        group,
        "--ignore",
        metavar="CHECK",
        help="leave out a check: width, text, line, opacity, gray, font, pixels or pages; "
        "may be given again",
        completer=checks,
    )
    choice(group, "-f", "--format", names=("text", "json"), help="form of the report")
    arguments.saying(parser)


def run(given: Namespace, console: Console) -> int:
    """Prints what would be wrong with pictures in print: their width, text, lines and colours."""
    from archviz import figure_check

    reports: list[figure_check.FigureReport] = []

    def look(name: str) -> int:
        found = figure_check.check_figure(
            name,
            venue=given.venue,
            width=given.width,
            smallest_text=given.min_text,
            ignore=tuple(given.ignore),
        )
        reports.append(found)
        return 0 if found.is_clean else FINDINGS

    code = each(given.files, look, console)
    if given.format == "json":
        print_text(json.dumps([found.to_json() for found in reports], indent=1) + "\n")
    else:
        print_text("".join(f"{found}\n" for found in reports))
    return code


COMMAND = Command(
    "check-figure",
    "check that pictures can be printed: their width, text, lines and colours",
    declare,
    run,
    "[OPTIONS] FILE...",
    EXAMPLES,
)
