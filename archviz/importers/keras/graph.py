"""Layers to Graph: calls become nodes, tensors values, nested models scopes."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence

from archviz.importers.keras.alike import Alike, settings_of
from archviz.importers.keras.bindings import Bindings
from archviz.importers.keras.config import (
    Call,
    Layer,
    ModelConfig,
    Reference,
    Weight,
    dtype_of,
    shape_of,
)
from archviz.importers.keras.names import operator_of
from archviz.importers.keras.rules import Case
from archviz.importers.keras.stored import StoredWeights
from archviz.importers.keras.types import output_dtype
from archviz.importers.keras.weights import count
from archviz.ir import Graph, Parameter, ParameterUse, ScopePath, Severity, TensorType, Value
from archviz.ir.build import GraphBuilder
from archviz.reading import MalformedError
from archviz.reading.notes import Fault, Notes

MAX_EXPANDED = 200_000
"""Calls that shared models may expand to."""

FAULTS: dict[str, Fault] = {
    "unknown-shape": (
        Severity.INFO,
        "the shape of what {names} gives is not stated and cannot be computed",
        "",
    ),
    "unknown-weights": (
        Severity.INFO,
        "the weights of {names} are not stated and cannot be computed",
        "",
    ),
    "weights-differ": (
        Severity.WARNING,
        "the stored weights of {names} are not those that the configuration asks for; the stored "
        "ones are shown",
        "",
    ),
    "unreadable-weights": (Severity.WARNING, "the weights cannot be read: {names}", ""),
    "missing-layer": (
        Severity.WARNING,
        "the configuration refers to {names}, which it does not hold",
        "",
    ),
    "cyclic-call": (Severity.WARNING, "calls of {names} need their own results", ""),
    "large-model": (
        Severity.WARNING,
        "shared models would expand to too many layers: {names} stay one node a call",
        "",
    ),
    "embedded-code": (
        Severity.INFO,
        "{names}: the file holds its code, which is neither decoded nor run",
        "",
    ),
}


class GraphReader:
    """Builds the graph of one model.

    Args:
        stored: Reads the stored weights; None when there are none.
        notes: Collects faults.
        bindings: Shapes by the name of an input.
    """

    def __init__(
        self,
        stored: Callable[[], StoredWeights] | None,
        notes: Notes,
        bindings: Mapping[str, Sequence[int]] | None = None,
    ) -> None:
        self.bindings = Bindings(bindings or {})
        self._stored = stored
        self._notes = notes
        self._known: dict[tuple[str, ...], list[Weight]] | None = None
        self._model: ModelConfig | None = None
        self._uses: dict[tuple[str, ...], tuple[ParameterUse, ...]] = {}
        self._sizes: dict[tuple[str, ...], int] = {}
        self._shared: dict[str, str] = {}
        self._builder = GraphBuilder()
        self.alike = Alike()

    def read(self, model: ModelConfig) -> Graph:
        """The graph of ``model`` with those nested in it."""
        self._model = model
        self._builder = builder = GraphBuilder(model.name)
        if self._expanded(model, ()) > MAX_EXPANDED:
            self._notes.fault("large-model", model.name)
        outputs = _Level(self, model, None, (), (), True).run()
        builder.outputs.extend(value for value in outputs if value is not None)
        return builder.build()

    def _expanded(self, model: ModelConfig, owner: tuple[str, ...]) -> int:
        """How many calls a call of ``model`` expands to."""
        total = 0
        for layer in model.layers:
            path = (*owner, layer.name)
            inside = 1 if layer.inner is None else self._expanded(layer.inner, path)
            total += max(1, len(layer.calls)) * inside
        self._sizes[owner] = total
        return total

    def may_expand(self, owner: tuple[str, ...]) -> bool:
        """Whether the calls of the model at ``owner`` are few enough to be shown inside."""
        whole = self._sizes[()]
        return whole <= MAX_EXPANDED or self._sizes[owner] * 100 <= MAX_EXPANDED

    def uses(
        self, layer: Layer, owner: tuple[str, ...], case: Case, trainable: bool
    ) -> tuple[ParameterUse, ...]:
        """The parameters of a layer, described once for all its calls."""
        path = (*owner, layer.name)
        if path not in self._uses:
            self._uses[path] = tuple(self._parameters(layer, path, case, trainable))
        return self._uses[path]

    def _parameters(
        self, layer: Layer, path: tuple[str, ...], case: Case, trainable: bool
    ) -> list[ParameterUse]:
        weights = self._weights(layer, path, case)
        dtype = dtype_of(layer.config)[1]
        found = []
        for weight in weights:
            name = self._shared.get(weight.key, "") if weight.key else ""
            if not name:
                name = "/".join((*path, weight.role))
                while name in self._builder.parameters:
                    name += "'"
                if weight.key:
                    self._shared[weight.key] = name
                by_layer = trainable and layer.is_trainable
                can_train = by_layer if weight.trainable is None else weight.trainable
                self._builder.parameter(
                    Parameter(
                        name,
                        TensorType(weight.dtype or dtype, weight.shape),
                        "buffer" if weight.is_buffer else "weight",
                        can_train and not weight.is_buffer,
                    )
                )
            found.append(ParameterUse(name, weight.role))
        return found

    def _weights(self, layer: Layer, path: tuple[str, ...], case: Case) -> list[Weight]:
        if layer.weights is not None:
            return list(layer.weights)
        computed = self.alike.weights(case)
        if computed is not None and self._known is None:
            return computed
        stored = self._from_file().get(path)
        if computed is None:
            if stored is None:
                self._notes.fault("unknown-weights", layer.name)
            return stored or []
        if stored is not None and count(stored) != count(computed):
            self._notes.fault("weights-differ", layer.name)
            return stored
        return computed

    def compare_weights(self, model: ModelConfig) -> None:
        """Looks at the stored weights of ``model`` at once, to hold every layer's against them."""
        self._model = model
        self._from_file()

    def _from_file(self) -> dict[tuple[str, ...], list[Weight]]:
        if self._known is None:
            self._known = {}
            if self._stored is not None and self._model is not None:
                try:
                    self._known = self._stored().by_layer(self._model)
                except MalformedError as error:
                    self._notes.fault("unreadable-weights", error.message)
        return self._known

    @property
    def builder(self) -> GraphBuilder:
        """Where nodes go."""
        return self._builder

    @property
    def notes(self) -> Notes:
        """Collects faults."""
        return self._notes


