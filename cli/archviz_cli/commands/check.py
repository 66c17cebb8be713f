"""``archviz check``: what is wrong with models."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from archviz import api
from archviz.ir import Model
from archviz.output import write_whole
from archviz_cli import arguments
from archviz_cli.arguments import several, text
from archviz_cli.commands import Command
from archviz_cli.completing import completed, from_family, from_names
from archviz_cli.console import Console
from archviz_cli.parsing import Parser, one_of
from archviz_cli.running import FINDINGS, UNFINISHED, each, print_text

SEVERITIES = ("info", "warning", "error")
"""How severe a finding is, from the mildest."""
EXAMPLES = """examples:
  archviz check model.onnx
  archviz check *.onnx --format json
  archviz check mypkg.models:build --input 1x3x224x224 --loss mypkg.train:loss
  archviz check mypkg.models:build --expect-frozen 'backbone.*' --format sarif
  archviz check mypkg.models:build --write-baseline known.json"""


def declare(parser: Parser) -> None:
    """Declares the arguments."""
    arguments.sources(parser)
    group = parser.add_argument_group("report")
    text(
        group,
        "-f",
        "--format",
        metavar="FORMAT",
        help="form of the report",
        default="text",
        completer=from_family("reporters"),
    )
    several(
        group,
        "--select",
        metavar="RULE",
        help="apply these rules alone: codes, their beginnings, or names",
    )
    several(group, "--ignore", metavar="RULE", help="leave out these rules")
    fail_on = group.add_argument(
        "--fail-on",
        metavar="|".join(SEVERITIES),
        type=one_of(*SEVERITIES),
        default="warning",
        help="the mildest finding that makes the exit code 1",
    )
    completed(fail_on, from_names(*SEVERITIES))
    text(group, "--baseline", metavar="FILE", help="findings that are known")
    text(group, "--write-baseline", metavar="FILE", help="write the findings down as known")
    group = parser.add_argument_group("gradients")
    arguments.loss(group)
    arguments.target(group)
    arguments.expectations(group)
    arguments.reading(parser)
    arguments.saying(parser)


def run(given: Namespace, console: Console) -> int:
    """Prints what is wrong with the sources, or writes it down as known."""
    reporter = api.find_reporter(given.format)
    options = arguments.importer_options(given)
    settings: dict[str, Any] = {
        "gradients": {
            "loss": given.loss,
            "target": given.target,
            "frozen": tuple(given.expect_frozen),
            "expect_cut": tuple(given.expect_cut),
        },
        "select": tuple(given.select),
        "ignore": tuple(given.ignore),
        "baseline": given.baseline,
    }
    checked: list[Model] = []

    def look(name: str) -> int:
        model = api.check(name, importer=given.importer, **settings, **options)
        checked.append(model)
        if api.is_unfinished(model):
            return UNFINISHED
        fails = not given.write_baseline and api.has_findings(model, given.fail_on)
        return FINDINGS if fails else 0

    code = each(given.sources, look, console)
    if given.write_baseline:
        from archviz import baseline

        items = [item for model in checked for item in model.diagnostics if item.code]
        write_whole(Path(given.write_baseline), baseline.text_of(items))
        console.note(f"{given.write_baseline}: {len(items)} findings are known from now on")
        return code
    print_text(reporter.report(checked))
    return code


COMMAND = Command(
    "check",
    "look for what is wrong with models; the exit code is 1 when something is",
    declare,
    run,
    epilog=EXAMPLES,
)
