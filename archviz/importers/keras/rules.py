"""What the rules for shapes and weights share: settings of a layer, and axes of a shape."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

from archviz.importers.keras.config import JSON, Shape
from archviz.ir import Dim
from archviz.records import field, record

MOST_OUTPUTS = 10_000
"""Outputs that one layer is believed to have."""


@record
class Case:
    """One call of a layer, as its rules see it.

    Attributes:
        name: The layer's class.
        config: The layer's settings.
        inputs: Shapes of the tensors it consumes, None for an unknown one.
        arguments: Arguments of the call that are no tensors.
        build: Shapes that it was built with, by name.
        keywords: By what keyword each input is given, "" for none.
        settings: What tells its settings and arguments from those of others; None when nothing
            does.
    """

    name: str
    config: JSON
    inputs: Sequence[Shape | None]
    arguments: JSON = field(default_factory=dict)
    build: JSON = field(default_factory=dict)
    keywords: Sequence[str] = ()
    settings: Hashable = None

    @property
    def shape(self) -> Shape:
        """Shape of the first input."""
        return known(self.inputs[0])

    @property
    def is_channels_first(self) -> bool:
        """Whether channels come before the spatial axes."""
        return (
            self.config.get("data_format") == "channels_first"
            or self.config.get("dim_ordering") == "th"
        )

    @property
    def channel_axis(self) -> int:
        """The axis of channels."""
        return 1 if self.is_channels_first else len(self.shape) - 1

    @property
    def spatial_axes(self) -> range:
        """The axes between batch and channels."""
        rank = len(self.shape)
        return range(2, rank) if self.is_channels_first else range(1, rank - 1)

    def sizes(self, *names: str, default: object = 1) -> list[int]:
        """A setting with a number for each spatial axis, under the first of ``names`` it has."""
        value = self.setting(*names, default=default)
        return spread(value, len(self.spatial_axes))

    def setting(self, *names: str, default: object = None) -> Any:
        """The first of the settings ``names`` that is given, or ``default``."""
        for name in names:
            value = self.config.get(name)
            if value is not None:
                return value
        return default

    def flag(self, *names: str, default: bool = True) -> bool:
        """A setting that is true or false."""
        return bool(self.setting(*names, default=default))


class UnknownError(Exception):
    """A rule cannot tell."""


WRONG = (
    UnknownError, ArithmeticError, AttributeError, IndexError, KeyError, TypeError, ValueError,
)  # fmt: skip
"""What a rule raises when a configuration is not what its layer would write."""

T = TypeVar("T")
Rule = Callable[[Case], T]


class Rules(dict[str, Rule[T]]):
    """Rules by class of layer."""

    def __call__(self, *names: str) -> Callable[[Rule[T]], Rule[T]]:
        """Registers a function as the rule of the classes ``names``."""

        def register(function: Rule[T]) -> Rule[T]:
            self.update(dict.fromkeys(names, function))
            return function

        return register

    def answer(self, case: Case) -> T | None:
        """What the rule of the layer's class says; None when there is none or it cannot tell."""
        rule = self.get(case.name)
        if rule is None:
            return None
        try:
            return rule(case)
        except WRONG:
            return None


def known(value: T | None) -> T:
    """``value``.

    Raises:
        UnknownError: It is None.
    """
    if value is None:
        raise UnknownError
    return value


def size(dim: Dim) -> int:
    """A known size.

    Raises:
        UnknownError: It is not known.
    """
    if not isinstance(dim, int) or isinstance(dim, bool):
        raise UnknownError
    return dim


def spread(value: object, count: int) -> list[int]:
    """``value`` as ``count`` numbers, a single one repeated."""
    if isinstance(value, list | tuple):
        if len(value) == 1:
            value = value[0]
        else:
            return [size(item) for item in value]
    return [size(value)] * count  # type: ignore[arg-type]


def with_axis(shape: Shape, axis: int, dim: Dim) -> Shape:
    """``shape`` with ``dim`` on ``axis``."""
    made = list(shape)
    made[axis] = dim
    return tuple(made)


def product(shape: Sequence[Dim]) -> Dim:
    """The product of sizes, None when one is not known."""
    total = 1
    for dim in shape:
        if not isinstance(dim, int):
            return None
        total *= dim
    return total


def broadcast(shapes: Sequence[Shape]) -> Shape:
    """The shape that all of ``shapes`` are stretched to."""
    rank = max(len(shape) for shape in shapes)
    made: list[Dim] = [1] * rank
    for shape in shapes:
        for axis, dim in enumerate(shape, rank - len(shape)):
            if made[axis] == 1 or (dim != 1 and made[axis] is None):
                made[axis] = dim
            elif dim is not None and dim not in (1, made[axis]):
                raise UnknownError
    return tuple(made)
