"""Containers taken apart: each becomes a flat problem of its own, with ports on its border."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from archviz.errors import LayoutError
from archviz.layouts import Box, Link
from archviz.layouts.sugiyama.ranking import ways
from archviz.records import field, mutable

INLET = -2
"""As the source of an arc: it comes in through the border."""

OUTLET = -3
"""As the target of an arc: it goes out through the border."""

PortedArc = tuple[int, int, int, int, int, tuple[float, float] | None]
"""Source and its port, target and its port, net, size of the label.

Source and target are indices among the children, or INLET and OUTLET; the port is the number of
the net among those that cross the border of that child, or of the container itself, and -1 when
the child is a leaf.
"""


@mutable
class Cell:
    """One container, or the page.

    Attributes:
        children: Boxes in it, in index order.
        arcs: Links between its children and its border.
        inlets: Nets that come in, with their number.
        outlets: Nets that go out.
        nets: Numbers of the nets by source and trunk.
        head: The inlet where the spine comes in.
    """

    children: list[int] = field(default_factory=list)
    arcs: list[PortedArc] = field(default_factory=list)
    inlets: dict[tuple[int, int], int] = field(default_factory=dict)
    outlets: dict[tuple[int, int], int] = field(default_factory=dict)
    nets: dict[tuple[int, int], int] = field(default_factory=dict)
    known: dict[tuple[int, int, int], int] = field(default_factory=dict)
    head: int = -1

    def add(
        self,
        source: tuple[int, int],
        target: tuple[int, int],
        net: tuple[int, int],
        label: tuple[float, float] | None,
        *,
        shared: bool,
    ) -> int:
        """The index of the arc, which is made when there is none that can be shared."""
        number = self.nets.setdefault(net, len(self.nets))
        if shared:
            key = (source[0], target[0], number)
            arc = self.known.get(key)
            if arc is not None:
                return arc
            self.known[key] = len(self.arcs)
        self.arcs.append((*source, *target, number, label))
        return len(self.arcs) - 1


def take_apart(
    boxes: Sequence[Box], links: Sequence[Link]
) -> tuple[list[Cell], Iterable[tuple[tuple[int, int], ...]]]:
    """Cells by box, the page's last, and for each link its pieces as (cell, arc).

    Raises:
        LayoutError: A box comes before its container, or a link ends at what is no leaf.
    """
    count = len(boxes)
    if not any(box.is_container or box.parent >= 0 for box in boxes):
        ends = [link.source for link in links] + [link.target for link in links]
        if not ends or (min(ends) >= 0 and max(ends) < count):
            return _flat(count, links)
    cells = [Cell() if box.is_container else None for box in boxes]
    page = Cell()
    parent = [count] * count
    local = [0] * count
    depth = [1] * count + [0]
    for i, box in enumerate(boxes):
        holder = page
        if box.parent >= 0:
            found = cells[box.parent] if box.parent < i else None
            if found is None:
                raise LayoutError(
                    f"the parent of the box {box.id!r} is not a container before it",
                    "list containers before what they hold",
                )
            holder = found
            parent[i] = box.parent
            depth[i] = depth[box.parent] + 1
        inside = holder.children
        local[i] = len(inside)
        inside.append(i)
    leaf = Cell()
    filled = [cell or leaf for cell in cells] + [page]
    pieces: list[tuple[tuple[int, int], ...]] = []
    # Of leaves, what they are in; links between two in one container are most.
    home = [-1 if cell else index for cell, index in zip(cells, parent, strict=True)]
    for link in links:
        a, b = link.source, link.target
        if 0 <= a < count and 0 <= b < count and home[a] == home[b] >= 0:
            index = home[a]
            cell = filled[index]
            nets, arcs = cell.nets, cell.arcs
            number = nets.setdefault((a, link.trunk), len(nets))
            pieces.append(((index, len(arcs)),))
            arcs.append((local[a], -1, local[b], -1, number, link.label))
        else:
            pieces.append(_split(link, boxes, filled, parent, local, depth))
    holders = [cell for cell in filled if cell is not leaf]
    if any(len(cell.inlets) > 1 for cell in holders):
        _find_heads(links, filled, pieces)
    for cell in holders:
        cell.nets, cell.known = {}, {}
    return filled, pieces


def _flat(
    count: int, links: Sequence[Link]
) -> tuple[list[Cell], Iterable[tuple[tuple[int, int], ...]]]:
    """What becomes of leaves that are all on the page."""
    arcs = [
        (link.source, -1, link.target, -1, net, link.label)
        for link, net in zip(links, _nets(count, links), strict=True)
    ]
    cells = [Cell()] * count
    cells.append(Cell(list(range(count)), arcs))
    return cells, (((count, arc),) for arc in range(len(links)))


def _nets(count: int, links: Sequence[Link]) -> list[int]:
    """A number for each link's source and trunk, in the order in which they are met."""
    # Few sources have several trunks.
    first = [-1] * count
    trunk = [0] * count
    others: dict[tuple[int, int], int] = {}
    numbers: list[int] = []
    following = 0
    for link in links:
        source = link.source
        number = first[source]
        if number < 0:
            number = first[source] = following
            trunk[source] = link.trunk
        elif trunk[source] != link.trunk:
            number = others.setdefault((source, link.trunk), following)
        following += number == following
        numbers.append(number)
    return numbers


