"""Arguments and options that several commands take."""

from __future__ import annotations

from typing import Annotated

import typer

from archviz.options import parse_bindings
from archviz_cli.choices import Font, complete_importer, complete_overlay, complete_width

Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE...",
        help="Files or folders, '-' for standard input, or package.module:attribute.",
        show_default=False,
    ),
]
From = Annotated[
    str,
    typer.Option(
        "--from",
        metavar="IMPORTER",
        help="Read the source as this format.",
        autocompletion=complete_importer,
        show_default=False,
    ),
]
Shape = Annotated[
    list[str],
    typer.Option(
        "--shape",
        metavar="NAME=DIM,DIM",
        help="Bind an input's shape or a dimension, as in x=1,3,224,224 or batch=1; may be "
        "given again.",
        show_default=False,
    ),
]
Input = Annotated[
    list[str],
    typer.Option(
        "--input",
        metavar="[NAME=][DTYPE:]SHAPE",
        help="An input for a live model, as in 1x3x224x224 or ids=int64:1x128; may be given again.",
        show_default=False,
    ),
]
Kwargs = Annotated[
    str,
    typer.Option(
        "--kwargs",
        metavar="JSON",
        help="Named arguments for a live model, as in '{\"use_cache\": false}'.",
        show_default=False,
    ),
]
Static = Annotated[
    bool,
    typer.Option("--static", help="Show the tree of modules of a live model without running it."),
]
Overlay = Annotated[
    str,
    typer.Option(
        "--overlay",
        metavar="NAME",
        help="Draw over the model what is known of it: gradient, for live PyTorch models.",
        autocompletion=complete_overlay,
        show_default=False,
    ),
]
Loss = Annotated[
    str,
    typer.Option(
        "--loss",
        metavar="MODULE:FUNCTION",
        help="Follow the gradients of this function of the model's result.",
        show_default=False,
    ),
]
Target = Annotated[
    str,
    typer.Option(
        "--target",
        metavar="INPUT",
        help="What the loss compares the result with, written as an input.",
        show_default=False,
    ),
]
ExpectFrozen = Annotated[
    list[str],
    typer.Option(
        "--expect-frozen",
        metavar="PATTERN",
        help="Parameters that should get no gradient; may be given again.",
        show_default=False,
    ),
]
ExpectCut = Annotated[
    list[str],
    typer.Option(
        "--expect-cut",
        metavar="PATTERN",
        help="Parameters that are cut off on purpose; may be given again.",
        show_default=False,
    ),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Refuse sources that are damaged or incomplete.")
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Tell every stage and diagnostic.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Tell errors only.")]
Depth = Annotated[
    str,
    typer.Option(
        "--depth", metavar="N|auto|all", help="Levels of modules that stay open, or get rows."
    ),
]
Focus = Annotated[
    str,
    typer.Option(
        "--focus", metavar="PATH", help="Draw only the module at PATH.", show_default=False
    ),
]
Width = Annotated[
    str,
    typer.Option(
        "--width",
        metavar="LENGTH",
        help="How wide the picture is shown, as in 84mm, 3.25in, 600px, neurips or cvpr-wide.",
        autocompletion=complete_width,
        show_default=False,
    ),
]
FontName = Annotated[Font, typer.Option("--font", help="What texts are set in.")]
CaptionFile = Annotated[
    str,
    typer.Option(
        "--caption-file",
        metavar="FILE",
        help="Write what the picture shows, in words: .tex, .md or .txt.",
        show_default=False,
    ),
]
Set = Annotated[
    list[str],
    typer.Option(
        "--set",
        metavar="NAME.KEY=VALUE",
        help="Change the figure, as in width=cvpr, rename.fc=head, color.category.conv=#F0C93A; "
        "may be given again.",
        show_default=False,
    ),
]
SetFile = Annotated[
    str,
    typer.Option(
        "--set-file",
        metavar="FILE",
        help="A file of such changes: YAML, TOML or JSON.",
        show_default=False,
    ),
]


def importer_options(
    shape: list[str], strict: bool, input: list[str], kwargs: str, static: bool
) -> dict[str, object]:
    """What the command line says to importers, by the names of their options."""
    options: dict[str, object] = {}
    if shape:
        options["bindings"] = parse_bindings(shape)
    if strict:
        options["strict"] = True
    if input:
        options["input"] = tuple(input)
    if kwargs:
        options["kwargs"] = kwargs
    if static:
        options["static"] = True
    return options
