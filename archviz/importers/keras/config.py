"""What Keras writes about a model: layers, their calls, and the tensors between them.

Keras 1, 2 and 3 nest layers in one JSON tree. Keras 3 stores each call's arguments with the type
of every tensor among them; before that, a call is a list of ``[layer, call, tensor, kwargs]``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from archviz.ir import Dim, TensorType
from archviz.reading import MalformedError
from archviz.reading.names import clean
from archviz.records import field, record, replace

MAX_LAYERS = 200_000
MAX_NESTING = 64
MAX_RANK = 64
Shape = tuple[Dim, ...]
JSON = Mapping[str, Any]


@record
class Reference:
    """A tensor that a call consumes: one output of one call of a layer.

    Attributes:
        layer: Name of the layer.
        call: Which of its calls in this model, from 0.
        tensor: Which output.
        type: What the configuration says of it, or None.
        keyword: The argument's name when it is given by keyword, else "".
    """

    layer: str
    call: int
    tensor: int
    type: TensorType | None = None
    keyword: str = ""


@record
class Call:
    """One call of a layer.

    Attributes:
        references: Tensors consumed, in order.
        arguments: Other arguments by name; those without one are called "argument_1" and so on.
    """

    references: tuple[Reference, ...] = ()
    arguments: JSON = field(default_factory=dict)


@record
class Layer:
    """One layer as configured.

    Attributes:
        name: Unique in its model.
        class_name: Without the package it is registered in.
        config: Its settings.
        calls: Its calls in this model.
        build: What it was built with, shapes by name.
        inner: The model that it is, or None.
        outputs: Types of the outputs of each call, where a live object tells them.
        weights: Its weights, where a live object tells them.
        is_custom: Whether its class is none of Keras's own.
    """

    name: str
    class_name: str
    config: JSON = field(default_factory=dict)
    calls: tuple[Call, ...] = ()
    build: JSON = field(default_factory=dict)
    inner: ModelConfig | None = None
    outputs: tuple[tuple[TensorType | None, ...], ...] = ()
    weights: tuple[Weight, ...] | None = None
    is_custom: bool = False

    @property
    def is_input(self) -> bool:
        """Whether it only stands for an argument of the model."""
        return self.class_name == "InputLayer"

    @property
    def is_trainable(self) -> bool:
        """Whether an optimizer may update its weights."""
        return self.config.get("trainable") is not False


@record
class Weight:
    """One weight of a layer.

    Attributes:
        role: What the layer calls it, "kernel".
        shape: Its sizes.
        is_buffer: Whether it is state that no optimizer updates.
        dtype: Its element type; "" for that of the layer's variables.
        trainable: Whether an optimizer updates it; None to go by the layer.
        key: What it is shared by; "" when it belongs to its layer alone.
    """

    role: str
    shape: Shape
    is_buffer: bool = False
    dtype: str = ""
    trainable: bool | None = None
    key: str = ""


@record
class ModelConfig:
    """A model with a call graph: Sequential, Functional or one made of these.

    Attributes:
        name: What Keras calls it.
        class_name: Its class.
        layers: In the order of the file.
        inputs: Its input tensors.
        outputs: Its output tensors.
    """

    name: str
    class_name: str
    layers: tuple[Layer, ...]
    inputs: tuple[Reference, ...]
    outputs: tuple[Reference, ...]


def model_config(top: object) -> ModelConfig | None:
    """The model that ``top`` describes; None when it has settings but no call graph.

    Raises:
        MalformedError: It is no configuration of a model.
    """
    if not isinstance(top, dict) or not isinstance(top.get("class_name"), str):
        raise MalformedError("its configuration describes no Keras model")
    return _Parser().model(top, 0)


def class_of(described: JSON) -> str:
    """The class in a configuration, without the package it is registered in."""
    name = described.get("class_name")
    return clean(name).rpartition(">")[2] if isinstance(name, str) and name else "Layer"


def shape_of(described: object) -> Shape | None:
    """A shape as stored, None for anything else."""
    if isinstance(described, dict):  # {"class_name": "TensorShape", "items": [...]}
        described = described.get("items", described.get("config"))
    if not isinstance(described, list | tuple) or len(described) > MAX_RANK:
        return None
    dims: list[Dim] = []
    for dim in described:
        if dim is not None and (not isinstance(dim, int) or isinstance(dim, bool)):
            return None
        dims.append(dim if dim is None or dim >= 0 else None)
    return tuple(dims)


def dtype_of(config: JSON) -> tuple[str, str]:
    """What a layer computes in and what it stores its variables in, "float32" unless it says."""
    policy = config.get("dtype")
    if isinstance(policy, dict):
        inside = policy.get("config")
        inside = inside if isinstance(inside, dict) else {}
        policy = inside.get("name") or inside.get("source_name")
    name = clean(policy) if isinstance(policy, str) else "float32"
    if name.startswith("mixed_"):
        return name.removeprefix("mixed_"), "float32"
    return name, name


def is_quantized(config: JSON) -> bool:
    """Whether the layer's weights were quantized after it was built."""
    policy = config.get("dtype")
    kind = policy.get("class_name") if isinstance(policy, dict) else ""
    return isinstance(kind, str) and "Quantized" in kind


