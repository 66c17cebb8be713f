"""The command ``embed``: refreshes the figures in documents, or says which are stale."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from archviz.figure import TIME_LIMIT
from archviz_cli.app import app
from archviz_cli.arguments import Quiet, Verbose
from archviz_cli.commands import FINDINGS, each


@app.command(
    epilog="""Where a figure should stand, write these two lines:

\b
  <!-- archviz model.onnx depth=1 output=images/model.svg -->
  <!-- /archviz -->

The options are those of archviz render, and: output (the picture's file), format (svg, png,
mermaid, d2, dot, markdown, text), alt, link, base (put before the picture's address), fallback (a
file to draw where a package that the model needs is not installed).

Examples:

\b
  archviz embed README.md                       refreshes its figures
  archviz embed --check README.md docs/*.md     exits with 1 when one is stale"""
)
def embed(
    context: typer.Context,
    documents: Annotated[
        list[Path],
        typer.Argument(metavar="DOCUMENT...", help="Markdown files.", show_default=False),
    ],
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 when a figure is stale.")
    ] = False,
    time_limit: Annotated[
        float,
        typer.Option("--time-limit", metavar="SECONDS", help="How long drawing a figure may take."),
    ] = TIME_LIMIT,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> int:
    """Refresh the figures that stand in Markdown documents."""
    console = context.obj.with_flags(verbose, quiet)

    def refresh(name: str) -> int:
        from archviz.embedding import embed as embedded

        found = embedded(Path(name), time_limit=time_limit)
        count = f"{found.figures} figure{'' if found.figures == 1 else 's'}"
        stale = ", ".join(map(str, found.stale))
        if check and found.stale:
            console.note(f"{name}: stale: {stale}; run: archviz embed {name}")
            return FINDINGS
        if found.stale:
            found.write()
        console.note(f"{name}: {count}, " + (f"written: {stale}" if stale else "up to date"))
        return 0

    return each([str(document) for document in documents], refresh, console)
