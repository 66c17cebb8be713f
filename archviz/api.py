"""What users call: load a model, prepare it, render it, sum it up, check it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archviz.covering import cover, drawing_with
from archviz.errors import OptionError
from archviz.importers import IMPORTERS, choose, make
from archviz.importers.keras.sniff import is_keras
from archviz.ir import Forest, Model, Severity
from archviz.length import READABLE
from archviz.log import Log
from archviz.options import bind, options_of
from archviz.output import (
    Rendering,
    find_renderer,
    format_of,
    is_same_file,
    shallower,
    sized,
    smallest_text,
    write_whole,
)
from archviz.overlays import OVERLAYS
from archviz.preparing import Depth as Depth
from archviz.preparing import check_texts, listed, prepared
from archviz.preparing import prepare as prepare
from archviz.records import replace
from archviz.scene import Scene
from archviz.settings import check_options, fitting, options_for, split_options
from archviz.source import Source
from archviz.text import FONTS, measured_in
from archviz.theme import load_theme
from archviz.views import VIEWS

if TYPE_CHECKING:
    from archviz.analysis.forest_summary import ForestSummary
    from archviz.analysis.summary import Summary
    from archviz.reporters import Reporter

STYLE = "node-link"
"""How graphs are drawn when no style is asked for."""

logger = Log(__name__)


def style_of(model: Model) -> str:
    """The style that suits a model when nobody asks for one."""
    return "tree" if isinstance(model.body, Forest) else STYLE


def load(
    target: object,
    args: Sequence[object] = (),
    kwargs: Mapping[str, object] | None = None,
    *,
    importer: str = "",
    **options: object,
) -> Model:
    """The model that ``target`` holds.

    Args:
        target: A path, "-" for standard input, "package.module:attribute" or a live object.
        args: Positional arguments for a live model that is called to see what it does.
        kwargs: Named arguments for it.
        importer: Name of the importer; "" finds it by looking at the target.
        **options: Options of the importer, as ``archviz show formats`` lists them.

    Raises:
        ImporterError: The target cannot be read as a model.
        OptionError: There is no such importer, or it has no such option.
    """
    source = Source.of(target)
    make(source)
    chosen = IMPORTERS.get(importer) if importer else choose(source)
    if args:
        options["args"] = tuple(args)
    if kwargs:
        options["kwargs"] = kwargs
    bound = bind(chosen.read, options, f"the importer {chosen.name!r}")
    logger.info("reading %s", source.name)
    model = chosen.read(source, **bound)
    if chosen.weights is not None and not isinstance(model.body, Forest):
        model = replace(model, weights=chosen.weights(source))
    return model


def render(
    target: object,
    /,
    output: str | os.PathLike[str] | None = None,
    *,
    format: str = "",
    importer: str = "",
    style: str = "",
    layout: str = "",
    direction: str = "auto",
    shapes: str = "change",
    columns: int | str = "auto",
    width: str = "",
    fit: str = "none",
    legend: bool | None = None,
    highlight: Sequence[str] = (),
    theme: str = "auto",
    font: str = "sans",
    caption_file: str | os.PathLike[str] = "",
    depth: Depth = "auto",
    focus: str = "",
    hide: Sequence[str] = (),
    raw: bool = False,
    passes: Sequence[str] = (),
    overlay: str = "",
    **options: object,
) -> str | bytes | Path:
    """Draws a model.

    Args:
        target: A Model, or what :func:`load` takes.
        output: The file to write; None returns the content instead.
        format: Name of the renderer; "" goes by the output's suffix, and draws SVG without one.
        importer: Name of the importer when ``target`` is no Model; "" finds it.
        style: The style of the drawing; "" takes the one that suits the model.
        layout: The engine that places boxes; "" leaves it to the style, as "auto" does for:
        direction: "TB" draws from top to bottom, "LR" from left to right.
        shapes: Which edges say the shape of what they carry: "change", "all" or "none".
        highlight: Patterns of operations to ring, read as those of ``hide``.
        legend: Whether the picture says what its colours mean; None leaves it to the theme.
        columns: How many columns a drawing from top to bottom has, or rows one to the right;
            "auto" cuts what is too long.
        width: How wide a picture is shown: "84mm", "3.25in", "600px", or one of the names in
            :data:`archviz.length.WIDTHS`, as "cvpr"; "" for its own size.
        fit: "page" for a picture that has room on a page, in as many columns as suit it, and at
            depth "auto" with as many modules collapsed as its text needs to be read.
        theme: Name of a theme, path of a theme's TOML file, or "auto" for light and dark in one.
        font: What texts are set in, "sans" or "serif".
        caption_file: A file for what the picture shows, in words: ".tex", ".md" or ".txt".
        depth: How many levels of modules stay open; see :func:`prepare` for it and the next four.
        focus: Path of the only part to draw.
        hide: Patterns of operations to leave out.
        raw: Whether identities and constants are drawn.
        passes: More passes, "name:key=value".
        overlay: What to draw over the model, such as "gradient".
        **options: More options of the view, of the renderer, of the overlay and, when ``target``
            is no Model, of the importer.

    Returns:
        The path written, or the content when ``output`` is None.

    Raises:
        ArchvizError: The model cannot be read or drawn, or the file cannot be written.
    """
    made = compose(
        target,
        format=format or format_of(output),
        importer=importer,
        style=style,
        layout=layout,
        direction=direction,
        shapes=shapes,
        columns=columns,
        width=width,
        fit=fit,
        legend=legend,
        highlight=highlight,
        theme=theme,
        font=font,
        depth=depth,
        focus=focus,
        hide=hide,
        raw=raw,
        passes=passes,
        overlay=overlay,
        **options,
    )
    if caption_file:
        from archviz.caption import write_caption

        write_caption(made.caption, Path(caption_file))
    return made.content if output is None else write(made, output, target)


def compose(
    target: object,
    /,
    *,
    format: str = "svg",
    importer: str = "",
    style: str = "",
    layout: str = "",
    direction: str = "auto",
    shapes: str = "change",
    columns: int | str = "auto",
    width: str = "",
    fit: str = "none",
    legend: bool | None = None,
    highlight: Sequence[str] = (),
    theme: str = "auto",
    font: str = "sans",
    depth: Depth = "auto",
    focus: str = "",
    hide: Sequence[str] = (),
    raw: bool = False,
    passes: Sequence[str] = (),
    overlay: str = "",
    **options: object,
) -> Rendering:
    """The output of :func:`render` with what it was made from, not yet written.

    Settings that mean nothing to a format, such as a theme to JSON, are left aside. A format that
    writes the model as imported writes the prepared model when ``depth``, ``focus``, ``hide`` or
    ``passes`` ask for one.
    """
    check_texts(
        format=format, style=style, layout=layout, direction=direction, shapes=shapes, width=width,
        fit=fit, font=font, focus=focus, overlay=overlay,
    )  # fmt: skip
    if font not in FONTS:
        raise OptionError(f"the font is {font!r}", f"it is one of: {', '.join(FONTS)}")
    renderer = find_renderer(format)
    chosen = OVERLAYS.get(overlay) if overlay else None
    over, options = options_for(chosen, options)
    ours, importers = split_options(
        options, renderer, style, options_of(compose) if isinstance(target, Model) else None
    )

    def loaded() -> Model:
        return target if isinstance(target, Model) else load(target, importer=importer, **importers)

    covered = cover(chosen, over, target, loaded, importers) if chosen is not None else None
    model = covered.model if covered is not None else loaded()
    asked = VIEWS.get(style) if style and renderer.consumes == "scene" else None
    merges = asked is None or asked.prepared == "cards"
    asks = depth != "auto" or bool(focus) or bool(hide) or bool(passes)
    if covered is not None and renderer.consumes != "scene" and not renderer.is_annotated:
        raise OptionError(
            f"the format {renderer.name!r} shows no overlay", "draw svg, pdf, png, tikz or html"
        )
    if renderer.consumes == "model" and not asks:
        drawn, shown, operations = None, model, 0
    else:
        passes = (*listed(passes), *renderer.passes)
        drawn, operations = prepared(model, depth, focus, hide, raw, passes, covered, merges)
        shown = drawn
    settings: dict[str, object] = {
        "shapes": shapes,
        "columns": columns,
        "width": width,
        "fit": fit,
        "highlight": listed(highlight),
        "theme": theme,
        "depth": depth,
        **({"direction": direction} if direction != "auto" else {}),
        **({"layout": layout} if layout else {}),
        **ours,
    }
    if renderer.consumes == "graph":
        from archviz.analysis.tree_graph import LIMITS, graph_of_trees

        limits = {key: settings.pop(key) for key in [*ours] if key.replace("_", "-") in LIMITS}
        if isinstance(shown.body, Forest):
            bound = bind(graph_of_trees, limits, f"the format {renderer.name!r}")
            shown = drawn = replace(shown, body=graph_of_trees(shown.body, **bound))
            operations = len(shown.graph.nodes)
    subject: object = shown
    smallest, caption = None, ""
    if renderer.consumes == "scene":
        view = VIEWS.get(style or style_of(shown))
        if legend is not None or load_theme(theme).legend:
            settings["legend"] = legend is not False
        check_options(ours, view, renderer)
        taken = fitting(view.draw, settings, f"the style {view.name!r}")
        draw = drawing_with(view, covered, legend)

        def pictured(model: Model) -> Scene:
            with measured_in(font):
                return replace(sized(draw(model, **taken), width, fit), font=font)

        scene = pictured(shown)
        smallest = smallest_text(scene)
        can_collapse = merges and fit == "page" and depth == "auto"
        for fewer in shallower(shown) if can_collapse else ():
            if smallest is None or smallest >= READABLE:
                break
            drawn, _ = prepared(model, fewer, focus, hide, raw, passes, covered)
            scene = pictured(drawn)
            smallest = smallest_text(scene)
        subject, caption = scene, scene.description
    logger.info("writing %s", renderer.name)
    owner = f"the format {renderer.name!r}"
    over_it = (covered.annotate,) if covered is not None and renderer.is_annotated else ()
    content = renderer.render(subject, *over_it, **fitting(renderer.render, settings, owner))
    said = covered.annotate(model.graph).summary if covered is not None else ""
    cards = drawn if merges else None
    return Rendering(content, model, cards, operations, smallest, said, caption)


def write(made: Rendering, output: str | os.PathLike[str], target: object = None) -> Path:
    """Writes a rendering to the file ``output`` and returns its path.

    Raises:
        OptionError: The file is the one that ``target`` was read from.
        RendererError: The file cannot be written.
    """
    path = Path(output)
    source = target.path if isinstance(target, Source) else target
    if isinstance(source, str | os.PathLike) and is_same_file(path, Path(source)):
        raise OptionError(f"{path}: this would overwrite the source", "name another output file")
    write_whole(path, made.content)
    return path


def summary(
    target: object, *, depth: Depth = "auto", importer: str = "", **options: Any
) -> Summary | ForestSummary:
    """The modules of a model with their parameters, or what its decision trees are.

    Args:
        target: A Model, or what :func:`load` takes.
        depth: Levels of modules that get rows; "auto" keeps the table short.
        importer: Name of the importer when ``target`` is no Model; "" finds it.
        **options: Options of the importer.
    """
    model = target if isinstance(target, Model) else load(target, importer=importer, **options)
    from archviz.analysis.forest_summary import summarize_forest
    from archviz.analysis.summary import summarize

    if isinstance(model.body, Forest):
        return summarize_forest(model.body, model.source, model.format)
    return summarize(model, depth=depth)


def check(
    target: object,
    *,
    importer: str = "",
    gradients: Mapping[str, Any] | None = None,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    baseline: str = "",
    **options: Any,
) -> Model:
    """The model with what its importer and every rule found as its diagnostics.

    A live PyTorch module is checked for gradients too; see :func:`archviz.check_gradients`. Of a
    file it is told which weights get none whatever the loss, where its format says that.

    Args:
        target: A Model, or what :func:`load` takes.
        importer: Name of the importer when ``target`` is no Model; "" finds it.
        gradients: Options of the gradient check: loss, target, frozen, expect_cut.
        select: Codes or names of the only rules to apply, or beginnings of codes; () for all.
        ignore: Codes or names of rules to leave out, or beginnings of codes.
        baseline: A file of known findings, which are marked as suppressed.
        **options: Options of the importer.
    """
    # Whoever draws a picture does not wait for the analysis of gradients to be imported.
    from archviz import baseline as baselines
    from archviz.analysis.gradient.static import is_judged
    from archviz.checking import check_live, check_static, filtered
    from archviz.rules import RULES

    source = None if isinstance(target, Model) else Source.of(target)
    if isinstance(target, Model):
        model = target
    else:
        assert source is not None
        make(source)
        # What a live Keras model is called with is the check's affair, not that of its importer.
        own = ("input", "kwargs", "args") if is_keras(source.object) else ()
        reading = {key: value for key, value in options.items() if key not in own}
        model = load(source, importer=importer, **reading)
    logger.info("checking %s", model.source or "the model")
    is_live = source is not None and _is_live_module(source) and not options.get("static")
    # Of a live model the gradient check says what is not used, and why.
    left_out = ("unused-parameter",) if is_live else ()
    rules = [rule for rule in RULES.all() if rule.about == "model" and rule.name not in left_out]
    found = [finding for rule in rules for finding in rule.check(model)]
    if is_live:
        assert source is not None
        found += check_live(source, options, **(gradients or {})).findings
    elif gradients and any(gradients.values()):
        raise OptionError(
            f"{model.source or 'the model'}: a loss is followed in live models alone",
            "name one of PyTorch or Keras, as in package.module:model",
        )
    elif is_judged(model):
        found += check_static(model).findings
    known = baselines.read(Path(baseline)) if baseline else frozenset()
    marked = filtered([*model.diagnostics, *found], select=select, ignore=ignore, known=known)
    return replace(model, diagnostics=marked)


def _is_live_module(source: Source) -> bool:
    return "torch.nn.modules.module.Module" in source.class_names or is_keras(source.object)


def has_findings(model: Model, fail_on: str = "warning") -> bool:
    """Whether a diagnostic that nothing suppresses is at least as severe as ``fail_on``."""
    from archviz.checking import is_failing

    return is_failing(model.diagnostics, Severity(fail_on))


def is_unfinished(model: Model) -> bool:
    """Whether an analysis of the model could not finish."""
    from archviz.checking import UNFINISHED

    return any(item.code == UNFINISHED for item in model.diagnostics)


def find_reporter(name: str) -> Reporter:
    """The reporter of that name.

    Raises:
        OptionError: There is none.
    """
    from archviz.reporters import REPORTERS

    return REPORTERS.get(name)
