"""``archviz gradflow``: how large gradients are from layer to layer."""

from __future__ import annotations

import json
from argparse import Namespace

from archviz.source import Source
from archviz_cli import arguments
from archviz_cli.arguments import text
from archviz_cli.commands import Command
from archviz_cli.console import Console
from archviz_cli.parsing import Parser, whole_number
from archviz_cli.running import each, print_text

EXAMPLES = """examples:
  archviz gradflow mypkg.models:build --input 8x3x224x224
  archviz gradflow mypkg.models:build --loss mypkg.train:loss --target int64:8 -o flow.svg
  archviz gradflow mypkg.models:build --json > flow.json"""


def declare(parser: Parser) -> None:
    """Declares the arguments."""
    arguments.source(parser, "package.module:attribute, a PyTorch module")
    group = parser.add_argument_group("output")
    text(
        group,
        "-o",
        "--output",
        metavar="FILE",
        help="draw the bars into this file: svg, pdf, png, tex",
    )
    arguments.theme(group, "theme of the figure")
    arguments.width(group, "how wide the figure is shown")
    arguments.json(group)
    group = parser.add_argument_group("call")
    arguments.inputs(group)
    arguments.loss(group)
    arguments.target(group)
    group.add_argument(
        "--seed",
        metavar="N",
        type=whole_number,
        default=0,
        help="seed of made-up inputs and of random operations",
    )
    arguments.saying(parser)


def run(given: Namespace, console: Console) -> int:
    """Runs one backward pass and prints how large the gradient of each parameter is."""
    options = arguments.importer_options(given)

    def measure(name: str) -> int:
        from archviz.checking import live_flow

        flow = live_flow(
            Source.of(name), options, loss=given.loss, target=given.target, seed=given.seed
        )
        if given.output:
            from archviz.flow_figure import render_flow

            render_flow(flow, given.output, theme=given.theme, width=given.width)
            console.note(f"{given.output}: bars of {len(flow.rows):,} parameters")
        print_text(json.dumps(flow.to_json(), indent=1) + "\n" if given.json else f"{flow}\n")
        return 0

    return each([given.source], measure, console)


COMMAND = Command(
    "gradflow",
    "run one backward pass and print how large the gradient of each parameter is",
    declare,
    run,
    "[OPTIONS] SOURCE",
    EXAMPLES,
)
