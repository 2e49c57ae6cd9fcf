"""PyTorch: `eager`, or `compile` (torch.compile of the forward pass with the loss). Tries both of its
fast Adams, and for images both memory layouts, and keeps the fastest."""

import gc
import itertools
import shutil
import sys

import torch
from engine_loop import Training, Unavailable, fastest, serve
from torch_networks import networks

is_compiled = sys.argv[1] == "compile"


def way_of(adam, layout):
    return f"{adam} Adam" + (f", {layout}" if layout else "")


def begin(question, batches, adam, layout, wrap=lambda forward: forward):
    """A new network in training in one of the ways."""
    model = networks[question["model"]]()
    settings = question["optimizer"]
    optimizer = torch.optim.Adam(
        model.parameters(),
        settings["learningRate"],
        (settings["beta1"], settings["beta2"]),
        settings["epsilon"],
        **{adam: True},
    )
    samples = [torch.from_numpy(batch) for batch in batches.samples]
    if layout:
        # Keras's order of dimensions is PyTorch's channels_last in memory.
        format_ = torch.channels_last if layout == "channels_last" else torch.contiguous_format
        samples = [x.permute(0, 3, 1, 2).contiguous(memory_format=format_) for x in samples]
        model = model.to(memory_format=format_)
    labels = [torch.from_numpy(batch).long() for batch in batches.labels]
    loss_of = wrap(lambda x, y: torch.nn.functional.cross_entropy(model(x), y))

    def step(index):
        index %= len(batches)
        optimizer.zero_grad()
        loss = loss_of(samples[index], labels[index])
        loss.backward()
        optimizer.step()
        return loss.item()

    parameters = sum(weight.numel() for weight in model.parameters())
    return Training(f"PyTorch {torch.__version__}", way_of(adam, layout), parameters, step)


def build(question, batches):
    torch.set_num_threads(question["threads"])
    torch.set_num_interop_threads(question["threads"])
    torch.manual_seed(1)
    is_image = len(question["batches"]["sampleShape"]) == 3
    layouts = ("channels_first", "channels_last") if is_image else ("",)
    choices = list(itertools.product(("fused", "foreach"), layouts))

    def best_choice():
        ways = {choice: begin(question, batches, *choice).step for choice in choices}
        return fastest(ways)

    if is_compiled:
        if shutil.which("g++") is None and shutil.which("clang++") is None:
            raise Unavailable("torch.compile needs a C++ compiler, and neither g++ nor clang++ is here")
        return begin(question, batches, *best_choice(), wrap=torch.compile)

    def settle(training):
        chosen = begin(question, batches, *best_choice())
        training.way, training.step = chosen.way, chosen.step
        gc.collect()

    training = begin(question, batches, *choices[0])
    training.settle = settle
    return training


serve(build)
