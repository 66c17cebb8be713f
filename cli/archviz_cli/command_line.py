"""The command line, of all commands or of the one that is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any

import typer

from archviz_cli.app import app, render


def command_line(arguments: Sequence[str] = ()) -> Any:
    """The command that typer makes of the functions that are registered.

    Where the arguments begin with one of the commands of ``app``, that one is enough, and the
    others, which take more time to make than a small figure, are left out.
    """
    asked = next((word for word in arguments if not word.startswith("-")), "")
    chosen = [
        each
        for each in app.registered_commands
        if each.callback and each.callback.__module__ == render.__module__
        if (each.name or each.callback.__name__) == asked
    ]
    if not chosen:
        from archviz_cli import (  # noqa: F401 - they register their commands
            checking,
            embedding,
            gradflow,
            paper,
            viewing,
        )

        return typer.main.get_command(app)
    alone = copy(app)
    alone.registered_commands = chosen
    return typer.main.get_command(alone)


def parameters() -> dict[str, dict[str, str]]:
    """For each command the parameter that each long option sets."""
    return {
        name: {
            text.removeprefix("--"): parameter.name
            for parameter in command.params
            for text in parameter.opts
            if text.startswith("--") and text not in ("--help", "--output")
        }
        for name, command in command_line().commands.items()
    }
