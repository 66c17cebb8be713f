"""Parsers of command lines that say in one line what is wrong with one.

They are the standard library's, which costs a small figure next to no time to load. What they say
does not depend on the version of Python.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from archviz.errors import ArchvizError, closest

REQUIRED = "the following arguments are required: "


class UsageError(ArchvizError):
    """A command line that cannot be understood."""


class Parser(argparse.ArgumentParser):
    """A parser of one command.

    Args:
        prog: What is typed before its arguments.
        usage: What is typed behind that, in short.
        options: What :class:`argparse.ArgumentParser` takes.

    Attributes:
        places: The arguments without a name. Added to the parser itself, each would have the width
            of the terminal looked up.
    """

    def __init__(self, prog: str = "", usage: str = "[OPTIONS]", **options: Any) -> None:
        super().__init__(
            prog,
            f"{prog} {usage}",
            formatter_class=Help,
            allow_abbrev=False,
            add_help=False,
            **options,
        )
        self.places = self.add_argument_group("positional arguments")

    def parsed(self, words: Sequence[str]) -> argparse.Namespace:
        """What ``words`` give, options and other arguments in any order.

        Raises:
            UsageError: They cannot be understood.
        """
        given, rest = self.parse_known_intermixed_args(words)
        if rest:
            self._refuse(rest[0])
        return given

    def _refuse(self, word: str) -> NoReturn:
        if not word.startswith("-"):
            raise UsageError(f"{word!r} is one argument too many", self.hint)
        option = word.partition("=")[0]
        known = [name for action in self._actions for name in action.option_strings]
        near = closest(option, known, 0.7)
        hint = f"did you mean {near}?" if near else self.hint
        raise UsageError(f"there is no option {option}", hint)

    @property
    def hint(self) -> str:
        """Where the arguments are explained."""
        return f"see {self.prog} -h"

    def error(self, message: str) -> NoReturn:
        """Refuses a command line, for the reason that argparse gives.

        Raises:
            UsageError: Always.
        """
        if message.startswith(REQUIRED):
            message = f"{message.removeprefix(REQUIRED)} is missing"
        raise UsageError(message.removeprefix("argument "), self.hint)

    def option(self, name: str) -> argparse.Action | None:
        """The argument that the long option ``name``, without dashes, sets."""
        found = (action for action in self._actions if f"--{name}" in action.option_strings)
        return next(found, None)

    def option_names(self) -> list[str]:
        """Long names of the options that a file of defaults may set, without dashes."""
        texts = (text for action in self._actions for text in action.option_strings)
        return [
            text.removeprefix("--")
            for text in texts
            if text.startswith("--") and text not in ("--help", "--output")
        ]


class Help(argparse.RawDescriptionHelpFormatter):
    """Help with the default of each option that has one worth saying."""

    def __init__(self, prog: str, **options: Any) -> None:
        super().__init__(prog, **{"max_help_position": 30, **options})

    def _get_help_string(self, action: argparse.Action) -> str:
        text = action.help or ""
        value = action.default
        if not action.option_strings or isinstance(value, bool) or value == argparse.SUPPRESS:
            return text
        return f"{text} [%(default)s]" if value and isinstance(value, str | float) else text


class Several(argparse.Action):
    """An option that may be given again; the first one takes the place of the defaults."""

    def __call__(
        self, parser: Any, namespace: argparse.Namespace, values: Any, option: str | None = None
    ) -> None:
        """Adds what was given."""
        known = getattr(namespace, self.dest)
        setattr(namespace, self.dest, [*([] if known is self.default else known), values])


def one_of(*names: str) -> Callable[[str], str]:
    """The type of an argument that is one of ``names``."""

    def chosen(text: str) -> str:
        if text not in names:
            raise argparse.ArgumentTypeError(f"{text!r} is not one of {', '.join(names)}")
        return text

    return chosen


def whole_number(text: str) -> int:
    """The type of an argument that counts something."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None


def number(text: str) -> float:
    """The type of an argument that measures something."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None
