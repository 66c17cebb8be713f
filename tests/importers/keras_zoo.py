"""A zoo of Keras models, saved with what Keras itself says of them.

Run as a script, in a process of its own: ``python keras_zoo.py keras|tf_keras FOLDER [NAME...]``
writes each model as .keras, .h5 and, with tf_keras, as SavedModel, and beside it NAME.truth.json.
A NAME that is no model of the zoo is one of ``keras.applications``.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ZOO: dict[str, Callable[[Any], Any]] = {}
ONLY_KERAS_3: set[str] = set()
APPLICATIONS = (
    "VGG16", "VGG19", "ResNet50", "ResNet101", "ResNet152", "ResNet50V2", "ResNet101V2",
    "ResNet152V2", "InceptionV3", "InceptionResNetV2", "Xception", "MobileNet", "MobileNetV2",
    "MobileNetV3Small", "MobileNetV3Large", "DenseNet121", "DenseNet169", "DenseNet201",
    "NASNetMobile", "NASNetLarge", "EfficientNetB0", "EfficientNetB1", "EfficientNetB2",
    "EfficientNetB3", "EfficientNetB4", "EfficientNetB5", "EfficientNetB6", "EfficientNetB7",
    "EfficientNetV2B0", "EfficientNetV2B1", "EfficientNetV2B2", "EfficientNetV2B3",
    "EfficientNetV2S", "EfficientNetV2M", "EfficientNetV2L", "ConvNeXtTiny", "ConvNeXtSmall",
    "ConvNeXtBase", "ConvNeXtLarge", "ConvNeXtXLarge",
)  # fmt: skip


def model(build: Callable[[Any], Any]) -> Callable[[Any], Any]:
    ZOO[build.__name__] = build
    return build


def only_keras_3(build: Callable[[Any], Any]) -> Callable[[Any], Any]:
    ONLY_KERAS_3.add(build.__name__)
    return model(build)


@model
def sequential(k: Any) -> Any:
    layers = k.layers
    return k.Sequential(
        [k.Input((8,)), layers.Dense(16, activation="relu"), layers.Dropout(0.5), layers.Dense(3)]
    )


@model
def convolutions(k: Any) -> Any:
    layers = k.layers
    x = k.Input((16, 16, 4))
    y = layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same")(x)
    y = layers.SeparableConv2D(8, 3, padding="same")(y)
    y = layers.Conv2D(8, 3, groups=2, strides=2, use_bias=False)(y)
    y = layers.BatchNormalization()(y)
    y = layers.PReLU(shared_axes=[1, 2])(y)
    y = layers.Conv2DTranspose(4, 3, strides=2, padding="same")(y)
    y = layers.ZeroPadding2D(((1, 0), (2, 1)))(y)
    y = layers.Cropping2D(1)(y)
    y = layers.UpSampling2D(2)(y)
    a = layers.MaxPooling2D(2, padding="same")(y)
    b = layers.AveragePooling2D(3, strides=2)(y)
    c = layers.GlobalMaxPooling2D(keepdims=True)(y)
    return k.Model(x, [a, b, c])


@model
def three_dimensions(k: Any) -> Any:
    layers = k.layers
    x = k.Input((4, 8, 8, 2))
    y = layers.Conv3D(4, 3, padding="same")(x)
    y = layers.MaxPooling3D((1, 2, 2))(y)
    y = layers.ConvLSTM2D(3, 3, return_sequences=True)(y)
    return k.Model(x, layers.GlobalAveragePooling3D()(y))


@model
def shared_layer(k: Any) -> Any:
    a, b = k.Input((16,)), k.Input((16,))
    dense = k.layers.Dense(4, name="twice")
    return k.Model([a, b], k.layers.Add()([dense(a), dense(b)]))


@model
def shared_layer_in_turn(k: Any) -> Any:
    """The layer's second call consumes what another layer makes of its first."""
    x = k.Input((4,))
    again, between = k.layers.Dense(4, name="again"), k.layers.Dense(4, name="between")
    return k.Model(x, again(between(again(x))))


@model
def shared_encoder(k: Any) -> Any:
    layers = k.layers
    x = k.Input((8, 8, 3))
    y = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(x))
    encoder = k.Model(x, y, name="encoder")
    head = k.Sequential([k.Input((4,)), layers.Dense(4), layers.Dense(2)], name="head")
    a, b = k.Input((8, 8, 3), name="left"), k.Input((8, 8, 3), name="right")
    return k.Model([a, b], head(layers.Subtract()([encoder(a), encoder(b)])))


