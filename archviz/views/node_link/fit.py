"""How a picture is fitted to a page or a width: in how many columns, and how large it is shown."""

from __future__ import annotations

from typing import Literal

from archviz.length import PAGE_HEIGHT, PAGE_WIDTH, PIXELS, READABLE, Length
from archviz.records import record
from archviz.views.node_link.columns import Page, Wrapping
from archviz.views.node_link.faces import SMALL_SIZE


@record
class Fit:
    """What is asked of the size of a picture.

    Attributes:
        columns: How many columns, or rows when it runs to the right.
        width: How wide it is to be shown.
        to: "page" for one that has room on a page.
        margin: Around what is placed, in pixels.
    """

    columns: int | Literal["auto"]
    width: Length | None
    to: Literal["none", "page"]
    margin: float

    def apply(self, wrapping: Wrapping) -> tuple[Page, Length | None]:
        """The picture in columns, and how wide it is shown; None in its own size."""
        if self.to == "page":
            return self._on_page(wrapping)
        number = wrapping.usual() if self.columns == "auto" else self.columns
        page = wrapping.in_columns(number)
        if self.width is not None and self.columns == "auto":
            # Fewer columns are narrower, so that their text is larger.
            while number > 1 and SMALL_SIZE * self._scale(page) < READABLE * PIXELS["pt"]:
                number -= 1
                page = wrapping.in_columns(number)
        return page, self.width

    def _on_page(self, wrapping: Wrapping) -> tuple[Page, Length]:
        shape = (PAGE_WIDTH.pixels, PAGE_HEIGHT.pixels)
        tried = wrapping.near(*shape) if self.columns == "auto" else (self.columns,)
        pages = [wrapping.in_columns(number) for number in tried]
        page = max(pages, key=self._scale)
        width = self._scale(page) * self._width(page)
        unit = self.width.unit if self.width is not None else "mm"
        return page, Length(round(width / PIXELS[unit], 2), unit)

    def _width(self, page: Page) -> float:
        return page.placement.width + 2 * self.margin

    def _scale(self, page: Page) -> float:
        """How many times its own size a picture is shown."""
        if self.to == "none":
            return self.width.pixels / self._width(page) if self.width else 1.0
        high = PAGE_HEIGHT.pixels / (page.placement.height + 2 * self.margin)
        if self.width is not None:
            return min(self.width.pixels / self._width(page), high)
        return min(PAGE_WIDTH.pixels / self._width(page), high, 1.0)
