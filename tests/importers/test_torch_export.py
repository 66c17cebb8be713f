"""Exported programs: the whole graph from the archive's JSON, as torch.export.load has it."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from torch_bytes import names_of, saved, zipped

from archviz import api
from archviz.errors import ImporterError
from archviz.importers import choose
from archviz.importers.torch_export import IMPORTER
from archviz.importers.torch_export.arguments import expression_text
from archviz.importers.torch_export.places import entries
from archviz.ir import Model, Node, SourceLocation, TensorType
from archviz.ir.module_calls import Entry, ModuleCalls
from archviz.ir.verify import verify
from archviz.ir.walk import all_nodes
from archviz.source import Source

SAMPLES = Path(__file__).resolve().parents[1] / "samples" / "torch-export"
NETWORK = SAMPLES / "network.pt2"

needs_torch = pytest.mark.skipif(not find_spec("torch"), reason="PyTorch is not installed")


def read(path: Path, **options: Any) -> Model:
    return IMPORTER.read(Source.of(path), **options)


def only(model: Model, op: str) -> Node:
    (found,) = [node for node in model.body.nodes if node.op == op]
    return found


def document() -> Any:
    with zipfile.ZipFile(NETWORK) as archive:
        return json.loads(archive.read("network/models/model.json"))


def rewritten(folder: Path, changed: Any, **more: bytes) -> Path:
    content = changed if isinstance(changed, bytes) else json.dumps(changed).encode()
    return saved(folder, zipped({"m/models/model.json": content, **more}), "model.pt2")


def test_inputs_and_results_have_the_names_of_the_model() -> None:
    graph = read(NETWORK).body
    assert verify(graph) == []
    assert graph.name == "Network"
    assert graph.inputs == ("tokens", "flag")
    assert graph.outputs == ("logits", "largest", "place")
    assert graph.values["tokens"].type == TensorType("int64", ("s52", 5))
    assert graph.values["logits"].type == TensorType("float32", ("s52", 5, 10))


def test_tied_weights_are_one_parameter() -> None:
    graph = read(NETWORK).body
    assert "head.proj.weight" not in graph.parameters
    used = {use.parameter: node.op for node in graph.nodes for use in node.parameters}
    assert used["embed.weight"] == "linear"
    kinds = {name: (item.kind, item.trainable) for name, item in graph.parameters.items()}
    assert kinds["embed.weight"] == ("weight", True)
    assert kinds["offset"] == ("buffer", None)
    assert kinds["scales"] == ("constant", None)


def test_modules_are_scopes_and_later_calls_are_scopes_of_their_own() -> None:
    graph = read(NETWORK).body
    types = {path: scope.type for path, scope in graph.scopes.items()}
    assert types["norm",] == types["norm@2",] == "LayerNorm"
    assert types["layers.0",] == types["layers.1",] == "Linear"
    assert types["head", "proj"] == "Linear"
    norms = [node for node in graph.nodes if node.op == "layer_norm"]
    assert [node.scope for node in norms] == [("norm",), ("norm@2",)]
    assert norms[0].parameters[0].parameter == norms[1].parameters[0].parameter == "norm.weight"


def stack(*inner: str) -> list[Entry]:
    return entries(";".join(("root,,m.Root", *inner)))


def test_a_list_of_modules_is_a_scope_where_its_members_follow_one_another() -> None:
    zero, one = "l0,layers.0,m.Layer", "l1,layers.1,m.Layer"
    together = ModuleCalls([stack(), stack(zero), stack(zero), stack(one), stack()])
    assert together.scopes == [(), ("layers", "0"), ("layers", "0"), ("layers", "1"), ()]
    apart = ModuleCalls([stack(zero), stack(), stack(one)])
    assert apart.scopes == [("layers.0",), (), ("layers.1",)]
    nested = ModuleCalls([stack(zero, "l0q,layers.0.attn.q,m.Linear")])
    assert nested.scopes == [("layers", "0", "attn", "q")]
    assert nested.types["layers", "0", "attn", "q"] == "Linear"
    deep = ModuleCalls([stack(*(f"k{i},{'.'.join('a' * (i + 1))},m.A" for i in range(200)))])
    assert len(deep.scopes[0]) <= 49


def test_operations_name_the_line_that_they_come_from() -> None:
    node = only(read(NETWORK), "split")
    assert node.location == SourceLocation("torch_files.py", 46, "forward")
    assert node.attributes == {"split_size": 4, "dim": -1}


def test_branches_take_what_they_need_from_around_them() -> None:
    graph = read(NETWORK).body
    node = only(read(NETWORK), "cond")
    assert list(node.subgraphs) == ["then_branch", "else_branch"]
    assert node.inputs == ("flag",)
    then = node.subgraphs["then_branch"]
    assert [inner.op for inner in then.nodes] == ["sigmoid", "add"]
    assert then.nodes[0].inputs[0] in graph.values
    assert then.nodes[1].parameters[0].parameter == "offset"


def test_what_a_function_was_taken_apart_into_is_a_scope() -> None:
    graph = read(SAMPLES / "decomposed.pt2").body
    inside = [
        node.op for node in graph.nodes if node.scope[1:] == ("multi_head_attention_forward",)
    ]
    assert {"addmm", "bmm", "_softmax"} <= set(inside)
    (norm, _) = [node for node in graph.nodes if node.op == "native_layer_norm"]
    assert norm.scope == ("norm1",)


def test_the_layout_of_older_versions_is_read(tmp_path: Path) -> None:
    old = document()
    old["schema_version"] = {"major": 8, "minor": 2}
    for node in old["graph_module"]["graph"]["nodes"]:
        del node["name"], node["is_hop_single_tensor_return"]
    members = {"serialized_exported_program.json": json.dumps(old).encode(), "version": b"8"}
    path = saved(tmp_path, zipped(members), "old.pt2")
    assert choose(Source.of(path)).name == "torch-export"
    found, new = read(path).body, read(NETWORK).body
    assert [(node.id, node.op, node.inputs) for node in found.nodes] == [
        (node.id, node.op, node.inputs) for node in new.nodes
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("s0", "s0"),
        ("2*s0 + 1", "2*s0 + 1"),
        ("Symbol('s77', positive=True, integer=True)", "s77"),
        ("Mul(Integer(2), Symbol('s0', positive=True, integer=True))", "2*s0"),
        ("Add(Mul(Integer(-1), Symbol('s1', integer=True)), Integer(3))", "-1*s1 + 3"),
        ("FloorDiv(Add(Symbol('s0', integer=True), Integer(1)), Integer(2))", "(s0 + 1)//2"),
        ("Max(Integer(1), Symbol('u0', integer=True))", "max(1, u0)"),
        ("(" * 500, "(" * 200),
        ("x" * 3000, None),
    ],
)
def test_sizes_are_written_as_people_do(text: str, shown: str | None) -> None:
    assert expression_text(text) == shown


def test_a_program_among_several_is_chosen(tmp_path: Path) -> None:
    content = json.dumps(document()).encode()
    members = {"m/models/first.json": content, "m/models/second.json": content}
    path = saved(tmp_path, zipped(members), "model.pt2")
    assert names_of(read(path)) == ["other-contents"]
    read(path, program="second")
    with pytest.raises(ImporterError, match="it holds: first, second"):
        read(path, program="third")


def without(*keys: Any) -> Any:
    """The sample's document without what is at the end of ``keys``."""
    changed = document()
    here = changed
    for key in keys[:-1]:
        here = here[key]
    del here[keys[-1]]
    return changed


