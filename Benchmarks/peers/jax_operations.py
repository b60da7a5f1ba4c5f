"""Single operations and the block of GPT-2 at inference, in JAX."""

import jax
import jax.numpy as jnp
import optax

import given
from jax_networks import Block
from jax_training import fill
from serve import Steps

ROWS = (16384, 1024)
wait = jax.block_until_ready


@jax.jit
def root_mean_square(x):
    return jnp.sqrt(jnp.square(x.astype(jnp.float32)).mean())


def size(results):
    """The sum of the root mean squares of arrays."""
    return sum(float(root_mean_square(x)) for x in results)


def inputs(*shapes):
    return [jnp.asarray(given.numbers(shape, i + 1)) for i, shape in enumerate(shapes)]


def plain(function, *shapes):
    def build():
        arrays = inputs(*shapes)
        ready = jax.jit(function)
        return Steps(lambda: [ready(*arrays)], size, wait)
    return lambda: {"": build}


def differentiated(function, *shapes):
    """A function forward and backward, for given weights of its result."""
    @jax.jit
    def both(points, weight):
        y, back = jax.vjp(function, *points)
        return [y, *back(weight)]

    def build():
        *points, weight = inputs(*shapes)
        return Steps(lambda: both(points, weight), size, wait)
    return lambda: {"": build}


def attention(batch, length):
    return differentiated(
        lambda q, k, v: jax.nn.dot_product_attention(q, k, v, is_causal=True),
        *[(batch, length, 4, 64)] * 4)


def layer_norm(x, gamma, beta):
    centred = x - x.mean(-1, keepdims=True)
    return centred * jax.lax.rsqrt(jnp.square(centred).mean(-1, keepdims=True) + 1e-5) * gamma + beta


def adam16m():
    def build():
        start, gradient = inputs(ROWS, ROWS)
        rule = optax.adam(0.001)
        state = (start + 0, rule.init(start))

        @jax.jit
        def change(p, start):
            return jnp.sqrt(jnp.square((p - start) / 0.001).mean())

        def update(state, gradient):
            updates, memory = rule.update(gradient, state[1])
            return optax.apply_updates(state[0], updates), memory

        update = jax.jit(update, donate_argnums=0)

        def step():
            nonlocal state
            state = update(state, gradient)
            return state

        def sizes(state):
            p, (moments, *_) = state
            return (float(change(p, start)) + size([moments.mu]) / 0.1 + size([moments.nu]) / 0.001)
        return Steps(step, sizes, wait)
    return {"": build}


def block_of_gpt2(x):
    block = Block(768, 12, 3072)
    return block, {"params": fill(block.init(jax.random.key(0), x)["params"])}


def gpt2_block():
    def build():
        x = jnp.asarray(given.numbers((1, 256, 768), 100))
        block, variables = block_of_gpt2(x)
        function = jax.jit(lambda variables, x: block.apply(variables, x))
        return Steps(lambda: [function(variables, x)], size, wait)
    return {"": build}


def gpt2_decode():
    """One token after the other through a block; its cache starts with 128, is full with 256."""
    def build():
        x = jnp.asarray(given.numbers((1, 1, 768), 100))
        block, variables = block_of_gpt2(x)
        held = [jnp.zeros((1, 256, 12, 64)).at[:, :128].set(given.numbers((1, 128, 12, 64), seed))
                for seed in (101, 102)]
        place = 127
        function = jax.jit(
            lambda variables, x, keys, values, place: block.apply(
                variables, x, keys, values, place, method="step"), donate_argnums=(2, 3))

        def step():
            nonlocal held, place
            place = 128 if place == 255 else place + 1
            y, *held = function(variables, x, *held, place)
            return [y]
        return Steps(step, size, wait)
    return {"": build}


def product(count):
    return plain(lambda a, b: a @ b, (count, count), (count, count))


OPERATIONS = {
    "gpt2-block": gpt2_block, "gpt2-decode": gpt2_decode, "matmul1024": product(1024),
    "matmul2048": product(2048), "attention": attention(16, 128), "attention1k": attention(1, 1024),
    "layernorm": differentiated(layer_norm, (2048, 768), (768,), (768,), (2048, 768)),
    "softmax16m": plain(jax.nn.softmax, ROWS),
    "layernorm16m": plain(layer_norm, ROWS, (1024,), (1024,)),
    "gelu16m": plain(lambda x: jax.nn.gelu(x * 1.5 + 0.25, approximate=False) + 0.5, ROWS),
    "adam16m": adam16m, "sum16m": plain(lambda x: x.sum(), ROWS),
    "columns16m": plain(lambda x: x.sum(0), ROWS), "rows16m": plain(lambda x: x.max(1), ROWS),
}