@model
def models_in_models(k: Any) -> Any:
    x = k.Input((8,))
    inner = k.Model(x, k.layers.Dense(4)(x), name="inner")
    y = k.Input((8,))
    middle = k.Model(y, k.layers.Dense(3)(inner(y)), name="middle")
    z, w = k.Input((8,)), k.Input((8,))
    return k.Model([z, w], [middle(z), k.layers.Dense(2)(w), middle(w)])


@model
def many_ends(k: Any) -> Any:
    layers = k.layers
    a, b = k.Input((16,), name="a"), k.Input((8, 4), name="b")
    c = layers.Concatenate()([layers.Dense(8)(a), layers.LSTM(8)(b)])
    ends = {"first": layers.Dense(1, name="first")(c), "second": layers.Dense(2, name="second")(c)}
    return k.Model({"a": a, "b": b}, ends)


@model
def states(k: Any) -> Any:
    layers = k.layers
    x, z = k.Input((10, 3)), k.Input((5, 3))
    y, h, c = layers.LSTM(4, return_sequences=True, return_state=True)(x)
    w = layers.LSTM(4)(z, initial_state=[h, c])
    return k.Model([x, z], [y, layers.GRU(3)(z), w])


@model
def wrappers(k: Any) -> Any:
    layers = k.layers
    x = k.Input((10, 16, 16, 3))
    y = layers.TimeDistributed(layers.Conv2D(4, 3))(x)
    y = layers.TimeDistributed(layers.Flatten())(y)
    y = layers.Bidirectional(layers.LSTM(5, return_sequences=True))(y)
    inner = k.Sequential([k.Input((10,)), layers.Dense(4), layers.Dropout(0.5)])
    each = layers.TimeDistributed(inner)(y)
    return k.Model(x, [layers.Bidirectional(layers.GRU(3), merge_mode="sum")(y), each])


@model
def cells(k: Any) -> Any:
    x = k.Input((10, 3))
    return k.Model(x, k.layers.RNN([k.layers.LSTMCell(4), k.layers.GRUCell(5)])(x))


@model
def attention(k: Any) -> Any:
    query, key = k.Input((8, 16), name="query"), k.Input((8, 16), name="value")
    mask = k.Input((8, 8), dtype="bool", name="mask")
    found, scores = k.layers.MultiHeadAttention(2, 8)(
        query=query, value=key, attention_mask=mask, return_attention_scores=True
    )
    return k.Model([query, key, mask], [found, scores])


@model
def transformer(k: Any) -> Any:
    layers = k.layers
    x = k.Input((32,), dtype="int32", name="tokens")
    y = layers.Embedding(1000, 64, name="embedding")(x)
    for index in range(2):
        name = f"block{index}"
        a = layers.LayerNormalization(epsilon=1e-6, name=f"{name}_norm1")(y)
        a = layers.MultiHeadAttention(4, 16, name=f"{name}_attention")(a, a)
        y = layers.Add(name=f"{name}_add1")([y, a])
        f = layers.LayerNormalization(epsilon=1e-6, name=f"{name}_norm2")(y)
        f = layers.Dense(256, activation="gelu", name=f"{name}_dense1")(f)
        f = layers.Dense(64, name=f"{name}_dense2")(f)
        y = layers.Add(name=f"{name}_add2")([y, f])
    return k.Model(x, layers.Dense(1000, name="logits")(layers.LayerNormalization()(y)))


@model
def densely_connected(k: Any) -> Any:
    """Two blocks as of DenseNet, each of whose layers takes what all before it made."""
    layers = k.layers
    x = k.Input((16, 16, 3), name="image")
    y = layers.Conv2D(16, 3, padding="same", use_bias=False, name="stem")(x)
    for block in range(2):
        for index in range(4):
            name = f"dense{block}_layer{index}"
            z = layers.BatchNormalization(name=f"{name}_norm")(y)
            z = layers.ReLU(name=f"{name}_relu")(z)
            z = layers.Conv2D(8, 3, padding="same", use_bias=False, name=f"{name}_conv")(z)
            y = layers.Concatenate(name=f"{name}_concat")([y, z])
        y = layers.Conv2D(24, 1, name=f"transition{block}_conv")(y)
        y = layers.AveragePooling2D(2, name=f"transition{block}_pool")(y)
    y = layers.GlobalAveragePooling2D(name="pool")(y)
    return k.Model(x, layers.Dense(10, name="logits")(y))


