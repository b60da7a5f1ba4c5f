"""Single operations and the block of GPT-2 at inference, in PyTorch."""

import torch
from torch.nn import functional as F

import given
from serve import Steps
from torch_networks import Block
from torch_training import fill, without_gradients

ROWS = (16384, 1024)
# Lets a compiled function take weights as constants: it packs and folds them.
FROZEN = {"freezing": True}


def size(results):
    """The sum of the root mean squares of tensors."""
    return sum(x.detach().float().square().mean().sqrt().item() for x in results)


def inputs(*shapes):
    return [torch.tensor(given.numbers(shape, i + 1)) for i, shape in enumerate(shapes)]


def plain(compiles, functions):
    """Variants of an operation without gradients; a compiled side compiles each."""
    def adder(function):
        def build():
            ready = torch.compile(function) if compiles else function

            def step():
                with without_gradients(compiles):
                    return ready()
            return Steps(step, size)
        return build
    return {name: adder(function) for name, function in functions.items()}


def product(count):
    def built(compiles):
        a, b = inputs((count, count), (count, count))
        y = torch.empty_like(a)
        if compiles:
            return plain(True, {"new": lambda: [a @ b]})
        return plain(False, {
            "new": lambda: [a @ b], "out": lambda: [torch.matmul(a, b, out=y)]})
    return built


def differentiated(shapes, function, turn=lambda x: x):
    """A function forward and backward, for given weights of its result."""
    def built(compiles):
        def build():
            all = [turn(x) for x in inputs(*shapes)]
            points, weight = [x.requires_grad_() for x in all[:-1]], all[-1]
            ready = torch.compile(function) if compiles else function

            def step():
                y = ready(*points)
                return [y, *torch.autograd.grad(y, points, weight)]
            return Steps(step, size)
        return {"": build}
    return built


def attention(batch, length):
    """Heads before time in memory, as PyTorch's kernel has them."""
    return differentiated(
        [(batch, length, 4, 64)] * 4,
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
        lambda x: x.transpose(1, 2).contiguous())


layernorm = differentiated(
    [(2048, 768), (768,), (768,), (2048, 768)],
    lambda x, gamma, beta: F.layer_norm(x, (768,), gamma, beta))


def softmax16m(compiles):
    (x,) = inputs(ROWS)
    y = torch.empty_like(x)
    functions = {"new": lambda: [F.softmax(x, -1)]}
    if not compiles:
        functions["out"] = lambda: [torch.softmax(x, -1, out=y)]
    return plain(compiles, functions)


def layernorm16m(compiles):
    x, gamma, beta = inputs(ROWS, (1024,), (1024,))
    y, mean, rstd = torch.empty_like(x), torch.empty(16384, 1), torch.empty(16384, 1)

    def out():
        torch.ops.aten.native_layer_norm.out(
            x, (1024,), gamma, beta, 1e-5, out0=y, out1=mean, out2=rstd)
        return [y]
    functions = {"new": lambda: [F.layer_norm(x, (1024,), gamma, beta)]}
    return plain(compiles, functions if compiles else functions | {"out": out})


def gelu16m(compiles):
    (x,) = inputs(ROWS)
    y = torch.empty_like(x)

    def out():
        torch.mul(x, 1.5, out=y).add_(0.25)
        torch._C._nn.gelu(y, out=y)
        return [y.add_(0.5)]
    functions = {"new": lambda: [F.gelu(x * 1.5 + 0.25) + 0.5]}
    return plain(compiles, functions if compiles else functions | {"out": out})


def adam16m(compiles):
    def adder(**options):
        def build():
            p0, gradient = inputs(ROWS, ROWS)
            p = torch.nn.Parameter(p0.clone())
            p.grad = gradient
            rule = torch.optim.Adam([p], lr=0.001, **options)
            step = torch.compile(rule.step) if compiles else rule.step

            def result():
                step()
                return [p]

            def change(_):
                state = rule.state[p]
                return size([(p - p0) / 0.001, state["exp_avg"] / 0.1, state["exp_avg_sq"] / 0.001])
            return Steps(result, change)
        return build
    if compiles:
        return {"": adder()}
    return {"fused": adder(fused=True), "foreach": adder(foreach=True)}


def reduced(function):
    def built(compiles):
        (x,) = inputs(ROWS)
        return plain(compiles, {"": lambda: [function(x)]})
    return built


def gpt2_block(compiles):
    x = torch.tensor(given.numbers((1, 256, 768), 100))

    def adder(**options):
        def build():
            block = fill(Block(768, 12, 3072)).eval()
            function = torch.compile(block, **options) if compiles else block

            def step():
                with without_gradients(compiles):
                    return [function(x)]
            return Steps(step, size)
        return build
    return {"": adder(), "frozen": adder(options=FROZEN)} if compiles else {"": adder()}


def gpt2_decode(compiles):
    """One token after the other through a block; its cache starts with 128, is full with 256."""
    def build():
        block = fill(Block(768, 12, 3072)).eval()
        x = torch.tensor(given.numbers((1, 1, 768), 100))
        keys, values = torch.zeros(1, 12, 256, 64), torch.zeros(1, 12, 256, 64)
        for cache, seed in ((keys, 101), (values, 102)):
            cache[:, :, :128] = torch.tensor(given.numbers((1, 128, 12, 64), seed)).transpose(1, 2)
        places, place = torch.arange(256), 127

        def eager(place):
            q, k, v = block.projected(x)
            keys[:, :, place:place + 1], values[:, :, place:place + 1] = k, v
            held = keys[:, :, :place + 1], values[:, :, :place + 1]
            return block.rest(x, F.scaled_dot_product_attention(q, *held))

        def compiled(place):
            # A compiled function wants the same shapes each time, so it masks what is not there.
            q, k, v = block.projected(x)
            keys.index_copy_(2, place, k)
            values.index_copy_(2, place, v)
            seen = (places <= place)[None, None, None]
            return block.rest(x, F.scaled_dot_product_attention(q, keys, values, attn_mask=seen))

        function = torch.compile(compiled) if compiles else eager

        def step():
            nonlocal place
            place = 128 if place == 255 else place + 1
            with without_gradients(compiles):
                return [function(torch.tensor([place]) if compiles else place)]
        return Steps(step, size)
    return {"": build}


OPERATIONS = {
    "gpt2-block": gpt2_block, "gpt2-decode": gpt2_decode, "matmul1024": product(1024),
    "matmul2048": product(2048), "attention": attention(16, 128), "attention1k": attention(1, 1024),
    "layernorm": layernorm, "softmax16m": softmax16m, "layernorm16m": layernorm16m,
    "gelu16m": gelu16m, "adam16m": adam16m, "sum16m": reduced(lambda x: x.sum()),
    "columns16m": reduced(lambda x: x.sum(0)), "rows16m": reduced(lambda x: x.amax(1)),
}
