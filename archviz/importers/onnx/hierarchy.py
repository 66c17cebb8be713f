"""Which module of the model's source code a node came from.

The exporters tell in different ways, from best to worst: PyTorch's new exporter in node metadata
(names and classes), its old one in names such as "/layer1/conv/Conv", TensorFlow's converter in
names such as "model/dense/MatMul"; else the owners of parameters ("layer1.0.conv1.weight") remain.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from archviz.importers.onnx.adoption import adopted_scopes, shared_prefix
from archviz.ir import ScopePath, SourceLocation
from archviz.reading.names import clean

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto

MAX_DEPTH = 32
MAX_PART = 200
"""Characters of one scope's name."""

_SCOPES = "pkg.torch.onnx.name_scopes"
_CLASSES = "pkg.torch.onnx.class_hierarchy"
_TRACE = "pkg.torch.onnx.stack_trace"
_MAX_LITERAL = 16_384
_NO_MODULE = "_empty_nn_module_stack_from_metadata_hook"
_FRAME = re.compile(r'File "([^"\n]{1,1000})", line (\d{1,9})(?:, in ([^\n]{1,200}))?')
_FRAMEWORK = re.compile(r"(?:^|[/\\])(?:site|dist)-packages[/\\]|^<|^torch[/\\]")
_CALL_NUMBER = re.compile(r"_(\d+)$")
_WRAPPER = re.compile(r"^(?:Stateful)?PartitionedCall(?::\d+|_\d+)?$")


Place = tuple[ScopePath, str, tuple[tuple[ScopePath, str], ...]]
"""A node's scope, the last part of its name, and the classes of scopes on the way, by path."""


