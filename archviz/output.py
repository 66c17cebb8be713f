"""Outputs: what they were made from, which format they have, and that files are written whole."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from archviz.errors import OptionError, RendererError
from archviz.importers import IMPORTERS
from archviz.ir import Forest, Graph, Model
from archviz.ir.walk import all_nodes, head_of
from archviz.length import PAGE_HEIGHT, PAGE_WIDTH, PIXELS, Length, parse_length
from archviz.records import record, replace
from archviz.renderers import RENDERERS, Renderer
from archviz.scene import Scene, Text, flatten
from archviz.source import Source


@record
class Rendering:
    """A finished output and what it was made from.

    Attributes:
        content: The whole output.
        model: The model as imported.
        drawn: The model as the passes left it; None when the output shows it as imported.
        operations: Operations that the drawn boxes stand for.
        smallest_text: Points of the smallest text of a picture that is fitted to a size.
        said: What its overlay says, in a sentence.
        caption: What a picture shows, in a sentence or two.
    """

    content: str | bytes
    model: Model
    drawn: Model | None = None
    operations: int = 0
    smallest_text: float | None = None
    said: str = ""
    caption: str = ""

    @property
    def collapsed_depth(self) -> int | None:
        """How many levels are open around the deepest collapsed module; None without any."""
        nodes = self.drawn.graph.nodes if self.drawn else ()
        return max((len(node.scope) for node in nodes if node.kind == "module"), default=None)

    @property
    def description(self) -> str:
        """What was drawn, "43 boxes of 176 operations, collapsed at depth 2"."""
        body = (self.drawn or self.model).body
        if isinstance(body, Forest):
            trees, nodes = body.tree_count, body.node_count
            return f"{_counted(trees, 'tree')} of {_counted(nodes, 'node')}"
        if self.drawn is None:
            return f"{_counted(sum(1 for _ in all_nodes(self.model.graph)), 'operation')}"
        boxes = len(self.drawn.graph.nodes)
        text = _counted(boxes, "box", "boxes")
        if boxes != self.operations:
            text += f" of {_counted(self.operations, 'operation')}"
        if self.folded_runs:
            text += f", {_counted(self.folded_runs, 'run')} of repeated blocks folded"
        depth = self.collapsed_depth
        return text if depth is None else f"{text}, collapsed at depth {depth}"

    @property
    def folded_runs(self) -> int:
        """How many runs of equal or growing blocks are drawn as one block each."""
        if self.drawn is None:
            return 0
        graph = self.drawn.graph
        modules = sum(node.repeat > 1 for node in graph.nodes)
        return modules + sum(scope.repeat > 1 for scope in graph.scopes.values())

    @property
    def is_reduced(self) -> bool:
        """Whether modules, blocks or subgraphs are drawn as one, so that more could be drawn."""
        nodes = self.drawn.graph.nodes if self.drawn else ()
        merged = any(head_of(node).parts for node in nodes)
        return self.collapsed_depth is not None or self.folded_runs > 0 or merged


def sized(scene: Scene, width: str, fit: str) -> Scene:
    """The scene as large as asked, also when its style knows nothing of sizes."""
    if scene.shown_width is not None or not (width or fit == "page") or not scene.width:
        return scene
    shown = parse_length(width, "--width") if width else PAGE_WIDTH
    if fit == "page":
        scale = min(shown.pixels / scene.width, PAGE_HEIGHT.pixels / scene.height)
        scale = scale if width else min(scale, 1.0)
        shown = Length(round(scale * scene.width / PIXELS[shown.unit], 2), shown.unit)
    return replace(scene, shown_width=shown)


def shallower(model: Model) -> Iterable[int]:
    """Depths that leave ever fewer modules open than the model as drawn has."""
    nodes = model.body.nodes if isinstance(model.body, Graph) else ()
    deepest = max((len(node.scope) for node in nodes), default=0)
    return range(deepest - 1, 0, -1)


def smallest_text(scene: Scene) -> float | None:
    """Points of the smallest text of a scene that is fitted to a size."""
    if scene.shown_width is None:
        return None
    texts = [mark.size for mark in flatten(scene.marks) if isinstance(mark, Text)]
    return min(texts) * scene.scale / PIXELS["pt"] if texts else None


def find_renderer(format: str) -> Renderer:
    """The renderer of that name, or else the one whose files end with ".format".

    Raises:
        OptionError: There is none.
    """
    if format not in RENDERERS.builtin_names:
        for renderer in RENDERERS.all():
            if f".{format.lower()}" in renderer.suffixes:
                return renderer
    return RENDERERS.get(format)


def format_of(output: str | os.PathLike[str] | None) -> str:
    """Name of the renderer that writes files called ``output``; "svg" for None.

    Raises:
        OptionError: No renderer writes such files.
    """
    if output is None:
        return "svg"
    name = Path(output).name.lower()
    suffix = Path(name).suffix
    if suffix[1:] in RENDERERS.builtin_names:
        return suffix[1:]
    found = [
        (len(known), renderer.name)
        for renderer in RENDERERS.all()
        for known in renderer.suffixes
        if name.endswith(known)
    ]
    if found:
        return max(found)[1]
    wrong = f"{Path(output).name}: no format has the suffix {suffix!r}"
    if not suffix:
        wrong = f"{Path(output).name}: it has no suffix that tells the format"
    known = ", ".join(suffix for renderer in RENDERERS.all() for suffix in renderer.suffixes)
    raise OptionError(wrong, f"say which with --format, or end it with one of: {known}")


def default_output(source: Source, format: str = "svg") -> Path:
    """Where a rendering goes when nobody says: beside the source, or here for a live object."""
    suffix = find_renderer(format).suffixes[0]
    if source.path is None:
        return Path(source.name.rpartition(":")[2].rpartition(".")[2] + suffix)
    path = source.path if source.path.name else source.path.resolve()
    # Other distributions are asked last, for to find them takes longer than to draw a small model.
    for importers in (IMPORTERS.builtin, IMPORTERS.third_party):
        endings = [ending for importer in importers() for ending in importer.suffixes]
        for ending in sorted(endings, key=len, reverse=True):
            if path.name.lower().endswith(ending) and len(path.name) > len(ending):
                return path.with_name(path.name[: -len(ending)] + suffix)
    return path.with_name((path.stem if source.is_file else path.name) + suffix)


def encode(content: str | bytes) -> bytes:
    """``content`` as bytes; text is UTF-8, and what has no place in UTF-8 becomes U+FFFD."""
    if isinstance(content, bytes):
        return content
    try:
        return content.encode()
    except UnicodeEncodeError:
        return content.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def write_whole(path: Path, content: str | bytes) -> None:
    """Writes a file under a temporary name beside it, then gives it its name.

    An existing file keeps its permissions, a link keeps pointing where it points, and a device or
    a pipe is written to as it is.

    Raises:
        RendererError: The file cannot be written.
    """
    try:
        _write(Path(os.path.realpath(path)), content)
    except OSError as error:
        raise _refusal(path, "written", error) from None


def make_folder(path: Path) -> None:
    """Makes a folder, and those it is in, unless it is there.

    Raises:
        RendererError: It cannot be made, as where a file has its name.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refusal(path, "made a folder", error) from None


