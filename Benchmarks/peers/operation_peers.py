"""The workloads of Benchmarks/README.md that time one operation forward and backward."""

import time

import torch
from torch.nn import functional as F

import given


class Operation:
    """One operation forward and backward on given numbers; its "loss" is the mean size of the
    elements of the result and of every gradient."""

    def __init__(self, shapes, function, prepare=lambda x: x):
        inputs = [prepare(given.numbers(shape, i + 1)) for i, shape in enumerate(shapes)]
        self.points = [x.requires_grad_() for x in inputs[:-1]]
        self.weight, self.function = inputs[-1], function

    def run(self, steps, read_every):
        start = time.perf_counter()
        for _ in range(steps):
            y = self.function(*self.points)
            slopes = torch.autograd.grad(y, self.points, self.weight)
        seconds = time.perf_counter() - start
        return seconds, sum(x.abs().mean().item() for x in [y, *slopes])


def causal_attention(batch, length):
    """Heads before time in memory, as PyTorch's kernel has them."""
    return Operation(
        [(batch, length, 4, 64)] * 4,
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
        lambda x: x.transpose(1, 2).contiguous())


def attention():
    return causal_attention(16, 128)


def attention1k():
    return causal_attention(1, 1024)


def layernorm():
    return Operation(
        [(2048, 768), (768,), (768,), (2048, 768)],
        lambda x, gamma, beta: F.layer_norm(x, (768,), gamma, beta))
