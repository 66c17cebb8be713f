"""The Model as JSON: ``*.archviz.json``, described by docs/archviz.schema.json.

Fields at their default are left out, mappings keep their order, and nothing else is written, so
that equal models have equal bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from archviz.diagnostics import Diagnostic, Severity, SourceLocation, TraceStep
from archviz.errors import ArchvizError
from archviz.ir.forest import Forest
from archviz.ir.forest import stored as forests
from archviz.ir.graph import Attribute, Graph, Node, Parameter, ParameterUse, Scope, Value
from archviz.ir.model import Model
from archviz.ir.types import ContainerType, TensorType, Type

SCHEMA_VERSION = 1
MAX_DEPTH = 64
"""Levels of subgraphs, or of nested container types, that a file may have."""

T = TypeVar("T")
Json = dict[str, Any]


class ModelFormatError(ArchvizError):
    """A file that is not a Model, or one of a schema version this archviz does not know."""


def to_json(model: Model) -> Json:
    """The model as a tree of JSON values."""
    is_forest = isinstance(model.body, Forest)
    return _without_defaults(
        {
            "archviz": SCHEMA_VERSION,
            "format": model.format,
            "source": model.source,
            "metadata": dict(model.metadata),
            "diagnostics": [diagnostic_to_json(item) for item in model.diagnostics],
            "graph": None if is_forest else _graph_to_json(model.graph),
            "forest": forests.to_json(model.body) if isinstance(model.body, Forest) else None,
        }
    )


def from_json(data: object) -> Model:
    """The model that ``data``, the parsed JSON, describes.

    Raises:
        ModelFormatError: A field is missing or of the wrong kind, or the version is unknown.
    """
    if not isinstance(data, dict) or "archviz" not in data:
        raise ModelFormatError(
            'the file has no "archviz" version field', "write one with: archviz render -f json"
        )
    if data["archviz"] != SCHEMA_VERSION:
        raise ModelFormatError(
            f"the file has schema version {str(data['archviz'])[:20]!r}, "
            f"this archviz reads {SCHEMA_VERSION}",
            "upgrade archviz or write the file again",
        )
    try:
        return Model(
            body=(
                forests.from_json(data["forest"])
                if "forest" in data and "graph" not in data
                else _graph_from_json(data["graph"], 0)
            ),
            format=_text(data.get("format", "")),
            source=_text(data.get("source", "")),
            metadata={_text(key): _text(value) for key, value in data.get("metadata", {}).items()},
            diagnostics=tuple(_diagnostic_from_json(d) for d in data.get("diagnostics", ())),
        )
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ModelFormatError(
            f"the file breaks the schema ({type(error).__name__}: {str(error)[:100]})",
            "compare it with docs/archviz.schema.json",
        ) from None


def _without_defaults(data: Json, *required: str) -> Json:
    # Required fields stay even when empty; files can name things with nothing.
    return {
        key: value
        for key, value in data.items()
        if (value is not None and value != "" and value != [] and value != {}) or key in required
    }


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} should be text")
    return value


def _integer(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{value!r:.40} should be a whole number")
    return value


def _path(value: Iterable[object]) -> tuple[str, ...]:
    if isinstance(value, str):
        raise TypeError(f"{value!r:.40} should be a list of names")
    return tuple(_text(part) for part in value)


def _maybe(read: Callable[[Any], T], value: object) -> T | None:
    return None if value is None else read(value)


def _type_to_json(type_: Type | None) -> Json | None:
    if type_ is None:
        return None
    if isinstance(type_, TensorType):
        shape = None if type_.shape is None else list(type_.shape)
        return {"dtype": type_.dtype} if shape is None else {"dtype": type_.dtype, "shape": shape}
    return _without_defaults(
        {"container": type_.kind, "element": _type_to_json(type_.element), "key": type_.key},
        "container",
    )


def _type_from_json(data: Json | None, depth: int = 0) -> Type | None:
    if data is None:
        return None
    if depth > MAX_DEPTH:
        raise ValueError("types nest too deep")
    if "container" in data:
        element = _type_from_json(data.get("element"), depth + 1)
        return ContainerType(_text(data["container"]), element, _text(data.get("key", "")))
    return _tensor_from_json(data)


def _tensor_from_json(data: Json) -> TensorType:
    shape = data.get("shape")
    if shape is None:
        return TensorType(_text(data["dtype"]))
    for dim in shape:
        if dim is not None and (isinstance(dim, bool) or not isinstance(dim, int | str)):
            raise TypeError(f"{dim!r:.40} should be a size or a symbol")
    return TensorType(_text(data["dtype"]), tuple(shape))


def _attribute_to_json(value: Attribute) -> object:
    if isinstance(value, TensorType):
        return {"tensor": _type_to_json(value)}
    if isinstance(value, tuple):
        return [_attribute_to_json(item) for item in value]
    if isinstance(value, float) and value - value != 0:  # inf and nan are not JSON
        return {"float": str(value)}
    return value


def _attribute_from_json(data: object, depth: int = 0) -> Attribute:
    if depth > MAX_DEPTH:
        raise ValueError("attributes nest too deep")
    if isinstance(data, dict):
        return float(data["float"]) if "float" in data else _tensor_from_json(data["tensor"])
    if isinstance(data, list):
        return tuple(_attribute_from_json(item, depth + 1) for item in data)
    if data is None or isinstance(data, bool | int | float | str):
        return data
    raise TypeError(f"{data!r:.40} is no attribute")


def location_to_json(location: SourceLocation | None) -> Json | None:
    """A place in code as a tree of JSON values."""
    if location is None:
        return None
    return _without_defaults(
        {
            "file": location.file,
            "line": location.line or None,
            "function": location.function,
            "column": location.column or None,
            "end_line": location.end_line or None,
            "end_column": location.end_column or None,
            "text": location.text,
        },
        "file",
    )


def _location_from_json(data: Json) -> SourceLocation:
    return SourceLocation(
        file=_text(data["file"]),
        line=_integer(data.get("line", 0)),
        function=_text(data.get("function", "")),
        column=_integer(data.get("column", 0)),
        end_line=_integer(data.get("end_line", 0)),
        end_column=_integer(data.get("end_column", 0)),
        text=_text(data.get("text", "")),
    )


def diagnostic_to_json(item: Diagnostic) -> Json:
    """A diagnostic as a tree of JSON values."""
    return _without_defaults(
        {
            "name": item.name,
            "code": item.code,
            "severity": str(item.severity),
            "message": item.message,
            "hint": item.hint,
            "nodes": list(item.nodes),
            "location": location_to_json(item.location),
            "module": item.module,
            "parameters": list(item.parameters),
            "trace": [
                {"message": step.message, "location": location_to_json(step.location)}
                for step in item.trace
            ],
            "is_suppressed": item.is_suppressed or None,
        },
        "name",
        "message",
    )


def _diagnostic_from_json(data: Json) -> Diagnostic:
    return Diagnostic(
        name=_text(data["name"]),
        severity=Severity(data["severity"]),
        message=_text(data["message"]),
        nodes=_path(data.get("nodes", ())),
        location=_maybe(_location_from_json, data.get("location")),
        hint=_text(data.get("hint", "")),
        code=_text(data.get("code", "")),
        module=_text(data.get("module", "")),
        parameters=_path(data.get("parameters", ())),
        trace=tuple(
            TraceStep(_text(step["message"]), _location_from_json(step["location"]))
            for step in data.get("trace", ())
        ),
        is_suppressed=data.get("is_suppressed") is True,
    )


def _node_to_json(node: Node) -> Json:
    return _without_defaults(
        {
            "id": node.id,
            "op": node.op,
            "domain": node.domain,
            "name": node.name,
            "kind": "" if node.kind == "op" else node.kind,
            "inputs": list(node.inputs),
            "outputs": list(node.outputs),
            "parameters": [
                _without_defaults(
                    {
                        "parameter": use.parameter,
                        "role": use.role,
                        "index": None if use.index < 0 else use.index,
                        "copies": None if use.copies == 1 else use.copies,
                    },
                    "parameter",
                )
                for use in node.parameters
            ],
            "attributes": {key: _attribute_to_json(v) for key, v in node.attributes.items()},
            "scope": list(node.scope),
            "subgraphs": {role: _graph_to_json(part) for role, part in node.subgraphs.items()},
            "location": location_to_json(node.location),
            "origin": list(node.origin),
            "parts": [_node_to_json(part) for part in node.parts],
            "repeat": None if node.repeat == 1 else node.repeat,
            "forest": _maybe(forests.to_json, node.forest),
        },
        "id",
        "op",
    )


def _value_id(value: object) -> str | None:
    return _maybe(_text, value)


def _node_from_json(data: Json, depth: int) -> Node:
    if depth > MAX_DEPTH:
        raise ValueError("nodes nest too deep")
    return Node(
        id=_text(data["id"]),
        op=_text(data["op"]),
        inputs=tuple(_value_id(value) for value in data.get("inputs", ())),
        outputs=tuple(_value_id(value) for value in data.get("outputs", ())),
        parameters=tuple(
            ParameterUse(
                _text(use["parameter"]),
                _text(use.get("role", "")),
                _integer(use.get("index", -1)),
                _integer(use.get("copies", 1)),
            )
            for use in data.get("parameters", ())
        ),
        attributes={
            _text(key): _attribute_from_json(value)
            for key, value in data.get("attributes", {}).items()
        },
        scope=_path(data.get("scope", ())),
        subgraphs={
            _text(role): _graph_from_json(part, depth + 1)
            for role, part in data.get("subgraphs", {}).items()
        },
        location=_maybe(_location_from_json, data.get("location")),
        origin=_path(data.get("origin", ())),
        parts=tuple(_node_from_json(part, depth + 1) for part in data.get("parts", ())),
        repeat=_integer(data.get("repeat", 1)),
        kind=_text(data.get("kind", "op")),
        domain=_text(data.get("domain", "")),
        name=_text(data.get("name", "")),
        forest=_maybe(forests.from_json, data.get("forest")),
    )


def _parameter_to_json(item: Parameter) -> Json:
    data = _without_defaults(
        {
            "name": item.name,
            "type": _type_to_json(item.type),
            "kind": "" if item.kind == "weight" else item.kind,
            "trainable": item.trainable,
            "location": item.location,
            "sizes": list(item.sizes),
        },
        "name",
    )
    if item.value is not None:
        data["value"] = [_attribute_to_json(element) for element in item.value]
    return data


def _parameter_from_json(data: Json) -> Parameter:
    value = data.get("value")
    trainable = data.get("trainable")
    if trainable is not None and not isinstance(trainable, bool):
        raise TypeError(f"{trainable!r:.40} should be true or false")
    elements: list[bool | int | float | str] | None = None
    if value is not None:
        elements = []
        for item in map(_attribute_from_json, value):
            if item is None or isinstance(item, TensorType | tuple):
                raise TypeError(f"{item!r:.40} is no element")
            elements.append(item)
    return Parameter(
        name=_text(data["name"]),
        type=_tensor_from_json(data["type"]),
        kind=_text(data.get("kind", "weight")),
        trainable=trainable,
        value=None if elements is None else tuple(elements),
        location=_text(data.get("location", "")),
        sizes=tuple([_integer(size) for size in data.get("sizes", ())]),
    )


def _graph_to_json(graph: Graph) -> Json:
    return _without_defaults(
        {
            "name": graph.name,
            "inputs": list(graph.inputs),
            "outputs": list(graph.outputs),
            "scopes": [
                _without_defaults(
                    {
                        "path": list(scope.path),
                        "type": scope.type,
                        "repeat": None if scope.repeat == 1 else scope.repeat,
                        "last": scope.last,
                        "shares_weights": scope.shares_weights or None,
                        "is_parallel": scope.is_parallel or None,
                        "growth": scope.growth or None,
                    }
                )
                for scope in graph.scopes.values()
            ],
            "parameters": [_parameter_to_json(item) for item in graph.parameters.values()],
            "nodes": [_node_to_json(node) for node in graph.nodes],
            "values": [
                _without_defaults(
                    {
                        "id": value.id,
                        "type": _type_to_json(value.type),
                        "requires_grad": value.requires_grad,
                    },
                    "id",
                )
                for value in graph.values.values()
            ],
        }
    ) or {"nodes": []}


def _graph_from_json(data: Json, depth: int) -> Graph:
    if depth > MAX_DEPTH:
        raise ValueError("subgraphs nest too deep")
    values = [
        Value(_text(item["id"]), _type_from_json(item.get("type")), item.get("requires_grad"))
        for item in data.get("values", ())
    ]
    parameters = [_parameter_from_json(item) for item in data.get("parameters", ())]
    scopes = [
        Scope(
            _path(item["path"]),
            _text(item.get("type", "")),
            _integer(item.get("repeat", 1)),
            _text(item.get("last", "")),
            item.get("shares_weights") is True,
            item.get("is_parallel") is True,
            _integer(item.get("growth", 0)),
        )
        for item in data.get("scopes", ())
    ]
    return Graph(
        name=_text(data.get("name", "")),
        nodes=tuple(_node_from_json(item, depth) for item in data.get("nodes", ())),
        values=_by("id", values),
        inputs=_path(data.get("inputs", ())),
        outputs=_path(data.get("outputs", ())),
        parameters=_by("name", parameters),
        scopes=_by("path", scopes),
    )


def _by(key: str, items: Iterable[T]) -> Mapping[Any, T]:
    return {getattr(item, key): item for item in items}