def _refusal(path: Path, done: str, error: OSError) -> RendererError:
    reason = (error.strerror or str(error)).lower()
    return RendererError(
        f"{path}: it cannot be {done} ({reason})", "name another place for the output"
    )


def _pieces(content: str | bytes) -> Iterator[bytes]:
    """``content`` as bytes, a part at a time, for there may be little room for a copy of it all."""
    if isinstance(content, bytes):
        yield content
        return
    for start in range(0, len(content), _PIECE):
        yield encode(content[start : start + _PIECE])


_PIECE = 1 << 18


def _write(path: Path, content: str | bytes) -> None:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        mode = None
    if mode is not None and stat.S_ISDIR(mode):
        raise IsADirectoryError(0, "it is a folder")
    if mode is not None and not stat.S_ISREG(mode):
        with path.open("wb") as stream:
            stream.writelines(_pieces(content))
        return
    temporary = path.with_name(f".{path.name[:100]}.{os.getpid()}.tmp")
    # Not tempfile: its files are private, and a picture should have the permissions of any other.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(temporary, flags, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.writelines(_pieces(content))
        if mode is not None:
            temporary.chmod(stat.S_IMODE(mode))
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def is_same_file(path: Path, other: Path | None) -> bool:
    """Whether both paths lead to one existing file."""
    try:
        return other is not None and path.samefile(other)
    except OSError:
        return False


def _counted(number: int, singular: str, plural: str = "") -> str:
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"
