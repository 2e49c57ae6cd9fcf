"""Trains the network of examples/mnist in Keras, once per seed, and prints the share of the test
digits that each reads right. `settings` is set above this; see train-digits.ts."""

import json

import keras, numpy as np

training, batch = settings["training"], settings["training"]["batchSize"]


def digits(images, labels):
    pixels = np.fromfile(f"{settings['folder']}/{images}", "uint8")[16:].reshape(-1, 28, 28, 1)
    return (pixels / 255).astype("float32"), np.fromfile(f"{settings['folder']}/{labels}", "uint8")[8:]


def optimizer(steps):
    """Those settings that examples/mnist has; another one shall fail here."""
    assert training["optimizer"]["name"] == "adam" and training["learningRateSchedule"]["name"] == "cosine"
    warmup = training["learningRateSchedule"]["warmupSteps"]
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - warmup, warmup_target=training["optimizer"]["learningRate"], warmup_steps=warmup
    )
    return keras.optimizers.Adam(rate, global_clipnorm=training["clipping"]["globalNorm"])


def train(seed):
    keras.utils.set_random_seed(seed)
    x, y = digits("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
    # As many digits as the trainer keeps from training for the validation.
    kept = np.random.default_rng(seed).permutation(len(x))[: settings["trainSamples"]]
    model = keras.models.model_from_json(json.dumps(settings["topology"]))
    steps = training["epochs"] * -(-len(kept) // batch)
    model.compile(optimizer(steps), "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    model.fit(x[kept], y[kept], batch_size=batch, epochs=training["epochs"], verbose=0)
    return model.evaluate(*digits("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"), batch_size=500, verbose=0)[1]


print(json.dumps([train(seed) for seed in settings["seeds"]]))
