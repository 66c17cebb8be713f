"""Kinds of figures, and which of them a model gets.

A kind joins by a module of its own that ends with ``KIND``, and by its place in :data:`KINDS`,
which is the order in which they are asked whether a model suits them.
"""

from __future__ import annotations

from archviz.errors import OptionError
from archviz.options import nearest
from archviz.views.layered import blocks, cuboid, fcnn, lenet, recurrent, unet
from archviz.views.layered.kind import Kind
from archviz.views.layered.plan import Plan

KINDS: tuple[Kind, ...] = (
    fcnn.KIND,
    recurrent.KIND,
    blocks.KIND,
    unet.KIND,
    lenet.KIND,
    cuboid.KIND,
)
"""From the most particular to the most general."""

AUTO = "auto"


def choose(plan: Plan, wanted: str = AUTO) -> tuple[Kind, ...]:
    """The kinds of figure for a model, the first that has room on the page being the one.

    Args:
        plan: What is to be drawn.
        wanted: Name of a kind, or "auto" for those that suit the model.

    Raises:
        OptionError: There is no such kind.
    """
    if wanted == AUTO:
        return tuple(kind for kind in KINDS if kind.suits(plan)) or KINDS[-1:]
    named = {kind.name: kind for kind in KINDS}
    if wanted not in named:
        known = [AUTO, *named]
        raise OptionError(f"there is no figure {wanted!r}", nearest(wanted, known))
    return (named[wanted],)
