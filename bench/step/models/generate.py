"""Writes the five networks of the benchmark as Keras 3 saves a topology: the source of the .json
files beside this one. Layers have fixed names, so that the files only change with this script.

    python bench/step/models/generate.py && npm run format     (Keras 3: bench/step/requirements.txt)
"""

import json
import pathlib

import keras
from keras import layers


def mlp():
    return keras.Sequential(
        [
            keras.Input((784,), name="pixels"),
            layers.Dense(512, activation="relu", name="dense_1"),
            layers.Dense(512, activation="relu", name="dense_2"),
            layers.Dense(10, activation="softmax", name="classes"),
        ],
        name="mlp",
    )


def cnn():
    """The network of examples/mnist/files/cnn.json; a test holds the two together."""
    he = {"kernel_initializer": "he_normal", "activation": "relu"}
    return keras.Sequential(
        [
            keras.Input((28, 28, 1), name="pixels"),
            layers.Conv2D(16, 5, name="conv_1", **he),
            layers.MaxPooling2D(2, name="pool_1"),
            layers.Conv2D(32, 3, name="conv_2", **he),
            layers.MaxPooling2D(2, name="pool_2"),
            layers.Flatten(name="flatten"),
            layers.Dropout(0.4, name="dropout"),
            layers.Dense(96, name="dense_1", **he),
            layers.Dense(10, activation="softmax", name="digits"),
        ],
        name="cnn",
    )


def lstm():
    return keras.Sequential(
        [
            keras.Input((28, 28), name="rows"),
            layers.LSTM(128, name="lstm"),
            layers.Dense(10, activation="softmax", name="digits"),
        ],
        name="lstm",
    )


def resnet20():
    """He et al. 2015, section 4.2, with projections where the shape changes (option B)."""

    def conv(x, filters, name, size=3, strides=1):
        return layers.Conv2D(
            filters,
            size,
            strides=strides,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
            name=name,
        )(x)

    def norm(x, name):
        return layers.BatchNormalization(name=name)(x)

    image = keras.Input((32, 32, 3), name="image")
    x = layers.ReLU(name="stem_relu")(norm(conv(image, 16, "stem_conv"), "stem_norm"))
    for stage, filters in enumerate((16, 32, 64), start=1):
        for block in (1, 2, 3):
            name = f"stage{stage}_block{block}"
            strides = 2 if stage > 1 and block == 1 else 1
            y = norm(conv(x, filters, f"{name}_conv_1", strides=strides), f"{name}_norm_1")
            y = layers.ReLU(name=f"{name}_relu_1")(y)
            y = norm(conv(y, filters, f"{name}_conv_2"), f"{name}_norm_2")
            if strides > 1:
                x = conv(x, filters, f"{name}_projection", size=1, strides=strides)
                x = norm(x, f"{name}_projection_norm")
            y = layers.Add(name=f"{name}_add")([x, y])
            x = layers.ReLU(name=f"{name}_relu_2")(y)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(image, layers.Dense(10, activation="softmax", name="classes")(x), name="resnet20")


def transformer():
    """An encoder of four blocks, normalised after each sum as in Vaswani et al. 2017."""
    tokens = keras.Input((64, 32), name="tokens")
    x = layers.Dense(128, name="embedding")(tokens)
    for block in (1, 2, 3, 4):
        name = f"block{block}"
        y = layers.MultiHeadAttention(num_heads=4, key_dim=32, name=f"{name}_attention")(x, x)
        x = layers.Add(name=f"{name}_add_1")([x, y])
        x = layers.LayerNormalization(name=f"{name}_norm_1")(x)
        y = layers.Dense(512, activation="relu", name=f"{name}_wide")(x)
        y = layers.Dense(128, name=f"{name}_narrow")(y)
        x = layers.Add(name=f"{name}_add_2")([x, y])
        x = layers.LayerNormalization(name=f"{name}_norm_2")(x)
    x = layers.GlobalAveragePooling1D(name="pool")(x)
    return keras.Model(tokens, layers.Dense(10, activation="softmax", name="classes")(x), name="transformer")


for build in (mlp, cnn, lstm, resnet20, transformer):
    file = pathlib.Path(__file__).with_name(f"{build.__name__}.json")
    file.write_text(json.dumps(json.loads(build().to_json()), indent=1) + "\n")
