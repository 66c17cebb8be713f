"""``archviz describe``: pictures in words."""

from __future__ import annotations

from argparse import Namespace

from archviz_cli import arguments, drawing
from archviz_cli.commands import Command
from archviz_cli.console import Console
from archviz_cli.parsing import Parser

EXAMPLES = """examples:
  archviz describe model.onnx
  archviz describe model.onnx --depth 1 > model.md"""


def declare(parser: Parser) -> None:
    """Declares the arguments."""
    arguments.sources(parser)
    group = parser.add_argument_group("description")
    arguments.depth(group)
    arguments.focus(group)
    arguments.reading(parser)
    arguments.saying(parser)


def run(given: Namespace, console: Console) -> int:
    """Prints the picture of each source in words, step by step, as Markdown."""
    return drawing.render(
        given.sources,
        drawing.STANDARD,
        "markdown",
        console=console,
        importer=given.importer,
        importer_options=arguments.importer_options(given),
        settings={"depth": given.depth, "focus": given.focus},
    )


COMMAND = Command(
    "describe",
    "print the picture in words, step by step, as Markdown",
    declare,
    run,
    epilog=EXAMPLES,
)
