"""The Python side of engine-process.ts: questions as lines of JSON on standard input, answers on
file descriptor 3. The engine itself is a function that trains one step; what is measured, and how,
is the same for every engine and stands here."""

import dataclasses
import json
import math
import os
import resource
import sys
import time
from collections.abc import Callable

import numpy as np

# TensorFlow and PyTorch take aligned memory as it is and copy any other.
ALIGNMENT = 64


class Unavailable(Exception):
    """The engine cannot work here, and it is not its fault; the text is the reason."""


@dataclasses.dataclass
class Training:
    """A network in training."""

    version: str
    way: str
    parameters: int
    # Trains on the batch of this index, returns the loss.
    step: Callable[[int], float]
    # Called after the first steps; may change `step` and `way` for faster ones.
    settle: Callable[["Training"], None] = lambda training: None


@dataclasses.dataclass
class Batches:
    # Lists of float32 [batch, ...sample] and of int32 [batch].
    samples: list
    labels: list

    def __len__(self):
        return len(self.samples)


def aligned(array):
    """A copy that begins at a multiple of ALIGNMENT."""
    memory = np.empty(array.nbytes + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    copy = memory[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def read_batches(description):
    count, size = description["batchCount"], description["batchSize"]
    shape = (count, size, *description["sampleShape"])
    floats = math.prod(shape)
    samples = np.fromfile(description["file"], "<f4", count=floats).reshape(shape)
    labels = np.fromfile(description["file"], "<i4", offset=samples.nbytes).reshape(count, size)
    return Batches([aligned(batch) for batch in samples], [aligned(batch) for batch in labels])


def timed(step, index):
    start = time.perf_counter()
    loss = step(index)
    return (time.perf_counter() - start) * 1e3, loss


def fastest(ways, rounds=8):
    """The name of the fastest of several ways to train a step; tried in turn, by the median."""
    times = {name: [] for name in ways}
    for index in range(rounds + 1):
        for name, step in ways.items():
            milliseconds, _ = timed(step, index)
            # The first is full of what is done once.
            if index > 0:
                times[name].append(milliseconds)
    return min(ways, key=lambda name: float(np.median(times[name])))


def peak_bytes():
    try:
        with open("/proc/self/status") as status:
            line = next(line for line in status if line.startswith("VmHWM"))
            return int(line.split()[1]) * 1024
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def prepare(build, question):
    try:
        training = build(question, read_batches(question["batches"]))
        done = [timed(training.step, index) for index in range(question["steps"])]
    except Unavailable as reason:
        return None, {"unavailable": str(reason)}
    training.settle(training)
    return training, {
        "version": training.version,
        "way": training.way,
        "parameters": training.parameters,
        "firstStepMs": done[0][0],
        "losses": [loss for _, loss in done],
    }


def burst(training, index, question):
    milliseconds, loss = [], math.nan
    cpu = time.process_time()
    end = time.perf_counter() + question["seconds"]
    while len(milliseconds) < question["steps"] or time.perf_counter() < end:
        taken, loss = timed(training.step, index + len(milliseconds))
        milliseconds.append(taken)
    return {
        "milliseconds": milliseconds,
        "cpuMilliseconds": (time.process_time() - cpu) * 1e3,
        "loss": loss,
        "peakBytes": peak_bytes(),
    }


def serve(build):
    """Answers questions until the input ends. `build(question, batches)` makes a Training."""
    training, index = None, 0
    with os.fdopen(3, "w", buffering=1) as answers:
        for line in sys.stdin:
            question = json.loads(line)
            if question["do"] == "prepare":
                training, answer = prepare(build, question)
                index = question["steps"]
            else:
                answer = burst(training, index, question)
                index += len(answer["milliseconds"])
            print(json.dumps(answer), file=answers)