@model
def text(k: Any) -> Any:
    layers = k.layers
    x = k.Input((12,), dtype="int32")
    y = layers.Embedding(100, 16, mask_zero=True)(x)
    y = layers.SpatialDropout1D(0.1)(y)
    y = layers.Conv1D(8, 3, padding="causal", dilation_rate=2)(y)
    y = layers.MaxPooling1D(2)(y)
    y = layers.Permute((2, 1))(y)
    y = layers.Reshape((-1,))(y)
    y = layers.RepeatVector(3)(y)
    return k.Model(x, layers.LayerNormalization()(y))


@model
def preprocessing(k: Any) -> Any:
    layers = k.layers
    x, c = k.Input((5,), name="numbers"), k.Input((1,), dtype="int32", name="kind")
    n = layers.Normalization(mean=[0.0] * 5, variance=[1.0] * 5)(x)
    e = layers.CategoryEncoding(4, output_mode="one_hot")(c)
    return k.Model([x, c], layers.Concatenate()([layers.Rescaling(1 / 255.0)(n), e]))


@model
def augmentation(k: Any) -> Any:
    layers = k.layers
    x = k.Input((32, 32, 3))
    y = layers.RandomRotation(0.1)(layers.RandomFlip()(x))
    y = layers.CenterCrop(8, 8)(layers.Resizing(16, 16)(y))
    return k.Model(x, layers.Conv2D(2, 3)(y))


@model
def code(k: Any) -> Any:
    x = k.Input((8,))
    return k.Model(x, k.layers.Lambda(lambda t: t * 2, output_shape=(8,), name="twice")(x))


@model
def frozen(k: Any) -> Any:
    layers = k.layers
    x = k.Input((8,))
    inner = k.Sequential([k.Input((8,)), layers.Dense(4), layers.BatchNormalization()], name="base")
    inner.trainable = False
    return k.Model(x, layers.Dense(2)(inner(x)))


@model
def custom(k: Any) -> Any:
    @k.utils.register_keras_serializable("zoo")
    class Gate(k.layers.Layer):  # type: ignore[misc, name-defined]
        def __init__(self, units: int, **settings: Any) -> None:
            super().__init__(**settings)
            self.units, self.dense = units, k.layers.Dense(units)

        def build(self, shape: Any) -> None:
            self.dense.build(shape)
            self.gate = self.add_weight(shape=(self.units,), name="gate")
            self.built = True

        def call(self, x: Any) -> Any:
            return self.dense(x) * self.gate

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "units": self.units}

    x = k.Input((8,))
    return k.Model(x, k.layers.Dense(2)(Gate(4, name="gate")(x)))


@only_keras_3
def operations(k: Any) -> Any:
    x = k.Input((8, 8, 3))
    y = k.ops.mean(k.ops.relu(x) * 2.0 + 1, axis=[1, 2])
    y = k.ops.reshape(k.ops.concatenate([y, y[:, :1]], axis=-1), (-1, 2, 2))
    first, second = k.ops.split(y, 2, axis=1)
    return k.Model(x, k.ops.matmul(first, k.ops.transpose(second, (0, 2, 1))))


@only_keras_3
def more_layers(k: Any) -> Any:
    layers = k.layers
    x = k.Input((6, 8))
    y = layers.GroupNormalization(4)(x)
    y = layers.EinsumDense("abc,cd->abd", output_shape=(None, 5), bias_axes="d")(y)
    y = layers.RMSNormalization()(y)
    y = layers.GroupQueryAttention(4, 4, 2)(y, y)
    z = layers.Dot(axes=1)([layers.Flatten()(y), layers.Flatten()(y)])
    return k.Model(x, [y, z, layers.AdditiveAttention()([y, y])])


@only_keras_3
def mixed_precision(k: Any) -> Any:
    x = k.Input((8,))
    return k.Model(x, k.layers.Dense(3, dtype="mixed_float16")(x))


