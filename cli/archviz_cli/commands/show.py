"""``archviz show``: what is installed, and what rules mean."""

from __future__ import annotations

import json
from argparse import Namespace

from archviz.errors import OptionError
from archviz_cli import arguments
from archviz_cli.arguments import text, word
from archviz_cli.commands import Command
from archviz_cli.console import Console
from archviz_cli.parsing import Parser
from archviz_cli.running import print_text

LISTS = (
    "formats", "passes", "themes", "layouts", "views", "rules", "rule", "reporters", "overlays",
)  # fmt: skip
EXAMPLES = """examples:
  archviz show formats
  archviz show passes --json
  archviz show rule AVG001"""


def declare(parser: Parser) -> None:
    """Declares the arguments."""
    word(parser, "what", names=LISTS)
    text(parser.places, "name", nargs="?", metavar="NAME", help="for 'rule': its code or name")
    arguments.json(parser.add_argument_group("list"))
    arguments.saying(parser)


def run(given: Namespace, console: Console) -> int:
    """Lists a family of plugins, or the formats that can be read and written, or one rule.

    Raises:
        OptionError: A name is missing, or one too many.
    """
    from archviz.catalogue import entries, listing, rule_text

    if given.what == "rule" or given.name:
        if given.what not in ("rule", "rules"):
            raise OptionError(f"{given.what} takes no name", f"write: archviz show {given.what}")
        if not given.name:
            raise OptionError("no rule is named", "write: archviz show rule AVG001")
        print_text(rule_text(given.name))
        return 0
    families = ("importers", "renderers") if given.what == "formats" else (given.what,)
    found = [entry for family in families for entry in entries(family)]
    if given.json:
        print_text(json.dumps([entry.to_json() for entry in found], indent=1) + "\n")
    else:
        print_text("".join(f"{line}\n" for line in listing(found)))
    return 0


COMMAND = Command(
    "show",
    "list what is installed, with the options of each, or explain one rule",
    declare,
    run,
    "[OPTIONS] WHAT [NAME]",
    EXAMPLES,
)
