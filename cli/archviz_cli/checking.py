"""The command that looks for what is wrong with models."""

from __future__ import annotations

from typing import Annotated

import typer

from archviz_cli import commands
from archviz_cli.app import app
from archviz_cli.arguments import (
    ExpectCut,
    ExpectFrozen,
    From,
    Input,
    Kwargs,
    Loss,
    Quiet,
    Shape,
    Sources,
    Static,
    Strict,
    Target,
    Verbose,
    importer_options,
)
from archviz_cli.choices import (
    Severity,
    complete_reporter,
)


@app.command(
    epilog="""Examples:

\b
  archviz check model.onnx
  archviz check *.onnx --format json
  archviz check mypkg.models:build --input 1x3x224x224 --loss mypkg.train:loss
  archviz check mypkg.models:build --expect-frozen 'backbone.*' --format sarif
  archviz check mypkg.models:build --write-baseline known.json"""
)
def check(
    context: typer.Context,
    sources: Sources,
    format: Annotated[
        str,
        typer.Option(
            "--format", "-f", help="Form of the report.", autocompletion=complete_reporter
        ),
    ] = "text",
    shape: Shape = [],  # noqa: B006
    input: Input = [],  # noqa: B006
    kwargs: Kwargs = "",
    static: Static = False,
    loss: Loss = "",
    target: Target = "",
    expect_frozen: ExpectFrozen = [],  # noqa: B006
    expect_cut: ExpectCut = [],  # noqa: B006
    select: Annotated[
        list[str],
        typer.Option(
            "--select",
            metavar="RULE",
            help="Apply these rules alone: codes, their beginnings, or names.",
            show_default=False,
        ),
    ] = [],  # noqa: B006
    ignore: Annotated[
        list[str],
        typer.Option("--ignore", metavar="RULE", help="Leave out these rules.", show_default=False),
    ] = [],  # noqa: B006
    fail_on: Annotated[
        Severity,
        typer.Option("--fail-on", help="The mildest finding that makes the exit code 1."),
    ] = Severity.WARNING,
    baseline: Annotated[
        str,
        typer.Option(
            "--baseline", metavar="FILE", help="Findings that are known.", show_default=False
        ),
    ] = "",
    write_baseline: Annotated[
        str,
        typer.Option(
            "--write-baseline",
            metavar="FILE",
            help="Write the findings down as known.",
            show_default=False,
        ),
    ] = "",
    importer: From = "",
    strict: Strict = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> int:
    """Look for what is wrong with models; the exit code is 1 when something is."""
    gradients = {
        "loss": loss,
        "target": target,
        "frozen": tuple(expect_frozen),
        "expect_cut": tuple(expect_cut),
    }
    return commands.check(
        sources,
        format,
        console=context.obj.with_flags(verbose, quiet),
        importer=importer,
        importer_options=importer_options(shape, strict, input, kwargs, static),
        settings={
            "gradients": gradients,
            "select": tuple(select),
            "ignore": tuple(ignore),
            "baseline": baseline,
        },
        fail_on=fail_on.value,
        write_baseline=write_baseline,
    )
