"""What tf.profiler prints for networks in Keras.

``python -m tests.benchmarks.counters_tf`` adds the numbers to ``tests/data/profiles.json``, under the names
of the same networks in PyTorch (`networks`). It needs TensorFlow, which need not stand beside torch.
"""
from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

DATA = Path(__file__).parents[1] / "data" / "profiles.json"
IMAGE = (1, 224, 224, 3)
L, A = tf.keras.layers, tf.keras.applications


def _stack(*layers: Any) -> Callable[[], Any]:
    return lambda: tf.keras.Sequential(layers)


NETWORKS: dict[str, tuple[Callable[[], Any], tuple[int, ...]]] = {
    "keras_vgg16": (lambda: A.VGG16(weights=None), IMAGE),
    "keras_resnet50": (lambda: A.ResNet50(weights=None), IMAGE),
    "keras_mobilenet": (lambda: A.MobileNet(weights=None), IMAGE),
    "mlp": (_stack(L.Dense(50, "relu"), L.Dense(7, use_bias=False)), (4, 30)),
    "mlp_tokens": (_stack(L.Dense(50, "relu"), L.Dense(7, use_bias=False)), (2, 9, 30)),
    "max_global": (_stack(L.GlobalMaxPooling2D()), (2, 24, 20, 6)),
    "act_relu": (_stack(L.ReLU()), (2, 6, 5)),
    "act_silu": (_stack(L.Activation("silu")), (2, 6, 5)),
    "act_gelu": (_stack(L.Activation("gelu")), (2, 6, 5)),
    "act_sigmoid": (_stack(L.Activation("sigmoid")), (2, 6, 5)),
    "act_softmax": (_stack(L.Softmax()), (2, 6, 5)),
    "act_prelu": (_stack(L.PReLU(shared_axes=[1, 2])), (2, 6, 5)),
    "tf_norm": (_stack(L.LayerNormalization()), (2, 9, 30)),
    "tf_separable": (_stack(L.DepthwiseConv2D(3, padding="same"), L.SeparableConv2D(8, 3)), (2, 9, 9, 12)),
    "tf_transposed": (_stack(L.Conv2DTranspose(16, 4, 2, "same"), L.Conv2DTranspose(5, 3, 3, "valid")),
                      (2, 7, 9, 8)),
    "tf_pools": (_stack(L.MaxPooling2D(3, 2), L.AveragePooling2D(2, 1), L.GlobalAveragePooling2D()),
                 (2, 24, 20, 6)),
}
"""Network name to what builds it and the shape of its input, channels last."""


def counted(model: Any, shape: tuple[int, ...]) -> int:
    """The float operations of a frozen graph."""
    called = tf.function(lambda x: model(x, training=False), autograph=False)
    frozen = convert_variables_to_constants_v2(called.get_concrete_function(tf.TensorSpec(shape, tf.float32)))
    builder = tf.compat.v1.profiler.ProfileOptionBuilder
    options = builder(builder.float_operation()).with_empty_output().build()
    return tf.compat.v1.profiler.profile(graph=frozen.graph, options=options).total_float_ops


def main() -> None:
    """Count the networks named, or all of them."""
    data = json.loads(DATA.read_text(encoding="utf-8"))
    data["versions"]["tf"] = tf.__version__
    for name in sys.argv[1:] or NETWORKS:
        build, shape = NETWORKS[name]
        found = data["networks"][name]["printed"]["tf"] = counted(build(), shape)
        print(name, found, file=sys.stderr)
    DATA.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
