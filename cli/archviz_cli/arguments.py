"""Arguments and options that several commands take."""

from __future__ import annotations

import argparse
from typing import Any

from archviz.errors import OptionError
from archviz.options import parse_bindings
from archviz_cli.completing import Completer, completed, from_family, from_names, widths
from archviz_cli.parsing import Parser, Several, one_of

Group = argparse._ActionsContainer
"""A parser, or one of the groups of its options."""


def text(
    group: Group,
    *names: str,
    metavar: str,
    help: str,
    default: str = "",
    completer: Completer | None = None,
    **options: Any,
) -> None:
    """Declares an option with a value, or an argument."""
    action = group.add_argument(*names, metavar=metavar, help=help, default=default, **options)
    if completer is not None:
        completed(action, completer)


def several(
    group: Group, name: str, *, metavar: str, help: str, completer: Completer | None = None
) -> None:
    """Declares an option that may be given again."""
    action = group.add_argument(name, metavar=metavar, help=help, action=Several, default=[])
    if completer is not None:
        completed(action, completer)


def choice(group: Group, *flags: str, names: tuple[str, ...], help: str) -> None:
    """Declares an option that is one of ``names``, and the first if not given."""
    text(
        group,
        *flags,
        metavar="|".join(names),
        help=help,
        default=names[0],
        type=one_of(*names),
        completer=from_names(*names),
    )


def word(parser: Parser, name: str, *, names: tuple[str, ...]) -> None:
    """Declares an argument that is one of ``names``."""
    text(
        parser.places,
        name,
        metavar=name.upper(),
        help=f"one of: {', '.join(names)}",
        type=one_of(*names),
        completer=from_names(*names),
    )


def flag(group: Group, *names: str, help: str) -> None:
    """Declares an option without a value."""
    group.add_argument(*names, action="store_true", help=help)


def either(group: Group, name: str, *, help: str, default: bool | None) -> None:
    """Declares an option with its opposite, --no-NAME."""
    action = group.add_argument(name, action=argparse.BooleanOptionalAction, default=default)
    action.help = help  # Python 3.11 and 3.12 would add the default


def sources(parser: Parser) -> None:
    """Declares the sources of a command that takes several."""
    parser.places.add_argument(
        "sources",
        nargs="+",
        metavar="SOURCE",
        help="files or folders, '-' for standard input, or package.module:attribute",
    )


def source(parser: Parser, what: str = "") -> None:
    """Declares the source of a command that takes one."""
    what = what or "a file or folder, '-' for standard input, or package.module:attribute"
    parser.places.add_argument("source", metavar="SOURCE", help=what)


def reading(parser: Group) -> None:
    """Declares how sources are read."""
    group = parser.add_argument_group("reading")
    text(
        group,
        "--from",
        dest="importer",
        metavar="IMPORTER",
        help="read the source as this format",
        completer=from_family("importers"),
    )
    several(
        group,
        "--shape",
        metavar="NAME=DIM,DIM",
        help="bind an input's shape or a dimension, as in x=1,3,224,224 or batch=1; may be given "
        "again",
    )
    inputs(group)
    flag(group, "--static", help="show the tree of modules of a live model without running it")
    flag(group, "--strict", help="refuse sources that are damaged or incomplete")


def inputs(group: Group) -> None:
    """Declares what a live model is called with."""
    several(
        group,
        "--input",
        metavar="[NAME=][DTYPE:]SHAPE",
        help="an input for a live model, as in 1x3x224x224 or ids=int64:1x128; may be given again",
    )
    text(
        group,
        "--kwargs",
        metavar="JSON",
        help="named arguments for a live model, as in '{\"use_cache\": false}'",
    )


def overlay(group: Group) -> None:
    """Declares what is drawn over a model."""
    text(
        group,
        "--overlay",
        metavar="NAME",
        help="draw over the model what is known of it: gradient, for live PyTorch models",
        completer=from_family("overlays"),
    )


def loss(group: Group) -> None:
    """Declares the loss whose gradients are followed."""
    text(
        group,
        "--loss",
        metavar="MODULE:FUNCTION",
        help="follow the gradients of this function of the model's result",
    )


def target(group: Group) -> None:
    """Declares what the loss compares with."""
    text(
        group,
        "--target",
        metavar="INPUT",
        help="what the loss compares the result with, written as an input",
    )


def expectations(group: Group) -> None:
    """Declares which parameters get no gradient on purpose."""
    several(
        group,
        "--expect-frozen",
        metavar="PATTERN",
        help="parameters that should get no gradient; may be given again",
    )
    several(
        group,
        "--expect-cut",
        metavar="PATTERN",
        help="parameters that are cut off on purpose; may be given again",
    )


def depth(group: Group) -> None:
    """Declares how far modules are opened."""
    text(
        group,
        "--depth",
        metavar="N|auto|all",
        help="levels of modules that stay open, or get rows",
        default="auto",
    )


def focus(group: Group) -> None:
    """Declares which part is drawn."""
    text(group, "--focus", metavar="PATH", help="draw only the module at PATH")


def theme(group: Group, help: str) -> None:
    """Declares the theme of a picture."""
    text(
        group,
        "--theme",
        metavar="NAME|FILE",
        help=help,
        default="auto",
        completer=from_family("themes"),
    )


def width(group: Group, help: str) -> None:
    """Declares how wide a picture is."""
    text(group, "--width", metavar="LENGTH", help=help, completer=widths)


def json(group: Group) -> None:
    """Declares the choice of JSON."""
    flag(group, "--json", help="print JSON")


def saying(parser: Group) -> None:
    """Declares how much a command says, and its help."""
    group = parser.add_argument_group("saying")
    group.add_argument("-h", "--help", action="help", help="say this and leave")
    flag(group, "-v", "--verbose", help="tell every stage and diagnostic")
    flag(group, "-q", "--quiet", help="tell errors only")


def importer_options(given: argparse.Namespace) -> dict[str, Any]:
    """What a command line says to importers, by the names of their options."""
    options: dict[str, Any] = {}
    if getattr(given, "shape", None):
        options["bindings"] = parse_bindings(given.shape)
    if getattr(given, "strict", False):
        options["strict"] = True
    if given.input:
        options["input"] = tuple(given.input)
    if given.kwargs:
        options["kwargs"] = given.kwargs
    if getattr(given, "static", False):
        options["static"] = True
    return options


def gradient_options(given: argparse.Namespace, target: str) -> dict[str, object]:
    """What a command line says of gradients, by the names of the check's options."""
    found = {
        "loss": given.loss,
        "target": target,
        "frozen": tuple(given.expect_frozen),
        "expect_cut": tuple(given.expect_cut),
    }
    return {name: value for name, value in found.items() if value}


def overlay_options(given: argparse.Namespace, target: str) -> dict[str, object]:
    """The overlay with its options, as :func:`archviz.api.compose` takes them.

    Raises:
        OptionError: There are options without an overlay.
    """
    options = gradient_options(given, target)
    if options and not given.overlay:
        name = next(iter(options)).replace("frozen", "expect-frozen").replace("_", "-")
        raise OptionError(f"--{name} is for an overlay", "add --overlay gradient")
    return {"overlay": given.overlay, **options} if given.overlay else {}
