"""The command line, of all commands or of the one that is asked for."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from archviz import __version__
from archviz.errors import OptionError
from archviz_cli import defaults
from archviz_cli.commands import COMMANDS, Command
from archviz_cli.console import Console
from archviz_cli.parsing import Parser, UsageError

ABOUT = "Pictures and checks of model architectures, from the file, without running it."
EXAMPLES = """examples:
  archviz render model.onnx                     writes model.svg
  archviz render model.onnx -o figure.svg --depth 2 --theme light
  archviz summary model.onnx
  archviz show formats

exit codes: 0 clean, 1 findings, 2 could not run, 3 an analysis could not finish"""


def run(words: Sequence[str]) -> int:
    """Does what ``words`` ask for; the exit code.

    Raises:
        ArchvizError: It could not be done.
        SystemExit: Help or the version was asked for and given.
    """
    at = next((at for at, word in enumerate(words) if not word.startswith("-")), len(words))
    general = _general().parsed(words[:at])
    if general.help or at == len(words):
        whole().print_help()
        return 0
    command = _command(words[at])
    parser = _parser(command)
    path = defaults.find(Path.cwd())
    if path:
        _set_defaults(command, parser, path)
    given = parser.parsed(words[at + 1 :])
    return command.run(
        given, Console(given.verbose or general.verbose, given.quiet or general.quiet)
    )


def whole() -> argparse.ArgumentParser:
    """The parser of all commands, for help and for completion."""
    parser = _general(description=ABOUT, epilog=EXAMPLES)
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", parser_class=CommandParser
    )
    for command in COMMANDS.builtin():
        commands.add_parser(command.name, help=command.title, command=command)
    return parser


class CommandParser(Parser):
    """The parser of a command."""

    def __init__(self, *, command: Command, **_: object) -> None:
        super().__init__(
            f"archviz {command.name}",
            command.usage,
            description=f"{command.title[:1].upper()}{command.title[1:]}.",
            epilog=command.epilog,
        )
        command.declare(self)


def _parser(command: Command) -> Parser:
    return CommandParser(command=command)


def _command(name: str) -> Command:
    try:
        return COMMANDS.get(name)
    except OptionError as error:
        raise UsageError(f"there is no command {name!r}", error.hint) from None


def _general(**options: str) -> Parser:
    parser = Parser("archviz", "[OPTIONS] COMMAND ...", **options)
    group = parser.add_argument_group("general")
    group.add_argument("-h", "--help", action="store_true", help="say this and leave")
    group.add_argument(
        "--version", action="version", version=f"archviz {__version__}", help="say it and leave"
    )
    group.add_argument("-v", "--verbose", action="store_true", help="tell every stage")
    group.add_argument("-q", "--quiet", action="store_true", help="tell errors only")
    return parser


def _set_defaults(command: Command, parser: Parser, path: Path) -> None:
    """Takes what pyproject.toml says for the options' defaults."""

    def known() -> dict[str, list[str]]:
        return {each.name: _parser(each).option_names() for each in COMMANDS.builtin()}

    for name, value in defaults.read(path, known).get(command.name, {}).items():
        action = parser.option(name)
        assert action is not None, name
        action.default = defaults.converted(action, value, f"{path}: {name}")
