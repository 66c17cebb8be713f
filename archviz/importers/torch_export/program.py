"""From an exported program's JSON to a Graph."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from archviz.importers.torch_export.arguments import (
    names_in,
    scalar_type,
    setting,
    tensor_type,
)
from archviz.importers.torch_export.places import entries, location
from archviz.ir import (
    Attribute,
    Diagnostic,
    Graph,
    Parameter,
    ParameterUse,
    ScopePath,
    SourceLocation,
    Type,
)
from archviz.ir.build import GraphBuilder
from archviz.ir.module_calls import ModuleCalls
from archviz.reading import MalformedError
from archviz.reading.names import clean

MAX_NESTING = 16
MAX_NODES = 200_000

_TABLES = ("sym_int_values", "sym_float_values", "sym_bool_values", "custom_obj_values")
_KINDS = {"parameter": "weight", "buffer": "buffer", "tensor_constant": "constant"}
_BRANCHES = {"cond": ("then_branch", "else_branch"), "while_loop": ("condition", "body")}
_RUN_IN_PLACE = frozenset({
    "while_loop", "wrap_with_set_grad_enabled", "wrap_with_autocast", "invoke_subgraph", "wrap",
    "wrap_activation_checkpoint", "tag_activation_checkpoint", "map", "map_impl", "strict_mode",
})  # fmt: skip
"""Operators whose graphs take, in order, the tensors that the operator takes."""

_Binding = str | ParameterUse | None
"""What a name means: the id of a value, a stored tensor, or nothing."""


class Program:
    """One exported program.

    Args:
        document: Its JSON.
        tied: For each stored tensor the first that is kept in the same place.

    Attributes:
        graph: Its graph.
        metadata: Facts of it as text.
        notes: What was odd.

    Raises:
        MalformedError: It has too many operations, or graphs nest too deep.
    """

    def __init__(self, document: Any, tied: Mapping[str, str]) -> None:
        module = document["graph_module"]
        self._tied = tied
        self._locations: dict[str, SourceLocation | None] = {}
        self._left = MAX_NODES
        self.notes: list[Diagnostic] = []
        self.metadata = _metadata(document)
        builder = GraphBuilder()
        body, signature = module["graph"], module["signature"]
        bound: dict[str, _Binding] = {}
        types = _types(body)
        for spec in signature["input_specs"]:
            self._bind(builder, spec, bound, types, body)
        names = _result_names(module, signature)
        self._fill(builder, body, bound, names, (), 0)
        for spec in signature["output_specs"]:
            kind, entry = next(iter(spec.items()))
            if kind in ("user_output", "loss_output"):
                for name in names_in(entry["arg"]):
                    self._give(builder, bound.get(name) if name else None)
        self.graph = builder.build()

    def _bind(
        self,
        builder: GraphBuilder,
        spec: Any,
        bound: dict[str, _Binding],
        types: Mapping[str, Type],
        body: Any,
    ) -> None:
        """Says what one of the program's inputs is: stored, or given by the caller."""
        kind, entry = next(iter(spec.items()))
        if kind in _KINDS:
            name = entry["arg"]["name"]
            stored = entry.get("parameter_name") or entry.get("buffer_name")
            stored = stored or entry.get("tensor_constant_name") or name
            shown = clean(self._tied.get(stored, stored))
            described = body["tensor_values"][name]
            trainable = bool(described.get("requires_grad")) if kind == "parameter" else None
            parameter = Parameter(shown, tensor_type(described), _KINDS[kind], trainable)
            if shown not in builder.parameters:
                builder.parameter(parameter)
            bound[name] = ParameterUse(shown, stored.rpartition(".")[2])
            return
        argument = entry.get("arg") if isinstance(entry, dict) else None
        if kind == "custom_obj":
            bound[argument["name"]] = None  # type: ignore[index]
            return
        for name in names_in(argument):
            if name is not None:
                value = builder.value(clean(name), types.get(name))
                builder.inputs.append(value)
                bound[name] = value

    def _give(self, builder: GraphBuilder, binding: _Binding) -> None:
        """Adds an output; a stored tensor that is one gets a node that hands it out."""
        if isinstance(binding, ParameterUse):
            known = builder.parameters[binding.parameter]
            made = builder.value(binding.parameter, known.type)
            use = ParameterUse(binding.parameter, "value", 0)
            builder.node("parameter", (None,), (made,), parameters=(use,))
            binding = made
        if binding is not None:
            builder.outputs.append(binding)

    def _fill(
        self,
        builder: GraphBuilder,
        body: Any,
        bound: dict[str, _Binding],
        names: Mapping[str, str],
        around: ScopePath,
        depth: int,
    ) -> None:
        """Adds the operations of a graph, whose inputs are bound."""
        nodes = body["nodes"]
        self._left -= len(nodes)
        if self._left < 0:
            raise MalformedError(f"it has more than {MAX_NODES:,} operations")
        types = _types(body)
        metadata = [node.get("metadata") or {} for node in nodes]
        places = ModuleCalls([entries(_text(item.get("nn_module_stack"))) for item in metadata])
        if not depth:
            builder.name = places.root
        scopes = [(*around, *scope) for scope in places.scopes]
        for path, type_ in places.types.items():
            builder.scope((*around, *path), type_)
        scopes = _with_functions(builder, scopes, metadata)
        for node, entry, scope in zip(nodes, metadata, scopes, strict=True):
            made = [
                (name, builder.value(clean(names.get(name, name)), types.get(name)))
                if name is not None
                else None
                for output in node["outputs"]
                for name in names_in(output)
            ]
            self._node(
                builder, node, entry, scope, bound, [m[1] if m else None for m in made], depth
            )
            bound.update(item for item in made if item is not None)

    def _node(
        self,
        builder: GraphBuilder,
        node: Any,
        metadata: Any,
        scope: ScopePath,
        bound: dict[str, _Binding],
        made: list[str | None],
        depth: int,
    ) -> None:
        domain, op = _operator(node["target"])
        inputs: list[str | None] = []
        uses: list[ParameterUse] = []
        attributes: dict[str, Attribute] = {}
        graphs: list[tuple[str, Any]] = []
        operands: list[_Binding] = []
        for position, item in enumerate(node["inputs"]):
            name, argument = clean(item["name"])[:200], item["arg"]
            if "as_graph" in argument:
                graphs.append((clean(argument["as_graph"]["name"])[:200], argument["as_graph"]))
                continue
            found = list(names_in(argument))
            for value in found:
                binding = bound.get(value) if value is not None else None
                if graphs and op == "cond":
                    operands.append(binding)  # what the branches take, they take themselves
                elif isinstance(binding, ParameterUse):
                    role = name if len(found) == 1 and name else binding.role
                    uses.append(ParameterUse(binding.parameter, role, len(inputs)))
                    inputs.append(None)
                else:
                    inputs.append(binding)
            told = setting(argument) if not found else None
            if told is not None and told != ():
                attributes[name or f"argument {position}"] = told
        node_id = builder.reserve(op, scope)
        subgraphs = self._subgraphs(builder, op, graphs, operands, scope, depth)
        builder.node(
            op,
            tuple(inputs),
            tuple(made),
            parameters=tuple(uses),
            attributes=attributes,
            scope=scope,
            subgraphs=subgraphs,
            location=location(metadata.get("stack_trace"), self._locations),
            domain=domain,
            node_id=node_id,
        )

    def _subgraphs(
        self,
        builder: GraphBuilder,
        op: str,
        graphs: list[tuple[str, Any]],
        operands: list[_Binding],
        scope: ScopePath,
        depth: int,
    ) -> dict[str, Graph]:
        if not graphs or (op != "cond" and op not in _RUN_IN_PLACE):
            return {}
        if depth >= MAX_NESTING:
            raise MalformedError(f"its graphs nest more than {MAX_NESTING} deep")
        found: dict[str, Graph] = {}
        roles = _BRANCHES.get(op, ())
        for position, (name, entry) in enumerate(graphs):
            body = entry["graph"]
            inner = GraphBuilder(name, builder)
            types = _types(body)
            bound: dict[str, _Binding] = {}
            given = [value for item in body["inputs"] for value in names_in(item)]
            for index, value in enumerate(given):
                if value is None:
                    continue
                if op == "cond":
                    bound[value] = operands[index] if index < len(operands) else None
                else:
                    bound[value] = made = inner.value(clean(value), types.get(value))
                    inner.inputs.append(made)
            self._fill(inner, body, bound, {}, scope, depth + 1)
            for output in body["outputs"]:
                for value in names_in(output):
                    self._give(inner, bound.get(value) if value is not None else None)
            role = roles[position] if position < len(roles) else name or f"graph {position}"
            found[role if role not in found else f"{role}#{position}"] = inner.build()
        return found


