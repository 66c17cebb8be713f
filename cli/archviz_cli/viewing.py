"""``archviz view``: the interactive page of a model, in the browser."""

from __future__ import annotations

import os
import sys
import tempfile
import webbrowser
from pathlib import Path
from typing import Annotated, Any

import typer

from archviz import api
from archviz.output import default_output
from archviz.source import Source
from archviz_cli import commands, trees
from archviz_cli.app import app, overlay_options
from archviz_cli.arguments import (
    Depth,
    ExpectCut,
    ExpectFrozen,
    Focus,
    From,
    Input,
    Kwargs,
    Loss,
    Overlay,
    Quiet,
    Shape,
    Static,
    Strict,
    Target,
    Verbose,
    importer_options,
)
from archviz_cli.choices import complete_theme
from archviz_cli.console import Console


@app.command(
    epilog="""Examples:

\b
  archviz view model.onnx
  archviz view package.module:build --input 1x3x224x224
  archviz view model.onnx --depth 2 --theme dark
  archviz view model.onnx --no-browser          says where the page is
  archviz view model.onnx -o model.html         keeps the page
  archviz view package.module:build --overlay gradient --loss package.train:loss"""
)
def view(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A file or folder, '-' for standard input, or package.module:attribute.",
            show_default=False,
        ),
    ],
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where to keep the page; among the temporary files if not given.",
            show_default=False,
        ),
    ] = "",
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the page, or only write it.")
    ] = True,
    depth: Depth = "auto",
    theme: Annotated[
        str,
        typer.Option(
            "--theme",
            metavar="NAME|FILE",
            help="light, dark, auto for what the system has, or a TOML file.",
            autocompletion=complete_theme,
        ),
    ] = "auto",
    focus: Focus = "",
    overlay: Overlay = "",
    loss: Loss = "",
    target: Target = "",
    expect_frozen: ExpectFrozen = [],  # noqa: B006 - typer hands out lists of its own
    expect_cut: ExpectCut = [],  # noqa: B006
    tree: trees.Tree = None,
    max_depth: trees.MaxDepth = None,
    max_nodes: trees.MaxNodes = None,
    shape: Shape = [],  # noqa: B006 - typer reads the default and hands out lists of its own
    input: Input = [],  # noqa: B006
    kwargs: Kwargs = "",
    static: Static = False,
    importer: From = "",
    strict: Strict = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> int:
    """Open a model in the browser: search it, open its modules, trace its values."""
    console: Console = context.obj.with_flags(verbose, quiet)
    options = importer_options(shape, strict, input, kwargs, static)
    over = overlay_options(overlay, loss, target, expect_frozen, expect_cut)
    limits = {"tree": tree, "max_depth": max_depth, "max_nodes": max_nodes}
    settings = {
        **{"depth": depth, "theme": theme, "focus": focus},
        **{name: limit for name, limit in limits.items() if limit is not None},
        **over,
    }

    def show(name: str) -> int:
        page = _written(name, output, importer, options, settings, console)
        sys.stdout.write(f"{page}\n")
        sys.stdout.flush()
        if browser:
            _open(page, console)
        return 0

    return commands.each([source], show, console)


def _written(
    name: str,
    output: str,
    importer: str,
    options: dict[str, Any],
    settings: dict[str, Any],
    console: Console,
) -> Path:
    """The path of the page, once it is written."""
    source = Source.of(name)
    if settings.get("overlay"):  # an overlay looks at the source itself
        made = api.compose(source, format="html", importer=importer, **options, **settings)
        console.diagnostics(made.model)
        console.note(made.said)
    else:
        model = api.load(source, importer=importer, **options)
        console.diagnostics(model)
        made = api.compose(model, format="html", **settings)
    if output:
        return api.write(made, output, source).resolve()
    stem = default_output(source, "html").stem[:60]
    handle, path = tempfile.mkstemp(".html", f"archviz-{stem}-")
    os.close(handle)
    return api.write(made, path)


def _open(page: Path, console: Console) -> None:
    """Opens a page in a browser that has a window; says what to do where there is none."""
    if not _has_screen():
        console.note(
            "no browser is opened, because there is no screen here: copy the page to where there "
            "is one (scp), or serve it (python3 -m http.server) and forward the port (ssh -L)"
        )
    elif not webbrowser.open(page.as_uri()):
        console.note(f"no browser was found: open {page.as_uri()}")


def _has_screen() -> bool:
    """Whether a browser can show a window; the user may name one that needs none."""
    if sys.platform in ("win32", "darwin"):
        return not os.environ.get("SSH_CONNECTION")
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
