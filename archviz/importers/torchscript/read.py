"""Reading a TorchScript archive: its modules, and the graph that its code describes."""

from __future__ import annotations

from typing import Any

from archviz.errors import ImporterError
from archviz.importers.torchscript.code import Code
from archviz.importers.torchscript.interpreter import Interpreter, tensors_in
from archviz.importers.torchscript.sniff import folder_of
from archviz.importers.torchscript.values import Call, Object, Stored, Traced
from archviz.ir import (
    Diagnostic,
    Graph,
    Model,
    Parameter,
    ParameterUse,
    Severity,
    TensorType,
)
from archviz.ir.build import GraphBuilder
from archviz.ir.module_calls import ModuleCalls
from archviz.ir.module_tree import Module, graph_of
from archviz.reading import MalformedError, naming
from archviz.reading.archives import Archive
from archviz.reading.names import clean
from archviz.reading.pickles import Instance
from archviz.reading.torch_pickles import Tensor, torch_reader
from archviz.source import Source

MAX_PICKLE = 64 << 20
MAX_DEPTH = 48

_MET = {
    "branch": "conditions that depend on data; both sides are drawn and meet in an 'if'",
    "return": "returns on one side of a condition alone; the other side is drawn",
    "loop": "loops of a length that depends on data; one turn is drawn",
}


def read(source: Source) -> Model:
    """The graph of ``source``, by following its code without running it.

    Raises:
        ImporterError: It is no TorchScript archive, or one that is damaged.
    """
    with naming(source.name):
        if not source.head.startswith(b"PK"):
            problem = source.recognised_problem()
            if problem:
                raise ImporterError(f"{source.name}: {problem[0]}", problem[1])
            raise MalformedError(
                f"this {source.kind} is no TorchScript archive", "write one with torch.jit.save"
            )
        with source.open() as stream:
            archive = Archive(stream, source.size)
            folder = folder_of(tuple(archive.members))
            if folder is None:
                raise MalformedError(
                    "it is an archive without the code of TorchScript",
                    "write one with torch.jit.save",
                )
            root = torch_reader(archive.read(f"{folder}data.pkl", MAX_PICKLE)).load()
            if not isinstance(root, Instance):
                raise MalformedError("its data.pkl is no module", "save it again")
            constants: Any = ()
            if f"{folder}constants.pkl" in archive.members:
                content = archive.read(f"{folder}constants.pkl", MAX_PICKLE)
                constants = torch_reader(content).load()
            interpreter = Interpreter(
                Code(archive, folder), constants if isinstance(constants, tuple) else ()
            )
            name = clean(root.qualified.rpartition(".")[2])[:200]
            try:
                inputs, result = interpreter.follow(Object(root, ""))
            except MalformedError as error:
                return _tree_alone(source, root, name, error)
    graph = _Converter(name).convert(interpreter, inputs, result)
    notes = tuple(
        Diagnostic(
            f"data-dependent-{kind}",
            Severity.INFO,
            f"the code has {count:,} {_MET[kind]}",
        )
        for kind, count in interpreter.met.items()
    )
    return Model(graph, "torchscript", source.name, {"stored as": "TorchScript"}, notes)


def _tree_alone(source: Source, root: Instance, name: str, error: MalformedError) -> Model:
    """The tree of modules, where the code cannot be followed."""
    note = Diagnostic(
        "no-edges",
        Severity.WARNING,
        f"{error.message}, so there are modules and no edges",
        hint=error.hint,
    )
    graph = graph_of(_module(root, (), {}), name)
    return Model(graph, "torchscript", source.name, {"stored as": "TorchScript"}, (note,))


def _module(instance: Instance, path: tuple[str, ...], names: dict[object, str]) -> Module:
    if len(path) > MAX_DEPTH:
        raise MalformedError(f"its modules nest more than {MAX_DEPTH} deep")
    parameters: dict[str, Parameter] = {}
    children: dict[str, Module] = {}
    for key, value in instance.attributes.items():
        part = clean(str(key))[:200]
        if isinstance(value, Tensor):
            name = names.setdefault(value.place or object(), ".".join((*path, part)))
            parameters[part] = _parameter(name, value)
        elif isinstance(value, Instance) and value.qualified.startswith("__torch__"):
            children[part] = _module(value, (*path, part), names)
    return Module(clean(instance.qualified.rpartition(".")[2])[:200], {}, parameters, children)


def _parameter(name: str, tensor: Tensor, is_constant: bool = False) -> Parameter:
    kind = "constant" if is_constant else "weight" if tensor.requires_grad else "buffer"
    trainable = True if kind == "weight" else None
    return Parameter(name, TensorType(tensor.dtype, tensor.shape), kind, trainable)


class _Converter:
    """Makes a Graph of the operations that following the code has noted."""

    def __init__(self, name: str) -> None:
        self._builder = GraphBuilder(name)
        self._names: dict[object, str] = {}
        self._inputs: dict[str, str] = {}
        self._made: dict[int, list[str]] = {}
        self._results: dict[tuple[int, int], str] = {}

    def convert(self, interpreter: Interpreter, inputs: list[str], result: Any) -> Graph:
        builder = self._builder
        for name in inputs:
            self._inputs[name] = builder.value(clean(name)[:200])
            builder.inputs.append(self._inputs[name])
        results = list(tensors_in(result))
        for name, item in results:
            if isinstance(item, Traced) and isinstance(item.source, Call):
                shown = f"output.{name}" if name.isdecimal() else clean(name)[:200] or "output"
                self._results.setdefault((id(item.source), item.index), shown)
        places = ModuleCalls([call.stack for call in interpreter.calls])
        for path, type_ in places.types.items():
            builder.scope(path, type_)
        for call, scope in zip(interpreter.calls, places.scopes, strict=True):
            self._node(call, scope)
        for name, item in results:
            builder.outputs.append(self._output(name, item))
        return builder.build()

    def _node(self, call: Call, scope: tuple[str, ...]) -> None:
        builder = self._builder
        node_id = builder.reserve(call.op, scope)
        ids: list[str | None] = []
        uses: list[ParameterUse] = []
        for role, item in call.inputs:
            if isinstance(item, Stored):
                name = self._stored(item)
                own = role if role and role != "weights" else name.rpartition(".")[2]
                uses.append(ParameterUse(name, own, len(ids)))
                ids.append(None)
            else:
                ids.append(self._id(item))
        made = [
            builder.value(
                self._results.get((id(call), index)) or (f"{node_id}:{index}" if index else node_id)
            )
            for index in range(call.results)
        ]
        self._made[id(call)] = made
        builder.node(
            call.op,
            tuple(ids),
            tuple(made),
            parameters=tuple(uses),
            attributes=call.attributes,
            scope=scope,
            node_id=node_id,
        )

    def _id(self, item: Traced) -> str | None:
        if isinstance(item.source, str):
            return self._inputs.get(item.source)
        made = self._made.get(id(item.source))
        return made[item.index] if made else None

    def _stored(self, item: Stored) -> str:
        place = item.tensor.place or id(item.tensor)
        name = self._names.setdefault(place, clean(item.name))
        if name not in self._builder.parameters:
            self._builder.parameter(_parameter(name, item.tensor, item.is_constant))
        return name

    def _output(self, name: str, item: Traced | Stored) -> str:
        found = self._id(item) if isinstance(item, Traced) else None
        if found is not None:
            return found
        made = self._builder.value(name or "output")
        uses: tuple[ParameterUse, ...] = ()
        if isinstance(item, Stored):
            uses = (ParameterUse(self._stored(item), "value", 0),)
        self._builder.node("parameter", (None,), (made,), parameters=uses)
        return made
