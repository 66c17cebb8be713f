"""Layouts: each places boxes and routes links, and knows nothing of models.

A module here is one engine and ends with ``LAYOUT``; the entry-point group for other
distributions is ``archviz.layouts``. Engine options are the keyword-only parameters of ``place``.
Lengths are CSS pixels, y down.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from archviz.errors import LayoutError
from archviz.records import record
from archviz.registry import Registry


class Point(NamedTuple):
    """A place on the page."""

    x: float
    y: float


class Area(NamedTuple):
    """A rectangle on the page by its top left corner and its size."""

    x: float
    y: float
    width: float
    height: float


@record
class Box:
    """Something to place.

    Attributes:
        id: Unique; engines use it for messages only, never for order.
        width: Of a leaf; a container is at least this wide.
        height: Of a leaf; ignored for a container.
        parent: Index of the container it is in, which comes earlier; -1 for the page.
        header: Room a container keeps above its children, at the top in either direction.
        is_container: Whether it holds other boxes; only leaves are ends of links.
    """

    id: str
    width: float
    height: float
    parent: int = -1
    header: float = 0.0
    is_container: bool = False


@record
class Link:
    """A connection between two leaves, by index.

    Attributes:
        source: Where it starts.
        target: Where it ends; may be the source.
        trunk: Links with one source and one trunk carry the same thing and may share their way.
        label: Width and height of a label to place beside it, or None.
    """

    source: int
    target: int
    trunk: int = 0
    label: tuple[float, float] | None = None


@record
class Route:
    """A link's way.

    Attributes:
        way: From the border of the source to that of the target, as seen from the origin.
        label: Area of the label, when the link has one.
        is_back: Whether it runs against the direction because it closes a cycle.
        x: Where the origin is, so that equal ways, which most are, share their corners.
        y: The same, down.
    """

    way: tuple[tuple[float, float], ...]
    label: Area | None = None
    is_back: bool = False
    x: float = 0.0
    y: float = 0.0

    @property
    def points(self) -> tuple[Point, ...]:
        """The corners where they are, not from the origin."""
        left, top = self.x, self.y
        return tuple([Point(left + x, top + y) for x, y in self.way])


@record
class Placement:
    """Where everything is: ``areas`` as the boxes, ``routes`` as the links; from (0, 0)."""

    areas: tuple[Area, ...]
    routes: tuple[Route, ...]
    width: float
    height: float


@record
class Layout:
    """The contract of the family.

    Attributes:
        name: Kebab-case name, the module's.
        title: A few words for ``archviz show layouts``.
        place: Places boxes and links; takes ``direction``, "TB" or "LR", by keyword.
        features: Of "graphs" (links of any shape, not only trees), "containers", "labels" and
            "orthogonal"; asking for one it lacks is an error.
    """

    name: str
    title: str
    place: Callable[..., Placement]
    features: frozenset[str] = frozenset()


LAYOUTS: Registry[Layout] = Registry("archviz.layouts", "LAYOUT", Layout)


def require(layout: Layout, boxes: Sequence[Box]) -> None:
    """Checks that the engine can do what ``boxes`` ask.

    Raises:
        LayoutError: There are containers and the engine places none.
    """
    if "containers" not in layout.features and any(box.is_container for box in boxes):
        raise LayoutError(
            f"the layout {layout.name!r} places no containers", "use --layout sugiyama"
        )
