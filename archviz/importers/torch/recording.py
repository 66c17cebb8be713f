"""What a recorded forward call is: operations, values and module calls, in order of execution.

These are plain values; nothing here needs PyTorch. Everything refers to everything else by its
position in the Recording, so a recording can be walked without following objects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from types import CodeType
from typing import Any, TypeAlias

from archviz.diagnostics import SourceLocation
from archviz.ir import Dim
from archviz.records import field, mutable

Frame: TypeAlias = tuple[CodeType, int]
"""A place in Python code: a code object and the offset of its last instruction; see ``sites``."""

Path: TypeAlias = tuple[str, ...]
"""Where a tensor is in nested containers: keys, field names and positions as text."""


class Reference:
    """Stands for a tensor in the recorded arguments of an operation.

    Attributes:
        value: Position of the value in the recording.
        writers: Values written later into the same memory through another tensor, which this use
            therefore depends on as well: the alias edges.
        batched: Inside vmap, level and axis of each one around it, the outermost first: the axis
            that it hides of the tensor, counted without those before it.
    """

    __slots__ = ("batched", "value", "writers")

    def __init__(
        self,
        value: int,
        writers: tuple[int, ...] = (),
        batched: tuple[tuple[int, int], ...] = (),
    ) -> None:
        self.value = value
        self.writers = writers
        self.batched = batched

    def __repr__(self) -> str:
        return f"%{self.value}"


class Recorded:
    """One tensor at one moment; writing in place makes a new one.

    Attributes:
        producer: Position of the operation that made it; -1 for inputs and stored tensors.
        shape: Sizes, or None where the tensor does not say (nested tensors).
        dtype: The torch dtype.
        storage: Identifies the memory; equal for views of one another, None when it has none.
        role: "" for an operation's result, else "input", "parameter", "buffer" or "constant".
        name: Of an input ("batch.x.0") or stored tensor ("fc.weight"), else "".
        requires_grad: Whether autograd tracked it when it was recorded.
        content: The elements of a small constant in row-major order, or None.
        batched: Level and axis of each vmap that it was made in, as in a Reference; the shape has
            all of its axes.
    """

    __slots__ = (
        "batched",
        "content",
        "dtype",
        "name",
        "producer",
        "requires_grad",
        "role",
        "shape",
        "storage",
    )

    def __init__(
        self,
        producer: int,
        shape: tuple[Dim, ...] | None,
        dtype: Any,
        storage: int | None,
        requires_grad: bool = False,
    ) -> None:
        self.producer = producer
        self.shape = shape
        self.dtype = dtype
        self.storage = storage
        self.role = ""
        self.name = ""
        self.requires_grad = requires_grad
        self.content: tuple[bool | int | float | str, ...] | None = None
        self.batched: tuple[tuple[int, int], ...] = ()


class Operation:
    """One call of PyTorch's API that made or changed tensors.

    Attributes:
        kind: "op"; "identity" for a module that gives back what it got; "alias" where a result
            depends on writes through other tensors; "read" where a tensor's contents leave torch
            (item, tolist, a branch), which has no outputs.
        name: The function's own name, "conv2d".
        function: What was called; None for kinds that archviz makes.
        args: Positional arguments with a Reference for each tensor.
        kwargs: Named arguments, likewise.
        call: Position of the module call around it.
        inputs: The references in ``args`` and ``kwargs``, in order.
        outputs: Positions of the values it made, those written in place first.
        written: How many of ``outputs`` are new versions of an input.
        frames: Where it was called, innermost first, PyTorch's own code left out.
        place: Where it was called when there are no frames, as in an exported program.
        result: The type of what it returned.
        is_plumbing: Whether it gave back an input itself (``contiguous``, ``to`` the same type).
        is_assumed: Whether its outcome was made up, as it depends on data that a ghost lacks.
    """

    __slots__ = (
        "args",
        "call",
        "frames",
        "function",
        "inputs",
        "is_assumed",
        "is_plumbing",
        "kind",
        "kwargs",
        "name",
        "outputs",
        "place",
        "result",
        "written",
    )

    def __init__(self, kind: str, name: str, function: Any, call: int) -> None:
        self.kind = kind
        self.name = name
        self.function = function
        self.call = call
        self.args: tuple[Any, ...] = ()
        self.kwargs: Mapping[str, Any] = {}
        self.inputs: list[Reference] = []
        self.outputs: list[int] = []
        self.written = 0
        self.frames: tuple[Frame, ...] = ()
        self.place: SourceLocation | None = None
        self.result: type = type(None)
        self.is_plumbing = False
        self.is_assumed = False

    def __repr__(self) -> str:
        return f"{self.outputs} = {self.name}({self.args}, {dict(self.kwargs)})"


class ModuleCall:
    """One call of a module; its operations follow one another without a gap.

    Attributes:
        module: The module, or None for the outermost callable that is none.
        name: Its registered dotted path; "" for the outermost and for one that is not registered.
        type: Name of its class.
        role: For a part of a control-flow operator what it is there ("then_branch"), else "".
        parent: Position of the call around it; -1 for the outermost.
        first: Position of the first operation inside.
        end: Position behind the last operation inside.
        inputs: The tensors it was given, by their place in its arguments; not those in objects
            of other classes than lists, tuples and dictionaries.
        outputs: The tensors it returned, by their place in the result.
        is_finished: Whether it returned; False where an exception came out of it.
    """

    __slots__ = (
        "end",
        "first",
        "inputs",
        "is_finished",
        "module",
        "name",
        "outputs",
        "parent",
        "role",
        "type",
    )

    def __init__(self, module: Any, name: str, type_: str, parent: int, first: int) -> None:
        self.module = module
        self.name = name
        self.type = type_
        self.role = ""
        self.parent = parent
        self.first = first
        self.end = first
        self.inputs: list[tuple[Path, Reference]] = []
        self.outputs: list[tuple[Path, Reference]] = []
        self.is_finished = False


@mutable
class Recording:
    """One forward call.

    Attributes:
        operations: In order of execution.
        values: Every tensor that was seen.
        calls: Every module call, the outermost first, parents before what they call.
        inputs: The arguments' tensors by their place, "x" or "batch.x.0".
        outputs: The result's tensors by their place, "" when the result is one tensor.
        stored: Parameters and buffers by canonical name, used or not: (kind, tensor).
        names_of: Every registered name of a stored tensor by its canonical one.
        modules: The class of every registered module by its name, called or not.
        result: What the call returned; tensors in it may be ghosts.
        assumptions: What was made up for data that a ghost lacks: (operation's name, what was
            taken, frame), in order.
        substrate: "ghost" (shapes alone), "real" (the caller's tensors) or "exported" (nothing
            was run).
        decisions: The answers given to branches on contents that a ghost lacks.
    """

    operations: list[Operation] = field(default_factory=list)
    values: list[Recorded] = field(default_factory=list)
    calls: list[ModuleCall] = field(default_factory=list)
    inputs: list[tuple[Path, Reference]] = field(default_factory=list)
    outputs: list[tuple[Path, Reference]] = field(default_factory=list)
    stored: dict[str, tuple[str, Any]] = field(default_factory=dict)
    names_of: dict[str, list[str]] = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=dict)
    result: Any = None
    assumptions: list[tuple[str, str, Frame | None]] = field(default_factory=list)
    substrate: str = "ghost"
    decisions: Any = None

    def uses(self, operation: Operation) -> Iterator[int]:
        """Positions of the values that the operation depends on, alias edges included."""
        for reference in operation.inputs:
            yield reference.value
            yield from reference.writers


class Observer:
    """Watches a recording being made, with the tensors at hand; the base class does nothing.

    Methods are called with recording switched off, so they may use tensors freely.
    """

    def before(self, function: Callable[..., Any], args: Any, kwargs: Any) -> None:
        """An API function is about to run; ``args`` and ``kwargs`` hold the tensors themselves."""

    def after(self, index: int, recording: Recording, args: Any, kwargs: Any, result: Any) -> None:
        """Operation ``index`` ran; ``result`` is what it returned."""

    def around(self, recorder: Any) -> AbstractContextManager[Any]:
        """A context for the call, entered when everything is set up for recording it."""
        return nullcontext()

    def valued(self, value: int, tensor: Any) -> None:
        """``tensor`` was recorded, as it is now, as value ``value``."""

    def left_torch(self, index: int, tensors: Any, result: Any) -> Any:
        """Operation ``index`` read the contents of ``tensors``; gives what the caller gets."""
        return result

    def stored(self, value: int, tensor: Any) -> None:
        """A parameter, buffer or constant was seen for the first time, as value ``value``."""

    def kernel(self, function: Any, args: Any, kwargs: Any, result: Any) -> None:
        """A kernel ran below autograd, within the API function that ``before`` announced."""

    def entered(self, call: int, module: Any) -> None:
        """Module call ``call`` began."""

    def left(self, call: int, result: Any) -> None:
        """Module call ``call`` returned ``result``."""
