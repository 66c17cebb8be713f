"""``archviz convert``: whole models in another format."""

from __future__ import annotations

from argparse import Namespace

from archviz_cli import arguments, drawing
from archviz_cli.arguments import text
from archviz_cli.commands import Command
from archviz_cli.completing import from_family
from archviz_cli.console import Console
from archviz_cli.parsing import Parser

EXAMPLES = """examples:
  archviz convert model.onnx --to tensorboard runs/model
  archviz convert model.keras --to json
  archviz convert saved_model --to graphml -o graph.graphml"""


def declare(parser: Parser) -> None:
    """Declares the arguments."""
    arguments.source(parser)
    text(
        parser.places,
        "folder",
        nargs="?",
        metavar="FOLDER",
        help="where to write; beside the source if not given",
    )
    group = parser.add_argument_group("output")
    text(
        group,
        "--to",
        metavar="FORMAT",
        help="what to write: see archviz show formats",
        required=True,
        completer=from_family("renderers"),
    )
    text(group, "-o", "--output", metavar="FILE", help="the file to write")
    arguments.reading(parser)
    arguments.saying(parser)


def run(given: Namespace, console: Console) -> int:
    """Writes a whole model in another format, with nothing merged or left out."""
    return drawing.render(
        [given.source],
        given.output or (f"{given.folder.rstrip('/')}/" if given.folder else ""),
        given.to,
        console=console,
        importer=given.importer,
        importer_options=arguments.importer_options(given),
        settings={"raw": True},
    )


COMMAND = Command(
    "convert",
    "write a whole model in another format, with nothing merged or left out",
    declare,
    run,
    "[OPTIONS] SOURCE [FOLDER]",
    EXAMPLES,
)
