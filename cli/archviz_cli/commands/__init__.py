"""Commands: each declares its arguments, translates them and calls :mod:`archviz.api`."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable

from archviz.records import record
from archviz.registry import Registry
from archviz_cli.console import Console
from archviz_cli.parsing import Parser


@record
class Command:
    """One command.

    Attributes:
        name: What is typed.
        title: What it does, in a few words.
        declare: Adds its arguments to a parser.
        run: Does it; the exit code.
        usage: What is typed behind the name, in short.
        epilog: Examples, at the end of its help.
    """

    name: str
    title: str
    declare: Callable[[Parser], None]
    run: Callable[[Namespace, Console], int]
    usage: str = "[OPTIONS] SOURCE..."
    epilog: str = ""


COMMANDS: Registry[Command] = Registry("archviz_cli.commands", "COMMAND", Command)
