"""Variables of a SavedModel: their shapes and whether they are trained, by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from archviz.importers.tensorflow.messages import dtype_name
from archviz.ir import Dim, TensorType
from archviz.records import record

MAX_RANK = 64
_NUMBER = re.compile(r"_\d+$")


@record
class Variable:
    """One variable.

    Attributes:
        type: Shape and dtype.
        trainable: Whether an optimizer updates it.
    """

    type: TensorType
    trainable: bool


def variables_of(objects: Any) -> Mapping[str, Variable]:
    """The variables in a SavedObjectGraph by the name that the graph uses."""
    found: dict[str, Variable] = {}
    for item in objects.nodes:
        variable = item.variable
        if variable.name:
            type_ = TensorType(dtype_name(variable.dtype), shape_of(variable.shape))
            found.setdefault(variable.name, Variable(type_, variable.trainable))
    return found


def known_variable(
    name: str, type_: TensorType, variables: Mapping[str, Variable]
) -> Variable | None:
    """What is known of a variable, also under the name it had before it was numbered."""
    found = variables.get(name)
    if found is None:
        earlier = variables.get(_NUMBER.sub("", name))
        found = earlier if earlier is not None and earlier.type == type_ else None
    return found


def shape_of(proto: Any) -> tuple[Dim, ...] | None:
    """A TensorShapeProto's sizes, None for an unknown rank."""
    dims = proto.dim
    if proto.unknown_rank or len(dims) > MAX_RANK:
        return None
    return tuple([dim.size if dim.size >= 0 else None for dim in dims])
