"""The commands: they translate arguments and call :mod:`archviz.api`.

Annotations are not postponed in this module: typer would compile each of them once more.
"""

from pathlib import Path
from typing import Annotated

import typer

from archviz import __version__, overrides
from archviz.errors import OptionError
from archviz_cli import commands, defaults, trees
from archviz_cli.arguments import (
    CaptionFile,
    Depth,
    ExpectCut,
    ExpectFrozen,
    Focus,
    FontName,
    From,
    Input,
    Kwargs,
    Loss,
    Overlay,
    Quiet,
    Set,
    SetFile,
    Shape,
    Sources,
    Static,
    Strict,
    Verbose,
    Width,
    importer_options,
)
from archviz_cli.choices import (
    Catalogue,
    Direction,
    Fit,
    Font,
    Shapes,
    complete_layout,
    complete_pass,
    complete_renderer,
    complete_style,
    complete_theme,
)
from archviz_cli.console import Console

app = typer.Typer(
    name="archviz",
    help="Pictures and checks of model architectures, from the file, without running it.",
    epilog="""Examples:

\b
  archviz render model.onnx                     writes model.svg
  archviz render model.onnx -o figure.svg --depth 2 --theme light
  archviz summary model.onnx
  archviz show formats

Exit codes: 0 clean, 1 findings, 2 could not run, 3 an analysis could not finish.""",
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"archviz {__version__}")
        raise typer.Exit


@app.callback()
def archviz(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Say the version and leave."
        ),
    ] = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Pictures and checks of model architectures, from the file, without running it."""
    context.obj = Console(verbose, quiet)
    path = defaults.find(Path.cwd())
    if path:
        from archviz_cli.command_line import parameters

        context.default_map = defaults.read(path, parameters)


@app.command(
    epilog="""Examples:

