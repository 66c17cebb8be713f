"""What boxes say: a title in the field's words, and the numbers that readers look for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from archviz.ir import Node, TensorType
from archviz.ir.walk import leaves
from archviz.views.layered.blocks.parts import Grouping, Part
from archviz.views.layered.blocks.wiring import is_batch_norm
from archviz.views.layered.look import current

CATEGORIES = {
    "attention": "attention",
    "feed forward": "linear",
    "experts": "linear",
    "dense": "linear",
    "norm": "norm",
    "add & norm": "norm",
    "embedding": "embedding",
    "token": "embedding",
    "conv": "conv",
    "act": "act",
    "pool": "pool",
    "recurrent": "recurrent",
}
"""The fill of each kind of part; "other" for the rest."""

_SHIFTS = ("roll", "Roll")
"""What windows of pictures are shifted by."""
_TRIANGLES = ("triu", "tril", "Trilu", "band_part", "MatrixBandPart")
_NAMES = {
    "softmax": "Softmax", "log_softmax": "Log softmax", "LogSoftmax": "Log softmax",
    "cat": "Concat", "concat": "Concat", "concatenate": "Concat", "Concatenate": "Concat",
    "mul": "Multiply", "mean": "Mean", "ReduceMean": "Mean",
    "getitem": "Select", "Gather": "Select", "tanh": "Tanh",
    "add": "Add", "adaptive_avg_pool1d": "Mean", "GlobalAveragePooling1D": "Mean", "max": "Max",
}  # fmt: skip


class Labels:
    """Titles and details of parts.

    Args:
        grouping: The parts.
    """

    def __init__(self, grouping: Grouping) -> None:
        self.grouping = grouping
        self.wiring = grouping.wiring
        self.graph = grouping.wiring.graph

    def title(self, part: Part) -> str:
        """What kind of layer it is."""
        if part.kind == "group":
            return self.wiring.nodes[part.nodes[0]].scope[0]
        match part.kind:
            case "attention":
                if part.keys != part.queries and not self._looks_at_itself(part):
                    return "Cross attention"
                if self._is_causal(part):
                    return "Masked attention"
                if any(self.wiring.is_depthwise(at) for at in part.nodes):
                    return "Convolutional attention"
                is_shifted = any(op in _SHIFTS for op in self._ops(part))
                return "Shifted attention" if is_shifted else "Multi-head attention"
            case "feed forward":
                return "Gated feed forward" if self._is_gated(part) else "Feed forward"
            case "experts":
                return "Mixture of experts"
            case "dense":
                return "Linear"
            case "norm":
                return self._norm(part)
            case "add & norm":
                return "Add & Norm"
            case "embedding":
                return "Embedding"
            case "token":
                return self._token(part)
            case "conv":
                return self._convolution_name(part)
            case "recurrent":
                return self._main(part).op.upper().replace("_", " ")
            case "sum":
                return "+"
        op = self._main(part).op
        return _NAMES.get(op, op.replace("_", " ").strip().capitalize() if op.islower() else op)

    def detail(self, part: Part) -> str:
        """Its sizes; "" when there is nothing to tell."""
        if not current().details:
            return ""
        match part.kind:
            case "attention":
                return ", ".join(self._attention_facts(part))
            case "feed forward" | "dense":
                return " → ".join(map(_number, self._widths(part)))
            case "experts":
                return ", ".join(self._expert_facts(part))
            case "embedding":
                shapes = [shape for shape in self._shapes(part) if len(shape) == 2]
                return " × ".join(map(_number, shapes[0])) if shapes else ""
            case "conv":
                return self._convolution(part)
            case "recurrent":
                return ", ".join(self._recurrence(part))
        return ""

    def _ops(self, part: Part) -> Iterator[str]:
        return (leaf.op for at in part.nodes for leaf in leaves(self.wiring.nodes[at]))

    # Attention

    def _core(self, part: Part) -> Node | None:
        found = [at for at in part.nodes if self.wiring.is_core(at)]
        return self.wiring.nodes[found[0]] if found else None

    def _looks_at_itself(self, part: Part) -> bool:
        """Whether its keys are made of its queries or the reverse, with no attention between."""
        parts, wiring = self.grouping.parts, self.wiring
        if min(part.keys, part.queries) < 0:
            return False
        keys, queries = parts[part.keys].nodes[-1], parts[part.queries].nodes[-1]
        return wiring.leads(queries, keys) or (
            wiring.leads(keys, queries)
            and not any(
                wiring.is_core(at) and wiring.joins(keys, at, queries)
                for at in range(keys + 1, queries)
            )
        )

    def _is_causal(self, part: Part) -> bool:
        wiring = self.wiring
        for at in part.nodes:
            if wiring.is_core(at) and wiring.nodes[at].attributes.get("is_causal") is True:
                return True
        bits = 0
        for at in part.nodes:
            bits |= wiring.ancestors[at] | (1 << at)
        # A mask is made on no way that weights are on.
        masks = [
            at
            for at in range(bits.bit_length())
            if bits >> at & 1 and (at in part.nodes or self.grouping.of[at] is None)
        ]
        if any(_is_triangle(wiring.nodes[at]) for at in masks):
            return True
        uses = (use for at in part.nodes for use in wiring.nodes[at].parameters)
        return any(_has_triangle(use.parameter) for use in uses)

    def _attention_facts(self, part: Part) -> Iterator[str]:
        core = self._core(part)
        if core is None:
            return
        heads, keys = self._heads(core)
        if heads:
            yield f"{heads} head{'s' if heads > 1 else ''}" + (
                f", {keys} KV" if keys and keys != heads else ""
            )
        width = self._width(part)
        if width:
            yield f"d={width:,}"

    def _heads(self, core: Node) -> tuple[int | None, int | None]:
        for name in ("num_heads", "q_num_heads", "heads"):
            stated = core.attributes.get(name)
            if isinstance(stated, int):
                keys = core.attributes.get("kv_num_heads")
                return stated, keys if isinstance(keys, int) else None
        values = [*core.inputs[:2], *core.outputs[:1]]
        found = [
            shape[1]
            for value in values
            if value is not None
            and len(shape := self._shape(value)) == 4
            and isinstance(shape[1], int)
        ]
        return (found[0], found[1] if len(found) > 1 else None) if found else (None, None)

    def _width(self, part: Part) -> int | None:
        """Features of what it gives."""
        for at in reversed(part.nodes):
            for value in self.wiring.nodes[at].outputs:
                shape = self._shape(value or "")
                if len(shape) in (2, 3) and isinstance(shape[-1], int):
                    return shape[-1]
        return None

    # Feed forward and experts

    def _is_gated(self, part: Part) -> bool:
        projections = [at for at in part.nodes if self.wiring.is_projection(at)]
        first = [
            at
            for at in projections
            if not any(self.wiring.leads(other, at) for other in projections)
        ]
        return len(first) > 1

    def _widths(self, part: Part) -> list[int | str]:
        widths: list[int | str] = []
        projections = [at for at in part.nodes if self.wiring.is_projection(at)]
        for at in projections:
            node = self.wiring.nodes[at]
            given = next((value for value in node.inputs if value is not None), None)
            for value in (given, *node.outputs[:1]):
                shape = self._shape(value or "")
                if shape and isinstance(shape[-1], int) and widths[-1:] != [shape[-1]]:
                    widths.append(shape[-1])
        if self._is_gated(part) and len(widths) > 3:
            widths = [widths[0], widths[1], widths[-1]]
        if len(widths) == 1:
            widths *= 2
        if len(widths) > 4:
            widths = [*widths[:2], "…", widths[-1]]
        return widths

    def _expert_facts(self, part: Part) -> Iterator[str]:
        for at in part.nodes:
            for node in leaves(self.wiring.nodes[at]):
                if node.op.lower().startswith("topk"):
                    given = self._shape(next((v for v in node.inputs if v is not None), ""))
                    if given and isinstance(given[-1], int):
                        yield f"{given[-1]} experts"
                    stated = node.attributes.get("k")
                    made = self._shape(next((v for v in node.outputs if v is not None), ""))
                    chosen = stated if isinstance(stated, int) else made[-1] if made else None
                    if isinstance(chosen, int):
                        yield f"top {chosen}"
                    return

    # The others

    def _norm(self, part: Part) -> str:
        names = [self.wiring.nodes[at].op.lower() for at in part.nodes]
        names += [self.wiring.module_type(at).lower() for at in part.nodes]
        if len(part.nodes) > 2 and "rsqrt" in names and "sub" not in names:
            return "RMS norm"
        for word, name in (("rms", "RMS norm"), ("batch", "Batch norm"), ("group", "Group norm")):
            if any(word in one for one in names):
                return name
        return "Layer norm"

    def _token(self, part: Part) -> str:
        names = list(self.wiring.parameters(part.nodes))
        what = "class token" if any("cls" in n or "class" in n for n in names) else "token"
        return f"Prepend {what}{'s' if len(names) > 1 else ''}"

    def _convolution_name(self, part: Part) -> str:
        if self._is_patched(part):
            return "Patch embedding"
        parts = [leaf for at in part.nodes for leaf in leaves(self.wiring.nodes[at])]
        name = "Depthwise conv" if self._is_depthwise(part) else "Convolution"
        return f"{name}, BN" if any(map(is_batch_norm, parts)) else name

    def _is_depthwise(self, part: Part) -> bool:
        shapes = [shape for shape in self._shapes(part) if len(shape) > 2]
        groups = self._main(part).attributes
        stated = groups.get("groups", groups.get("group", 1))
        return bool(shapes) and stated != 1 and stated in shapes[0][:2]

    def _is_patched(self, part: Part) -> bool:
        node = self._main(part)
        if any(self.wiring.has_weights[at] for at in self._before(part)):
            return False
        stride = node.attributes.get("stride", node.attributes.get("strides"))
        shapes = [shape for shape in self._shapes(part) if len(shape) > 3]
        sides = shapes[0][-1] if shapes else None
        step = stride[0] if isinstance(stride, tuple) and stride else stride
        return isinstance(step, int) and step > 1 and step == sides

    def _before(self, part: Part) -> Iterator[int]:
        """Positions of all that leads to a part."""
        bits = self.wiring.ancestors[part.nodes[0]]
        return (at for at in range(bits.bit_length()) if bits >> at & 1)

    def _convolution(self, part: Part) -> str:
        shapes = [shape for shape in self._shapes(part) if len(shape) > 2]
        if not shapes:
            return ""
        out, into, *window = shapes[0]
        if self._is_depthwise(part):
            return f"{'×'.join(map(str, window))}, {_number(max(out, into, key=_size))}"
        return f"{'×'.join(map(str, window))}, {_number(into)} → {_number(out)}"

    def block(self, parts: Sequence[Part]) -> tuple[str, str, str]:
        """Title, detail and fill of a residual block that is one box: "1×1, 3×3, 1×1, 256"."""
        weights = {
            kind: sum(
                sum(self.wiring.parameters(part.nodes).values())
                for part in parts
                if part.kind == kind
            )
            for kind in ("conv", "dense")
        }
        if weights["dense"] > weights["conv"]:
            widths: list[int | str] = []
            for part in parts:
                if part.kind == "dense":
                    own = self._widths(part)
                    widths += own[1:] if widths and widths[-1] == own[0] else own
            told = " → ".join(map(_number, widths))
            return "Residual MLP", told if current().details else "", "linear"
        said = [self._convolution(p).rpartition(", ") for p in parts if p.kind == "conv"]
        windows = [window for window, _, _ in said]
        channels = said[-1][2].rpartition(" ")[2]
        told = f"{', '.join(windows) if len(windows) < 4 else f'{len(windows)} conv'}, {channels}"
        return "Residual block", told if current().details else "", "conv"

    def _recurrence(self, part: Part) -> Iterator[str]:
        node = self._main(part)
        layers = node.attributes.get("num_layers")
        if isinstance(layers, int) and layers > 1:
            yield f"{layers} layers"
        if node.attributes.get("bidirectional") is True:
            yield "both ways"

    def _main(self, part: Part) -> Node:
        wiring = self.wiring
        heavy = [at for at in part.nodes if wiring.has_weights[at]]
        return wiring.nodes[heavy[0] if heavy else part.nodes[0]]

    def _shapes(self, part: Part) -> list[tuple[object, ...]]:
        """Shapes of the weights, the largest first."""
        used = (
            use.parameter
            for at in part.nodes
            for node in (self.wiring.nodes[at], *leaves(self.wiring.nodes[at]))
            for use in node.parameters
        )
        known = [self.graph.parameters[name] for name in dict.fromkeys(used)]
        known.sort(key=lambda parameter: -(parameter.type.size or 0))
        return [tuple(parameter.type.shape or ()) for parameter in known]

    def _shape(self, value: str) -> tuple[object, ...]:
        found = self.wiring.values.get(value)
        type_ = found.type if found is not None else None
        return tuple(type_.shape or ()) if isinstance(type_, TensorType) else ()


def _size(value: object) -> int:
    return value if isinstance(value, int) else 0


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _is_triangle(node: Node) -> bool:
    names: Iterable[str] = (node.op, *(origin.rpartition("/")[2] for origin in node.origins))
    return any(_has_triangle(name) for name in names)


def _has_triangle(name: str) -> bool:
    return any(word in name.rpartition("/")[2] for word in _TRIANGLES)
