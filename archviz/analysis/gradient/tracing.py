"""Value graphs of traces whose gradient edges follow from each operation's own rule."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence

from archviz.analysis.gradient.graph import (
    Frame,
    GradientValue,
    Operation,
    Role,
    Target,
    ValueGraph,
)
from archviz.records import field, mutable


@mutable
class TraceBuilder:
    """Takes operations in the order of execution, values being named by whatever hashes.

    Attributes:
        operations: So far.
        values: So far.
        place: Position by the value's name.
    """

    operations: list[Operation] = field(default_factory=list)
    values: list[GradientValue] = field(default_factory=list)
    place: dict[Hashable, int] = field(default_factory=dict)

    def leaf(self, value: Hashable, name: str = "", *, is_float: bool = True) -> int:
        """A parameter, an input or a constant."""
        known = self.place.get(value)
        if known is not None:
            return known
        index = self.place[value] = len(self.values)
        self.operations.append(Operation(name, Role.LEAF, (), (index,)))
        self.values.append(
            GradientValue(len(self.operations) - 1, requires_grad=is_float, is_float=is_float)
        )
        return index

    def same(self, value: Hashable, other: Hashable) -> None:
        """Says that ``value`` is another name of ``other``."""
        self.place[value] = self.leaf(other)

    def operation(
        self,
        name: str,
        inputs: Iterable[Hashable],
        outputs: Sequence[tuple[Hashable, bool]],
        *,
        role: Role = Role.PLAIN,
        passes: bool = True,
        is_flat: bool = False,
        lacks_formula: bool = False,
        module: str = "",
        frames: tuple[Frame, ...] = (),
    ) -> None:
        """One operation.

        Args:
            name: As the framework calls it.
            inputs: The values it reads.
            outputs: The values it makes, and whether each is a floating-point number.
            role: What it is to the analysis.
            passes: Whether it hands gradient on to its floating-point inputs.
            is_flat: Whether its derivative is zero everywhere.
            lacks_formula: Whether it has none.
            module: Path of the module around it.
            frames: Calling places, innermost first.
        """
        sources = tuple(sorted({self.leaf(value) for value in inputs}))
        real = frozenset(index for index in sources if self.values[index].is_float)
        position, first = len(self.operations), len(self.values)
        made = tuple(range(first, first + len(outputs)))
        self.operations.append(Operation(name, role, sources, made, module, frames))
        for index, (value, is_float) in zip(made, outputs, strict=True):
            self.place[value] = index
            is_open = is_float and passes
            gradient = real if is_open and not is_flat and not lacks_formula else frozenset()
            zero = real if is_float and (is_flat or lacks_formula) else frozenset()
            self.values.append(
                GradientValue(position, gradient, zero, lacks_formula, is_float, is_float)
            )

    def finished(
        self,
        roots: Iterable[Hashable],
        targets: Mapping[str, tuple[Hashable, tuple[int, ...], bool]],
    ) -> ValueGraph:
        """The graph.

        Args:
            roots: The values of the loss.
            targets: By name what may want gradient: its value, its sizes, whether it wants any.
        """
        ends = [self.place[value] for value in roots if value in self.place]
        real = [index for index in ends if self.values[index].is_float]
        reached, attached = set(real), set(real)
        for found, takes_zero in ((reached, False), (attached, True)):
            stack = list(found)
            while stack:
                value = self.values[stack.pop()]
                for source in value.gradient | (value.zero if takes_zero else frozenset()):
                    if source not in found:
                        found.add(source)
                        stack.append(source)
        return ValueGraph(
            self.operations,
            self.values,
            tuple(dict.fromkeys(real or ends)),
            {
                name: Target(
                    self.place.get(value, -1),
                    shape,
                    wants,
                    value in self.place and self.place[value] in reached,
                    value in self.place and self.place[value] in attached,
                )
                for name, (value, shape, wants) in targets.items()
            },
        )