class _Parser:
    def __init__(self) -> None:
        self.count = 0

    def model(self, top: JSON, depth: int) -> ModelConfig | None:
        config = top.get("config")
        if isinstance(config, list):  # Sequential until Keras 2.2
            config = {"layers": config}
        if not isinstance(config, dict):
            raise MalformedError("its configuration describes no Keras model")
        listed = config.get("layers")
        if not isinstance(listed, list):
            return None
        if depth > MAX_NESTING:
            raise MalformedError(f"models nest more than {MAX_NESTING} levels deep")
        described = [item for item in listed if isinstance(item, dict)]
        self.count += len(described)
        if self.count > MAX_LAYERS:
            raise MalformedError(f"it has more than {MAX_LAYERS:,} layers")
        name = config.get("name")
        class_name = class_of(top)
        names = _names(described)
        known = frozenset(names)
        layers = [
            self._layer(item, layer_name, known, depth)
            for item, layer_name in zip(described, names, strict=True)
        ]
        shown = clean(name) if isinstance(name, str) else class_name.lower()
        if not any("inbound_nodes" in item for item in described):
            return _sequential(shown, class_name, layers, config, top)
        layers = _renumbered(layers)
        is_old = any(isinstance(c, list) for item in described for c in _listed(item))
        models = {layer.name: len(layer.calls) for layer in layers if layer.inner is not None}
        counted_from_1 = {
            layer.name
            for layer in layers
            if layer.inner is not None and (is_old or layer.class_name != "Sequential")
        }
        inputs = [_at_home(r, models, counted_from_1) for r in _ends(config.get("input_layers"))]
        outputs = [_at_home(r, models, counted_from_1) for r in _ends(config.get("output_layers"))]
        return ModelConfig(
            shown,
            class_name,
            tuple(layers),
            tuple(r for r in inputs if r.layer in known),
            tuple(r for r in outputs if r.layer in known),
        )

    def _layer(self, item: JSON, name: str, known: frozenset[str], depth: int) -> Layer:
        config = item.get("config")
        inner = None
        if isinstance(config, list) or (
            isinstance(config, dict) and isinstance(config.get("layers"), list)
        ):
            inner = self.model(item, depth + 1)
        build = item.get("build_config")
        calls: list[Call] = []
        for node in _listed(item):
            if isinstance(node, dict):
                calls.append(_call(node))
            elif isinstance(node, list):
                calls.append(_old_call(node, known))
        built = shape_of(build.get("input_shape")) if isinstance(build, dict) else None
        if built is not None and calls and inner is None:
            calls[0] = _typed(calls[0], built)
        return Layer(
            name,
            class_of(item),
            config if isinstance(config, dict) else {},
            tuple(calls),
            build if isinstance(build, dict) else {},
            inner,
            is_custom=_is_custom(item),
        )


def _is_custom(item: JSON) -> bool:
    """Whether a layer's class was registered by somebody else, or has a module that is no Keras."""
    registered, class_name = item.get("registered_name"), item.get("class_name")
    if any(isinstance(name, str) and ">" in name for name in (registered, class_name)):
        return True
    if "module" not in item:
        return False
    module = item["module"]
    return not isinstance(module, str) or module.partition(".")[0] not in ("keras", "tf_keras")