def _with_functions(
    builder: GraphBuilder, scopes: list[ScopePath], metadata: list[Any]
) -> list[ScopePath]:
    """The scopes, with one more around the operations that one function was taken apart into.

    ``torch_fn`` names the call of a function of PyTorch that an operation comes from.
    """
    calls = [_text(entry.get("torch_fn")) for entry in metadata]
    found = list(scopes)
    start = 0
    taken: dict[ScopePath, int] = {}
    for end in range(1, len(calls) + 1):
        is_same = end < len(calls) and calls[end] == calls[start] and scopes[end] == scopes[start]
        if is_same and calls[start]:
            continue
        if end - start > 1:
            name = clean(calls[start].rpartition(".")[2])[:200] or "function"
            path = (*scopes[start], name)
            number = taken[path] = taken.get(path, 0) + 1
            if number > 1 or path in builder.scopes:
                path = (
                    *scopes[start],
                    f"{name}#{number + (path in builder.scopes and number == 1)}",
                )
            builder.scope(path)
            found[start:end] = [path] * (end - start)
        start = end
    return found


def _operator(target: Any) -> tuple[str, str]:
    """Operator set, "" for PyTorch's own, and name: "torch.ops.aten.linear.default" is "linear"."""
    parts = clean(target).removeprefix("torch.ops.").split(".")
    if len(parts) >= 2 and target.startswith("torch.ops."):
        domain = "" if parts[0] in ("aten", "higher_order") else parts[0][:200]
        return domain, parts[1][:200]
    return "", parts[-1][:200]


