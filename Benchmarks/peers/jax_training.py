"""Training in JAX: first weights, loops, batches."""


import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

import given
from clock import now


def drawn(path, shape, number):
    """Parameter `number` of a flax model, drawn in PyTorch's order of axes, then turned.

    A module named `…_as_drawn` has its weight in the order in which it is drawn.
    """
    name = path[-1]
    if len(shape) < 2:
        return given.parameter(shape, number, name == "scale")
    if name == "embedding" or any(part.endswith("as_drawn") for part in path):
        return given.parameter(shape, number)
    if any(part.startswith("ConvTranspose") for part in path):
        height, width, channels, filters = shape
        values = given.parameter((channels, filters, height, width), number)
        return values.transpose(2, 3, 0, 1)[::-1, ::-1]
    if len(shape) == 4:
        height, width, channels, filters = shape
        values = given.parameter((filters, channels, height, width), number)
        return values.transpose(2, 3, 1, 0)
    return given.parameter(shape[::-1], number).T


def fill(params):
    """The given values for a model's parameters, in the order in which its modules were made.

    Modules named `p0_…`, `p1_…` come in the order of these numbers instead.
    """
    number = -1

    def walk(tree, path):
        nonlocal number
        names = list(tree)
        if all(name[0] == "p" and name[1].isdigit() for name in names):
            names.sort(key=lambda name: int(name[1:].split("_")[0]))
        filled = {}
        for name in names:
            if isinstance(tree[name], dict):
                filled[name] = walk(tree[name], (*path, name))
            else:
                number += 1
                filled[name] = jnp.array(drawn((*path, name), tree[name].shape, number))
        return filled

    return walk(params, ())


def initial(model, x):
    """(given parameters, running statistics) of a flax model."""
    variables = model.init(jax.random.key(0), jnp.asarray(x))
    return fill(variables["params"]), variables.get("batch_stats", {})


def flax_apply(model):
    """A flax model as (parameters, statistics, x) → (logits, statistics)."""
    def apply(params, stats, x):
        if not stats:
            return model.apply({"params": params}, x), stats
        y, changed = model.apply(
            {"params": params, "batch_stats": stats}, x, mutable=["batch_stats"])
        return y, changed["batch_stats"]
    return apply


class Training:
    """A model in training; the loss is read back after every step, or, where `unroll` says how many
    steps of a scan over an epoch are unrolled, after every epoch."""

    def __init__(self, apply, params, stats, rule, batches, tolerance=1e-4, unroll=None):
        self.tolerance, self.batches, self.next = tolerance, batches, 0
        self.epoch = len(batches) if unroll else 1
        self.state = (params, stats, rule.init(params))

        def loss_of(params, stats, x, y):
            logits, stats = apply(params, stats, x)
            logits = logits.astype(jnp.float32)
            return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean(), stats

        def step(state, batch):
            params, stats, memory = state
            (loss, stats), slopes = jax.value_and_grad(loss_of, has_aux=True)(
                params, stats, *batch)
            updates, memory = rule.update(slopes, memory, params)
            return (optax.apply_updates(params, updates), stats, memory), loss

        def scan(state, batches):
            state, losses = jax.lax.scan(step, state, batches, unroll=unroll)
            return state, losses.mean()

        self.step = jax.jit(step, donate_argnums=0)
        self.scan = jax.jit(scan, donate_argnums=0)
        self.all = [jnp.stack(column) for column in zip(*batches)] if unroll else []

    def run(self, steps):
        if self.all and steps % self.epoch == 0:
            start = now()
            for _ in range(steps // self.epoch):
                self.state, loss = self.scan(self.state, self.all)
                value = float(loss)
            return now() - start, value
        start = now()
        for _ in range(steps):
            batch = self.batches[self.next]
            self.next = (self.next + 1) % len(self.batches)
            self.state, loss = self.step(self.state, batch)
            value = float(loss)
        return now() - start, value


def split(x, y, size):
    x, y = jnp.asarray(x), jnp.asarray(np.asarray(y, np.int32))
    return [(x[i:i + size], y[i:i + size]) for i in range(0, len(x) - size + 1, size)]


def flax_variants(make, rule, x, y, size, **options):
    def build():
        model = make()
        return Training(flax_apply(model), *initial(model, x[:size]), rule, split(x, y, size),
                        **options)
    return {"": build}


def momentum():
    return optax.sgd(0.01, momentum=0.9)


def adam():
    return optax.adam(0.001)


class Dense(nn.Module):
    """Dense layers with ReLU between them."""

    sizes: tuple

    @nn.compact
    def __call__(self, x):
        for size in self.sizes[:-1]:
            x = nn.relu(nn.Dense(size)(x))
        return nn.Dense(self.sizes[-1])(x)
