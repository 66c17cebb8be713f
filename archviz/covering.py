"""From an overlay's name to pictures with it: the model looked at, views told."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from archviz.errors import OptionError
from archviz.ir import Model
from archviz.log import Log
from archviz.options import bind
from archviz.overlays import Overlay, Prepared, Subject
from archviz.records import replace
from archviz.scene import Scene
from archviz.source import Source
from archviz.views import View

logger = Log(__name__)


def cover(
    overlay: Overlay,
    options: Mapping[str, object],
    target: object,
    load: Callable[[], Model],
    importers: Mapping[str, object],
) -> Prepared:
    """The overlay when it has looked at ``target``.

    Args:
        overlay: Which.
        options: Its options.
        target: A Model or what :func:`archviz.load` takes.
        load: Gives the Model.
        importers: Options of the importer.

    Raises:
        ArchvizError: The overlay says nothing of such a target, or could not look at it.
    """
    source = None if isinstance(target, Model) else Source.of(target)
    subject = Subject(source, load, importers)
    logger.info("looking for the overlay %s", overlay.name)
    bound = bind(overlay.prepare, options, f"the overlay {overlay.name!r}")
    return overlay.prepare(subject, **bound)


def drawing_with(view: View, covered: Prepared | None, legend: bool | None) -> Callable[..., Scene]:
    """What draws a model in that style, with the overlay when there is one.

    Raises:
        OptionError: The style shows no overlay.
    """
    if covered is None:
        return view.draw
    if not view.is_annotated:
        raise OptionError(f"the style {view.name!r} shows no overlay", "draw the style node-link")

    def draw(model: Model, **settings: object) -> Scene:
        said = covered.annotate(model.graph)
        if legend is False:
            said = replace(said, legend=())
        return view.draw(model, said, **settings)

    return draw