def _names(layers: Sequence[JSON]) -> list[str]:
    """A name for every layer, each once."""
    found: dict[str, None] = {}
    for index, layer in enumerate(layers):
        config = layer.get("config")
        inside = config.get("name") if isinstance(config, dict) else None
        name = layer.get("name") or inside
        shown = (
            clean(name) if isinstance(name, str) and name else f"{class_of(layer).lower()}_{index}"
        )
        while shown in found:
            shown += "_again"
        found[shown] = None
    return list(found)


def _call(node: JSON) -> Call:
    """A call as Keras 3 stores it."""
    references: list[Reference] = []
    arguments: dict[str, Any] = {}
    args, kwargs = node.get("args"), node.get("kwargs")
    for index, value in enumerate(args if isinstance(args, list) else ()):
        if not _gather(value, "", 0, references) and value is not None:
            arguments[f"argument_{index}"] = value
    for key, value in (kwargs if isinstance(kwargs, dict) else {}).items():
        if value is not None:
            keyword = clean(key)
            if not _gather(value, keyword, 0, references):
                arguments[keyword] = value
    return Call(tuple(references), arguments)


def _typed(call: Call, shape: Shape) -> Call:
    """A call whose one tensor has the shape that the layer was built for, if it states none."""
    match call.references:
        case (Reference(type=None) as only,):
            return replace(call, references=(replace(only, type=TensorType("", shape)),))
    return call


def _gather(value: object, keyword: str, depth: int, references: list[Reference]) -> bool:
    """Adds the tensors in an argument of a call to ``references``; whether there are any."""
    if depth > MAX_NESTING:
        raise MalformedError(f"arguments nest more than {MAX_NESTING} levels deep")
    if isinstance(value, dict):
        config = value.get("config")
        if value.get("class_name") == "__keras_tensor__" and isinstance(config, dict):
            dtype = config.get("dtype")
            shape = shape_of(config.get("shape"))
            type_ = TensorType(clean(dtype) if isinstance(dtype, str) else "", shape)
            found = _reference(config.get("keras_history"), keyword, type_)
            if found is not None:
                references.append(found)
            return found is not None
    elif not isinstance(value, list):
        return False
    before = len(references)
    for inner in value.values() if isinstance(value, dict) else value:
        _gather(inner, keyword, depth + 1, references)
    return len(references) > before


def _reference(
    history: object, keyword: str = "", type_: TensorType | None = None
) -> Reference | None:
    match history:
        case [str() as layer, int() as call, int() as tensor, *_] if 0 <= tensor < MAX_LAYERS:
            return Reference(clean(layer), call, tensor, type_, keyword)
    return None


def _old_call(node: object, known: frozenset[str]) -> Call:
    """A call as Keras 1 and 2 store it."""
    references: list[Reference] = []
    arguments: dict[str, Any] = {}
    _gather_old(node, known, references, arguments, "", 0)
    return Call(tuple(references), arguments)


def _gather_old(
    value: object,
    known: frozenset[str],
    references: list[Reference],
    arguments: dict[str, Any],
    keyword: str,
    depth: int,
) -> None:
    if depth > MAX_NESTING:
        raise MalformedError(f"arguments nest more than {MAX_NESTING} levels deep")
    if isinstance(value, dict):
        for inner in value.values():
            _gather_old(inner, known, references, arguments, keyword, depth + 1)
        return
    if not isinstance(value, list):
        return
    found = _reference(value, keyword)
    is_constant = len(value) > 3 and value[0] == "_CONSTANT_VALUE"
    if found is None or (found.layer not in known and not is_constant):
        if is_constant and value[2] is not None:
            arguments[keyword or f"argument_{len(references)}"] = value[2]
        for inner in value if not is_constant else ():
            _gather_old(inner, known, references, arguments, keyword, depth + 1)
    elif is_constant:
        arguments[keyword or f"argument_{len(references)}"] = value[2]
    else:
        references.append(found)
    kwargs = value[3] if len(value) > 3 else None
    if isinstance(kwargs, dict) and (found is not None or is_constant):
        for key, inner in kwargs.items():
            before = len(references)
            _gather_old(inner, known, references, arguments, clean(key), depth + 1)
            if len(references) == before and inner is not None:
                arguments[clean(key)] = inner


