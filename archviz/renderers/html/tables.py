"""Tables that hold each thing once: what repeats in a model costs a page one number."""

from __future__ import annotations

from typing import Any

from archviz.ir import ScopePath
from archviz.layouts import Area
from archviz.scene import Group, Path, Rect, Segment, Text
from archviz.views.node_link.cards import Card, paint

_MARKS = ("~", "^", "%", "=")
"""What a relative text begins with: behind the path by slashes, by dots, by both, or as it is."""


class Table:
    """Values in order of first appearance, equal ones once.

    Attributes:
        rows: The values.
    """

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self._known: dict[object, int] = {}

    def add(self, row: Any) -> int:
        """The number of ``row``, a list of plain values."""
        key = _frozen(row)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = len(self.rows)
            self.rows.append(row)
        return found


def _frozen(row: Any) -> object:
    return tuple([_frozen(item) for item in row]) if isinstance(row, list | tuple) else row


class Pictures:
    """Cards as marks: texts and what is behind them apart, each once.

    Attributes:
        shapes: Rectangles and paths of a card.
        styles: Role, size and anchor of texts.
        texts: Place, style and wording of texts.
        cards: Kind, width, height, shape, texts and description of cards.
    """

    def __init__(self) -> None:
        self.shapes, self.styles, self.texts, self.cards = Table(), Table(), Table(), Table()
        self._known: dict[object, int] = {}

    def add(self, card: Card, about: str) -> int:
        """The number of a card's picture; ``about`` says what it is to those who see none."""
        shown = (card.face, about)
        number = self._known.get(shown)
        if number is None:
            number = self._known[shown] = self._drawn(card, about)
        return number

    def _drawn(self, card: Card, about: str) -> int:
        face = card.face
        marks = paint(card, Area(0.0, 0.0, face.width, face.height)).marks
        shapes: list[list[Any]] = []
        texts: list[int] = []
        for mark in marks:
            match mark:
                case Rect():
                    place = [mark.x, mark.y, mark.width, mark.height, mark.radius]
                    shapes.append([*map(_short, place), mark.role])
                case Path():
                    shapes.append([path_data(mark.segments), mark.role])
                case Text():
                    style = self.styles.add([mark.role, _short(mark.size), mark.anchor])
                    row = [_short(mark.x), _short(mark.y), style, mark.text]
                    texts.append(self.texts.add(row))
                case Group():  # cards have none
                    pass
        return self.cards.add(
            [
                face.kind,
                _short(face.width),
                _short(face.height),
                self.shapes.add(shapes),
                texts,
                about,
            ]
        )


def _short(value: float) -> float | int:
    """A number with at most two decimals."""
    whole = int(value)
    return whole if whole == value else round(value, 2)


def path_data(segments: tuple[Segment, ...]) -> str:
    """The ``d`` attribute of a path."""
    return "".join(
        segment[0] + " ".join([str(_short(value)) for value in segment[1:]]) for segment in segments
    )


def relative(text: str, path: ScopePath) -> str:
    """``text`` as it reads inside the module at ``path``: equal modules then say the same.

    Names join the parts of a path in many ways, "/layers.0/norm" among them: behind "%" stand how
    the name begins, "/" or "-" for nothing, and what follows each part.
    """
    if path:
        for start in ("", "/"):
            joints = _joints(text, path, len(start)) if text.startswith(start) else ""
            if joints:
                rest = text[len(start) + sum(map(len, path)) + len(path) :]
                if not start and joints in ("/" * len(path), "." * len(path)):
                    return _MARKS["/.".index(joints[0])] + rest
                return f"%{start or '-'}{joints}{rest}"
    return "=" + text if text.startswith(_MARKS) else text


def _joints(text: str, path: ScopePath, at: int) -> str:
    """The character behind each part of ``path`` in ``text`` from ``at`` on; "" if it differs."""
    joints = ""
    for part in path:
        at += len(part) + 1
        if not text.startswith(part, at - len(part) - 1) or text[at - 1 : at] not in ("/", "."):
            return ""
        joints += text[at - 1]
    return joints
