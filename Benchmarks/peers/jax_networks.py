"""The networks of the command line, recurrent networks and the small GPT, in JAX."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

import data
import given
from jax_training import Dense, Training, adam, flax_apply, flax_variants, initial, momentum, split


def iris():
    x, y = data.flowers()

    def adder(unroll):
        def build():
            model = Dense((30, 16, 3))
            return Training(flax_apply(model), *initial(model, x[:1]), adam(), split(x, y, 1),
                            unroll=unroll)
        return build
    return {f"scan-unrolled-{unroll}": adder(unroll) for unroll in (1, 5, 15)}


def iris1():
    return flax_variants(lambda: Dense((30, 16, 3)), adam(), *data.flowers(), 1)


def iris32():
    return flax_variants(lambda: Dense((30, 16, 3)), adam(), *data.flowers(), 32)


def mlp():
    x, y = data.digits()
    return flax_variants(lambda: Dense((512, 256, 10)), adam(), x.reshape(-1, 784), y, 128)


class LeNet(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = nn.max_pool(nn.relu(nn.Conv(6, (5, 5))(x)), (2, 2), (2, 2))
        x = nn.max_pool(nn.relu(nn.Conv(16, (5, 5), padding="VALID")(x)), (2, 2), (2, 2))
        return Dense((120, 84, 10))(x.reshape(len(x), -1))


def lenet():
    x, y = data.digits()
    return flax_variants(LeNet, momentum(), x[..., None], y, 128)


def lstm_step(state, inputs, weight, bias):
    h, c = state
    i, f, g, o = jnp.split(inputs + h @ weight.T + bias, 4, -1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    h = jax.nn.sigmoid(o) * jnp.tanh(c)
    return (h, c), h


def gru_step(state, inputs, weight, bias):
    (h,) = state
    ir, iz, n = jnp.split(inputs, 3, -1)
    hr, hz, hn = jnp.split(h @ weight.T + bias, 3, -1)
    z = jax.nn.sigmoid(iz + hz)
    h = (1 - z) * jnp.tanh(n + jax.nn.sigmoid(ir + hr) * hn) + z * h
    return (h,), h


def recurrent(step, gates, states, batch=32, width=256, depth=2, length=64):
    """The inputs of all steps are multiplied at once, before the scan."""
    def apply(params, stats, x):
        x = jnp.swapaxes(x, 0, 1)
        for layer in range(depth):
            into, weight, bias, bias_of_state = params[4 * layer:4 * layer + 4]
            first = (jnp.zeros((x.shape[1], width)),) * states
            _, x = jax.lax.scan(
                lambda state, inputs: step(state, inputs, weight, bias_of_state), first,
                x @ into.T + bias)
        return x[-1] @ params[-2].T + params[-1], stats

    shapes = []
    for layer in range(depth):
        wide = gates * width
        shapes += [(wide, 128 if layer == 0 else width), (wide, width), (wide,), (wide,)]
    shapes += [(10, width), (10,)]

    def build():
        params = [jnp.array(given.parameter(shape, i)) for i, shape in enumerate(shapes)]
        x = given.numbers((max(4 * batch, 128) // batch * batch, length, 128), 100)
        return Training(apply, params, {}, adam(), split(x, given.labels(len(x)), batch))
    return {"": build}


def lstm(**settings):
    return recurrent(lstm_step, 4, 2, **settings)


def gru(**settings):
    return recurrent(gru_step, 3, 1, **settings)


def norm(name, dtype):
    return nn.LayerNorm(epsilon=1e-5, name=name, dtype=dtype)


class Block(nn.Module):
    """A block of GPT-2; numbers in names are the order in which parameters are drawn."""

    width: int
    heads: int
    hidden: int
    dtype: Any = jnp.float32

    def setup(self):
        self.ln_1, self.ln_2 = norm("p0_ln_1", self.dtype), norm("p1_ln_2", self.dtype)
        self.attention = self.dense(3 * self.width, 2)
        self.joined, self.expand = self.dense(self.width, 3), self.dense(self.hidden, 4)
        self.contract = self.dense(self.width, 5)

    def dense(self, size, number):
        return nn.Dense(size, name=f"p{number}_as_drawn", dtype=self.dtype)

    def projected(self, x):
        parts = jnp.split(self.attention(self.ln_1(x)), 3, -1)
        return [part.reshape(*x.shape[:2], self.heads, -1) for part in parts]

    def rest(self, x, attended):
        x = x + self.joined(attended.reshape(x.shape))
        return x + self.contract(nn.gelu(self.expand(self.ln_2(x)), approximate=True))

    def __call__(self, x):
        return self.rest(x, jax.nn.dot_product_attention(*self.projected(x), is_causal=True))

    def step(self, x, keys, values, place):
        """One token; keys and values of those before it are held in caches."""
        q, k, v = self.projected(x)
        keys = jax.lax.dynamic_update_slice_in_dim(keys, k, place, 1)
        values = jax.lax.dynamic_update_slice_in_dim(values, v, place, 1)
        seen = (jnp.arange(keys.shape[1]) <= place)[None, None, None]
        return self.rest(x, jax.nn.dot_product_attention(q, keys, values, mask=seen)), keys, values


class GPT(nn.Module):
    width: int
    depth: int
    length: int
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, tokens):
        def table(count, number):
            return nn.Embed(count, self.width, name=f"p{number}_table", dtype=self.dtype)

        words, places = table(256, self.depth), table(self.length, self.depth + 1)
        x = words(tokens) + places(jnp.arange(self.length))
        for index in range(self.depth):
            x = Block(self.width, self.width // 64, 4 * self.width, self.dtype,
                      name=f"p{index}_block")(x)
        return words.attend(norm(f"p{self.depth + 2}_norm", self.dtype)(x))


def gpt(batch=16, width=256, depth=4, length=128, dtype=jnp.float32, **options):
    x, y = given.texts(4 * batch, length)
    return flax_variants(
        lambda: GPT(width, depth, length, dtype), optax.adamw(0.001, weight_decay=0.01), x, y,
        batch, **options)


def gpt_bfloat16():
    return gpt(dtype=jnp.bfloat16, tolerance=2e-2)


NETWORKS = {"iris": iris, "iris1": iris1, "iris32": iris32, "mlp": mlp, "lenet": lenet, "lstm": lstm, "gru": gru,
            "gpt": gpt, "gpt-bf16": gpt_bfloat16}