def _types(body: Any) -> dict[str, Type]:
    """The type of each value of a graph, by its name."""
    found: dict[str, Type] = {}
    for name, meta in body["tensor_values"].items():
        found[name] = tensor_type(meta)
    for table in _TABLES:
        for name in body.get(table) or ():
            found.setdefault(name, scalar_type(table))
    return found


def _result_names(module: Any, signature: Any) -> dict[str, str]:
    """What the model itself calls its results, by the names that the graph gives them."""
    results = [
        name
        for spec in signature["output_specs"]
        for kind, entry in spec.items()
        if kind == "user_output"
        for name in names_in(entry["arg"])
    ]
    calls = module.get("module_call_graph") or ()
    own = next((call.get("signature") for call in calls if call.get("fqn") == ""), None)
    if not own or len(set(results)) != len(results):
        return {}
    try:
        told = list(_leaves(json.loads(own["out_spec"])[1], "", 0))
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):
        return {}
    if len(told) != len(results):
        return {}
    return {
        result: clean(name)[:200]
        for result, name in zip(results, told, strict=True)
        if result is not None and name
    }


def _leaves(spec: Any, name: str, depth: int) -> Iterator[str]:
    """Names of the leaves of a tree specification: keys of mappings, joined by dots."""
    if spec["type"] is None or depth > MAX_NESTING:
        yield name
        return
    children = spec["children_spec"]
    context = json.loads(spec["context"]) if isinstance(spec["context"], str) else None
    keys = context if isinstance(context, list) and len(context) == len(children) else None
    for index, child in enumerate(children):
        key = keys[index] if keys and isinstance(keys[index], str) else ""
        if not key and len(children) > 1 and name:
            key = str(index)
        yield from _leaves(child, ".".join(part for part in (name, key) if part), depth + 1)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _metadata(document: Any) -> dict[str, str]:
    found = {}
    if isinstance(document.get("torch_version"), str):
        found["producer"] = f"torch {clean(document['torch_version'])[:60]}"
    version = document["schema_version"]
    if isinstance(version, dict):
        found["schema"] = f"{version['major']}.{version.get('minor', 0)}"
    ranges = document.get("range_constraints") or {}
    for name, bounds in list(ranges.items())[:20]:
        low, high = bounds.get("min_val"), bounds.get("max_val")
        found[f"size {clean(name)[:60]}"] = f"{low if low is not None else '…'} to " + (
            str(high)[:20] if high is not None else "any"
        )
    return found
