"""TrueType fonts as PDF wants them: which glyph a character has, and only the glyphs in use.

Tables as in "OpenType Specification" 1.9 (Microsoft): cmap format 4, glyf, loca, hmtx, head, hhea.
Glyphs keep their numbers, so nothing that refers to them changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from struct import pack, unpack_from

_KEPT = ("head", "hhea", "hmtx", "maxp", "loca", "glyf")
_ARGS_ARE_WORDS, _HAS_SCALE, _MORE, _HAS_XY_SCALE, _HAS_2X2 = 0x1, 0x8, 0x20, 0x40, 0x80


class TrueType:
    """A font file, read as far as PDF needs.

    Args:
        data: The file, with a cmap of format 4.
    """

    def __init__(self, data: bytes) -> None:
        self._tables: dict[str, bytes] = {}
        (count,) = unpack_from(">H", data, 4)
        for index in range(count):
            tag, _, offset, length = unpack_from(">4sIII", data, 12 + 16 * index)
            self._tables[tag.decode("ascii")] = data[offset : offset + length]
        head, hhea = self._tables["head"], self._tables["hhea"]
        self.units_per_em: int = unpack_from(">H", head, 18)[0]
        self.box: tuple[int, ...] = unpack_from(">4h", head, 36)
        self.ascent, self.descent = unpack_from(">2h", hhea, 4)
        self._glyphs = self._cmap()

    def _cmap(self) -> dict[int, int]:
        """Glyphs by character."""
        cmap = self._tables["cmap"]
        (count,) = unpack_from(">H", cmap, 2)
        offsets = [unpack_from(">HHI", cmap, 4 + 8 * index)[2] for index in range(count)]
        start = next(at for at in offsets if unpack_from(">H", cmap, at)[0] == 4)
        (double,) = unpack_from(">H", cmap, start + 6)
        ends = unpack_from(f">{double // 2}H", cmap, start + 14)
        starts = unpack_from(f">{double // 2}H", cmap, start + 16 + double)
        deltas = unpack_from(f">{double // 2}H", cmap, start + 16 + 2 * double)
        ranges_at = start + 16 + 3 * double
        ranges = unpack_from(f">{double // 2}H", cmap, ranges_at)
        found: dict[int, int] = {}
        for index, (first, last) in enumerate(zip(starts, ends, strict=True)):
            for code in range(first, last + 1):
                glyph = code
                if ranges[index]:
                    at = ranges_at + 2 * index + ranges[index] + 2 * (code - first)
                    (glyph,) = unpack_from(">H", cmap, at)
                    if not glyph:
                        continue
                found[code] = (glyph + deltas[index]) & 0xFFFF
        found.pop(0xFFFF, None)
        return found

    def glyph(self, character: str) -> int:
        """The glyph of ``character``; 0, the empty box, when the font has none."""
        return self._glyphs.get(ord(character), 0)

    def advance(self, glyph: int) -> int:
        """Advance width of a glyph in font units."""
        (count,) = unpack_from(">H", self._tables["hhea"], 34)
        width: int = unpack_from(">H", self._tables["hmtx"], 4 * min(glyph, count - 1))[0]
        return width

    def subset(self, glyphs: Iterable[int]) -> bytes:
        """A font file with the outlines of ``glyphs``, and of what they are composed of, alone."""
        glyf, offsets = self._tables["glyf"], self._loca()
        kept: set[int] = set()
        waiting = [0, *glyphs]
        while waiting:
            glyph = waiting.pop()
            if glyph not in kept:
                kept.add(glyph)
                waiting += _components(glyf[offsets[glyph] : offsets[glyph + 1]])
        outlines, starts = bytearray(), [0]
        for glyph in range(len(offsets) - 1):
            if glyph in kept:
                outlines += glyf[offsets[glyph] : offsets[glyph + 1]]
                outlines += b"\0" * (-len(outlines) % 4)
            starts.append(len(outlines))
        head = bytearray(self._tables["head"])
        head[50:52] = b"\0\1"  # offsets in loca are 32 bits wide
        head[8:12] = bytes(4)
        tables = {**self._tables, "head": bytes(head), "glyf": bytes(outlines)}
        tables["loca"] = pack(f">{len(starts)}I", *starts)
        return _file({tag: tables[tag] for tag in _KEPT})

    def _loca(self) -> tuple[int, ...]:
        loca = self._tables["loca"]
        if unpack_from(">h", self._tables["head"], 50)[0]:
            return unpack_from(f">{len(loca) // 4}I", loca)
        return tuple(2 * half for half in unpack_from(f">{len(loca) // 2}H", loca))


def _components(outline: bytes) -> list[int]:
    """Glyphs that a composite glyph is made of."""
    if not outline or unpack_from(">h", outline)[0] >= 0:
        return []
    found, at, flags = [], 10, _MORE
    while flags & _MORE:
        flags, glyph = unpack_from(">HH", outline, at)
        found.append(glyph)
        at += 4 + (4 if flags & _ARGS_ARE_WORDS else 2)
        at += 2 if flags & _HAS_SCALE else 4 if flags & _HAS_XY_SCALE else 0
        at += 8 if flags & _HAS_2X2 else 0
    return found


def _file(tables: dict[str, bytes]) -> bytes:
    power = 1 << (len(tables).bit_length() - 1)
    head = pack(
        ">IHHHH",
        0x00010000,
        len(tables),
        16 * power,
        power.bit_length() - 1,
        16 * (len(tables) - power),
    )
    offset, directory, body = 12 + 16 * len(tables), b"", b""
    for tag, data in sorted(tables.items()):
        padded = data + b"\0" * (-len(data) % 4)
        directory += pack(
            ">4sIII", tag.encode("ascii"), _checksum(padded), offset + len(body), len(data)
        )
        body += padded
    return head + directory + body


def _checksum(padded: bytes) -> int:
    words: tuple[int, ...] = unpack_from(f">{len(padded) // 4}I", padded)
    return sum(words) & 0xFFFFFFFF
