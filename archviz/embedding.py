"""Figures inside Markdown documents, refreshed where two comments mark their places.

    <!-- archviz model.onnx depth=1 output=images/model.svg -->
    …what stands here is written by archviz embed…
    <!-- /archviz -->

A picture becomes a ``<picture>`` with a light and a dark file, which GitHub, GitLab and PyPI show
as the reader's theme is; other formats become a block of code, or words. Comments inside blocks of
code are text. What a comment and a block of code are: spec.commonmark.org.
"""

from __future__ import annotations

import re
import shlex
import tempfile
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path, PurePosixPath

from archviz.errors import ArchvizError, OptionError
from archviz.figure import TIME_LIMIT, Figure, Request, make
from archviz.figure.settings import check, slug
from archviz.output import make_folder, write_whole
from archviz.records import field, record
from archviz.table import one_line

PICTURES = ("svg", "png")
FENCES = ("mermaid", "d2", "dot", "text")
WORDS = "markdown"

_OWN = ("alt", "base", "fallback", "format", "link", "output")
"""Options of the place, not of the drawing."""

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})([^\n]*)")
_START = re.compile(r"( {0,3})<!--\s*archviz(?=[\s>])")
_END = re.compile(r" {0,3}<!--\s*/archviz\s*-->\s*")


@record
class Place:
    """Where a figure stands in a document.

    Attributes:
        line: The number of its first line, from 1.
        begin: Offset of what is written there.
        end: Offset behind it.
        indent: What its lines start with.
        target: What it shows.
        options: How, by name.
    """

    line: int
    begin: int
    end: int
    indent: str
    target: str
    options: Mapping[str, tuple[str, ...]]


@record
class Embedded:
    """A document as it should be.

    Attributes:
        path: The document.
        figures: How many it has.
        files: Everything that should stand somewhere, the document last.
        stale: Those of the files that do not.
    """

    path: Path
    figures: int
    files: Mapping[Path, bytes]
    stale: tuple[Path, ...] = field(default=())

    def write(self) -> None:
        """Writes what is stale, each file whole, the document last.

        Raises:
            RendererError: A file cannot be written.
        """
        for path in self.stale:
            make_folder(path.parent)
            write_whole(path, self.files[path])


def embed(path: Path, *, time_limit: float = TIME_LIMIT) -> Embedded:
    """The document with its figures as they should be; nothing is written yet.

    Args:
        path: A Markdown file.
        time_limit: Seconds that drawing one figure may take.

    Raises:
        ArchvizError: The document cannot be read, or a figure cannot be drawn.
    """
    text = _read(path)
    parts: list[str] = []
    files: dict[Path, bytes] = {}
    done = count = 0
    for place in places(text, path):
        newline = "\r\n" if text[: place.begin].endswith("\r\n") else "\n"
        try:
            lines = _lines(place, path, files, time_limit)
        except ArchvizError as error:
            where = f"{path}:{place.line}: {error.message}"
            raise ArchvizError(where, error.hint) from error
        parts.append(text[done : place.begin])
        parts += [f"{place.indent}{line}".rstrip() + newline for line in lines]
        done = place.end
        count += 1
    files[path] = ("".join(parts) + text[done:]).encode()
    stale = tuple(name for name, content in files.items() if not _holds(name, content, path))
    return Embedded(path, count, files, stale)


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OptionError(f"{path}: it cannot be read ({reason})", "check the path") from None
    except UnicodeDecodeError as error:
        raise OptionError(
            f"{path}: it is no UTF-8 at byte {error.start}", "save it as UTF-8"
        ) from None


def _holds(path: Path, content: bytes, document: Path) -> bool:
    try:
        found = path.read_bytes()
    except OSError:
        return False
    # Git may give a drawing the line ends of the system; a document has those that it was given.
    is_text = path != document and path.suffix == ".svg"
    return found == content or (is_text and found.replace(b"\r\n", b"\n") == content)


def places(text: str, path: Path) -> Iterator[Place]:
    """Where figures stand in a document.

    Args:
        text: The document.
        path: What messages call it.

    Raises:
        OptionError: A place has no end, or what its comment says cannot be read.
    """
    fence = ""
    opened: tuple[int, int, str, str] | None = None
    comment = ""
    offset = first = 0
    for number, line in enumerate(_LINE.findall(text), 1):
        offset += len(line)
        if comment or (not fence and opened is None and _START.match(line)):
            # A comment may go over several lines; what is written stands behind its last one.
            first = first if comment else number
            comment += line
            if "-->" in comment:
                start = _START.match(comment)
                assert start
                said, _, behind = comment[start.end() :].partition("-->")
                if behind.strip():
                    raise OptionError(
                        f"{path}:{number}: there is text behind the comment of a figure",
                        "write it on a line of its own",
                    )
                opened, comment = (first, offset, start[1], said), ""
        elif opened is not None and _END.fullmatch(line):
            yield _place(*opened, offset - len(line), path)
            opened = None
        elif opened is not None and _START.match(line):
            break
        elif opened is None:
            fence = _fence_after(line, fence)
            if not fence and _END.fullmatch(line):
                raise OptionError(
                    f"{path}:{number}: a figure ends here that begins nowhere",
                    "write <!-- archviz MODEL --> above it",
                )
    if opened is not None or comment:
        raise OptionError(
            f"{path}:{opened[0] if opened else first}: the figure that begins here has no end",
            "write <!-- /archviz --> below it",
        )