@model
def subclassed(k: Any) -> Any:
    import numpy as np

    @k.utils.register_keras_serializable("zoo")
    class Tower(k.Model):  # type: ignore[misc, name-defined]
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            self.first = k.layers.Dense(4)
            self.blocks = [k.layers.Dense(4) for _ in range(2)]
            self.head = k.layers.Dense(2)

        def call(self, x: Any) -> Any:
            x = self.first(x)
            for block in self.blocks:
                x = block(x) + x
            return self.head(x)

        def get_config(self) -> dict[str, Any]:
            return {}

    tower = Tower()
    tower(np.zeros((1, 8), "float32"))
    return tower


def truth(model: Any) -> dict[str, Any]:
    """What Keras says: every call of every layer, those of nested models inlined."""
    rows: list[dict[str, Any]] = []
    if not hasattr(_graph_of(model), "_nodes_by_depth"):
        return {"rows": None, "parameters": model.count_params()}
    known = {id(t): f"input:{_layer(t).name}" for t in _flat(_graph_of(model).inputs)}
    outputs = _expand(model, known, "", rows)
    trainable = sum(_size(w) for w in model.trainable_weights)
    return {
        "rows": rows,
        "outputs": outputs,
        "parameters": model.count_params(),
        "trainable": trainable,
        "layers": {layer.name: layer.count_params() for layer in model.layers},
    }


def _size(weight: Any) -> int:
    size = 1
    for dim in weight.shape:
        size *= int(dim)
    return size


def _graph_of(model: Any) -> Any:
    return model if hasattr(model, "_nodes_by_depth") else getattr(model, "_functional", model)


def _layer(tensor: Any) -> Any:
    return tensor._keras_history[0]


def _flat(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for key in value for leaf in _flat(value[key])]
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in _flat(item)]
    return [value]


def _expand(model: Any, known: dict[int, str], path: str, rows: list[dict[str, Any]]) -> list[str]:
    graph = _graph_of(model)
    called: dict[str, int] = {}
    kept = {id(node) for nodes in graph._nodes_by_depth.values() for node in nodes}
    operations = getattr(graph, "operations", None) or graph._self_tracked_trackables
    for operation in operations:
        for node in operation._inbound_nodes:
            if id(node) in kept:
                called[str(id(node))] = called.get(operation.name, 0) + 1
                called[operation.name] = called[str(id(node))]
    for depth in sorted(graph._nodes_by_depth, reverse=True):
        for node in graph._nodes_by_depth[depth]:
            operation = getattr(node, "operation", None) or node.layer
            if type(operation).__name__ == "InputLayer":
                continue
            number = called[str(id(node))]
            inputs = node.input_tensors if hasattr(node, "arguments") else node.keras_inputs
            made = _flat(node.output_tensors if hasattr(node, "arguments") else node.outputs)
            consumed = [known[id(tensor)] for tensor in _flat(inputs)]
            if hasattr(_graph_of(operation), "_nodes_by_depth"):
                place = f"{path}{operation.name}" + (f"@{number}" if number > 1 else "")
                inner = _flat(_graph_of(operation).inputs)
                given = dict(zip(map(id, inner), consumed, strict=True))
                results = _expand(operation, {**known, **given}, f"{place}/", rows)
                known.update(zip(map(id, made), results, strict=True))
                continue
            name = f"{path}{operation.name}" + (f"#{number}" if number > 1 else "")
            known.update((id(tensor), f"{name}:{index}") for index, tensor in enumerate(made))
            rows.append(
                {
                    "name": name,
                    "class": type(operation).__name__,
                    "inputs": consumed,
                    "shapes": [list(tensor.shape) for tensor in made],
                    "dtypes": [str(getattr(t.dtype, "name", t.dtype)) for t in made],
                }
            )
    return [known[id(tensor)] for tensor in _flat(graph.outputs)]


def main(framework: str, folder: Path, names: list[str]) -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    import importlib
    import warnings

    warnings.simplefilter("ignore")
    keras = importlib.import_module(framework)
    for name in names or [n for n in ZOO if framework == "keras" or n not in ONLY_KERAS_3]:
        keras.backend.clear_session()
        build = ZOO.get(name)
        made = build(keras) if build else getattr(keras.applications, name)(weights=None)
        saved = truth(made)
        (folder / f"{name}.truth.json").write_text(json.dumps(saved))
        made.save(folder / f"{name}.keras")
        if name != "subclassed":
            made.save(folder / f"{name}.h5")
        if framework == "tf_keras":
            made.save(folder / f"{name}_saved_model", save_format="tf")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
