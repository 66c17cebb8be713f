"""An XML document as plain elements, read within bounds: no entities, no nesting that recurses."""

from __future__ import annotations

from collections.abc import Iterator
from xml.parsers import expat

from archviz.reading import MalformedError

MAX_ELEMENTS = 8_000_000
MAX_TEXT = 64 << 20
MAX_DEPTH = 50_000
LEAST_BYTES = 16
"""What an element takes in a file at least, on average; real ones take three times as much."""


class Element:
    """An element: its name without prefix, its attributes, what is inside."""

    __slots__ = ("attributes", "children", "tag", "text")

    def __init__(self, tag: str, attributes: dict[str, str]) -> None:
        self.tag = tag
        self.attributes = attributes
        self.children: list[Element] = []
        self.text = ""

    def get(self, name: str, default: str = "") -> str:
        """An attribute."""
        return self.attributes.get(name, default)

    def first(self, *tags: str) -> Element | None:
        """The first child of one of these names."""
        return next((child for child in self.children if child.tag in tags), None)

    def all(self, *tags: str) -> Iterator[Element]:
        """The children of these names in order."""
        return (child for child in self.children if child.tag in tags)

    def number(self, name: str, default: float) -> float:
        """An attribute that is a number."""
        return float(self.attributes.get(name, default))


def parse(data: bytes) -> Element:
    """The root of a document.

    Raises:
        MalformedError: It is no XML, declares entities, or is too large.
    """
    root = Element("", {})
    stack = [root]
    left = [min(MAX_ELEMENTS, len(data) // LEAST_BYTES + 10_000), MAX_TEXT]

    def start(name: str, attributes: dict[str, str]) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise MalformedError("it has too many elements")
        if len(stack) > MAX_DEPTH:
            raise MalformedError("its elements nest too deep")
        element = Element(name.rpartition(":")[2], attributes)
        stack[-1].children.append(element)
        stack.append(element)

    def end(_: str) -> None:
        stack.pop()

    def text(content: str) -> None:
        left[1] -= len(content)
        if left[1] < 0:
            raise MalformedError("it has too much text")
        if stack[-1].tag in ("Array", "Constant", "Value"):
            stack[-1].text += content

    def entity(*_: object) -> None:
        raise MalformedError("it declares entities, which are not expanded")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.EntityDeclHandler = entity
    parser.buffer_text = True
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise MalformedError(f"it is no XML at line {error.lineno:,}") from None
    return root
