"""Makes the fonts under archviz_templates/fonts from Liberation 2 (needs fonttools, brotli).

    python templates/make_fonts.py FOLDER_WITH_LIBERATION

The subsets are renamed because the licence reserves the name Liberation. What this prints are the
widths that archviz.text measures with.
"""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import wrap

from fontTools import subset
from fontTools.ttLib import TTFont

TARGET = Path(__file__).parent / "archviz_templates" / "fonts"
CHARACTERS = (
    *range(0x20, 0x7F),
    *range(0xA0, 0x180),
    *range(0x370, 0x3CF),
    *range(0x400, 0x460),
    *range(0x2010, 0x2045),
    *range(0x2070, 0x20AD),
    *range(0x2190, 0x21A9),
    *range(0x2200, 0x2266),
    *range(0x25A0, 0x25D9),
    0xFFFD,
)
MEASURED = (
    "".join(map(chr, (*range(32, 127), *range(160, 256))))
    + "–—‘’“”•…−√∞≈≠≤≥←↑→↓Ωαβγδεζηθικλμνξοπρστυφχψω∂∆∏∑∫"
)


def make(source: Path, kind: str, style: str) -> None:
    """Writes one face as TrueType, for PDF and PNG, and as WOFF2, for SVG."""
    options = subset.Options()
    options.layout_features = []
    options.hinting = False
    options.notdef_outline = True
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.drop_tables += ["GDEF", "GPOS", "GSUB", "kern", "FFTM"]
    font = TTFont(source, recalcTimestamp=False)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=CHARACTERS)
    subsetter.subset(font)
    version = font["name"].getDebugName(5)
    family = f"Archviz {kind}"
    names = {1: family, 2: style, 3: f"{family} {style}", 4: f"{family} {style}"}
    names[6] = f"{family}-{style}".replace(" ", "")
    names[5] = f"{version}, subset"
    for record in list(font["name"].names):
        if record.nameID in names:
            record.string = names[record.nameID]
    font.save(TARGET / f"Archviz{kind}-{style}.ttf")
    font.flavor = "woff2"
    font.save(TARGET / f"Archviz{kind}-{style}.woff2")


def widths(kind: str, style: str) -> str:
    """The advance widths of the characters that labels are measured by."""
    font = TTFont(TARGET / f"Archviz{kind}-{style}.ttf")
    glyphs, advances = font.getBestCmap(), font["hmtx"]
    numbers = (str(advances[glyphs[ord(character)]][0]) for character in MEASURED)
    return "\n".join(wrap(" ".join(numbers), 94))


if __name__ == "__main__":
    for kind in ("Sans", "Serif"):
        for face in ("Regular", "Bold"):
            make(Path(sys.argv[1]) / f"Liberation{kind}-{face}.ttf", kind, face)
            print(kind, face, widths(kind, face), sep="\n")
