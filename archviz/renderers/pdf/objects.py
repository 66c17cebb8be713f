"""PDF objects, numbered and written out.

"Document management - Portable document format - Part 1: PDF 1.7", ISO 32000-1:2008.
"""

from __future__ import annotations

import zlib
from hashlib import md5


class Document:
    """Objects on their way into a file; the same objects make the same bytes."""

    def __init__(self) -> None:
        self._objects: list[bytes] = []

    def reserve(self) -> int:
        """The number of an object that :meth:`fill` gives later."""
        self._objects.append(b"")
        return len(self._objects)

    def fill(self, number: int, body: str | bytes) -> None:
        """Gives a reserved object its body."""
        self._objects[number - 1] = body.encode("ascii") if isinstance(body, str) else body

    def add(self, body: str | bytes) -> int:
        """Adds an object and returns its number."""
        number = self.reserve()
        self.fill(number, body)
        return number

    def stream(self, data: bytes, entries: str = "") -> int:
        """Adds a compressed stream, with more ``entries`` in its dictionary."""
        packed = zlib.compress(data, 9)
        head = f"<< /Length {len(packed)} /Filter /FlateDecode {entries}>>\nstream\n"
        return self.add(head.encode("ascii") + packed + b"\nendstream")

    def file(self, root: int, info: int) -> bytes:
        """The whole file.

        Args:
            root: Number of the catalog.
            info: Number of the information dictionary.
        """
        out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        offsets = []
        for number, body in enumerate(self._objects, 1):
            offsets.append(len(out))
            out += f"{number} 0 obj\n".encode("ascii") + body + b"\nendobj\n"
        start, name = len(out), md5(out, usedforsecurity=False).hexdigest()
        out += f"xref\n0 {len(offsets) + 1}\n0000000000 65535 f \n".encode("ascii")
        out += "".join(f"{offset:010} 00000 n \n" for offset in offsets).encode("ascii")
        out += (
            f"trailer\n<< /Size {len(offsets) + 1} /Root {root} 0 R /Info {info} 0 R "
            f"/ID [<{name}> <{name}>] >>\nstartxref\n{start}\n%%EOF\n"
        ).encode("ascii")
        return bytes(out)


def text_string(text: str) -> str:
    """A text string object: UTF-16 with its mark, in hexadecimal."""
    return "<FEFF" + text.encode("utf-16-be", "replace").hex().upper() + ">"
