"""``archviz render``: pictures of models."""

from __future__ import annotations

from argparse import Namespace

from archviz import overrides
from archviz_cli import arguments, drawing, trees
from archviz_cli.arguments import choice, either, flag, several, text
from archviz_cli.commands import Command
from archviz_cli.completing import from_family
from archviz_cli.console import Console
from archviz_cli.parsing import Parser, number

EXAMPLES = """examples:
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


def declare(parser: Parser) -> None:
    """Declares the arguments."""
    arguments.sources(parser)
    _output(parser.add_argument_group("output"))
    _drawing(parser.add_argument_group("drawing"))
    _paper(parser.add_argument_group("figures for papers"))
    trees.declare(parser.add_argument_group("decision trees"))
    group = parser.add_argument_group("gradients")
    arguments.overlay(group)
    arguments.loss(group)
    arguments.expectations(group)
    arguments.reading(parser)
    arguments.saying(parser)


def _output(group: arguments.Group) -> None:
    text(
        group,
        "-o",
        "--output",
        metavar="FILE",
        help="where to write: a file, a folder, or '-'; beside the source if not given",
    )
    text(
        group,
        "-f",
        "--format",
        metavar="FORMAT",
        help="output format; the output's suffix tells it, else it is svg",
        completer=from_family("renderers"),
    )
    group.add_argument(
        "--scale",
        metavar="N",
        type=number,
        help="pixels of a PNG to a pixel of the picture; 2 if not given",
    )
    flag(group, "--embed-fonts", help="put the font into an SVG, for machines without it")
    text(
        group,
        "--caption-file",
        metavar="FILE",
        help="write what the picture shows, in words: .tex, .md or .txt",
    )


def _drawing(group: arguments.Group) -> None:
    arguments.depth(group)
    arguments.focus(group)
    several(
        group,
        "--hide",
        metavar="PATTERN",
        help="leave out operations, as in 'Dropout'; may be given again",
    )
    several(
        group,
        "--highlight",
        metavar="PATTERN",
        help="ring operations, as in 'type:Softmax', or the way to a tree's node, '17', or of a "
        "row, 'age=3, size=7'; may be given again",
    )
    choice(group, "--shapes", names=("change", "all", "none"), help="which edges say a shape")
    flag(group, "--raw", help="draw identities and constants as well")
    choice(group, "--direction", names=("auto", "TB", "LR"), help="top to bottom, or left to right")
    text(
        group,
        "--style",
        metavar="STYLE",
        help="style of the drawing; the model decides if not given",
        completer=from_family("views"),
    )
    text(
        group,
        "--layout",
        metavar="ENGINE",
        help="engine that places boxes",
        completer=from_family("layouts"),
    )
    several(
        group,
        "--pass",
        metavar="NAME:KEY=VALUE",
        help="run a pass before modules are collapsed; may be given again",
        completer=from_family("passes"),
    )
    arguments.theme(
        group, "light, dark, print, gray, auto for light and dark in one, or a TOML file"
    )
    either(
        group,
        "--legend",
        help="say what the colours mean, or not; the theme decides if not given",
        default=None,
    )


def _paper(group: arguments.Group) -> None:
    arguments.width(
        group, "how wide the picture is shown, as in 84mm, 3.25in, 600px, neurips or cvpr-wide"
    )
    choice(
        group,
        "--fit",
        names=("none", "page"),
        help="choose columns and size so that all has room on a page",
    )
    text(
        group,
        "--columns",
        metavar="N|auto",
        help="columns of a drawing from top to bottom, rows of one from left to right; auto cuts "
        "what is too long",
        default="auto",
    )
    choice(group, "--font", names=("sans", "serif"), help="what texts are set in")
    several(
        group,
        "--set",
        metavar="NAME.KEY=VALUE",
        help="change the figure, as in width=cvpr, rename.fc=head, color.category.conv=#F0C93A; "
        "may be given again",
    )
    text(
        group,
        "--set-file",
        metavar="FILE",
        help="a file of such changes: YAML, TOML or JSON",
    )


def run(given: Namespace, console: Console) -> int:
    """Draws models, or writes them in another format."""
    target = given.target if given.overlay else ""
    plain = ("depth", "direction", "theme", "font", "focus", "hide", "highlight", "shapes")
    more = ("columns", "width", "fit", "legend", "raw", "style", "layout")
    return drawing.render(
        given.sources,
        given.output,
        given.format,
        console=console,
        importer=given.importer,
        importer_options=arguments.importer_options(given),
        settings={
            **{name: getattr(given, name) for name in (*plain, *more)},
            "passes": getattr(given, "pass"),
            **arguments.overlay_options(given, target),
            **trees.settings(given),
            **({"embed_fonts": True} if given.embed_fonts else {}),
            **({"scale": given.scale} if given.scale is not None else {}),
        },
        caption_file=given.caption_file,
        changes=overrides.merged(
            overrides.read(given.set_file) if given.set_file else {}, overrides.parse(given.set)
        ),
    )


COMMAND = Command(
    "render",
    "draw models, or write them in another format",
    declare,
    run,
    epilog=EXAMPLES,
)