def _ends(listed: object, depth: int = 0) -> Iterator[Reference]:
    """The tensors in input_layers or output_layers, however they are nested."""
    found = _reference(listed)
    if found is not None:
        yield found
    elif isinstance(listed, list | dict) and depth < MAX_NESTING:
        for inner in listed.values() if isinstance(listed, dict) else listed:
            yield from _ends(inner, depth + 1)


def _renumbered(layers: list[Layer]) -> list[Layer]:
    """The layers with calls of models counted from 0.

    A functional model is born with one call, on its own inputs, which Keras counts or does not,
    depending on its version and on where the reference stands.
    """
    used: dict[str, list[int]] = {}
    for layer in layers:
        for call in layer.calls:
            for reference in call.references:
                used.setdefault(reference.layer, []).append(reference.call)
    count = {layer.name: len(layer.calls) for layer in layers}
    shifted = {
        layer.name
        for layer in layers
        if layer.inner is not None
        and layer.name in used
        and min(used[layer.name]) >= 1
        and max(used[layer.name]) >= count[layer.name]
    }
    if not shifted:
        return layers
    made = []
    for layer in layers:
        calls = tuple(
            Call(
                tuple(
                    Reference(r.layer, r.call - 1, r.tensor, r.type, r.keyword)
                    if r.layer in shifted
                    else r
                    for r in call.references
                ),
                call.arguments,
            )
            for call in layer.calls
        )
        made.append(replace(layer, calls=calls))
    return made


def _listed(item: JSON) -> Sequence[object]:
    inbound = item.get("inbound_nodes")
    return inbound if isinstance(inbound, list) else ()


def _at_home(
    reference: Reference, models: Mapping[str, int], counted_from_1: AbstractSet[str]
) -> Reference:
    """An end of the model, its call counted from 0; see :func:`_renumbered`."""
    call = reference.call
    beyond = reference.layer in models and call >= models[reference.layer]
    if call >= 1 and (beyond or reference.layer in counted_from_1):
        call -= 1
    return Reference(reference.layer, call, reference.tensor)


def _sequential(
    name: str, class_name: str, layers: list[Layer], config: JSON, top: JSON
) -> ModelConfig:
    """A chain: each layer consumes what the one before it gives."""
    first = layers[0] if layers else None
    chain: list[Layer] = []
    if first is None or not first.is_input:
        chain.append(Layer("input", "InputLayer", _input_settings(first, config, top)))
    for layer in layers:
        calls: tuple[Call, ...] = ()
        if chain:
            shape = shape_of(layer.build.get("input_shape"))
            type_ = TensorType("", shape) if shape is not None else None
            calls = (Call((Reference(chain[-1].name, 0, 0, type_),)),)
        chain.append(replace(layer, calls=calls))
    ends = (Reference(chain[0].name, 0, 0),)
    return ModelConfig(name, class_name, tuple(chain), ends, (Reference(chain[-1].name, 0, 0),))


def _input_settings(first: Layer | None, config: JSON, top: JSON) -> dict[str, Any]:
    """What is known of the input of a chain that does not begin with an InputLayer."""
    settings = first.config if first is not None else {}
    build = top.get("build_config")
    candidates = (
        settings.get("batch_shape"),
        settings.get("batch_input_shape"),
        config.get("build_input_shape"),
        build.get("input_shape") if isinstance(build, dict) else None,
        first.build.get("input_shape") if first is not None else None,
    )
    shape = next((found for found in map(shape_of, candidates) if found is not None), None)
    if shape is None:
        width = settings.get("input_dim")
        if isinstance(width, int) and not isinstance(width, bool) and first is not None:
            length = settings.get("input_length")
            is_table = first.class_name == "Embedding"
            shape = (
                (None, length if isinstance(length, int) else None) if is_table else (None, width)
            )
    dtype = "" if shape is None else dtype_of(settings)[0]
    if first is not None and first.class_name == "Embedding":
        dtype = ""
    return {"batch_shape": list(shape) if shape is not None else None, "dtype": dtype}
