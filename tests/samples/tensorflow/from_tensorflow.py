"""Makes the samples of this folder and of ../tflite, with TensorFlow and Keras 3 at hand.

``python tests/samples/tensorflow/from_tensorflow.py``
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_BACKEND"] = "tensorflow"
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "importers"))


def main() -> None:
    import keras
    import keras_zoo
    import numpy as np
    import tensorflow as tf

    folder = Path(tempfile.mkdtemp())
    keras_zoo.ZOO["shared_encoder"](keras).export(str(folder / "encoder"), verbose=False)
    target = HERE / "encoder_saved_model"
    target.mkdir(exist_ok=True)
    shutil.copy(folder / "encoder" / "saved_model.pb", target)

    @tf.function(input_signature=[tf.TensorSpec((None, 4), tf.float32, "x")])
    def doubled(x: tf.Tensor) -> tf.Tensor:
        y = tf.nn.relu(tf.matmul(x, tf.ones((4, 4))))
        return tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, a * 2.0), (0, y))[1]

    graph = doubled.get_concrete_function().graph
    tf.io.write_graph(graph.as_graph_def(add_shapes=True), str(HERE), "loop.pbtxt")
    writer = tf.summary.create_file_writer(str(folder / "events"))
    with writer.as_default():
        tf.summary.graph(graph)
    writer.close()
    (events,) = (folder / "events").iterdir()
    shutil.copy(events, HERE / "loop.tfevents")

    net = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    net.export(str(folder / "net"), verbose=False)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder / "net"))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    numbers = np.random.default_rng(0).random((20, 1, 8, 8, 1), "float32")
    converter.representative_dataset = lambda: ([sample] for sample in numbers)
    (HERE.parent / "tflite" / "quantized.tflite").write_bytes(converter.convert())
    converter = tf.lite.TFLiteConverter.from_concrete_functions([doubled.get_concrete_function()])
    (HERE.parent / "tflite" / "loop.tflite").write_bytes(converter.convert())


if __name__ == "__main__":
    main()
