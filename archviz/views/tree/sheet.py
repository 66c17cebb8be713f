"""A finished drawing, before it is a Scene."""

from __future__ import annotations

from archviz.length import Length
from archviz.records import record
from archviz.scene import Mark, Rect, Scene, Text, flatten

MARGIN = 14.0

MOST_MAGNIFIED = 1.25
"""A small drawing gets room at its sides rather than letters of an inch."""


@record
class Sheet:
    """Marks inside a page.

    Attributes:
        width: With margins, in pixels.
        height: With margins, in pixels.
        marks: Painted in order.
    """

    width: float
    height: float
    marks: tuple[Mark, ...]

    @property
    def smallest_text(self) -> float:
        """Size of the smallest text in pixels."""
        return min((m.size for m in flatten(self.marks) if isinstance(m, Text)), default=10.0)

    def scene(self, title: str, description: str, shown_width: Length | None) -> Scene:
        """The drawing on its page."""
        width = self.width
        if shown_width is not None:
            width = max(width, round(shown_width.pixels / MOST_MAGNIFIED, 2))
        page = Rect(0, 0, width, self.height, "page")
        return Scene(width, self.height, (page, *self.marks), title, description, shown_width)
