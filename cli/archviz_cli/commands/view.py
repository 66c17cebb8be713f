"""``archviz view``: the interactive page of a model, in the browser."""

from __future__ import annotations

import os
import sys
import tempfile
import webbrowser
from argparse import Namespace
from pathlib import Path
from typing import Any

from archviz import api
from archviz.output import default_output
from archviz.source import Source
from archviz_cli import arguments, trees
from archviz_cli.arguments import either, text
from archviz_cli.commands import Command
from archviz_cli.console import Console
from archviz_cli.parsing import Parser
from archviz_cli.running import each

EXAMPLES = """examples:
  archviz view model.onnx
  archviz view package.module:build --input 1x3x224x224
  archviz view model.onnx --depth 2 --theme dark
  archviz view model.onnx --no-browser          says where the page is
  archviz view model.onnx -o model.html         keeps the page
  archviz view package.module:build --overlay gradient --loss package.train:loss"""


def declare(parser: Parser) -> None:
    """Declares the arguments."""
    arguments.source(parser)
    group = parser.add_argument_group("page")
    text(
        group,
        "-o",
        "--output",
        metavar="FILE",
        help="where to keep the page; among the temporary files if not given",
    )
    either(group, "--browser", help="open the page, or only write it", default=True)
    arguments.depth(group)
    arguments.focus(group)
    arguments.theme(group, "light, dark, auto for what the system has, or a TOML file")
    trees.limits(parser.add_argument_group("decision trees"))
    group = parser.add_argument_group("gradients")
    arguments.overlay(group)
    arguments.loss(group)
    arguments.target(group)
    arguments.expectations(group)
    arguments.reading(parser)
    arguments.saying(parser)


def run(given: Namespace, console: Console) -> int:
    """Opens a model in the browser: search it, open its modules, trace its values."""
    options = arguments.importer_options(given)
    settings = {
        **{"depth": given.depth, "theme": given.theme, "focus": given.focus},
        **trees.given_limits(given),
        **arguments.overlay_options(given, given.target),
    }

    def show(name: str) -> int:
        page = _written(name, given.output, given.importer, options, settings, console)
        sys.stdout.write(f"{page}\n")
        sys.stdout.flush()
        if given.browser:
            _open(page, console)
        return 0

    return each([given.source], show, console)


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


COMMAND = Command(
    "view",
    "open a model in the browser: search it, open its modules, trace its values",
    declare,
    run,
    "[OPTIONS] SOURCE",
    EXAMPLES,
)