def _fence_after(line: str, fence: str) -> str:
    """The fence that the line below is inside of; "" for none."""
    found = _FENCE.match(line)
    if not found:
        return fence
    if not fence:
        return "" if found[1][0] == "`" and "`" in found[2] else found[1]
    closes = found[1].startswith(fence) and not found[2].strip()
    return "" if closes else fence


def _place(line: int, begin: int, indent: str, said: str, end: int, path: Path) -> Place:
    try:
        words = shlex.split(said)
    except ValueError as error:
        raise OptionError(
            f"{path}:{line}: the comment cannot be read ({str(error).lower()})",
            'write <!-- archviz MODEL name=value name="two words" -->',
        ) from None
    options: dict[str, list[str]] = {}
    targets: list[str] = []
    for word in words:
        name, equals, value = word.partition("=")
        if equals:
            options.setdefault(name, []).append(value)
        elif targets:
            options.setdefault(word, []).append("")
        else:
            targets.append(word)
    if not targets:
        raise OptionError(
            f"{path}:{line}: the figure names no model", "write <!-- archviz MODEL -->"
        )
    given = {name: tuple(values) for name, values in options.items()}
    return Place(line, begin, end, indent, targets[0], given)


def _lines(place: Place, path: Path, files: dict[Path, bytes], time_limit: float) -> list[str]:
    """What stands at a place; the files of its pictures are added to ``files``."""
    own = {name: place.options.get(name, ("",))[-1] for name in _OWN}
    drawing = {name: values for name, values in place.options.items() if name not in _OWN}
    output = own["output"]
    format = own["format"] or PurePosixPath(output).suffix.removeprefix(".") or "svg"
    if format not in (*PICTURES, *FENCES, WORDS):
        known = ", ".join((*PICTURES, *FENCES, WORDS))
        raise OptionError(f"{format!r} is no format for documents", f"there are: {known}")
    check(drawing)
    width = drawing.get("width", ("",))[-1]
    variants: tuple[str, ...] = (format,)
    if format in PICTURES and drawing.get("theme", ("auto",)) == ("auto",):
        drawing.pop("theme", None)
        variants = (f"{format}:theme=light", f"{format}:theme=dark")
    request = Request(place.target, drawing, path.parent, own["fallback"], variants)
    with tempfile.TemporaryDirectory(prefix="archviz-") as scratch:
        made = make(request, Path(scratch), time_limit=time_limit)
        if format not in PICTURES:
            return _words(made.text(format), format)
        return _picture(made, place, own, width, format, path, files)


def _words(text: str, format: str) -> list[str]:
    lines = text.rstrip("\n").split("\n")
    if format == WORDS:
        # The document has headings of its own.
        return ["", *(lines[2:] if lines[0].startswith("# ") else lines), ""]
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    mark = "`" * max(3, longest + 1)
    return [mark + format, *lines, mark]


def _picture(
    made: Figure,
    place: Place,
    own: Mapping[str, str],
    width: str,
    format: str,
    path: Path,
    files: dict[Path, bytes],
) -> list[str]:
    output = PurePosixPath(own["output"] or f"images/{slug(place.target)}.{format}")
    places: dict[str, str] = {}
    for variant, file in made.files.items():
        theme = variant.partition("theme=")[2]
        name = output.with_name(f"{output.stem}-{theme}{output.suffix}") if theme else output
        content, there = file.read_bytes(), path.parent / name
        if files.setdefault(there, content) != content:
            raise OptionError(f"{name} is another figure's", "name another output")
        places[theme] = _attribute(own["base"] + str(name))
    alt = _attribute(own["alt"] or made.alt)
    size = f' width="{_attribute(width)}"' if width.endswith("%") else ""
    image = f'<img alt="{alt}" src="{places.get("light") or places[""]}"{size}>'
    lines = [image]
    if "dark" in places:
        source = f'<source media="(prefers-color-scheme: dark)" srcset="{places["dark"]}">'
        lines = ["<picture>", f"  {source}", f"  {image}", "</picture>"]
    if own["link"]:
        lines = [f'<a href="{_attribute(own["link"])}">', *lines, "</a>"]
    return lines


def _attribute(text: str) -> str:
    return escape(one_line(text))
