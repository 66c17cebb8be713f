"""An interactive page inside another page, isolated from it."""

from __future__ import annotations

from base64 import b64encode
from html import escape

HEIGHT = "600px"


def framed(page: str, image: str, title: str, height: str = HEIGHT) -> str:
    """HTML of a frame that holds a page, above an image for where frames are taken out.

    The frame has an origin of its own, so that neither side's scripts and styles reach the
    other's. Sanitizers, as of notebooks that are not trusted, take frames out, which lets the
    image below be seen.

    Args:
        page: The interactive page, whole.
        image: An ``<img>``.
        title: What a screen reader calls the frame.
        height: Of the frame, as CSS has it.
    """
    return (
        f'<div class="archviz" style="height:{escape(height)};overflow:hidden">'
        f'<iframe title="{escape(title)}" sandbox="allow-scripts allow-downloads" '
        'style="display:block;width:100%;height:100%;border:0" '
        f'srcdoc="{escape(page)}"></iframe>{image}</div>'
    )


def image(svg: bytes, alt: str, *, look: str = "max-width:100%;height:auto") -> str:
    """An ``<img>`` that holds its picture, so that no style or id of it reaches the page.

    Args:
        svg: The picture.
        alt: What it shows.
        look: Its style.
    """
    data = b64encode(svg).decode()
    return f'<img alt="{escape(alt)}" style="{look}" src="data:image/svg+xml;base64,{data}">'


BELOW = "max-width:100%;max-height:100%"
"""The style of an image below a frame."""
