"""Keras on TensorFlow: `graph` (jit_compile=False) or `jit` (XLA for the whole step). Measures both
`train_on_batch` and a tf.function of one's own, fed with numpy arrays, and keeps the faster."""

import sys

import keras
import tensorflow as tf
from engine_loop import Training, fastest, serve

is_jit = sys.argv[1] == "jit"


def build(question, batches):
    tf.config.threading.set_intra_op_parallelism_threads(question["threads"])
    tf.config.threading.set_inter_op_parallelism_threads(question["threads"])
    keras.utils.set_random_seed(1)
    with open(question["topologyFile"]) as file:
        model = keras.models.model_from_json(file.read())
    settings = question["optimizer"]
    optimizer = keras.optimizers.Adam(
        settings["learningRate"], settings["beta1"], settings["beta2"], settings["epsilon"]
    )
    # Of class indices, which spares feeding ten floats per sample; recognises the softmax before it.
    loss_of = keras.losses.SparseCategoricalCrossentropy()
    model.compile(optimizer=optimizer, loss=loss_of, jit_compile=is_jit)

    def on_batch(index):
        index %= len(batches)
        return float(model.train_on_batch(batches.samples[index], batches.labels[index]))

    @tf.function(jit_compile=is_jit)
    def train(x, y):
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        return loss

    def own_function(index):
        index %= len(batches)
        x = tf.convert_to_tensor(batches.samples[index])
        y = tf.convert_to_tensor(batches.labels[index])
        return float(train(x, y))

    ways = {"train_on_batch": on_batch, "tf.function": own_function}

    def settle(training):
        training.way = fastest(ways)
        training.step = ways[training.way]

    return Training(
        version=f"Keras {keras.__version__}, TensorFlow {tf.__version__}",
        way="train_on_batch",
        parameters=sum(int(tf.size(weight)) for weight in model.trainable_variables),
        step=on_batch,
        settle=settle,
    )


serve(build)
