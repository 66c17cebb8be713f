"""Numbers and arrays that remember which value they were read from.

A float or an array that item() or numpy() gave carries the value's position through Python's
arithmetic and NumPy's, so that the tensor it ends up in can be told.
"""

from __future__ import annotations

import sys
import weakref
from typing import Any

import torch

LONGEST = 5000
"""Elements of a list that are looked through."""

_ARITHMETIC = (
    "add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "pow", "rpow", "neg", "abs",
    "floordiv", "mod",
)  # fmt: skip


class TracedFloat(float):
    """A float that was read from a tensor."""

    __slots__ = ("origin",)
    origin: int

    def __reduce__(self) -> tuple[type[float], tuple[float]]:
        return float, (float(self),)


def _traced(number: float, origin: int) -> TracedFloat:
    made = TracedFloat(number)
    made.origin = origin
    return made


def _arithmetic(name: str) -> Any:
    method = getattr(float, name)

    def compute(self: TracedFloat, *others: Any) -> Any:
        result = method(self, *others)
        return _traced(result, self.origin) if type(result) is float else result

    compute.__name__ = name
    return compute


for _name in _ARITHMETIC:
    setattr(TracedFloat, f"__{_name}__", _arithmetic(f"__{_name}__"))


class Provenance:
    """What left torch during one recording, and where it went.

    Attributes:
        objects: Objects that were handed out by identity, each kept, with their value.
        addresses: Value by address of memory that torch and an array share.
        arrays: Arrays made from arrays that were handed out, by address.
    """

    def __init__(self) -> None:
        self.objects: dict[int, tuple[object, int]] = {}
        self.addresses: dict[int, int] = {}
        self.arrays: dict[int, tuple[weakref.ref[Any], int]] = {}
        self._array_class: Any = None

    def hand_out(self, result: Any, origin: int, *, is_exact: bool = False) -> Any:
        """What the caller gets in place of ``result``, which was read from value ``origin``.

        Args:
            result: A number, list or array.
            origin: The value.
            is_exact: Whether the caller must get the object itself, as float() must.
        """
        if type(result) is float:
            result = result if is_exact else _traced(result, origin)
            self.objects[id(result)] = (result, origin)
        elif isinstance(result, list):
            self._hand_out_list(result, origin)
        elif "numpy" in sys.modules and isinstance(result, sys.modules["numpy"].ndarray):
            self.objects[id(result)] = (result, origin)
            if result.size:
                self.addresses[result.__array_interface__["data"][0]] = origin
            result = result.view(self._traced_array())
            result.origin = origin
            self.objects[id(result)] = (result, origin)
        return result

    def _hand_out_list(self, items: list[Any], origin: int) -> None:
        for index, item in enumerate(items):
            if isinstance(item, list):
                self._hand_out_list(item, origin)
            elif type(item) is float:
                items[index] = _traced(item, origin)

    def _traced_array(self) -> Any:
        """The class of arrays that remember; made once a recording, as it knows its owner."""
        if self._array_class is not None:
            return self._array_class
        import numpy

        arrays = self.arrays

        class TracedArray(numpy.ndarray):
            """An array that was read from a tensor, or computed from one that was."""

            origin: int | None = None

            def __array_finalize__(self, source: Any) -> None:
                origin = getattr(source, "origin", None)
                self.origin = origin
                if origin is not None:
                    address = self.__array_interface__["data"][0]
                    arrays[address] = (weakref.ref(self), origin)

            def __array_wrap__(
                self, array: Any, context: Any = None, return_scalar: bool = False
            ) -> Any:
                if return_scalar or array.ndim == 0:
                    number = array[()]
                    if self.origin is not None and array.dtype.kind == "f":
                        return _traced(float(number), self.origin)
                    return number
                return super().__array_wrap__(array, context)

            def __reduce__(self) -> Any:
                return numpy.asarray(self).__reduce__()

        self._array_class = TracedArray
        return TracedArray

    def origins(self, things: Any) -> set[int]:
        """Values that the numbers and arrays in ``things`` were read from."""
        found: set[int] = set()
        if self.objects:
            self._collect(things, found)
        return found

    def _collect(self, thing: Any, found: set[int]) -> None:
        if isinstance(thing, torch.Tensor):
            return
        origin = getattr(thing, "origin", None)
        known = self.objects.get(id(thing))
        if isinstance(origin, int):
            found.add(origin)
        elif known is not None:
            found.add(known[1])
        elif isinstance(thing, list | tuple) and len(thing) < LONGEST:
            for item in thing:
                self._collect(item, found)
        elif isinstance(thing, dict):
            for item in thing.values():
                self._collect(item, found)

    def of_memory(self, tensor: torch.Tensor) -> int | None:
        """The value whose contents came back as the memory of ``tensor``; None when unknown."""
        if not self.addresses and not self.arrays:
            return None
        if tensor.is_meta or tensor.device.type != "cpu":
            return None
        try:
            address = tensor.data_ptr()
        except RuntimeError:
            return None
        found = self.addresses.get(address)
        if found is None and address in self.arrays:
            found = self.arrays[address][1]
        return found