class _Level:
    """One call of one model: the model itself, or one nested in it.

    Args:
        reader: What all levels share.
        model: The model called.
        given: Values of its inputs; None for the outermost model, whose inputs are the graph's.
        scope: Where its nodes live.
        owner: Names of the models around its layers, the same for every call.
        trainable: Whether the models around it are trainable.
    """

    def __init__(
        self,
        reader: GraphReader,
        model: ModelConfig,
        given: Sequence[str | None] | None,
        scope: ScopePath,
        owner: tuple[str, ...],
        trainable: bool,
    ) -> None:
        self.reader = reader
        self.builder = reader.builder
        self.model = model
        self.given = given
        self.scope = scope
        self.owner = owner
        self.trainable = trainable
        self.made: dict[tuple[str, int], list[str | None]] = {}
        self.recorded: dict[tuple[str, int], dict[int, TensorType]] = {}

    def run(self) -> list[str | None]:
        """Adds the nodes and returns the values of the model's outputs."""
        for layer in self.model.layers:
            for call in layer.calls:
                for reference in call.references:
                    types = self.recorded.setdefault((reference.layer, reference.call), {})
                    if reference.type is not None or reference.tensor not in types:
                        known = reference.type or TensorType("")
                        types[reference.tensor] = _completed(types.get(reference.tensor), known)
        for reference in self.model.outputs:
            types = self.recorded.setdefault((reference.layer, reference.call), {})
            types.setdefault(reference.tensor, TensorType(""))
        for layer, index in self._ordered():
            if layer.is_input and not any(call.references for call in layer.calls):
                self._input(layer)
            else:
                call = layer.calls[index] if layer.calls else Call()
                self._call(layer, index, call)
        return [self._value(reference) for reference in self.model.outputs]

    def _ordered(self) -> list[tuple[Layer, int]]:
        """Every call behind those it needs, else in the order of the file."""
        calls = [
            (layer, index)
            for layer in self.model.layers
            for index in range(max(1, len(layer.calls)))
        ]
        position = {(layer.name, index): at for at, (layer, index) in enumerate(calls)}
        waiting: list[int] = []
        followers: dict[int, list[int]] = {}
        for at, (layer, index) in enumerate(calls):
            references = layer.calls[index].references if layer.calls else ()
            needed = {position.get((r.layer, r.call), -1) for r in references} - {-1}
            waiting.append(len(needed))
            for before in sorted(needed):
                followers.setdefault(before, []).append(at)
        ready = [at for at, number in enumerate(waiting) if not number]
        done: list[int] = []
        placed = [False] * len(calls)
        leftover = 0
        while len(done) < len(calls):
            if not ready:
                while placed[leftover]:
                    leftover += 1
                self.reader.notes.fault("cyclic-call", calls[leftover][0].name)
                ready.append(leftover)
            at = heapq.heappop(ready)
            if placed[at]:
                continue
            placed[at] = True
            done.append(at)
            for follower in followers.get(at, ()):
                waiting[follower] -= 1
                if not waiting[follower]:
                    heapq.heappush(ready, follower)
        return [calls[at] for at in done]

    def _value(self, reference: Reference) -> str | None:
        values = self.made.get((reference.layer, reference.call))
        if values is None and reference.call:
            values = self.made.get((reference.layer, 0))
        if values is None:
            if not any(layer.name == reference.layer for layer in self.model.layers):
                self.reader.notes.fault("missing-layer", reference.layer)
            return None
        return values[reference.tensor] if reference.tensor < len(values) else None

    def _input(self, layer: Layer) -> None:
        order = [reference.layer for reference in self.model.inputs]
        if self.given is not None:
            at = order.index(layer.name) if layer.name in order else len(self.given)
            self.made[layer.name, 0] = [self.given[at] if at < len(self.given) else None]
            return
        shape = shape_of(layer.config.get("batch_shape", layer.config.get("batch_input_shape")))
        stated = layer.config.get("dtype", "float32")
        dtype = stated if stated == "" else dtype_of(layer.config)[0]
        type_ = _completed(
            TensorType(dtype, shape), self.recorded.get((layer.name, 0), {}).get(0, TensorType(""))
        )
        if layer.outputs and layer.outputs[0]:
            type_ = layer.outputs[0][0] or type_
        type_ = self.reader.bindings.bound(layer.name, type_)
        value = self.builder.value(layer.name, type_)
        self.builder.inputs.append(value)
        self.made[layer.name, 0] = [value]

    def _call(self, layer: Layer, index: int, call: Call) -> None:
        inputs = [self._value(reference) for reference in call.references]
        if layer.inner is not None and self.reader.may_expand((*self.owner, layer.name)):
            self.made[layer.name, index] = self._inner(layer, layer.inner, index, inputs)
            return
        types = [self._type(value) for value in inputs]
        shapes = [type_.shape if type_ is not None else None for type_ in types]
        if not any(shape is not None for shape in shapes):
            built = shape_of(layer.build.get("input_shape"))
            shapes = [built] if built is not None and len(shapes) < 2 else shapes
        operator = operator_of(layer)
        known = operator if not layer.is_custom and layer.inner is None else ""
        keywords = [reference.keyword for reference in call.references]
        settings = settings_of(layer, call)
        case = Case(known, layer.config, shapes, call.arguments, layer.build, keywords, settings)
        outputs = self._outputs(layer, index, case, types)
        uses: tuple[ParameterUse, ...] = ()
        if layer.inner is None:
            uses = self.reader.uses(layer, self.owner, case, self.trainable)
        rank = len(shapes[0] or ()) if shapes else 0
        attributes = self.reader.alike.attributes(settings, layer, call, rank)
        if layer.class_name == "Lambda" and isinstance(layer.config.get("function"), dict | list):
            self.reader.notes.fault("embedded-code", layer.name)
        named = [word for word in keywords if word]
        if named and len(call.references) > 1:
            attributes = {**attributes, "tensors": tuple(word or "…" for word in keywords[:8])}
        self.builder.node(
            operator,
            tuple(inputs),
            tuple(outputs),
            label=layer.name,
            parameters=uses,
            attributes=attributes,
            scope=self.scope,
            domain="custom" if layer.is_custom else "",
        )
        self.made[layer.name, index] = list(outputs)

    def _type(self, value: str | None) -> TensorType | None:
        type_ = self.builder.values[value].type if value is not None else None
        return type_ if isinstance(type_, TensorType) else None

    def _inner(
        self, layer: Layer, model: ModelConfig, index: int, inputs: Sequence[str | None]
    ) -> list[str | None]:
        name = layer.name if not index else f"{layer.name}@{index + 1}"
        path = (*self.scope, name)
        self.builder.scope(path, layer.class_name)
        trainable = self.trainable and layer.is_trainable
        owner = (*self.owner, layer.name)
        values = _Level(self.reader, model, inputs, path, owner, trainable).run()
        for tensor, type_ in self.recorded.get((layer.name, index), {}).items():
            value = values[tensor] if tensor < len(values) else None
            if value is not None:
                made = _completed(self._type(value), type_)
                self.builder.values[value] = Value(value, made)
        return values

    def _outputs(
        self, layer: Layer, index: int, case: Case, inputs: Sequence[TensorType | None]
    ) -> list[str]:
        recorded = self.recorded.get((layer.name, index), {})
        live = layer.outputs[index] if index < len(layer.outputs) else ()
        shapes = self.reader.alike.shapes(case)
        number = max(1, len(shapes), len(live), *(tensor + 1 for tensor in recorded))
        dtype = output_dtype(layer, inputs)
        made = []
        is_known = True
        for tensor in range(number):
            shape = shapes[tensor] if tensor < len(shapes) else None
            computed = TensorType(dtype, shape)
            type_: TensorType | None = computed
            stated = recorded.get(tensor)
            if stated is not None:
                type_ = self.reader.bindings.followed(_completed(stated, computed), shape)
            if tensor < len(live) and live[tensor] is not None:
                type_ = live[tensor]
            if type_ is not None and type_.shape is None:
                is_known = False
            name = layer.name if number == 1 else f"{layer.name}:{tensor}"
            shown = "/".join((*self.scope, name)) if self.scope else name
            made.append(self.builder.value(shown, type_))
        if not is_known:
            self.reader.notes.fault("unknown-shape", layer.name)
        return made


def _completed(type_: TensorType | None, other: TensorType) -> TensorType:
    """``type_`` with what only ``other`` knows."""
    if type_ is None:
        return other
    if type_.dtype and type_.shape is not None:
        return type_
    return TensorType(
        type_.dtype or other.dtype, other.shape if type_.shape is None else type_.shape
    )
