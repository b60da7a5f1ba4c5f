#!/usr/bin/env python3
"""PyTorch's side of the benchmarks: the workloads of Benchmarks/README.md behind its line protocol.

    echo "lenet 50" | python Benchmarks/peers/torch_peers.py --threads 2
"""

import argparse
import pathlib
import struct
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

DATA = pathlib.Path(__file__).resolve().parents[2] / "Sources/CApusResources/data"
BATCH = 128


def digits():
    """The embedded digits as (pixels [5000, 784] in 0…1, labels [5000])."""
    data = (DATA / "mnist5k.bin").read_bytes()
    _, count, rows, columns, _ = struct.unpack_from("<8sIIII", data)
    pixels, i = bytearray(), 24 + count
    while i < len(data):
        if data[i]:
            pixels.append(data[i])
            i += 1
        else:
            pixels += bytes(data[i + 1])
            i += 2
    x = torch.frombuffer(pixels, dtype=torch.uint8).reshape(count, rows * columns).float() / 255
    return x, torch.tensor(list(data[24:24 + count]))


def flowers():
    """The embedded iris table as (features [150, 4], labels [150])."""
    rows = [line.split(",") for line in (DATA / "iris.csv").read_text().splitlines()[1:]]
    names = sorted({row[4] for row in rows})
    x = torch.tensor([[float(v) for v in row[:4]] for row in rows])
    return x, torch.tensor([names.index(row[4]) for row in rows])


class Workload:
    """A model, its optimizer and its batches; `run` trains for some steps and takes the time."""

    def __init__(self, model, optimizer, batches):
        self.model, self.optimizer, self.batches, self.next = model, optimizer, batches, 0

    def run(self, steps, read_every):
        start = time.perf_counter()
        for step in range(1, steps + 1):
            x, y = self.batches[self.next]
            self.next = (self.next + 1) % len(self.batches)
            self.optimizer.zero_grad()
            loss = F.cross_entropy(self.model(x), y)
            loss.backward()
            self.optimizer.step()
            if step % read_every == 0 or step == steps:
                value = loss.item()
        return time.perf_counter() - start, value


def digit_batches(shape):
    x, y = digits()
    return [(x[i:i + BATCH].reshape(-1, *shape), y[i:i + BATCH])
            for i in range(0, len(x) - BATCH + 1, BATCH)]


def lenet():
    model = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))
    rule = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    return Workload(model, rule, digit_batches((1, 28, 28)))


def mlp():
    model = nn.Sequential(
        nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))
    return Workload(model, torch.optim.Adam(model.parameters(), lr=0.001), digit_batches((784,)))


def iris():
    model = nn.Sequential(nn.Linear(4, 30), nn.ReLU(), nn.Linear(30, 16), nn.ReLU(), nn.Linear(16, 3))
    x, y = flowers()
    order = [i * 37 % 150 for i in range(150)]
    batches = [(x[i:i + 1], y[i:i + 1]) for i in order]
    return Workload(model, torch.optim.Adam(model.parameters(), lr=0.001), batches)


class KernelWorkload:
    """One operation forward and backward on fixed numbers; its "loss" is the mean size of the
    elements of the result and of every gradient."""

    def __init__(self, shapes, function, prepare=lambda x: x):
        inputs = [prepare(self.numbers(shape, part)) for part, shape in enumerate(shapes)]
        self.points = [x.requires_grad_() for x in inputs[:-1]]
        self.weight, self.function = inputs[-1], function

    @staticmethod
    def numbers(shape, part):
        i = torch.arange(torch.Size(shape).numel())
        return (((i * 7919 + 131 * part) % 1009).float() / 504.5 - 1).reshape(shape)

    def run(self, steps, read_every):
        start = time.perf_counter()
        for _ in range(steps):
            y = self.function(*self.points)
            slopes = torch.autograd.grad(y, self.points, self.weight)
        seconds = time.perf_counter() - start
        return seconds, sum(x.abs().mean().item() for x in [y, *slopes])


def causal_attention(batch, length):
    """Heads before time in memory, as PyTorch's kernel has them."""
    return KernelWorkload(
        [(batch, length, 4, 64)] * 4,
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
        lambda x: x.transpose(1, 2).contiguous())


def attention():
    return causal_attention(16, 128)


def attention1k():
    return causal_attention(1, 1024)


def layernorm():
    return KernelWorkload(
        [(2048, 768), (768,), (768,), (2048, 768)],
        lambda x, gamma, beta: F.layer_norm(x, (768,), gamma, beta))


WARM_UP = {lenet: 20, mlp: 20, iris: 300, attention: 5, attention1k: 5, layernorm: 5}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--read-every", type=int, default=1, help="steps between readings of the loss")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    workloads = {}
    for make, steps in WARM_UP.items():
        workloads[make.__name__] = make()
        workloads[make.__name__].run(steps, options.read_every)
    print("ready", f"PyTorch {torch.__version__} eager", flush=True)
    for line in sys.stdin:
        name, _, steps = line.strip().partition(" ")
        if name not in workloads or not steps.isdigit() or int(steps) == 0:
            print("error no such workload or step count:", line.strip(), flush=True)
            continue
        seconds, loss = workloads[name].run(int(steps), options.read_every)
        print(name, steps, f"{seconds:.9f} {loss:.6g}", flush=True)


main()
