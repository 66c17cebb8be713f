"""What figures call operations: names in legends, windows, short facts."""

from __future__ import annotations

from archviz.ir import Graph, Node
from archviz.ir.walk import leaves
from archviz.ops import category_of
from archviz.ops.kernels import window_in

GENERAL = {
    "conv": "conv",
    "linear": "dense",
    "attention": "attention",
    "norm": "norm",
    "act": "activation",
    "pool": "pool",
    "recurrent": "recurrent",
    "embedding": "embedding",
    "other": "other",
}
"""What readers call the categories in a figure."""

_PARTICULAR = {
    "relu": "ReLU", "relu6": "ReLU6", "gelu": "GELU", "silu": "SiLU", "swish": "SiLU",
    "tanh": "tanh", "sigmoid": "sigmoid", "softmax": "softmax", "logsoftmax": "log softmax",
    "elu": "ELU", "leakyrelu": "leaky ReLU", "prelu": "PReLU", "selu": "SELU",
    "hardswish": "hard swish", "hardsigmoid": "hard sigmoid", "mish": "Mish", "clip": "ReLU6",
    "softplus": "softplus", "batchnorm": "batch norm", "batchnormalization": "batch norm",
    "layernorm": "layer norm", "layernormalization": "layer norm", "groupnorm": "group norm",
    "groupnormalization": "group norm", "instancenorm": "instance norm", "rmsnorm": "RMS norm",
    "instancenormalization": "instance norm", "lrn": "local response norm",
    "localresponsenorm": "local response norm", "maxpool": "max pool", "maxpoolwithindices":
    "max pool", "maxpooling": "max pool", "avgpool": "avg pool", "averagepool": "avg pool",
    "averagepooling": "avg pool", "adaptiveavgpool": "avg pool", "mean": "mean",
    "globalaveragepool": "avg pool", "globalaveragepooling": "avg pool", "reducemean": "mean",
    "globalmaxpool": "max pool", "globalmaxpooling": "max pool", "adaptivemaxpool": "max pool",
    "interpolate": "upsample", "upsample": "upsample", "resize": "upsample",
    "upsampling": "upsample", "convtranspose": "up-conv", "convtransposed": "up-conv",
    "pixelshuffle": "pixel shuffle", "depthtospace": "pixel shuffle", "lstm": "LSTM", "gru": "GRU",
}  # fmt: skip


def kind_word(op: str) -> str:
    """An operator's name without case, dimensions and underscores: "maxpooling"."""
    word = op.rpartition(".")[2].lower().replace("_", "")
    for end in ("1d", "2d", "3d"):
        word = word.replace(end, "")
    return word


def name_of(node: Node) -> str:
    """What a reader calls an operation: "ReLU", "max pool", "up-conv"."""
    word = kind_word(node.op)
    if word == "activation":
        word = kind_word(str(node.attributes.get("activation", "")))
    if word in _PARTICULAR:
        return _PARTICULAR[word]
    if is_transposed(node):
        return "up-conv"
    return GENERAL.get(category_of(node.op), "other")


def is_transposed(node: Node) -> bool:
    """Whether it is a convolution that makes its picture larger."""
    return category_of(node.op) == "conv" and "transpose" in node.op.lower()


def fill_of(node: Node) -> str:
    """The colour of an operation: its category's, up-convolutions having their own."""
    return "recurrent" if is_transposed(node) else category_of(node.op)


def activation_of(node: Node) -> str:
    """The activation that a layer applies itself, as a reader calls it; "" for none."""
    stated = node.attributes.get("activation")
    if not isinstance(stated, str) or category_of(node.op) == "act":
        return ""
    word = kind_word(stated)
    return "" if word in ("", "linear", "none") else _PARTICULAR.get(word, word)


def bands_of(node: Node) -> list[tuple[str, str]]:
    """Fill and name of each thing that a merged operation does, in order."""
    found: list[tuple[str, str]] = []
    for part in leaves(node):
        category = category_of(part.op)
        if category != "other":
            found.append((fill_of(part), name_of(part)))
        own = activation_of(part)
        if own:
            found.append(("act", own))
    return found


def window_of(node: Node, graph: Graph) -> tuple[int, ...]:
    """The kernel of a convolution or the window of a pooling; () when it has none that is known."""
    for part in leaves(node):
        for name in ("kernel_size", "kernel_shape", "pool_size", "ksize"):
            stated = part.attributes.get(name)
            if isinstance(stated, int) and not isinstance(stated, bool):
                return (stated, stated)
            if isinstance(stated, tuple) and stated and all(isinstance(n, int) for n in stated):
                numbers = tuple(n for n in stated if isinstance(n, int))
                return numbers[1:3] if name == "ksize" and len(numbers) == 4 else numbers
        if category_of(part.op) == "conv":
            for use in part.parameters:
                parameter = graph.parameters.get(use.parameter)
                shape = parameter.type.shape if parameter is not None else None
                if shape and len(shape) > 2:
                    sides = window_in(part.op, shape)
                    known = tuple(side for side in sides if isinstance(side, int))
                    if sides and len(known) == len(sides):
                        return known
    return ()


def stride_of(node: Node) -> int:
    """Pixels from one place of a convolution's kernel to the next; 1 when it does not say."""
    for part in leaves(node):
        if category_of(part.op) == "conv":
            return first_number(part, "strides", "stride")
    return 1


def first_number(node: Node, *names: str, default: int = 1) -> int:
    """The first of the attributes that is there, of several numbers one in the middle."""
    for name in names:
        value = node.attributes.get(name)
        if isinstance(value, tuple) and value:
            value = value[len(value) // 2]
        if isinstance(value, int | float) and value >= 1:
            return int(value)
    return default


def window_text(window: tuple[int, ...]) -> str:
    """A window as figures write it, "3×3"; "" for none."""
    return "×".join(map(str, window))
