"""The recurrent workloads of Benchmarks/README.md: two layers 128 → 256, then a dense layer of 10."""

import torch
from torch import nn

BATCH, STEPS, FEATURES, UNITS, CLASSES, DISTINCT = 32, 64, 128, 256, 10, 4


class Last(nn.Module):
    """A recurrent module and a dense layer on the output of its last step."""

    def __init__(self, recurrent):
        super().__init__()
        self.recurrent, self.dense = recurrent, nn.Linear(UNITS, CLASSES)

    def forward(self, x):
        return self.dense(self.recurrent(x)[0][:, -1])


def numbers(count, seed):
    """Numbers in -1…1 that Apus draws alike."""
    state, values = seed, []
    for _ in range(count):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        values.append((state >> 15) / 32768 - 1)
    return torch.tensor(values)


def parts(make):
    """The model with weights that both sides share, its optimizer and its batches."""
    model = Last(make(FEATURES, UNITS, num_layers=2, batch_first=True))
    with torch.no_grad():
        for index, parameter in enumerate(model.parameters()):
            parameter.copy_(numbers(parameter.numel(), index + 1).reshape(parameter.shape) / 16)
    count = BATCH * DISTINCT
    x = numbers(count * STEPS * FEATURES, 100).reshape(count, STEPS, FEATURES)
    y = torch.tensor([i * 7 % CLASSES for i in range(count)])
    batches = [(x[i:i + BATCH], y[i:i + BATCH]) for i in range(0, count, BATCH)]
    return model, torch.optim.Adam(model.parameters(), lr=0.001), batches
