"""What an author changes of a figure: names, colours, groups, labels, scales.

An author's wishes come as options of the style, from a file or from the command line. A figure is
drawn inside :func:`looking`, so that whatever makes a label or a number sees them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from archviz.errors import OptionError
from archviz.ir import Graph, Model, Node
from archviz.ir.graph import Scope
from archviz.ir.patterns import matched_by
from archviz.ir.patterns import nearest as nearest_node
from archviz.length import parse_length
from archviz.options import nearest
from archviz.records import field, record, replace
from archviz.scene import Group, Mark, Path, Rect
from archviz.theme import along

CATEGORIES = (
    "conv", "linear", "attention", "norm", "act", "pool", "recurrent", "embedding", "other",
    "negative", "positive",
)  # fmt: skip
CORNERS = ("bottom-right", "bottom-left", "top-left", "top-right")
_PARAMS = ("short", "full", "none")
_FORMS = ("log", "sqrt", "linear")
_COLOR = re.compile(r"#[0-9A-Fa-f]{6}")
_FILLED = ("front", "plate", "lid", "flank", "neuron", "outline")


@record
class Scaling:
    """How sizes become points of volumes.

    Attributes:
        space: How resolution becomes height: "log", "sqrt" or "linear".
        channels: How channels become width, likewise.
        highest: Points of the largest resolution, where the page is wide enough.
        depth: How far a volume reaches back, as a share of its height.
    """

    space: str = "log"
    channels: str = "log"
    highest: float = 100.0
    depth: float = 0.38

    @property
    def told(self) -> str:
        """What a figure says of it."""
        names = {"log": "log ", "sqrt": "root of ", "linear": ""}
        return f"width: {names[self.channels]}channels, height: {names[self.space]}resolution"


@record
class Look:
    """What is changed.

    Attributes:
        rename: Regular expressions of whole labels, and what they become.
        color: Colours by pattern of operations, "*.head" or "type:Conv", or by "category.conv".
        group: Patterns of operations that become one part, by its name.
        params: How numbers of parameters are written: "short", "full" or "none".
        details: Whether boxes tell their sizes.
        neurons: Places of a column of neurons.
        names: Names of neurons by layer, "input" being the first.
        scale: How sizes become points.
        inset: Which repeated block is drawn apart: "auto", "none", or a pattern of its module.
        repeats: Whether equal blocks are drawn once.
        shown: Volumes that stand for equal blocks.
        corner: Where the legend stands: "bottom-right", "bottom-left", "top-left", "top-right".
    """

    rename: tuple[tuple[re.Pattern[str], str], ...] = ()
    color: Mapping[str, str] = field(default_factory=dict)
    group: Mapping[str, str] = field(default_factory=dict)
    params: str = "short"
    details: bool = True
    neurons: int = 11
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    scale: Scaling = field(default_factory=lambda: Scaling())
    inset: str = "auto"
    repeats: bool = True
    shown: int = 3
    corner: str = "bottom-right"

    def renamed(self, label: str) -> str:
        """What a label becomes; the first expression that matches all of it counts."""
        for pattern, name in self.rename:
            found = pattern.fullmatch(label)
            if found:
                return found.expand(name)
        return label

    @property
    def palette(self) -> dict[str, str]:
        """Colours that the theme's are replaced by, and those of operations."""
        found: dict[str, str] = {}
        for number, (key, color) in enumerate(self.color.items()):
            name = key.removeprefix("category.") if key.startswith("category.") else f"own{number}"
            found[name] = color
            found[f"{name}-ink"] = along((color, "#000000"), 0.62)
            found[f"{name}-top"] = along((color, "#FFFFFF"), 0.4)
            found[f"{name}-side"] = along((color, "#000000"), 0.18)
        return found


_look: ContextVar[Look | None] = ContextVar("look", default=None)


def current() -> Look:
    """What is changed of the figure that is being drawn."""
    return _look.get() or Look()


@contextmanager
def looking(look: Look) -> Iterator[None]:
    """Draws with ``look`` inside the block."""
    token = _look.set(look)
    try:
        yield
    finally:
        _look.reset(token)


def look_of(
    rename: object,
    color: object,
    group: object,
    labels: object,
    neurons: object,
    scale: object = None,
    fold: object = None,
    inset: str = "auto",
    corner: str = "bottom-right",
) -> Look:
    """A look from what an author wrote.

    Raises:
        OptionError: A key is unknown, or a value does not fit.
    """
    names = _table("rename", rename)
    expressions = []
    for key, name in names.items():
        try:
            pattern = re.compile(key)
            pattern.fullmatch("")
            expressions.append((pattern, _text(f"rename.{key}", name)))
        except re.error as error:
            raise OptionError(
                f"rename has the expression {key!r}, which is none ({error})",
                r"write it as in layer(\d) = stage \1",
            ) from None
    colors = {key: _color(key, value) for key, value in _table("color", color).items()}
    groups = {name: _text(f"group.{name}", value) for name, value in _table("group", group).items()}
    said = _known("labels", labels, ("params", "details"))
    params = said.get("params", "short")
    if params not in _PARAMS:
        raise OptionError(f"labels.params is {params!r}", f"it takes one of: {', '.join(_PARAMS)}")
    fcnn = _known("fcnn", neurons, ("max", "names"))
    folding = _known("fold", fold, ("repeats", "show"))
    if corner not in CORNERS:
        raise OptionError(f"the legend has no place {corner!r}", nearest(corner, CORNERS))
    return Look(
        tuple(expressions),
        colors,
        groups,
        str(params),
        _truth("labels.details", said.get("details", True)),
        int(_number("fcnn.max", fcnn.get("max", 11), 3, 60, whole=True)),
        {
            key: _listed(key, value)
            for key, value in _table("fcnn.names", fcnn.get("names")).items()
        },
        _scaling(scale),
        inset,
        _truth("fold.repeats", folding.get("repeats", True)),
        int(_number("fold.show", folding.get("show", 3), 2, 8, whole=True)),
        corner,
    )


