"""The convolution workloads of Benchmarks/README.md."""

import torch
from torch import nn

import given


def parts(model, x):
    """The model with given weights, its optimizer and its batches."""
    rule = torch.optim.SGD(given.weights(model, 0.05).parameters(), lr=0.01, momentum=0.9)
    return model, rule, given.batches(x, 10, 32)


def depthwise():
    model = nn.Sequential(
        nn.Conv2d(16, 128, 1), nn.ReLU(), nn.Conv2d(128, 128, 3, padding=1, groups=128), nn.ReLU(),
        nn.Conv2d(128, 16, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))
    x = given.numbers((32, 16, 28, 28), 100).to(memory_format=torch.channels_last)
    return parts(model.to(memory_format=torch.channels_last), x)


def transposed():
    model = nn.Sequential(
        nn.Linear(100, 256 * 8 * 8), nn.ReLU(), nn.Unflatten(1, (256, 8, 8)),
        nn.ConvTranspose2d(256, 128, 4, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(128, 10))
    return parts(model, given.numbers((32, 100), 100))
