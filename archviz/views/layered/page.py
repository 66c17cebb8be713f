"""The page of a figure: marks in points at the size of print, and what has been accounted for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from archviz.ir import Node
from archviz.ir.walk import leaves
from archviz.records import field, mutable, replace
from archviz.scene import Group, Mark, Path, Rect, Text
from archviz.text import printable, text_width
from archviz.theme import PLATE
from archviz.views.layered.look import current
from archviz.views.layered.plan import Unit, operations
from archviz.views.layered.words import GENERAL

NAME, VALUE, SMALL = 7.2, 6.5, 6.3
"""Sizes of text in points: names of stages, sizes and widths, everything else."""
LEAST = 6.0
"""Points of the smallest text that a figure may have."""
MARGIN = 6.0


@mutable
class Page:
    """A sheet that a kind of figure fills from left to right and from the top down.

    Attributes:
        width: In points, margins included.
        height: In points; a kind sets it.
        marks: In painting order.
        legend: What each fill means, by category, in the order of appearance.
        lines: What each role of lines means.
        upright: Roles of lines that mostly lead down (1) or up (-1), so that the legend's do.
        facts: What the footer says, from left to right.
        corner: Room for the legend inside the figure: its left, its bottom, its width and height.
        omitted: Imported operations that are not drawn, by the reason.
        words: Sentences for those who cannot see the figure.
    """

    width: float
    height: float = 0.0
    marks: list[Mark] = field(default_factory=list)
    legend: dict[str, str] = field(default_factory=dict)
    lines: dict[str, str] = field(default_factory=dict)
    upright: dict[str, int] = field(default_factory=dict)
    facts: list[str] = field(default_factory=list)
    corner: tuple[float, float, float, float] | None = None
    omitted: dict[str, list[str]] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)

    def add(self, *marks: Mark) -> None:
        """Puts marks on the page, over those that are there."""
        self.marks.extend(marks)

    def mean(self, fill: str, name: str) -> None:
        """Says in the legend what a fill stands for; of more than two names the general one."""
        known = self.legend.setdefault(fill, name)
        if name in known.split(", ") or known == GENERAL.get(fill):
            return
        self.legend[fill] = GENERAL.get(fill, known) if ", " in known else f"{known}, {name}"

    def line(self, role: str, name: str) -> None:
        """Says in the legend what a kind of line stands for."""
        self.lines.setdefault(role, name)

    def drawn(self) -> Iterator[str]:
        """Operations that marks stand for, as these name them."""
        waiting = list(self.marks)
        while waiting:
            mark = waiting.pop()
            if isinstance(mark, Group):
                yield from mark.data.get("ops", "").split()
                waiting += mark.marks

    def omit(self, nodes: Iterable[Node], why: str) -> None:
        """Says that merged operations are not drawn."""
        found = operations(nodes)
        if found:
            self.omitted.setdefault(why, []).extend(found)


def text(
    x: float,
    y: float,
    content: str,
    role: str = "text",
    size: float = VALUE,
    *,
    anchor: str = "middle",
    rotation: float = 0.0,
) -> Text:
    """One line of text, measured; names of models come from files, so it is made printable."""
    line = printable(current().renamed(content))
    width = text_width(line, size, bold=role.endswith("title"))
    return Text(x, y, line, role, size, width, anchor, rotation)


def plate(labels: Sequence[Text], fill: str) -> Rect:
    """What is behind labels on a box, so that no hatch of its fill runs through them."""
    left = min(label.left for label in labels) - 1.5
    right = max(label.left + label.width for label in labels) + 1.5
    top = min(label.y - label.size * 0.8 for label in labels)
    bottom = max(label.y + label.size * 0.28 for label in labels)
    return Rect(left, top, right - left, bottom - top, f"{PLATE} {fill}")


def group(
    marks: Sequence[Mark],
    role: str,
    ops: Iterable[str] = (),
    *,
    id: str = "",
    title: str = "",
    repeat: int = 1,
) -> Group:
    """Marks that stand for operations.

    Args:
        marks: In painting order.
        role: What it is: "unit", "stage", "skip", "inset".
        ops: Ids of the imported operations that it stands for, those of all copies in order.
        id: Stable across runs, or "".
        title: What a pointer resting on it says.
        repeat: How many equal copies these operations are.
    """
    data = {}
    names = listed(ops)
    if names:
        data["ops"] = names
    if repeat > 1:
        data["repeat"] = str(repeat)
    return Group(tuple(marks), role, id, title, data)


def copies_of(
    marks: Sequence[Mark],
    nodes: Sequence[Node],
    repeat: int = 1,
    *,
    role: str = "unit",
    id: str = "",
    title: str = "",
) -> list[Mark]:
    """Marks that stand for merged operations, those of all copies in order.

    Equal copies are told by what they compute. What a pass took out between them (identities,
    constants) may have gone to either neighbour, so those are listed apart.
    """
    names = operations(nodes)
    if repeat == 1:
        return [group(marks, role, names, id=id, title=title)]
    own = [part.id for node in nodes for part in leaves(node)]
    rest = group((), "absorbed", (name for name in names if name not in set(own)))
    copies = group(marks, role, own, id=id, title=title, repeat=repeat)
    return [copies, rest] if rest.data else [copies]


def unit_groups(
    marks: Sequence[Mark], units: Sequence[Unit], repeat: int = 1, title: str = ""
) -> list[Mark]:
    """Marks that stand for units, ``repeat`` copies of them in order."""
    return copies_of(marks, [node for unit in units for node in unit.nodes], repeat, title=title)


def listed(ops: Iterable[str]) -> str:
    """Ids of operations with spaces between; a space in one becomes "_"."""
    return " ".join(name.replace(" ", "_") for name in ops)


def moved(mark: Mark, dx: float, dy: float = 0.0) -> Mark:
    """The mark somewhere else."""
    match mark:
        case Group():
            return replace(mark, marks=tuple(moved(inner, dx, dy) for inner in mark.marks))
        case Rect() | Text():
            return replace(mark, x=mark.x + dx, y=mark.y + dy)
        case Path():
            return Path(
                tuple(
                    (command, *(n + (dy if k % 2 else dx) for k, n in enumerate(numbers)))
                    for command, *numbers in mark.segments
                ),
                mark.role,
            )


def count(number: int) -> str:
    """A number of parameters as figures write it: "2,416", "23k", "1.5M", "138M"."""
    form = current().params
    if form != "short":
        return f"{number:,}" if form == "full" else ""
    if number < 10_000:
        return f"{number:,}"
    for limit, unit in ((1e6, "k"), (1e9, "M"), (1e12, "B"), (1e15, "T")):
        if number < limit * 0.9995 or unit == "T":
            scaled = number / limit * 1e3
            return f"{scaled:.0f}{unit}" if unit == "k" or scaled >= 100 else f"{scaled:.1f}{unit}"
    return str(number)