def with_version(version: object) -> Any:
    return {**document(), "schema_version": version}


def nested(depth: int) -> Any:
    changed = document()
    body = changed["graph_module"]["graph"]
    (cond,) = [node for node in body["nodes"] if node["target"].endswith("cond")]
    for _ in range(depth):
        inner = copy.deepcopy(cond)
        graph = cond["inputs"][1]["arg"]["as_graph"]["graph"]
        inner["inputs"][1]["arg"]["as_graph"]["graph"] = {**graph}
        cond["inputs"][1]["arg"]["as_graph"]["graph"] = {**graph, "nodes": [inner]}
        cond = inner
    return changed


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (b"[" * 200_000 + b"]" * 200_000, "nests too deep"),
        (b'{"schema_version": {"major": ' + b"9" * 100_000 + b"}}", "too many digits"),
        (b"", "no JSON"),
        (b"[]", "no exported program"),
        (b"{}", "no exported program"),
        (with_version({"major": 9, "minor": 1}), "version 9.1, and 5 to 8"),
        (with_version({"major": "x"}), "no exported program"),
        (without("graph_module"), "KeyError on 'graph_module'"),
        (without("graph_module", "graph", "tensor_values"), "not as torch.export.save writes it"),
        (without("graph_module", "graph", "nodes", 0, "target"), "not as torch.export.save"),
        (nested(40), "nest more than 16 deep"),
    ],
    ids=range(11),
)
def test_what_is_no_program_is_refused(changed: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(ImporterError) as caught:
        read(rewritten(tmp_path, changed))
    assert message in str(caught.value)
    assert str(caught.value).startswith("model.pt2: ")
    assert len(str(caught.value)) < 300


def test_a_newer_minor_version_is_read_with_a_warning(tmp_path: Path) -> None:
    assert names_of(read(rewritten(tmp_path, with_version({"major": 8, "minor": 99})))) == [
        "newer-schema"
    ]


def test_a_compiled_library_is_called_so(tmp_path: Path) -> None:
    path = saved(tmp_path, zipped({"m/data/aotinductor/model/x.so": b""}), "model.pt2")
    with pytest.raises(ImporterError, match="compiled library and no graph"):
        read(path)


def test_pickles_beside_the_graph_are_not_opened(tmp_path: Path) -> None:
    evil = b"cos\nsystem\n(S'touch executed'\ntR."
    path = rewritten(tmp_path, document(), **{"m/data/sample_inputs/model.pt": evil})
    assert verify(read(path).body) == []


def test_no_framework_is_loaded() -> None:
    code = (
        "import sys, archviz; archviz.load(sys.argv[1])\n"
        "print({'torch', 'numpy', 'onnx'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code, NETWORK], capture_output=True, text=True)
    assert done.stdout == "set()\n", done.stderr


LOAD = """
import json, sys, operator, torch
program = torch.export.load(sys.argv[1])
nodes, edges = [], []
signature = program.graph_signature
stored = {**signature.inputs_to_parameters, **signature.inputs_to_buffers,
          **signature.inputs_to_lifted_tensor_constants}
def source(node):
    while node.op == "call_function" and node.target is operator.getitem:
        node = node.args[0]
    return node.name if node.op == "call_function" else ""
for node in program.graph.nodes:
    if node.op == "call_function" and node.target is not operator.getitem:
        nodes.append(node.name)
        flat = torch.utils._pytree.tree_leaves((node.args, node.kwargs))
        edges += [(source(item), node.name) for item in flat
                  if isinstance(item, torch.fx.Node) and item.op != "get_attr"]
print(json.dumps({"nodes": nodes, "edges": edges}))
"""


@needs_torch
@pytest.mark.parametrize("name", ["decomposed.pt2", "network.pt2"])
def test_nodes_and_edges_are_those_that_pytorch_reads(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOAD, SAMPLES / name],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    wanted = json.loads(done.stdout)
    graph = read(SAMPLES / name).body
    nodes = [node for node in graph.nodes if node.op != "parameter"]
    assert len(nodes) == len(wanted["nodes"])
    position = {value: index for index, node in enumerate(nodes) for value in node.outputs if value}
    found = []
    for index, node in enumerate(nodes):
        uses = {use.index for use in node.parameters}
        found += [(-1, index) for _ in uses]
        found += [(position.get(value, -1), index) for value in node.inputs if value is not None]
        for part in node.subgraphs.values():
            own = set(part.values)
            taken = {v for inner in all_nodes(part) for v in inner.inputs if v and v not in own}
            stored = {use.parameter for inner in all_nodes(part) for use in inner.parameters}
            found += [(position.get(value, -1), index) for value in taken]
            found += [(-1, index) for _ in stored]
    numbers = {name: index for index, name in enumerate(wanted["nodes"])}
    expected = [(numbers.get(source, -1), numbers[target]) for source, target in wanted["edges"]]
    # Both branches of the sample's condition take one value, and each operand counts once there.
    assert sorted(set(found)) == sorted(set(expected))
    if not any(node.subgraphs for node in nodes):
        assert sorted(found) == sorted(expected)


def test_the_model_is_drawn() -> None:
    scene = api.render(NETWORK)
    assert isinstance(scene, str)
    assert "logits" in scene
