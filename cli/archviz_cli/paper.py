"""Options of pictures for papers, and the command that checks such pictures."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from archviz_cli import commands
from archviz_cli.app import app
from archviz_cli.arguments import Quiet, Verbose
from archviz_cli.choices import complete_venue


class Report(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    JSON = "json"


@app.command(
    "check-figure",
    epilog="""Examples:

\b
  archviz check-figure figure.svg --venue cvpr
  archviz check-figure figures/*.svg --width 84mm --format json""",
)
def check_figure(
    context: typer.Context,
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="SVG files.", show_default=False),
    ],
    venue: Annotated[
        str,
        typer.Option(
            "--venue",
            metavar="NAME",
            help="Where it is to be printed, as in neurips, icml, cvpr, acl or ieee.",
            autocompletion=complete_venue,
            show_default=False,
        ),
    ] = "",
    width: Annotated[
        str,
        typer.Option(
            "--width",
            metavar="LENGTH",
            help="The widest that it may be; the venue's text if not given.",
            show_default=False,
        ),
    ] = "",
    min_text: Annotated[
        float, typer.Option("--min-text", metavar="POINTS", help="The smallest text allowed.")
    ] = 6.0,
    ignore: Annotated[
        list[str],
        typer.Option(
            "--ignore",
            metavar="CHECK",
            help="Leave out a check: width, text, line, opacity, gray or font; may be given again.",
            show_default=False,
        ),
    ] = [],  # noqa: B006 - typer reads the default and hands out lists of its own
    format: Annotated[
        Report, typer.Option("--format", "-f", help="Form of the report.")
    ] = Report.TEXT,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> int:
    """Check that pictures can be printed: their width, text, lines and colours."""
    return commands.check_figure(
        files,
        format.value,
        console=context.obj.with_flags(verbose, quiet),
        settings={
            "venue": venue,
            "width": width,
            "smallest_text": min_text,
            "ignore": tuple(ignore),
        },
    )