\b
  archviz render model.onnx                     writes model.svg beside it
  archviz render a.onnx b.onnx -o figures       writes figures/a.svg and figures/b.svg
  archviz render model.onnx -o figure.pdf --width 84mm --theme print
  archviz render model.onnx -f dot -o - | dot -Tpdf -o model.pdf
  archviz render - -o model.svg < model.onnx
  archviz render model.onnx --focus encoder/layer/0 --depth all
  archviz render model.onnx --hide Dropout --shapes all --direction LR
  archviz render model.onnx --fit page          for a page of a paper
  archviz render model.onnx --width 84mm        for a column of one
  archviz render model.onnx --shape x=1,3,224,224
  archviz render mypkg.models:build --overlay gradient --loss mypkg.train:loss"""
)
def render(
    context: typer.Context,
    sources: Sources,
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where to write: a file, a folder, or '-'; beside the source if not given.",
            show_default=False,
        ),
    ] = "",
    format: Annotated[
        str,
        typer.Option(
            "--format",
            "-f",
            help="Output format; the output's suffix tells it, else it is svg.",
            autocompletion=complete_renderer,
            show_default=False,
        ),
    ] = "",
    depth: Depth = "auto",
    direction: Annotated[
        Direction, typer.Option("--direction", help="Top to bottom, or left to right.")
    ] = Direction.AUTO,
    theme: Annotated[
        str,
        typer.Option(
            "--theme",
            metavar="NAME|FILE",
            help="light, dark, print, gray, auto for light and dark in one, or a TOML file.",
            autocompletion=complete_theme,
        ),
    ] = "auto",
    focus: Focus = "",
    hide: Annotated[
        list[str],
        typer.Option(
            "--hide",
            metavar="PATTERN",
            help="Leave out operations, as in 'Dropout'; may be given again.",
            show_default=False,
        ),
    ] = [],  # noqa: B006 - typer reads the default and hands out lists of its own
    highlight: Annotated[
        list[str],
        typer.Option(
            "--highlight",
            metavar="PATTERN",
            help="Ring operations, as in 'type:Softmax', or the way to a tree's node, '17', or of "
            "a row, 'age=3, size=7'; may be given again.",
            show_default=False,
        ),
    ] = [],  # noqa: B006 - as above
    columns: Annotated[
        str,
        typer.Option(
            "--columns",
            metavar="N|auto",
            help="Columns of a drawing from top to bottom, rows of one from left to right; auto "
            "cuts what is too long.",
        ),
    ] = "auto",
    width: Width = "",
    font: FontName = Font.SANS,
    caption_file: CaptionFile = "",
    set_: Set = [],  # noqa: B006
    set_file: SetFile = "",
    fit: Annotated[
        Fit,
        typer.Option("--fit", help="Choose columns and size so that all has room on a page."),
    ] = Fit.NONE,
    legend: Annotated[
        bool | None,
        typer.Option(
            "--legend/--no-legend",
            help="Say what the colours mean, or not; the theme decides if not given.",
            show_default=False,
        ),
    ] = None,
    embed_fonts: Annotated[
        bool,
        typer.Option("--embed-fonts", help="Put the font into an SVG, for machines without it."),
    ] = False,
    scale: Annotated[
        float | None,
        typer.Option(
            "--scale",
            metavar="N",
            help="Pixels of a PNG to a pixel of the picture; 2 if not given.",
            show_default=False,
        ),
    ] = None,
    shapes: Annotated[
        Shapes, typer.Option("--shapes", help="Which edges say a shape.")
    ] = Shapes.CHANGE,
    raw: Annotated[
        bool, typer.Option("--raw", help="Draw identities and constants as well.")
    ] = False,
    shape: Shape = [],  # noqa: B006
    input: Input = [],  # noqa: B006
    kwargs: Kwargs = "",
    static: Static = False,
    importer: From = "",
    strict: Strict = False,
    style: Annotated[
        str,
        typer.Option(
            "--style",
            help="Style of the drawing; the model decides if not given.",
            autocompletion=complete_style,
            show_default=False,
        ),
    ] = "",
    layout: Annotated[
        str,
        typer.Option(
            "--layout",
            help="Engine that places boxes.",
            autocompletion=complete_layout,
            show_default=False,
        ),
    ] = "",
    form: trees.FormOption = trees.Form.AUTO,
    tree: trees.Tree = None,
    root: trees.Root = None,
    max_depth: trees.MaxDepth = None,
    max_nodes: trees.MaxNodes = None,
    show: trees.Show = "",
    data: trees.Data = "",
    target: trees.Target = "",
    features: trees.Features = "",
    counts: trees.Counts = True,
    passes: Annotated[
        list[str],
        typer.Option(
            "--pass",
            metavar="NAME:KEY=VALUE",
            help="Run a pass before modules are collapsed; may be given again.",
            autocompletion=complete_pass,
            show_default=False,
        ),
    ] = [],  # noqa: B006
    overlay: Overlay = "",
    loss: Loss = "",
    expect_frozen: ExpectFrozen = [],  # noqa: B006
    expect_cut: ExpectCut = [],  # noqa: B006
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> int:
    """Draw models, or write them in another format."""
    over = overlay_options(overlay, loss, target if overlay else "", expect_frozen, expect_cut)
    return commands.render(
        sources,
        output,
        format,
        console=context.obj.with_flags(verbose, quiet),
        importer=importer,
        importer_options=importer_options(shape, strict, input, kwargs, static),
        settings={
            "depth": depth,
            "direction": direction.value,
            "theme": theme,
            "font": font.value,
            "focus": focus,
            "hide": hide,
            "highlight": highlight,
            "shapes": shapes.value,
            "columns": columns,
            "width": width,
            "fit": fit.value,
            "legend": legend,
            "raw": raw,
            "style": style,
            "layout": layout,
            "passes": passes,
            **over,
            **trees.given(
                form,
                tree,
                root,
                max_depth,
                max_nodes,
                show,
                data,
                "" if overlay else target,
                features,
                counts,
            ),
            **({"embed_fonts": True} if embed_fonts else {}),
            **({"scale": scale} if scale is not None else {}),
        },
        caption_file=caption_file,
        changes=overrides.merged(
            overrides.read(set_file) if set_file else {}, overrides.parse(set_)
        ),
    )


@app.command(
    epilog="""Examples:

\b
  archviz convert model.onnx --to tensorboard runs/model
  archviz convert model.keras --to json
  archviz convert saved_model --to graphml -o graph.graphml"""
)
def convert(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A file or folder, '-' for standard input, or package.module:attribute.",
            show_default=False,
        ),
    ],
    folder: Annotated[
        str,
        typer.Argument(metavar="[FOLDER]", help="Where to write; beside the source if not given."),
    ] = "",
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="FORMAT",
            help="What to write: see archviz show formats.",
            autocompletion=complete_renderer,
            show_default=False,
        ),
    ] = ...,  # type: ignore[assignment]
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="The file to write.")
    ] = "",
    shape: Shape = [],  # noqa: B006
    input: Input = [],  # noqa: B006
    kwargs: Kwargs = "",
    static: Static = False,
    importer: From = "",
    strict: Strict = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> int:
    """Write a whole model in another format, with nothing merged or left out."""
    target = output or (f"{folder.rstrip('/')}/" if folder else "")
    return commands.render(
        [source],
        target,
        to,
        console=context.obj.with_flags(verbose, quiet),
        importer=importer,
        importer_options=importer_options(shape, strict, input, kwargs, static),
        settings={"raw": True},
    )


@app.command(
    epilog="""Examples:

\b
  archviz summary model.onnx
  archviz summary model.onnx --depth 1
  archviz summary model.onnx --json"""
)
def summary(
    context: typer.Context,
    sources: Sources,
    depth: Depth = "auto",
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    shape: Shape = [],  # noqa: B006
    input: Input = [],  # noqa: B006
    kwargs: Kwargs = "",
    static: Static = False,
    importer: From = "",
    strict: Strict = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> int:
    """Print a table of modules, outputs and parameters."""
    return commands.summary(
        sources,
        depth,
        json,
        console=context.obj.with_flags(verbose, quiet),
        importer=importer,
        importer_options=importer_options(shape, strict, input, kwargs, static),
    )


@app.command(
    epilog="""Examples:

\b
  archviz describe model.onnx
  archviz describe model.onnx --depth 1 > model.md"""
)
def describe(
    context: typer.Context,
    sources: Sources,
    depth: Depth = "auto",
    focus: Focus = "",
    shape: Shape = [],  # noqa: B006
    input: Input = [],  # noqa: B006
    kwargs: Kwargs = "",
    static: Static = False,
    importer: From = "",
    strict: Strict = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> int:
    """Print the picture in words, step by step, as Markdown."""
    return commands.render(
        sources,
        "-",
        "markdown",
        console=context.obj.with_flags(verbose, quiet),
        importer=importer,
        importer_options=importer_options(shape, strict, input, kwargs, static),
        settings={"depth": depth, "focus": focus},
    )


@app.command(
    epilog="""Examples:

\b
  archviz show formats
  archviz show passes --json
  archviz show rule AVG001"""
)
def show(
    what: Annotated[
        Catalogue,
        typer.Argument(
            metavar="WHAT", help="One of: " + ", ".join(Catalogue) + ".", show_default=False
        ),
    ],
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="For 'rule': its code or name.", show_default=False),
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """List what is installed, with the options of each, or explain one rule."""
    return commands.show(what.value, name, json)


def gradient_options(
    loss: str, target: str, frozen: list[str], cut: list[str]
) -> dict[str, object]:
    """What the command line says of gradients, by the names of the check's options."""
    given = {"loss": loss, "target": target, "frozen": tuple(frozen), "expect_cut": tuple(cut)}
    return {name: value for name, value in given.items() if value}


def overlay_options(
    overlay: str, loss: str, target: str, frozen: list[str], cut: list[str]
) -> dict[str, object]:
    """The overlay with its options, as :func:`archviz.api.compose` takes them.

    Raises:
        OptionError: There are options without an overlay.
    """
    options = gradient_options(loss, target, frozen, cut)
    if options and not overlay:
        raise OptionError(f"--{next(iter(options))} is for an overlay", "add --overlay gradient")
    return {"overlay": overlay, **options} if overlay else {}
