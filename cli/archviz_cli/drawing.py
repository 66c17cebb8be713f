"""Drawing each source, or writing it in another format: what several commands do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from archviz import api
from archviz.errors import OptionError
from archviz.length import READABLE
from archviz.output import default_output, format_of, make_folder
from archviz.source import Source
from archviz_cli.console import Console
from archviz_cli.running import each, print_text

STANDARD = "-"
"""How standard input and output are written."""

Options = dict[str, Any]


def render(
    sources: Sequence[str],
    output: str,
    format: str,
    *,
    console: Console,
    importer: str,
    importer_options: Options,
    settings: dict[str, Any],
    caption_file: str = "",
    changes: Options | None = None,
) -> int:
    """Draws each source; see :func:`archviz.api.render` for the settings."""
    settings = {**settings, **(changes or {})}
    is_folder = bool(output) and (output.endswith("/") or Path(output).is_dir())
    folder = Path(output) if is_folder else None
    if len(sources) > 1 and output and output != STANDARD and folder is None:
        raise OptionError(
            f"{output} is one file for {len(sources)} sources", "name a folder: -o FOLDER/"
        )
    if len(sources) > 1 and caption_file:
        raise OptionError(
            f"{caption_file} is one caption for {len(sources)} sources", "draw them one by one"
        )
    names_file = bool(output) and output != STANDARD and folder is None
    chosen = format or (format_of(output) if names_file else "svg")
    written: dict[Path, str] = {}

    def draw(name: str) -> int:
        source = Source.of(name)
        over = bool(settings.get("overlay"))
        model = None if over else api.load(source, importer=importer, **importer_options)
        if model is not None:
            console.diagnostics(model)
        target = _target(source, output, folder, chosen)
        if target is not None and target in written:
            raise OptionError(
                f"{name}: {target} is already written, from {written[target]}",
                "draw them one by one, with -o",
            )
        if model is None:  # an overlay looks at the source itself
            made = api.compose(
                source, format=chosen, importer=importer, **settings, **importer_options
            )
            console.diagnostics(made.model)
        else:
            made = api.compose(model, format=chosen, **settings)
        if caption_file:
            from archviz.caption import write_caption

            write_caption(made.caption, Path(caption_file))
        if target is None:
            print_text(made.content)
            return 0
        if folder:
            make_folder(folder)
        api.write(made, target, source)
        written[target] = name
        opens = "; --depth all draws everything" if made.is_reduced else ""
        console.note(f"{target}: {made.description}{opens}")
        if made.said:
            console.note(f"{target}: {made.said}")
        if made.smallest_text is not None and made.smallest_text < READABLE:
            console.note(
                f"{target}: the smallest text is {made.smallest_text:.1f} pt in this size, which "
                "is hard to read; a greater --width, or a smaller --depth, makes it larger"
            )
        return 0

    return each(sources, draw, console)


def _target(source: Source, output: str, folder: Path | None, format: str) -> Path | None:
    """The file to write, or None for standard output."""
    if output == STANDARD or (not output and source.is_stdin):
        return None
    if output and folder is None:
        return Path(output)
    beside = default_output(source, format)
    return beside if folder is None else folder / beside.name
