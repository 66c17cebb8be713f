"""The command that measures how large gradients are from layer to layer."""

from __future__ import annotations

import json as json_lib
from typing import Annotated

import typer

from archviz.source import Source
from archviz_cli import commands
from archviz_cli.app import app
from archviz_cli.arguments import (
    Input,
    Kwargs,
    Loss,
    Quiet,
    Target,
    Verbose,
    importer_options,
)
from archviz_cli.choices import complete_theme


@app.command(
    epilog="""Examples:

\b
  archviz gradflow mypkg.models:build --input 8x3x224x224
  archviz gradflow mypkg.models:build --loss mypkg.train:loss --target int64:8 -o flow.svg
  archviz gradflow mypkg.models:build --json > flow.json"""
)
def gradflow(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE", help="package.module:attribute, a PyTorch module.", show_default=False
        ),
    ],
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Draw the bars into this file: svg, pdf, png, tex.",
            show_default=False,
        ),
    ] = "",
    input: Input = [],  # noqa: B006 - typer reads the default and hands out lists of its own
    kwargs: Kwargs = "",
    loss: Loss = "",
    target: Target = "",
    seed: Annotated[
        int, typer.Option("--seed", help="Seed of made-up inputs and of random operations.")
    ] = 0,
    theme: Annotated[
        str,
        typer.Option(
            "--theme",
            metavar="NAME|FILE",
            help="Theme of the figure.",
            autocompletion=complete_theme,
        ),
    ] = "auto",
    width: Annotated[
        str,
        typer.Option(
            "--width", metavar="LENGTH", help="How wide the figure is shown.", show_default=False
        ),
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> int:
    """Run one backward pass and print how large the gradient of each parameter is."""
    console = context.obj.with_flags(verbose, quiet)

    def measure(name: str) -> int:
        options = importer_options([], False, input, kwargs, False)
        from archviz.checking import live_flow

        flow = live_flow(Source.of(name), options, loss=loss, target=target, seed=seed)
        if output:
            from archviz.flow_figure import render_flow

            render_flow(flow, output, theme=theme, width=width)
            console.note(f"{output}: bars of {len(flow.rows):,} parameters")
        commands.print_text(
            json_lib.dumps(flow.to_json(), indent=1) + "\n" if json else f"{flow}\n"
        )
        return 0

    return commands.each([source], measure, console)
