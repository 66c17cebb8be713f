"""``archviz embed``: refreshes the figures in documents, or says which are stale."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from archviz_cli import arguments
from archviz_cli.arguments import flag
from archviz_cli.commands import Command
from archviz_cli.console import Console
from archviz_cli.parsing import Parser, number
from archviz_cli.running import FINDINGS, each

EXAMPLES = """where a figure should stand, write these two lines:

  <!-- archviz model.onnx depth=1 output=images/model.svg -->
  <!-- /archviz -->

The options are those of archviz render, and: output (the picture's file), format (svg, png,
mermaid, d2, dot, markdown, text), alt, link, base (put before the picture's address), fallback (a
file to draw where a package that the model needs is not installed).

examples:
  archviz embed README.md                       refreshes its figures
  archviz embed --check README.md docs/*.md     exits with 1 when one is stale"""


def declare(parser: Parser) -> None:
    """Declares the arguments."""
    from archviz.figure import TIME_LIMIT

    parser.places.add_argument("documents", nargs="+", metavar="DOCUMENT", help="Markdown files")
    group = parser.add_argument_group("figures")
    flag(group, "--check", help="write nothing; exit with 1 when a figure is stale")
    group.add_argument(
        "--time-limit",
        metavar="SECONDS",
        type=number,
        default=TIME_LIMIT,
        help="how long drawing a figure may take",
    )
    arguments.saying(parser)


def run(given: Namespace, console: Console) -> int:
    """Refreshes the figures that stand in Markdown documents."""

    def refresh(name: str) -> int:
        from archviz.embedding import embed as embedded

        found = embedded(Path(name), time_limit=given.time_limit)
        count = f"{found.figures} figure{'' if found.figures == 1 else 's'}"
        stale = ", ".join(map(str, found.stale))
        if given.check and found.stale:
            console.note(f"{name}: stale: {stale}; run: archviz embed {name}")
            return FINDINGS
        if found.stale:
            found.write()
        console.note(f"{name}: {count}, " + (f"written: {stale}" if stale else "up to date"))
        return 0

    return each(given.documents, refresh, console)


COMMAND = Command(
    "embed",
    "refresh the figures that stand in Markdown documents",
    declare,
    run,
    "[OPTIONS] DOCUMENT...",
    EXAMPLES,
)