class Hierarchy:
    """Finds the place of each node, by the one rule that fits the model.

    Args:
        graph: The main graph.

    Attributes:
        is_by_name: Whether what is before a name's last slash alone tells the scope.
        has_metadata: Whether nodes say where they come from in metadata.
    """

    def __init__(self, graph: GraphProto) -> None:
        nodes = graph.node
        self._paths: dict[str, ScopePath] = {}
        self._owners: dict[int, ScopePath] = {}
        self._locations: dict[str, SourceLocation | None] = {}
        self._common = 0
        self._graph = graph
        sample = [nodes[i] for i in range(0, len(nodes), max(1, len(nodes) // 64))]
        names = [clean(node.name) for node in sample]
        slashed = [name for name in names if "/" in name.strip("/")]
        self.has_metadata = any(
            prop.key == _SCOPES or prop.key == _TRACE
            for node in sample
            for prop in node.metadata_props
        )
        if any(prop.key == _SCOPES for node in sample for prop in node.metadata_props):
            self.style = "metadata"
        elif sum(name.startswith("/") for name in names) * 2 >= len(names) > 0 and slashed:
            self.style = "slash"
        elif slashed and len(slashed) * 2 >= sum(bool(name) for name in names):
            self.style = "tensorflow"
            self._common = self._wrappers(nodes)
        else:
            self.style = "owners" if self._place_by_owner(graph) else "flat"
        self.is_by_name = self.style == "slash"

    @cached_property
    def _stored(self) -> frozenset[str]:
        return frozenset(tensor.name for tensor in self._graph.initializer)

    def place(self, node: NodeProto, name: str, index: int = -1) -> Place:
        """The place of a node.

        Args:
            node: The node.
            name: Its name, as shown.
            index: Its position in the main graph; -1 elsewhere.
        """
        style = self.style
        if style == "metadata":
            scopes = classes = ""
            for prop in node.metadata_props:
                key = prop.key
                if key == _SCOPES:
                    scopes = prop.value
                elif key == _CLASSES:
                    classes = prop.value
            if not scopes:
                return self._adopted.get(index, ()), name, ()
            return self._by_metadata(node, name, scopes, classes)
        if style == "owners":
            return self._owners.get(index, ()), name, ()
        if style == "tensorflow":
            name = name.partition(";")[0]  # the names of what was fused, the first one leading
        directory, slash, label = name.rpartition("/")
        if style == "flat" or not slash:
            return (), name, ()
        return self.by_name(directory), label, ()

    def by_name(self, directory: str) -> ScopePath:
        """The scope that the part of a name before its last slash tells."""
        path = self._paths.get(directory)
        if path is None:
            read = self._slash_path if self.style == "slash" else self._tensorflow_path
            path = self._paths[directory] = read(directory)
        return path

    def location(self, node: NodeProto) -> SourceLocation | None:
        """The innermost line of the user's own code that made the node."""
        for prop in node.metadata_props:
            if prop.key == _TRACE:
                trace = prop.value
                if trace not in self._locations:
                    self._locations[trace] = _user_frame(trace)
                return self._locations[trace]
        return None

    @cached_property
    def _adopted(self) -> dict[int, ScopePath]:
        nodes = self._graph.node
        stated: list[ScopePath | None] = []
        for node in nodes:
            scopes = next((p.value for p in node.metadata_props if p.key == _SCOPES), "")
            stated.append(self._by_metadata(node, "", scopes, "")[0] if scopes else None)
        return adopted_scopes(nodes, stated)

    def _by_metadata(self, node: NodeProto, name: str, scopes: str, classes: str) -> Place:
        # The last entry is the operator itself.
        dotted = [part for part in literal_list(scopes)[:-1] if part != _NO_MODULE]
        kinds = literal_list(classes)[:-1]
        kinds = kinds if len(kinds) == len(dotted) else [""] * len(dotted)
        if dotted and "BatchNorm" in kinds[-1]:
            corrected = self._owner_next_to(node, dotted[-1])
            if corrected:
                dotted[-1], kinds[-1] = corrected, ""
        types = []
        path: ScopePath = ()
        for module, kind in zip(dotted, kinds, strict=True):
            if module:
                path = split_path(module)
                if kind:
                    types.append((path, clean(kind.rpartition(".")[2])[:MAX_PART]))
        return path, name, tuple(types)

    def _owner_next_to(self, node: NodeProto, leaf: str) -> str:
        """The sibling of ``leaf`` that owns the node's parameters.

        Fusing a convolution with the batch normalization behind it leaves the latter's scope on
        the former; the weight's name tells.
        """
        owners = {
            name.rpartition(".")[0]
            for name in node.input
            if name in self._stored and isinstance(name, str) and "." in name
        }
        if len(owners) != 1:
            return ""
        owner = next(iter(owners))
        is_sibling = owner.rpartition(".")[0] == leaf.rpartition(".")[0]
        return owner if owner != leaf and is_sibling else ""

    def _slash_path(self, directory: str) -> ScopePath:
        parent, slash, last = directory.rpartition("/")
        is_plain = "_" not in directory and "." not in last and directory.count("/") < MAX_DEPTH
        if parent and slash and is_plain:
            return (*self.by_name(parent), last)[:MAX_DEPTH] if last else self.by_name(parent)
        path = slash_parts(directory)
        found: list[str] = []
        for length, part in enumerate(path, 1):
            match = _CALL_NUMBER.search(part)
            if match:
                base = (*path[: length - 1], part[: match.start()])
                owner = ".".join((*path[: length - 1], part)) + "."
                if base in self._called_modules and owner not in self._dotted_owners:
                    part = f"{base[-1]}@{int(match.group(1)) + 1}"
            found.append(part)
        return tuple(found)

    @cached_property
    def _called_modules(self) -> frozenset[ScopePath]:
        paths: set[ScopePath] = set()
        names = [clean(node.name) for node in self._graph.node]
        for directory in dict.fromkeys([name.rpartition("/")[0] for name in names]):
            path = slash_parts(directory)
            paths.update(path[:length] for length in range(1, len(path) + 1))
        return frozenset(paths)

    @cached_property
    def _dotted_owners(self) -> frozenset[str]:
        return frozenset(
            owner
            for name in self._stored
            if isinstance(name, str) and "." in name
            for owner in _prefixes(name)
        )

    def _wrappers(self, nodes: Sequence[NodeProto]) -> int:
        """How many leading parts every name shares: they say nothing."""
        common: tuple[str, ...] | None = None
        for node in nodes:
            name = clean(node.name).partition(";")[0]
            if "/" not in name:
                continue
            path = _without_calls(name.rpartition("/")[0])
            if common is None:
                common = path
            else:
                length = 0
                while length < min(len(common), len(path)) and common[length] == path[length]:
                    length += 1
                common = common[:length]
            if not common:
                return 0
        return len(common or ())

    def _tensorflow_path(self, directory: str) -> ScopePath:
        parts = _without_calls(directory)
        return parts[self._common :][:MAX_DEPTH]

    def _place_by_owner(self, graph: GraphProto) -> bool:
        """Places nodes by their parameters' owners; what has none goes where both sides are."""
        nodes = graph.node
        stored = self._stored
        if not any(isinstance(name, str) and _owner(name) for name in stored):
            return False
        producer: dict[str, int] = {}
        inner: dict[int, ScopePath] = {}
        inputs = [list(node.input) for node in nodes]
        for index, node in enumerate(nodes):
            for value in node.output:
                producer.setdefault(value, index)
            owners = [
                _owner(name) for name in inputs[index] if isinstance(name, str) and name in stored
            ]
            owned = [owner for owner in owners if owner]
            if owned:
                inner[index] = split_path(owned[0])
        if not inner:
            return False
        # A module that owns a parameter is a leaf; what surrounds it may hold other nodes.
        around = {index: path[:-1] for index, path in inner.items()}
        forward: list[ScopePath | None] = [None] * len(nodes)
        backward: list[ScopePath | None] = [None] * len(nodes)
        for index in range(len(nodes)):
            place = around.get(index)
            if place is None:
                before = [producer.get(value, -1) for value in inputs[index]]
                place = _shared([forward[i] for i in before if 0 <= i < index])
            forward[index] = place
        behind: list[list[ScopePath | None]] = [[] for _ in nodes]
        for index in range(len(nodes) - 1, -1, -1):
            backward[index] = around.get(index, _shared(behind[index]))
            for value in inputs[index]:
                source = producer.get(value, -1)
                if 0 <= source < index:
                    behind[source].append(backward[index])
        for index in range(len(nodes)):
            first, second = forward[index], backward[index]
            between = _shared([first, second]) if first and second else None
            self._owners[index] = inner.get(index, between or ())
        return True


def slash_parts(directory: str) -> ScopePath:
    """The path in a name of PyTorch's old exporter, without its last part.

    "/encoder/layers.0/mlp/mlp.1" is encoder, layers, 0, mlp, 1: a part that begins with the one
    before it and a dot stands in its place.
    """
    parts = directory.strip("/").split("/")
    if "." not in directory and len(directory) < MAX_PART:
        return tuple([part for part in parts if part])[:MAX_DEPTH]
    found: list[str] = []
    for part in parts[:MAX_DEPTH]:
        if found and part.startswith(found[-1] + "."):
            found[-1] = part
        elif part:
            found.append(part)
    return split_path(".".join(found)) if found else ()


def split_path(dotted: str) -> ScopePath:
    """The scope of a dotted module name."""
    parts = clean(dotted).split(".", MAX_DEPTH)[:MAX_DEPTH]
    return tuple([part[:MAX_PART] for part in parts if part])


def literal_list(text: str | bytes) -> list[str]:
    """The strings in a Python list literal, or none when it is not one."""
    if not isinstance(text, str) or len(text) > _MAX_LITERAL or text[:1] != "[":
        return []
    inside = text[2:-2]
    if '"' not in text and "\\" not in text and text[:2] == "['" and text[-2:] == "']":
        return inside.split("', '")
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return []
    return found if isinstance(found, list) and all(isinstance(i, str) for i in found) else []


def _user_frame(trace: str | bytes) -> SourceLocation | None:
    if not isinstance(trace, str):
        return None
    own = [frame for frame in _FRAME.finditer(trace[:100_000]) if not _FRAMEWORK.search(frame[1])]
    if not own:
        return None
    file, line, function = own[-1].groups()
    return SourceLocation(clean(file), int(line), clean(function or ""))


def _without_calls(directory: str) -> tuple[str, ...]:
    parts = [part for part in directory.split("/") if part and not _WRAPPER.match(part)]
    return tuple(part[:MAX_PART] for part in parts)


def _owner(name: str) -> str:
    """The module in a parameter's dotted name, "layer1.0.conv1" of "layer1.0.conv1.weight"."""
    owner, dot, last = name.rpartition(".")
    if not dot or not last.isidentifier() or "/" in name or ":" in name or " " in name:
        return ""
    return owner


def _prefixes(name: str) -> list[str]:
    return [name[: index + 1] for index, char in enumerate(name[:1000]) if char == "."]


def _shared(paths: Sequence[ScopePath | None]) -> ScopePath | None:
    """The longest path that all of ``paths`` begin with; None when one is not known."""
    if not paths or None in paths:
        return None
    return shared_prefix([path for path in paths if path is not None])
