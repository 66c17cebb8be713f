"""What a pickle describes: inert values that stand for classes, calls and bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from archviz.records import record

if TYPE_CHECKING:
    from archviz.reading.pickles.reader import PickleReader


@record
class Global:
    """A class or function that a pickle names; it was not looked up.

    Attributes:
        module: Dotted name of its module, Python 3's for one that Python 2 called differently.
        name: Its name in there, which may be dotted as well.
    """

    module: str
    name: str

    @property
    def qualified(self) -> str:
        """The whole dotted name."""
        return f"{self.module}.{self.name}"


class Instance:
    """What a pickle would have made by a call; nothing was called.

    Attributes:
        callable: What it would call: a Global, or for hostile files anything else.
        args: Positional arguments.
        kwargs: Keyword arguments.
        state: What it would be given to restore itself from; None when nothing.
        items: What would be appended or added to it, in order.
        pairs: What would be set in it by key.
    """

    __slots__ = ("args", "callable", "items", "kwargs", "pairs", "state")

    def __init__(
        self,
        callable_: object,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[Any, Any] | None = None,
    ) -> None:
        self.callable = callable_
        self.args = args
        self.kwargs: Mapping[Any, Any] = kwargs or {}
        self.state: Any = None
        self.items: list[Any] = []
        self.pairs: dict[Any, Any] = {}

    @property
    def qualified(self) -> str:
        """The dotted name of what it would call; "" when that is no Global."""
        return self.callable.qualified if isinstance(self.callable, Global) else ""

    @property
    def attributes(self) -> dict[Any, Any]:
        """Attributes by name, as the state gives them: from ``__dict__`` and from slots."""
        state = self.state
        if isinstance(state, tuple) and len(state) == 2:
            parts = [part for part in state if isinstance(part, dict)]
            return {**parts[0], **parts[1]} if len(parts) == 2 else parts[0] if parts else {}
        return state if isinstance(state, dict) else {}

    def build(self, state: Any, reader: PickleReader) -> object:
        """Takes the state; called by the reader."""
        self.state = state
        return self


class OrderedDictionary(dict[Any, Any]):
    """A dictionary that has attributes of its own, as an OrderedDict may.

    Attributes:
        state: The attributes by name, or None.
    """

    __slots__ = ("state",)

    def __init__(self) -> None:
        super().__init__()
        self.state: Any = None

    def build(self, state: Any, reader: PickleReader) -> object:
        """Takes the attributes; called by the reader."""
        self.state = state
        return self


@record
class Blob:
    """Bytes that stay where they are, ``reader.data[start:start + length]``."""

    start: int
    length: int


@record
class Persistent:
    """An object kept outside of the pickle, by the id that the pickle gives for it."""

    id: Any