def _split(
    link: Link,
    boxes: Sequence[Box],
    cells: list[Cell],
    parent: list[int],
    local: list[int],
    depth: list[int],
) -> tuple[tuple[int, int], ...]:
    a, b = link.source, link.target
    for end in (a, b):
        if not 0 <= end < len(boxes) or boxes[end].is_container:
            raise LayoutError(
                f"a link ends at the box {end}, which is no leaf", "link the boxes in containers"
            )
    net = (a, link.trunk)
    a_port = b_port = -1
    first: list[tuple[int, int]] = []
    last: list[tuple[int, int]] = []
    while parent[a] != parent[b]:
        # The deeper end goes up; a label belongs to the piece that ends at the target.
        if depth[a] >= depth[b]:
            cell = cells[parent[a]]
            port = cell.outlets.setdefault(net, len(cell.outlets))
            arc = cell.add((local[a], a_port), (OUTLET, port), net, None, shared=True)
            first.append((parent[a], arc))
            a, a_port = parent[a], port
        else:
            cell = cells[parent[b]]
            port = cell.inlets.setdefault(net, len(cell.inlets))
            is_leaf = b == link.target
            arc = cell.add(
                (INLET, port),
                (local[b], b_port),
                net,
                link.label if is_leaf else None,
                shared=not is_leaf,
            )
            last.append((parent[b], arc))
            b, b_port = parent[b], port
    is_leaf = b == link.target
    arc = cells[parent[a]].add(
        (local[a], a_port),
        (local[b], b_port),
        net,
        link.label if is_leaf else None,
        shared=not is_leaf,
    )
    return (*first, (parent[a], arc), *reversed(last))


def _find_heads(
    links: Sequence[Link], cells: list[Cell], pieces: Sequence[tuple[tuple[int, int], ...]]
) -> None:
    """Sets where the spine comes into each cell: where most is still to come, then most has been.

    The same layer of a network then has it in the same place, whatever comes in beside it.
    """
    ends = [(link.source, link.target) for link in links]
    before, after, closes = ways(len(cells) - 1, ends)
    best: dict[int, tuple[int, int, int]] = {}
    for (source, target), is_back, parts in zip(ends, closes, pieces, strict=True):
        for index, arc in parts:
            start, port = cells[index].arcs[arc][:2]
            if start == INLET:
                found = (after[target], -1 if is_back else before[source], -port)
                best[index] = max(best.get(index, found), found)
    for index, (_, _, port) in best.items():
        cells[index].head = -port
