"""The convolution workloads of Benchmarks/README.md."""

import torch
from torch import nn

BATCH, CLASSES = 32, 10


def pattern(shape, seed):
    """Numbers in -1…1 that Apus makes alike."""
    count = torch.Size(shape).numel()
    numbers = (torch.arange(count) * 37 + seed * 11) % 101 - 50
    return (numbers.float() / 50).reshape(shape)


def parts(model, x):
    """The model with weights that both sides share, its optimizer and its batches."""
    with torch.no_grad():
        for index, parameter in enumerate(model.parameters()):
            parameter.copy_(pattern(parameter.shape, index) * (0.05 if parameter.dim() > 1 else 0))
    y = torch.tensor([i * 7 % CLASSES for i in range(BATCH)])
    return model, torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9), [(x, y)]


def depthwise():
    model = nn.Sequential(
        nn.Conv2d(16, 128, 1), nn.ReLU(), nn.Conv2d(128, 128, 3, padding=1, groups=128), nn.ReLU(),
        nn.Conv2d(128, 16, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, CLASSES))
    x = pattern((BATCH, 16, 28, 28), 7)
    model, rule, batches = parts(model.to(memory_format=torch.channels_last), x)
    return model, rule, [(a.to(memory_format=torch.channels_last), b) for a, b in batches]


def transposed():
    model = nn.Sequential(
        nn.Linear(100, 256 * 8 * 8), nn.ReLU(), nn.Unflatten(1, (256, 8, 8)),
        nn.ConvTranspose2d(256, 128, 4, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(128, CLASSES))
    return parts(model, pattern((BATCH, 100), 7))