def _scaling(value: object) -> Scaling:
    known = _known("scaling", value, ("space", "channels", "hmax", "depth"))
    forms = {}
    for key in ("space", "channels"):
        forms[key] = str(known.get(key, "log"))
        if forms[key] not in _FORMS:
            raise OptionError(f"scaling.{key} is {forms[key]!r}", nearest(forms[key], _FORMS))
    high = known.get("hmax", 100.0)
    if isinstance(high, str) and not high.replace(".", "").isdecimal():
        high = parse_length(high, "scaling.hmax").pixels * 72 / 96
    return Scaling(
        forms["space"],
        forms["channels"],
        _number("scaling.hmax", high, 30, 400),
        _number("scaling.depth", known.get("depth", 0.38), 0.1, 0.6),
    )


def _table(name: str, value: object) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise OptionError(
            f"{name} is {value!r}", f"write names with values, as in {name}.key=value"
        )
    return {str(key): item for key, item in value.items()}


def _known(name: str, value: object, keys: Sequence[str]) -> dict[str, Any]:
    found = _table(name, value)
    for key in found:
        if key not in keys:
            raise OptionError(f"{name} has no key {key!r}", nearest(key, keys))
    return found


def _text(name: str, value: object) -> str:
    if not isinstance(value, str | int | float):
        raise OptionError(f"{name} is {value!r}", "write text")
    return str(value)


def _truth(name: str, value: object) -> bool:
    if value in (True, "true", "yes", "on"):
        return True
    if value in (False, "false", "no", "off"):
        return False
    raise OptionError(f"{name} is {value!r}", "it takes true or false")


def _color(key: str, value: object) -> str:
    category = key.removeprefix("category.")
    if category != key and category not in CATEGORIES:
        raise OptionError(f"there is no category {category!r}", nearest(category, CATEGORIES))
    if not isinstance(value, str) or not _COLOR.fullmatch(value):
        raise OptionError(f"color.{key} is {value!r}", "write it as #RRGGBB")
    return value


def _number(name: str, value: object, low: float, high: float, *, whole: bool = False) -> float:
    try:
        number = float(str(value))
    except ValueError:
        number = low - 1
    if not low <= number <= high or (whole and number != int(number)):
        kind = "a whole number" if whole else "a number"
        raise OptionError(f"{name} is {value!r}", f"it takes {kind} from {low:g} to {high:g}")
    return number


def _listed(key: str, value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, Sequence):
        raise OptionError(f"fcnn.names.{key} is {value!r}", "write names, parted by commas")
    return tuple(_text(f"fcnn.names.{key}", item).strip() for item in value)


def grouped(model: Model, look: Look) -> Model:
    """The model with the operations of each group in a module of its name.

    Raises:
        OptionError: A group matches nothing.
    """
    graph = model.body
    if not look.group or not isinstance(graph, Graph):
        return model
    found = _matches(graph, "group", tuple(look.group.values()))
    scopes = dict(graph.scopes)
    place: dict[str, tuple[str, ...]] = {}
    for name, pattern in look.group.items():
        scopes[(name,)] = Scope((name,), name)
        for node in found[pattern]:
            place.setdefault(node.id, (name,))
    nodes = tuple(
        replace(node, scope=place[node.id]) if node.id in place else node for node in graph.nodes
    )
    return replace(model, body=replace(graph, nodes=nodes, scopes=scopes))


def _matches(graph: Graph, name: str, patterns: Sequence[str]) -> dict[str, list[Node]]:
    found = matched_by(graph, patterns)
    for pattern, nodes in found.items():
        if not nodes:
            near = nearest_node(graph, pattern)
            hint = f"did you mean {near!r}?" if near else "see the names with: archviz summary"
            raise OptionError(f"{name} has {pattern!r}, which matches no operation", hint)
    return found


def colored(marks: Sequence[Mark], look: Look, graph: Graph) -> tuple[Mark, ...]:
    """The marks, in an author's colours where these name what marks stand for.

    Raises:
        OptionError: A pattern matches nothing.
    """
    keys = list(look.color)
    patterns = [key for key in keys if not key.startswith("category.")]
    found = _matches(graph, "color", patterns)
    owner: dict[str, str] = {}
    for pattern in patterns:
        for node in found[pattern]:
            for origin in node.origins:
                owner.setdefault(origin.replace(" ", "_"), f"own{keys.index(pattern)}")
    return tuple(_painted(mark, owner, "") for mark in marks) if owner else tuple(marks)


def _painted(mark: Mark, owner: Mapping[str, str], color: str) -> Mark:
    match mark:
        case Group():
            ops = mark.data.get("ops", "").split()
            # A part may hold an operation or two of the one beside it; most of it counts.
            held = Counter(owner.get(name, "") for name in ops)
            own = held.most_common(1)[0][0] if held else ""
            inner = tuple(_painted(one, owner, own or color) for one in mark.marks)
            return replace(mark, marks=inner)
        case Rect() | Path():
            word, _, variant = mark.role.partition(" ")
            if color and variant and word in _FILLED:
                return replace(mark, role=f"{word} {color}")
    return mark
