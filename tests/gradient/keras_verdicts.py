"""Says, as JSON, what the check makes of small Keras models; the backend is the argument."""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = sys.argv[1]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
warnings.simplefilter("ignore")

import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras import layers, ops  # noqa: E402

import archviz  # noqa: E402

X = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")


class Middle(keras.Model):  # type: ignore[misc]
    def __init__(self, between: Any) -> None:
        super().__init__()
        self.enc, self.dec = layers.Dense(4), layers.Dense(2)
        self.between = between

    def call(self, x: Any) -> Any:
        return self.dec(self.between(self.enc(x)))


BETWEEN: dict[str, Any] = {
    "relu": lambda h: ops.relu(h),
    "gelu": lambda h: keras.activations.gelu(h),
    "where": lambda h: ops.where(h > 0, h, h * 0.1),
    "straight through": lambda h: h + ops.stop_gradient(ops.round(h) - h),
    "round": lambda h: ops.round(h),
    "floor": lambda h: ops.floor(h),
    "sign": lambda h: ops.sign(h),
    "argmax": lambda h: ops.one_hot(ops.argmax(h, axis=-1), 4),
    "stop": lambda h: ops.stop_gradient(h),
    "cast": lambda h: ops.cast(ops.cast(h * 100, "int32"), "float32"),
    "compare": lambda h: ops.cast(h > 0, "float32"),
    "positions": lambda h: ops.cast(ops.top_k(h, 4)[1], "float32"),
    "saturated": lambda h: ops.clip(h, 100.0, 101.0),
    "root of zero": lambda h: ops.sqrt(h * 0),
}


def lines() -> dict[str, int]:
    text = Path(__file__).read_text(encoding="utf-8").splitlines()
    return {
        name: number
        for name in BETWEEN
        for number, line in enumerate(text, 1)
        if line.startswith(f'    "{name}": ')
    }


def told(report: Any) -> dict[str, Any]:
    return {
        name: [
            str(item.verdict),
            *(
                [str(item.culprits[0].kind), item.culprits[0].location.line]
                if item.culprits
                else []
            ),
        ]
        for name, item in report.parameters.items()
    }


def main() -> None:
    found: dict[str, Any] = {"lines": lines(), "between": {}}
    for name, between in BETWEEN.items():
        model = Middle(between)
        model(X)
        found["between"][name] = told(archviz.check_gradients(model, X))
    images = keras.Input((8, 8, 3))
    h = layers.Conv2D(4, 3, activation="relu", name="conv")(images)
    h = layers.Dropout(0.5)(layers.BatchNormalization(name="norm")(h))
    network = keras.Model(images, layers.Dense(2, name="head")(layers.GlobalMaxPooling2D()(h)))
    network.get_layer("head").trainable = False
    before = [variable.numpy().copy() for variable in network.variables]
    given = np.random.default_rng(1).random((2, 8, 8, 3), "float32")
    found["network"] = told(archviz.check_gradients(network, given))
    found["untouched"] = all(
        bool((old == np.asarray(variable)).all())
        for old, variable in zip(before, network.variables, strict=True)
    )
    hits = archviz.check_gradients(
        network, given, loss=lambda y: ops.mean(ops.cast(ops.argmax(y, -1), "float32"))
    )
    found["hits"] = told(hits)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
