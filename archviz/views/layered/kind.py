"""What a kind of figure is."""

from __future__ import annotations

from collections.abc import Callable

from archviz.records import record
from archviz.views.layered.page import Page
from archviz.views.layered.plan import Plan


@record
class Kind:
    """One way of drawing a plan.

    Attributes:
        name: As ``--set figure=`` takes it.
        title: A few words for listings.
        suits: Whether it is the figure that people draw by hand of such a model.
        draw: Puts a plan on a page whose width is given and sets the page's height. It raises an
            OptionError of one sentence for a plan that it cannot draw.
    """

    name: str
    title: str
    suits: Callable[[Plan], bool]
    draw: Callable[[Plan, Page], None]
