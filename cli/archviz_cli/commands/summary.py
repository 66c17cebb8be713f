"""``archviz summary``: tables of modules."""

from __future__ import annotations

import json
from argparse import Namespace

from archviz import api
from archviz_cli import arguments
from archviz_cli.commands import Command
from archviz_cli.console import Console
from archviz_cli.parsing import Parser
from archviz_cli.running import each, print_text

EXAMPLES = """examples:
  archviz summary model.onnx
  archviz summary model.onnx --depth 1
  archviz summary model.onnx --json"""


def declare(parser: Parser) -> None:
    """Declares the arguments."""
    arguments.sources(parser)
    group = parser.add_argument_group("table")
    arguments.depth(group)
    arguments.json(group)
    arguments.reading(parser)
    arguments.saying(parser)


def run(given: Namespace, console: Console) -> int:
    """Prints the summary of each source."""
    options = arguments.importer_options(given)
    printed = False

    def sum_up(name: str) -> int:
        nonlocal printed
        model = api.load(name, importer=given.importer, **options)
        console.diagnostics(model)
        rows = "all" if given.json and given.depth == "auto" else given.depth
        found = api.summary(model, depth=rows)
        if given.json:
            print_text(json.dumps(found.to_json(), indent=1) + "\n")
        else:
            heading = f"{model.source}\n\n" if len(given.sources) > 1 else ""
            print_text(f"{chr(10) if printed else ''}{heading}{found}\n")
        printed = True
        return 0

    return each(given.sources, sum_up, console)


COMMAND = Command(
    "summary", "print a table of modules, outputs and parameters", declare, run, epilog=EXAMPLES
)
