"""Makes the fonts under archviz_templates/fonts from Liberation Sans 2 (needs fonttools, brotli).

    python templates/make_fonts.py FOLDER_WITH_LIBERATION

The subset is renamed because the licence reserves the name Liberation.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

FAMILY = "Archviz Sans"
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


def make(source: Path, style: str) -> None:
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
    names = {1: FAMILY, 2: style, 3: f"{FAMILY} {style}", 4: f"{FAMILY} {style}"}
    names[6] = f"{FAMILY}-{style}".replace(" ", "")
    names[5] = f"{version}, subset"
    for record in list(font["name"].names):
        if record.nameID in names:
            record.string = names[record.nameID]
    font.save(TARGET / f"ArchvizSans-{style}.ttf")
    font.flavor = "woff2"
    font.save(TARGET / f"ArchvizSans-{style}.woff2")


if __name__ == "__main__":
    for face in ("Regular", "Bold"):
        make(Path(sys.argv[1]) / f"LiberationSans-{face}.ttf", face)
