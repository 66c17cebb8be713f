"""The bundled font inside a PDF: glyphs in use alone, and text that can be searched and copied.

A Type 0 font whose codes are glyph numbers (Identity-H), ISO 32000-1:2008, 9.7; its ToUnicode map
says which characters they were.
"""

from __future__ import annotations

from archviz.font import face, postscript_name
from archviz.renderers.pdf.objects import Document
from archviz.renderers.pdf.truetype import TrueType

_FLAGS = {"sans": 4, "serif": 4 | 2}
"""Symbolic, as fonts with codes of their own are, and whether letters have serifs."""
_STEM = {False: 80, True: 140}
_MAP_PART = 100
"""Entries that one section of a ToUnicode map may have."""


class Face:
    """One weight of the font, which notes the glyphs it is asked for.

    Args:
        font: "sans" or "serif".
        bold: Which weight.
    """

    def __init__(self, font: str, bold: bool) -> None:
        self.bold = bold
        self._flags = _FLAGS[font]
        self._name = postscript_name(font, bold=bold)
        self._font = TrueType(face(font, bold=bold))
        self._used: dict[int, str] = {}

    def encode(self, text: str) -> str:
        """``text`` as a string of glyph numbers in hexadecimal."""
        codes = []
        for character in text:
            glyph = self._font.glyph(character)
            self._used.setdefault(glyph, character)
            codes.append(f"{glyph:04X}")
        return "".join(codes)

    @property
    def is_used(self) -> bool:
        """Whether anything was written with it."""
        return bool(self._used)

    def embed(self, document: Document) -> int:
        """Adds the font to the document and returns the number of its dictionary."""
        font, glyphs = self._font, sorted(self._used)
        name = f"{_tag(glyphs)}+{self._name}"
        data = font.subset(glyphs)
        file = document.stream(data, f"/Length1 {len(data)} ")
        box = " ".join(str(self._scaled(edge)) for edge in font.box)
        descriptor = document.add(
            f"<< /Type /FontDescriptor /FontName /{name} /Flags {self._flags} /FontBBox [{box}] "
            f"/ItalicAngle 0 /Ascent {self._scaled(font.ascent)} "
            f"/Descent {self._scaled(font.descent)} /CapHeight 716 /StemV {_STEM[self.bold]} "
            f"/FontFile2 {file} 0 R >>"
        )
        widths = " ".join(f"{glyph} [{self._scaled(font.advance(glyph))}]" for glyph in glyphs)
        descendant = document.add(
            f"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /{name} /CIDSystemInfo "
            f"<< /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> "
            f"/FontDescriptor {descriptor} 0 R /W [{widths}] /CIDToGIDMap /Identity >>"
        )
        unicode = document.stream(_to_unicode({g: self._used[g] for g in glyphs}).encode("ascii"))
        return document.add(
            f"<< /Type /Font /Subtype /Type0 /BaseFont /{name} /Encoding /Identity-H "
            f"/DescendantFonts [{descendant} 0 R] /ToUnicode {unicode} 0 R >>"
        )

    def _scaled(self, units: int) -> int:
        """Font units in thousandths of the em, as PDF counts."""
        return round(units * 1000 / self._font.units_per_em)


def _tag(glyphs: list[int]) -> str:
    """Six letters that tell this subset from others."""
    from hashlib import md5

    digest = md5(repr(glyphs).encode("ascii"), usedforsecurity=False).digest()
    return "".join(chr(ord("A") + byte % 26) for byte in digest[:6])


def _to_unicode(characters: dict[int, str]) -> str:
    lines = [
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
        "/CMapName /Adobe-Identity-UCS def /CMapType 2 def",
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
        "1 begincodespacerange <0000> <FFFF> endcodespacerange",
    ]
    entries = [
        f"<{glyph:04X}> <{character.encode('utf-16-be', 'replace').hex().upper()}>"
        for glyph, character in characters.items()
    ]
    for start in range(0, len(entries), _MAP_PART):
        part = entries[start : start + _MAP_PART]
        lines += [f"{len(part)} beginbfchar", *part, "endbfchar"]
    lines.append("endcmap CMapName currentdict /CMap defineresource pop end end")
    return "\n".join(lines) + "\n"
