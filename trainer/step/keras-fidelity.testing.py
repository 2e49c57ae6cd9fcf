"""Keras trains as the run configs say, from the weights, in the order and with the rates that it is
given, and prints the loss of every step. `settings` is set above this; see keras-fidelity.testing.ts."""

import json, os

os.environ.update(settings["environment"])
import keras, numpy as np, tensorflow as tf

if settings["threads"]:
    tf.config.threading.set_intra_op_parallelism_threads(settings["threads"])
    tf.config.threading.set_inter_op_parallelism_threads(1)

OPTIMIZERS = {
    "sgd": lambda rate: keras.optimizers.SGD(rate),
    "momentum": lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
    "adam": lambda rate: keras.optimizers.Adam(rate),
    "adamw": lambda rate: keras.optimizers.AdamW(rate),
    "rmsprop": lambda rate: keras.optimizers.RMSprop(rate),
}


def as_float64(model):
    """The same model and weights in double precision: the reference for rounding."""
    keras.config.set_floatx("float64")
    twin = keras.models.model_from_json(model.to_json().replace('"float32"', '"float64"'))
    twin.set_weights([weight.astype("float64") for weight in model.get_weights()])
    return twin


def round_off(model, random):
    """Moves each weight to a neighbour among the float32 numbers."""
    weights = model.get_weights()
    model.set_weights([np.nextafter(w, random.choice([-np.inf, np.inf], w.shape).astype(w.dtype)) for w in weights])


def train(case):
    keras.config.set_floatx("float32")
    model = keras.models.load_model(case["model"], compile=False)
    if settings["dtype"] == "float64":
        model = as_float64(model)
    if settings.get("roundingSeed") is not None:
        round_off(model, np.random.default_rng(settings["roundingSeed"]))
    steps, warmup, rate = case["steps"], case["warmupSteps"], case["learningRate"]
    decay = case["totalSteps"] - warmup
    schedule = keras.optimizers.schedules.CosineDecay(0.0, decay, warmup_target=rate, warmup_steps=warmup)
    model.compile(OPTIMIZERS[case["optimizer"]](schedule), "categorical_crossentropy", jit_compile=False)
    shape = (steps, case["batchSize"])
    x = np.fromfile(case["pixels"], "uint8").reshape((*shape, *case["sampleShape"]))
    y = keras.utils.to_categorical(np.fromfile(case["labels"], "int32"), 10).reshape((*shape, 10))
    losses = []
    for pixels, labels in zip(x, y):
        model.reset_metrics()  # train_on_batch gives the mean since the last reset
        losses.append(float(model.train_on_batch((pixels / 255).astype("float32").astype(settings["dtype"]), labels)))
    return losses


print(json.dumps({case["name"]: train(case) for case in settings["cases"]}))
