"""Packs the scripts of interactive pages: python templates/make_page.py after a change to one.

A page carries its scripts packed, which makes a small model's page half as large. They are packed
here and not when a page is written, because libraries compress differently and the same model must
give the same bytes everywhere.
"""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from zlib import compressobj

FOLDER = Path(__file__).parent / "archviz_templates" / "html"
SCRIPTS = ("layout.js", "model.js", "picture.js", "view.js", "page.js")
PACKED = FOLDER / "scripts.txt"


def joined() -> str:
    """The scripts as one, without indentation and without lines that are only a comment."""
    text = "".join((FOLDER / name).read_text(encoding="utf-8") for name in SCRIPTS)
    lines = (line.strip() for line in text.split("\n"))
    kept = "\n".join(line for line in lines if line and not line.startswith("//"))
    return f'"use strict";(()=>{{\n{kept}\n}})()'


def pack(text: str) -> str:
    """``text`` as raw DEFLATE (RFC 1951) in base64."""
    packer = compressobj(9, wbits=-15)
    return b64encode(packer.compress(text.encode()) + packer.flush()).decode("ascii")


if __name__ == "__main__":
    PACKED.write_text(pack(joined()) + "\n", encoding="ascii")
