"""PNG from a Scene, by resvg and the bundled fonts alone, so that every machine gives one picture.

The package resvg-py (extra "png") draws the SVG. Specification: Portable Network Graphics
(PNG), third edition, W3C 2025.
"""

from __future__ import annotations

from importlib.resources import as_file

from archviz.errors import MissingDependencyError, OptionError, RendererError
from archviz.font import FAMILIES, folder
from archviz.records import replace
from archviz.renderers import RENDERERS, Renderer
from archviz.scene import Scene
from archviz.theme import AUTO

MOST_PIXELS = 100_000_000
"""Pixels that a picture may have; drawing takes four bytes for each."""


def render(scene: Scene, *, theme: str = AUTO, scale: float = 2.0) -> bytes:
    """The scene as a PNG picture.

    Args:
        scene: What to draw.
        theme: A theme's name or a TOML file; "auto" is light, as pixels do not change.
        scale: Pixels of the picture to a CSS pixel: 1 for old screens, 2 for most, 3.125 for
            print at 300 dots to the inch.

    Raises:
        MissingDependencyError: resvg-py is not installed.
        OptionError: The scale is not above 0.
        RendererError: The picture would have more than 100 million pixels.
    """
    if not 0 < scale < 1000:
        raise OptionError(f"scale is {scale}", "give a number above 0, such as 2")
    try:
        import resvg_py
    except ModuleNotFoundError:
        raise MissingDependencyError("resvg-py", "to write PNG", "png") from None
    factor = scale * scene.scale
    width, height = round(scene.width * factor), round(scene.height * factor)
    if width * height > MOST_PIXELS:
        raise RendererError(
            f"the picture would have {width:,} × {height:,} pixels, above {MOST_PIXELS:,}",
            "give a smaller scale, draw a part with --focus, or write SVG or PDF",
        )
    name = "light" if theme == AUTO else theme
    svg = RENDERERS.get("svg").render(replace(scene, shown_width=None), theme=name)
    with as_file(folder()) as fonts:
        made = resvg_py.svg_to_bytes(
            svg_string=str(svg),
            width=max(1, width),
            height=max(1, height),
            skip_system_fonts=True,
            font_files=[str(path) for path in sorted(fonts.glob("*.ttf"))],
            sans_serif_family=FAMILIES["sans"],
            serif_family=FAMILIES["serif"],
        )
    return bytes(made)


RENDERER = Renderer(
    name="png",
    title="PNG, by resvg and the bundled font (extra png)",
    consumes="scene",
    render=render,
    suffixes=(".png",),
    loses="tooltips and ids; text and lines are pixels",
)
