"""What variables hold while code is followed: numbers as they are, and stand-ins for the rest."""

from __future__ import annotations

from typing import Any

from archviz.ir import Attribute
from archviz.ir.module_calls import Entry
from archviz.reading.pickles import Instance
from archviz.reading.torch_pickles import Tensor


class Unknown:
    """A value that following the code does not tell, and that is no tensor."""

    __slots__ = ()


UNKNOWN = Unknown()


class Call:
    """One operation, as it becomes a node.

    Attributes:
        op: Its name.
        inputs: The tensors that it takes, in order.
        attributes: Its settings.
        stack: The calls of modules around it.
        results: How many results are used, at least one.
    """

    __slots__ = ("attributes", "inputs", "op", "results", "stack")

    def __init__(
        self,
        op: str,
        inputs: list[tuple[str, Traced | Stored]],
        attributes: dict[str, Attribute],
        stack: tuple[Entry, ...],
    ) -> None:
        self.op = op
        self.inputs = inputs
        self.attributes = attributes
        self.stack = stack
        self.results = 1


class Traced:
    """A tensor, or a list of tensors, that an operation or the caller gives.

    Writing in place changes what it stands for.

    Attributes:
        source: The operation, or the name of an input.
        index: Which of its results.
    """

    __slots__ = ("index", "source")

    def __init__(self, source: Call | str, index: int = 0) -> None:
        self.source = source
        self.index = index

    def part(self, index: int) -> Traced:
        """One of several results of the operation."""
        if isinstance(self.source, str) or self.index or index < 0:
            return self
        self.source.results = max(self.source.results, index + 1)
        return Traced(self.source, index)


class Stored:
    """A parameter, buffer or constant.

    Attributes:
        name: Its dotted name.
        tensor: What is known of it.
        is_constant: Whether it belongs to the code and to no module.
    """

    __slots__ = ("is_constant", "name", "tensor")

    def __init__(self, name: str, tensor: Tensor, is_constant: bool = False) -> None:
        self.name = name
        self.tensor = tensor
        self.is_constant = is_constant


class Object:
    """A module, or an object of a class of the archive.

    Attributes:
        instance: What the archive says of it.
        path: Its dotted path from the model; "" for the model itself.
        fields: Attributes that the code has given it.
    """

    __slots__ = ("fields", "instance", "path")

    def __init__(self, instance: Instance, path: str) -> None:
        self.instance = instance
        self.path = path
        self.fields: dict[str, Any] = {}


class Name:
    """A function or class that code names, "torch.conv2d"."""

    __slots__ = ("dotted",)

    def __init__(self, dotted: str) -> None:
        self.dotted = dotted
