"""What the commands do: each source in turn, one that fails not stopping the others."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from archviz import api
from archviz.errors import ArchvizError, OptionError
from archviz.ir import Model
from archviz.length import READABLE
from archviz.output import default_output, encode, format_of, write_whole
from archviz.source import Source
from archviz_cli.console import Console

COULD_NOT_RUN = 2
FINDINGS = 1
UNFINISHED = 3


class ClosedPipeError(Exception):
    """Nobody reads standard output any more; no OSError, which typer would make findings of."""


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
            folder.mkdir(parents=True, exist_ok=True)
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


def summary(
    sources: Sequence[str],
    depth: str,
    as_json: bool,
    *,
    console: Console,
    importer: str,
    importer_options: Options,
) -> int:
    """Prints the summary of each source."""
    printed = False

    def sum_up(name: str) -> int:
        nonlocal printed
        model = api.load(name, importer=importer, **importer_options)
        console.diagnostics(model)
        rows = "all" if as_json and depth == "auto" else depth
        found = api.summary(model, depth=rows)
        if as_json:
            print_text(json.dumps(found.to_json(), indent=1) + "\n")
        else:
            heading = f"{model.source}\n\n" if len(sources) > 1 else ""
            print_text(f"{chr(10) if printed else ''}{heading}{found}\n")
        printed = True
        return 0

    return each(sources, sum_up, console)


def check(
    sources: Sequence[str],
    format: str,
    *,
    console: Console,
    importer: str,
    importer_options: Options,
    settings: dict[str, Any],
    fail_on: str,
    write_baseline: str,
) -> int:
    """Prints what is wrong with the sources, or writes it down as known."""
    reporter = api.find_reporter(format)
    checked: list[Model] = []

    def look(name: str) -> int:
        model = api.check(name, importer=importer, **settings, **importer_options)
        checked.append(model)
        if api.is_unfinished(model):
            return UNFINISHED
        return FINDINGS if not write_baseline and api.has_findings(model, fail_on) else 0

    code = each(sources, look, console)
    if write_baseline:
        from archviz import baseline

        items = [item for model in checked for item in model.diagnostics if item.code]
        write_whole(Path(write_baseline), baseline.text_of(items))
        console.note(f"{write_baseline}: {len(items)} findings are known from now on")
        return code
    print_text(reporter.report(checked))
    return code


def check_figure(
    files: Sequence[str], format: str, *, console: Console, settings: dict[str, Any]
) -> int:
    """Prints what would be wrong with pictures in print; see :mod:`archviz.figure_check`."""
    from archviz import figure_check

    reports: list[figure_check.FigureReport] = []

    def look(name: str) -> int:
        found = figure_check.check_figure(name, **settings)
        reports.append(found)
        return 0 if found.is_clean else FINDINGS

    code = each(files, look, console)
    if format == "json":
        print_text(json.dumps([found.to_json() for found in reports], indent=1) + "\n")
    else:
        print_text("".join(f"{found}\n" for found in reports))
    return code


def show(what: str, name: str, as_json: bool) -> int:
    """Lists a family of plugins, or the formats that can be read and written, or one rule."""
    from archviz.catalogue import entries, listing, rule_text

    if what == "rule" or name:
        if what not in ("rule", "rules"):
            raise OptionError(f"{what} takes no name", f"write: archviz show {what}")
        if not name:
            raise OptionError("no rule is named", "write: archviz show rule AVG001")
        print_text(rule_text(name))
        return 0
    families = ("importers", "renderers") if what == "formats" else (what,)
    found = [entry for family in families for entry in entries(family)]
    if as_json:
        print_text(json.dumps([entry.to_json() for entry in found], indent=1) + "\n")
    else:
        print_text("".join(f"{line}\n" for line in listing(found)))
    return 0


def each(sources: Sequence[str], work: Callable[[str], int], console: Console) -> int:
    """Runs ``work`` on every source; the highest exit code of all."""
    code = 0
    for name in sources:
        try:
            with console.stages():
                code = max(code, work(name))
        except ArchvizError as error:
            console.error(error)
            code = COULD_NOT_RUN
    return code


def _target(source: Source, output: str, folder: Path | None, format: str) -> Path | None:
    """The file to write, or None for standard output."""
    if output == STANDARD or (not output and source.is_stdin):
        return None
    if output and folder is None:
        return Path(output)
    beside = default_output(source, format)
    return beside if folder is None else folder / beside.name


def print_text(content: str | bytes) -> None:
    """Writes to standard output, as it is."""
    if not content:
        return
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(encode(content))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise ClosedPipeError from None
