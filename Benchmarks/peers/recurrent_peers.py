"""The recurrent workloads of Benchmarks/README.md: two layers 128 → 256, then a dense layer of 10."""

import torch
from torch import nn

import given


class Last(nn.Module):
    """A recurrent module and a dense layer on the output of its last step."""

    def __init__(self, recurrent):
        super().__init__()
        self.recurrent, self.dense = recurrent, nn.Linear(256, 10)

    def forward(self, x):
        return self.dense(self.recurrent(x)[0][:, -1])


def parts(make):
    """The model with given weights, its optimizer and its batches."""
    model = given.weights(Last(make(128, 256, num_layers=2, batch_first=True)), 1 / 16)
    x = given.numbers((128, 64, 128), 100)
    return model, torch.optim.Adam(model.parameters(), lr=0.001), given.batches(x, 10, 32)


def lstm():
    return parts(nn.LSTM)


def gru():
    return parts(nn.GRU)
