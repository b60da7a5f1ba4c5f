"""Training in PyTorch: the loops, the first weights, the batches, the variants."""

import contextlib

import torch
from torch import nn
from torch.nn import functional as F

import given
from clock import now

NORMS = (nn.BatchNorm2d, nn.LayerNorm)


def fill(model):
    """Gives the parameters of a model their given values.

    A module may say by `given_shape` and `given_axes` that its weight is drawn in another shape,
    whose axes are then turned.
    """
    owners = {id(p): (m, n) for m in model.modules() for n, p in m.named_parameters(recurse=False)}
    with torch.no_grad():
        for number, parameter in enumerate(model.parameters()):
            module, name = owners[id(parameter)]
            is_norm = name == "weight" and isinstance(module, NORMS)
            if name == "weight" and hasattr(module, "given_shape"):
                values = given.parameter(module.given_shape, number)
                if hasattr(module, "given_window"):
                    values = values.reshape(module.given_window)
                values = values.transpose(module.given_axes)
            else:
                values = given.parameter(tuple(parameter.shape), number, is_norm)
            parameter.copy_(torch.tensor(values).reshape(parameter.shape))
    return model


def flattened(linear, height, width, channels):
    """A dense layer on an image flattened with its channels last, as it is drawn."""
    out = linear.weight.shape[0]
    linear.given_shape = tuple(linear.weight.shape)
    linear.given_window, linear.given_axes = (out, height, width, channels), (0, 3, 1, 2)
    return linear


def turned(linear):
    """A dense layer whose weight is drawn as [in, out]."""
    linear.given_shape, linear.given_axes = tuple(linear.weight.shape[::-1]), (1, 0)
    return linear


def without_gradients(compiles):
    """What makes a call without gradients cheapest: torch.compile freezes weights in one form only."""
    return torch.no_grad() if compiles else torch.inference_mode()


class Training:
    """A model in training on batches that come one after the other, over and over."""

    tolerance = 1e-4

    def __init__(self, model, optimizer, batches, compiled=None, bfloat16=False, read_every=1):
        self.model, self.optimizer, self.batches = model, optimizer, batches
        self.next, self.epoch = 0, read_every
        low = torch.autocast("cpu", torch.bfloat16) if bfloat16 else contextlib.nullcontext()
        if bfloat16:
            self.tolerance = 2e-2

        def loss(x, y):
            with low:
                logits = model(x)
            return F.cross_entropy(logits.float().flatten(0, -2), y.flatten())

        self.loss = torch.compile(loss) if compiled else loss
        self.update = torch.compile(optimizer.step) if compiled == "all" else optimizer.step

    def run(self, steps):
        total, count, value = 0.0, 0, None
        start = now()
        for step in range(1, steps + 1):
            x, y = self.batches[self.next]
            self.next = (self.next + 1) % len(self.batches)
            self.optimizer.zero_grad()
            loss = self.loss(x, y)
            loss.backward()
            self.update()
            if self.epoch == 1:
                value = loss.item()
                continue
            total, count = total + loss.detach(), count + 1
            if self.next == 0 or step == steps:
                value, total, count = total.item() / count, 0.0, 0
        return now() - start, value


def split(x, y, size, layout=torch.contiguous_format):
    """Whole batches of inputs and targets."""
    x, y = torch.tensor(x), torch.tensor(y)
    return [(x[i:i + size].contiguous(memory_format=layout), y[i:i + size].contiguous())
            for i in range(0, len(x) - size + 1, size)]


LAYOUTS = {"channels-last": torch.channels_last, "channels-first": torch.contiguous_format}


def variants(make, rule, batches, compiles, images=False, **options):
    """Every way to train worth trying: memory layouts and forms of the optimizer."""
    kinds = ["fused", "compiled"] if compiles else ["fused", "foreach"]
    layouts = LAYOUTS if images else {"": torch.contiguous_format}
    found = {}

    def adder(layout, kind):
        def build():
            model = fill(make()).to(memory_format=layout)
            options_of_rule = {"foreach": True} if kind == "foreach" else {"fused": kind == "fused"}
            compiled = ("all" if kind == "compiled" else "loss") if compiles else None
            return Training(
                model, rule(model.parameters(), **options_of_rule), batches(layout), compiled,
                **options)
        return build

    for label, layout in layouts.items():
        for kind in kinds:
            found["+".join(word for word in (label, kind) if word)] = adder(layout, kind)
    return found
