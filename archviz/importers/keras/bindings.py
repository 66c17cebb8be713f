"""Shapes that the user gives for inputs, in place of sizes that the model leaves open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from archviz.errors import OptionError
from archviz.ir import Dim, TensorType
from archviz.options import nearest


class Bindings:
    """Shapes by the name of an input.

    Args:
        shapes: As given.
    """

    def __init__(self, shapes: Mapping[str, Sequence[int]]) -> None:
        self._shapes = dict(shapes)
        self._known: dict[str, None] = {}
        self._used: set[str] = set()

    def bound(self, name: str, type_: TensorType) -> TensorType:
        """The type of the input ``name`` with the shape that it is given.

        Raises:
            OptionError: The shape contradicts the model's.
        """
        self._known[name] = None
        given = self._shapes.get(name)
        if given is None:
            return type_
        self._used.add(name)
        shape: tuple[Dim, ...] = tuple(given)
        stated = type_.shape
        if stated is not None and (
            len(stated) != len(shape)
            or any(a is not None and a != b for a, b in zip(stated, shape, strict=True))
        ):
            shown = ",".join("?" if dim is None else str(dim) for dim in stated)
            raise OptionError(
                f"the shape {','.join(map(str, given))} does not fit the input {name!r}",
                f"it has the shape {shown}",
            )
        return TensorType(type_.dtype, shape)

    def followed(self, stated: TensorType, computed: tuple[Dim, ...] | None) -> TensorType:
        """``stated`` with the sizes that follow from the given ones."""
        shape = stated.shape
        if not self._shapes or shape is None or computed is None or len(shape) != len(computed):
            return stated
        made = tuple(b if a is None else a for a, b in zip(shape, computed, strict=True))
        return TensorType(stated.dtype, made)

    def check(self) -> None:
        """Complains about names that no input has.

        Raises:
            OptionError: There is one.
        """
        for name in self._shapes:
            if name not in self._used:
                raise OptionError(f"the model has no input {name!r}", nearest(name, self._known))
