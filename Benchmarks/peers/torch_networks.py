"""The networks of the command line, recurrent networks and the small GPT, in PyTorch."""

import torch
from torch import nn
from torch.nn import functional as F

import data
import given
from torch_training import flattened, split, turned, variants


def adam(parameters, **options):
    return torch.optim.Adam(parameters, lr=0.001, **options)


def adamw(parameters, **options):
    return torch.optim.AdamW(parameters, lr=0.001, weight_decay=0.01, **options)


def momentum(parameters, **options):
    return torch.optim.SGD(parameters, lr=0.01, momentum=0.9, **options)


def dense(sizes):
    layers = []
    for a, b in zip(sizes, sizes[1:]):
        layers += [nn.Linear(a, b), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def iris(compiles, batch=1, read_every=150):
    x, y = data.flowers()
    return variants(
        lambda: dense([4, 30, 16, 3]), adam, lambda _: split(x, y, batch), compiles,
        read_every=read_every)


def iris1(compiles):
    return iris(compiles, 1, 1)


def iris32(compiles):
    return iris(compiles, 32, 1)


def mlp(compiles, **sizes):
    if sizes:
        return sized_mlp(compiles, **sizes)
    x, y = data.digits()
    return variants(
        lambda: dense([784, 512, 256, 10]), adam, lambda _: split(x.reshape(-1, 784), y, 128),
        compiles)


def sized_mlp(compiles, batch, width, depth):
    x = given.numbers((4 * batch, 784), 100)
    return variants(
        lambda: dense([784, *[width] * depth, 10]), adam,
        lambda _: split(x, given.labels(len(x)), batch), compiles)


def lenet(compiles):
    def make():
        return nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
            flattened(nn.Linear(400, 120), 5, 5, 16), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(),
            nn.Linear(84, 10))
    x, y = data.digits()
    return variants(
        make, momentum, lambda layout: split(x[:, None], y, 128, layout), compiles, images=True)


class Last(nn.Module):
    """A recurrent module and a dense layer on the output of its last step."""

    def __init__(self, recurrent):
        super().__init__()
        self.recurrent, self.dense = recurrent, nn.Linear(recurrent.hidden_size, 10)

    def forward(self, x):
        return self.dense(self.recurrent(x)[0][:, -1])


def recurrent(kind, compiles, batch=32, width=256, depth=2, length=64):
    x = given.numbers((max(4 * batch, 128) // batch * batch, length, 128), 100)
    y = given.labels(len(x))
    return variants(
        lambda: Last(kind(128, width, num_layers=depth, batch_first=True)), adam,
        lambda _: split(x, y, batch), compiles)


def lstm(compiles, **settings):
    return recurrent(nn.LSTM, compiles, **settings)


def gru(compiles, **settings):
    return recurrent(nn.GRU, compiles, **settings)


class Block(nn.Module):
    """A block of GPT-2. Parameters are in the order in which they are drawn."""

    def __init__(self, width, heads, hidden):
        super().__init__()
        self.heads = heads
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = turned(nn.Linear(width, 3 * width))
        self.joined = turned(nn.Linear(width, width))
        self.expand = turned(nn.Linear(width, hidden))
        self.contract = turned(nn.Linear(hidden, width))

    def projected(self, x):
        q, k, v = self.attention(self.ln_1(x)).chunk(3, -1)
        return [part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (q, k, v)]

    def rest(self, x, attended):
        x = x + self.joined(attended.transpose(1, 2).flatten(2))
        h = F.gelu(self.expand(self.ln_2(x)), approximate="tanh")
        return x + self.contract(h)

    def forward(self, x):
        return self.rest(x, F.scaled_dot_product_attention(*self.projected(x), is_causal=True))


class GPT(nn.Module):
    def __init__(self, width, heads, depth, length):
        super().__init__()
        self.blocks = nn.ModuleList(Block(width, heads, 4 * width) for _ in range(depth))
        self.words, self.places = nn.Embedding(256, width), nn.Embedding(length, width)
        self.norm = nn.LayerNorm(width)
        self.register_buffer("numbers", torch.arange(length))

    def forward(self, tokens):
        x = self.words(tokens) + self.places(self.numbers)
        for block in self.blocks:
            x = block(x)
        return F.linear(self.norm(x), self.words.weight)


def gpt(compiles, batch=16, width=256, depth=4, length=128, bfloat16=False):
    x, y = given.texts(4 * batch, length)
    return variants(
        lambda: GPT(width, width // 64, depth, length), adamw, lambda _: split(x, y, batch),
        compiles, bfloat16=bfloat16)


def gpt_bfloat16(compiles):
    return gpt(compiles, bfloat16=True)


NETWORKS = {"iris": iris, "iris1": iris1, "iris32": iris32, "mlp": mlp, "lenet": lenet, "lstm": lstm, "gru": gru,
            "gpt": gpt, "gpt-bf16": gpt_bfloat16}
