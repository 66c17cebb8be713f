"""PDF from a Scene: vectors, text that can be selected, the font inside, nothing to install.

One page of the picture's size, a pixel being 0.75 pt. The picture is one tagged figure whose
alternative text is the Scene's description. No date is written, so the same Scene gives the same
bytes. ISO 32000-1:2008.
"""

from __future__ import annotations

from archviz.renderers import Renderer
from archviz.renderers.pdf.content import Content
from archviz.renderers.pdf.objects import Document, text_string
from archviz.scene import Scene
from archviz.theme import AUTO, load_theme

POINTS = 0.75
"""Points to the CSS pixel."""


def render(scene: Scene, *, theme: str = AUTO) -> bytes:
    """The scene as a PDF file of one page.

    Args:
        scene: What to draw.
        theme: A theme's name or a TOML file; "auto" is light, as paper does not change.

    Raises:
        OptionError: The theme does not exist or lacks a role.
        RendererError: A coordinate is not a finite number.
    """
    scale = POINTS * scene.scale
    content = Content(load_theme(theme).with_colors(scene.palette), scene.font)
    content.page(scene, scale)
    document = Document()
    catalog, pages, page = (document.reserve() for _ in range(3))
    tree, structure, figure, numbers = (document.reserve() for _ in range(4))
    fonts = "".join(
        f"/F{int(used.bold)} {used.embed(document)} 0 R "
        for used in content.faces.values()
        if used.is_used
    )
    stream = document.stream(content.text.encode("ascii"))
    # A page is at least a point wide and high, which is the least that readers open.
    sides = (max(1.0, side) * scale for side in (scene.width, scene.height))
    width, height = (f"{side:.3f}".rstrip("0").rstrip(".") for side in sides)
    document.fill(
        page,
        f"<< /Type /Page /Parent {pages} 0 R /MediaBox [0 0 {width} {height}] "
        f"/Resources << /Font << {fonts}>> >> /Contents {stream} 0 R /StructParents 0 "
        f"/Tabs /S >>",
    )
    document.fill(pages, f"<< /Type /Pages /Kids [{page} 0 R] /Count 1 >>")
    document.fill(
        figure,
        f"<< /Type /StructElem /S /Figure /P {structure} 0 R /Pg {page} 0 R /K 0 "
        f"/Alt {text_string(scene.description or scene.title)} >>",
    )
    document.fill(
        structure, f"<< /Type /StructElem /S /Document /P {tree} 0 R /K [{figure} 0 R] >>"
    )
    document.fill(numbers, f"<< /Nums [0 [{figure} 0 R]] >>")
    document.fill(
        tree, f"<< /Type /StructTreeRoot /K [{structure} 0 R] /ParentTree {numbers} 0 R >>"
    )
    document.fill(
        catalog,
        f"<< /Type /Catalog /Pages {pages} 0 R /Lang (en) /MarkInfo << /Marked true >> "
        f"/StructTreeRoot {tree} 0 R /ViewerPreferences << /DisplayDocTitle true >> >>",
    )
    info = document.add(f"<< /Title {text_string(scene.title)} /Producer (archviz) >>")
    return document.file(catalog, info)


RENDERER = Renderer(
    name="pdf",
    title="PDF with its font inside, for papers",
    consumes="scene",
    render=render,
    suffixes=(".pdf",),
    loses="tooltips and ids; characters that the bundled font lacks are boxes",
)
