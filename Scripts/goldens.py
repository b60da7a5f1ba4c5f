#!/usr/bin/env python3
"""Writes Tests/Goldens/<family>.json: float64 values and gradients computed by PyTorch.

    python3 -m venv .venv && .venv/bin/pip install torch==2.13.0 numpy
    .venv/bin/python Scripts/goldens.py            write all families
    .venv/bin/python Scripts/goldens.py --check    recompute and compare with the committed files

The format and the meaning of every operation and attribute are in Tests/Goldens/README.md. Inputs
and upstream gradients are odd multiples of 1/2048 (indices aside): exact in float32, never zero,
an integer or a half, and distinct inside a case wherever its range allows.
"""

import json
import math
import pathlib
import random
import sys
import zlib

import torch
import torch.nn.functional as F

TORCH = "2.13.0"
FOLDER = pathlib.Path(__file__).resolve().parent.parent / "Tests/Goldens"


class Family:
    """The cases of one file. Draws depend on the name of the operation and its running number."""

    def __init__(self, name):
        self.name, self.cases, self.counts = name, [], {}

    def start(self, op):
        self.counts[op] = self.counts.get(op, 0) + 1
        self.random = random.Random(zlib.crc32(f"{self.name}/{op}/{self.counts[op]}".encode()))
        self.seen = set()

    def draw(self, shape, low=-2.0, high=2.0):
        """A float64 tensor of odd multiples of 1/2048 in (low, high)."""
        first, last = math.ceil(low * 1024), math.floor(high * 1024) - 1
        values = []
        for _ in range(math.prod(shape)):
            for _ in range(50):
                k = self.random.randint(first, last)
                if k not in self.seen:
                    break
            self.seen.add(k)
            values.append((2 * k + 1) / 2048)
        return torch.tensor(values, dtype=torch.float64).reshape(shape)

    def integers(self, shape, count):
        values = [self.random.randrange(count) for _ in range(math.prod(shape))]
        return torch.tensor(values, dtype=torch.int64).reshape(shape)

    def case(self, op, function, inputs, attributes=None, frozen=()):
        """Records `function(*inputs)` and, where it is differentiable, its gradient.

        `frozen` lists the positions of floating inputs that take no gradient.
        """
        leaves = [
            x.clone().requires_grad_(x.is_floating_point() and i not in frozen)
            for i, x in enumerate(inputs)]
        outputs = function(*leaves)
        outputs = list(outputs) if isinstance(outputs, (tuple, list)) else [outputs]
        case = {"op": op, "attributes": attributes or {}, "inputs": [plain(x) for x in inputs],
                "outputs": [plain(y) for y in outputs]}
        live = [y.requires_grad for y in outputs]
        if any(live):
            upstream = [self.draw(y.shape, -1, 1) if on else None for y, on in zip(outputs, live)]
            wanted = [x for x in leaves if x.requires_grad]
            found = iter(torch.autograd.grad(
                [y for y, on in zip(outputs, live) if on], wanted,
                [u for u in upstream if u is not None], allow_unused=True))
            case["upstream"] = [plain(u) for u in upstream]
            case["gradients"] = [plain(next(found)) if x.requires_grad else None for x in leaves]
        self.cases.append(case)

    def simple(self, op, function, shapes, attributes=None, low=-2.0, high=2.0):
        """Records a case whose inputs are all drawn from one range."""
        self.start(op)
        self.case(op, function, [self.draw(shape, low, high) for shape in shapes], attributes)


def plain(x):
    """A tensor as the JSON of the format; infinities and NaN become strings."""
    if x is None:
        return None
    x = x.detach()
    values = x.reshape(-1).tolist()
    if x.is_floating_point():
        values = [v if math.isfinite(v) else str(v) for v in values]
        return {"shape": list(x.shape), "values": values}
    return {"shape": list(x.shape), "dtype": "int64", "values": [int(v) for v in values]}


def last_to_first(x):
    """Channels-last, as Apus holds images, to channels-first, as PyTorch takes them."""
    return x.movedim(-1, 1)


def first_to_last(x):
    return x.movedim(1, -1)


# Elementwise ------------------------------------------------------------------------------------

UNARY = {  # name: (function, low, high) of the moderate range, then of the wide one
    "neg": (torch.neg, -2, 2, -900, 900),
    "abs": (torch.abs, -2, 2, -900, 900),
    "sign": (torch.sign, -2, 2, -900, 900),
    "exp": (torch.exp, -2, 2, -30, 30),
    "expm1": (torch.expm1, -0.01, 0.01, -20, 20),
    "log": (torch.log, 0, 2, 0, 900),
    "log1p": (torch.log1p, -0.01, 0.01, -1, 900),
    "sqrt": (torch.sqrt, 0, 2, 0, 900),
    "rsqrt": (torch.rsqrt, 0, 2, 0, 900),
    "reciprocal": (torch.reciprocal, 0.1, 2, -900, -0.1),
    "sin": (torch.sin, -2, 2, -100, 100),
    "cos": (torch.cos, -2, 2, -100, 100),
    "tan": (torch.tan, -1.5, 1.5, -10, 10),
    "asin": (torch.asin, -0.9, 0.9, -1, 1),
    "acos": (torch.acos, -0.9, 0.9, -1, 1),
    "atan": (torch.atan, -2, 2, -900, 900),
    "sinh": (torch.sinh, -2, 2, -20, 20),
    "cosh": (torch.cosh, -2, 2, -20, 20),
    "tanh": (torch.tanh, -2, 2, -12, 12),
    "asinh": (torch.asinh, -2, 2, -900, 900),
    "acosh": (torch.acosh, 1.1, 3, 1.1, 900),
    "atanh": (torch.atanh, -0.9, 0.9, -0.99, 0.99),
    "sigmoid": (torch.sigmoid, -2, 2, -30, 30),
    "erf": (torch.erf, -2, 2, -5, 5),
    "floor": (torch.floor, -2, 2, -900, 900),
    "ceil": (torch.ceil, -2, 2, -900, 900),
    "round": (torch.round, -2, 2, -900, 900),
    "square": (torch.square, -2, 2, -900, 900),
}

ACTIVATIONS = {
    "relu": (F.relu, {}),
    "relu6": (F.relu6, {}),
    "leakyRelu": (lambda x: F.leaky_relu(x, 0.01), {"slope": 0.01}),
    "elu": (lambda x: F.elu(x, 1.0), {"alpha": 1.0}),
    "selu": (F.selu, {}),
    "softplus": (F.softplus, {}),
    "softsign": (F.softsign, {}),
    "gelu": (F.gelu, {}),
    "geluTanh": (lambda x: F.gelu(x, approximate="tanh"), {}),
    "silu": (F.silu, {}),
    "mish": (F.mish, {}),
    "hardSigmoid": (F.hardsigmoid, {}),
}

BINARY = {
    "add": torch.add, "subtract": torch.subtract, "multiply": torch.multiply,
    "divide": torch.divide, "power": torch.pow, "maximum": torch.maximum,
    "minimum": torch.minimum, "atan2": torch.atan2,
    "remainder": torch.remainder, "truncatedRemainder": torch.fmod,
}

BROADCASTS = [((2, 3, 5), (2, 3, 5)), ((7, 3), (3,)), ((4, 1, 3), (2, 1)), ((), (3, 2)), ((5,), ())]


def elementwise():
    family = Family("elementwise")
    for op, (function, low, high, wide_low, wide_high) in UNARY.items():
        family.simple(op, function, [(2, 3, 5)], low=low, high=high)
        family.simple(op, function, [(17,)], low=wide_low, high=wide_high)
        family.simple(op, function, [()], low=low, high=high)
    for op, (function, attributes) in ACTIVATIONS.items():
        family.simple(op, function, [(2, 3, 5)], attributes, -2, 2)
        family.simple(op, function, [(7, 1, 5)], attributes, -15, 15)
    family.simple("leakyRelu", lambda x: F.leaky_relu(x, 0.25), [(9,)], {"slope": 0.25})
    family.simple("elu", lambda x: F.elu(x, 0.5), [(9,)], {"alpha": 0.5})
    for op, function in BINARY.items():
        for shapes in BROADCASTS:
            low = 0.1 if op == "power" else -3
            family.simple(op, function, shapes, low=low, high=3)
    return family


def special():
    """Values at and beyond the ends of the domains; no gradients."""
    family = Family("special")
    inf, nan = math.inf, math.nan
    ends = [-inf, -2.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 2.0, inf, nan]
    halves = [-3.5, -2.5, -1.5, 1.5, 2.5, 3.5]
    large = [-1000.0, -100.0, 100.0, 1000.0]

    def record(op, function, *inputs, attributes=None):
        inputs = [torch.tensor(values, dtype=torch.float64) for values in inputs]
        family.case(op, function, inputs, attributes, frozen=range(len(inputs)))

    for op, (function, *_) in UNARY.items():
        if op in ("floor", "ceil", "round", "sign"):
            record(op, function, ends + halves)
        elif op in ("sin", "cos", "tan", "square"):
            record(op, function, ends)
        else:
            record(op, function, ends + large)
    for op, (function, attributes) in ACTIVATIONS.items():
        record(op, function, ends + large, attributes=attributes)
    signs = [-inf, -1.5, -0.0, 0.0, 1.5, inf, nan]
    left = [a for a in signs for _ in signs]
    right = signs * len(signs)
    for op, function in BINARY.items():
        record(op, function, left, right)
    integers = [-7.0, -7.0, 7.0, 7.0, 6.0, -6.0, 0.0, 5.5, -5.5]
    divisors = [3.0, -3.0, 3.0, -3.0, 3.0, 3.0, 3.0, -2.0, 2.0]
    for op in ("remainder", "truncatedRemainder"):
        record(op, BINARY[op], integers, divisors)
    record("power", torch.pow, [-2.0, -2.0, -8.0, 0.0, 0.0, 2.0, 2.0],
           [2.0, 3.0, 1 / 3, 0.0, -1.0, -1.0, 0.5])
    return family


# Reductions -------------------------------------------------------------------------------------

def product(x, axes, keep):
    for axis in sorted(axes, reverse=True):
        x = torch.prod(x, axis, keepdim=keep)
    return x


def reduction():
    family = Family("reduction")
    reductions = {
        "sum": (lambda x, a, k: torch.sum(x, a, keepdim=k), {}),
        "mean": (lambda x, a, k: torch.mean(x, a, keepdim=k), {}),
        "max": (lambda x, a, k: torch.amax(x, a, keepdim=k), {}),
        "min": (lambda x, a, k: torch.amin(x, a, keepdim=k), {}),
        "prod": (product, {}),
        "variance": (lambda x, a, k: torch.var(x, a, correction=0, keepdim=k), {"unbiased": False}),
        "std": (lambda x, a, k: torch.std(x, a, correction=0, keepdim=k), {"unbiased": False}),
        "norm": (lambda x, a, k: torch.linalg.vector_norm(x, 2, a, keepdim=k), {"order": 2}),
        "logSumExp": (lambda x, a, k: torch.logsumexp(x, a, keepdim=k), {}),
    }
    more = {
        "variance": (lambda x, a, k: torch.var(x, a, correction=1, keepdim=k), {"unbiased": True}),
        "std": (lambda x, a, k: torch.std(x, a, correction=1, keepdim=k), {"unbiased": True}),
        "norm": (lambda x, a, k: torch.linalg.vector_norm(x, 1, a, keepdim=k), {"order": 1}),
    }
    selections = [
        ((2, 3, 5), [0, 1, 2], False), ((2, 3, 5), [2], False), ((2, 3, 5), [0], True),
        ((2, 3, 5), [0, 2], False), ((3, 7, 2, 2), [1, 3], True), ((19,), [0], False),
    ]
    for table in (reductions, more):
        for op, (function, attributes) in table.items():
            for shape, axes, keep in selections:
                family.simple(
                    op, lambda x: function(x, axes, keep), [shape],
                    attributes | {"axes": axes, "keepingAxes": keep})
    for shape, axis, keep in [
        ((2, 3, 5), 0, False), ((2, 3, 5), 2, True), ((4, 7), 1, False), ((11,), 0, False),
    ]:
        for op, function in [("argmax", torch.argmax), ("argmin", torch.argmin)]:
            family.simple(
                op, lambda x: function(x, axis, keepdim=keep), [shape],
                {"axis": axis, "keepingAxes": keep})
    for shape, axis in [((2, 3, 5), 0), ((2, 3, 5), 1), ((2, 3, 5), 2), ((13,), 0), ((3, 1), 1)]:
        family.simple("cumsum", lambda x: torch.cumsum(x, axis), [shape], {"axis": axis})
    return family


# Products ---------------------------------------------------------------------------------------

def linear():
    family = Family("linear")
    for shapes in [
        ((1, 1), (1, 1)), ((3, 4), (4, 5)), ((17, 33), (33, 19)), ((1, 9), (9, 4)),
        ((6, 5), (5, 1)),
        ((2, 3, 4), (2, 4, 5)), ((2, 1, 3, 4), (5, 4, 2)), ((3, 4), (2, 4, 5)), ((2, 3, 4), (4, 5)),
        ((1, 3, 4), (6, 4, 1)),
    ]:
        family.simple("matmul", torch.matmul, shapes)
    for n in (1, 7, 65):
        family.simple("dot", torch.dot, [(n,), (n,)])
    family.simple("outer", torch.outer, [(3,), (5,)])
    for equation, *shapes in [
        ("ij,jk->ik", (3, 4), (4, 5)), ("ij,jk", (2, 5), (5, 3)),
        ("bij,bjk->bik", (2, 3, 4), (2, 4, 5)),
        ("ij->ji", (3, 4)), ("ij->", (3, 4)), ("ij->j", (3, 4)), ("ii->i", (4, 4)),
        ("ii->", (4, 4)),
        ("ij,ij->ij", (3, 4), (3, 4)), ("i,j->ij", (3,), (5,)), ("i,i->", (6,), (6,)),
        ("bhqd,bhkd->bhqk", (2, 2, 3, 4), (2, 2, 5, 4)),
        ("bhqk,bhkd->bhqd", (2, 2, 3, 5), (2, 2, 5, 4)),
        ("bqhd,bkhd->bhqk", (2, 3, 2, 4), (2, 5, 2, 4)), ("ijk,jil->kl", (2, 3, 4), (3, 2, 5)),
        ("ijk,j->ik", (2, 3, 4), (3,)), ("bi,oij,bj->bo", (2, 3), (4, 3, 5), (2, 5)),
        ("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)),
        ("...ij,...jk->...ik", (2, 1, 3, 4), (5, 4, 2)),
        ("...i->...", (2, 3, 4)),
    ]:
        family.simple(
            "einsum", lambda *x: torch.einsum(equation, *x), shapes, {"equation": equation})
    return family


# Convolutions and pooling -----------------------------------------------------------------------

CONVOLVE = [F.conv1d, F.conv2d, F.conv3d]
CONVOLVE_TRANSPOSED = [F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d]


def padded(x, pairs, mode="constant", value=0.0):
    """Pads the trailing axes of `x` by [(low, high)], in the order of the axes."""
    return F.pad(x, [n for pair in reversed(pairs) for n in pair], mode=mode, **(
        {"value": value} if mode == "constant" else {}))


def convolution():
    family = Family("convolution")

    def record(space, batch, channels, filters, kernel,
               stride=1, padding=0, dilation=1, groups=1, bias=False):
        d = len(space)
        spread = lambda v: list(v) if isinstance(v, (list, tuple)) else [v] * d
        strides, dilations = spread(stride), spread(dilation)
        pairs = [list(p) if isinstance(p, (list, tuple)) else [p, p] for p in spread(padding)]
        attributes = {"stride": strides, "padding": pairs, "dilation": dilations, "groups": groups}

        def function(x, w, b=None):
            x = padded(last_to_first(x), pairs)
            return first_to_last(CONVOLVE[d - 1](x, w, b, strides, 0, dilations, groups))

        family.start("convolution")
        shapes = [(batch, *space, channels), (filters, channels // groups, *spread(kernel))]
        family.case(
            "convolution", function, [family.draw(s) for s in shapes + [(filters,)] * bias],
            attributes)

    record([7], 2, 3, 4, 3)
    record([9], 1, 2, 3, 4, stride=2, padding=1, bias=True)
    record([11], 2, 4, 4, 3, padding=2, dilation=2, groups=2)
    record([8], 1, 3, 3, 3, padding=[(2, 0)], groups=3)
    record([5, 5], 1, 1, 1, 3)
    record([5, 6], 2, 3, 4, 3, padding=1, bias=True)
    record([4, 4], 2, 3, 5, 1)
    record([7, 5], 1, 2, 3, [2, 3], stride=[2, 1])
    record([7, 6], 1, 3, 2, 3, stride=2, padding=1)
    record([6, 7], 1, 2, 2, 3, stride=3, padding=[0, 2])
    record([6, 6], 1, 2, 2, 3, stride=2, padding=[(0, 1), (0, 1)])
    record([8, 7], 1, 2, 2, 3, dilation=2)
    record([8, 9], 1, 1, 2, [3, 2], stride=2, padding=[2, 1], dilation=[2, 3])
    record([5, 5], 1, 4, 6, 3, padding=1, groups=2)
    record([5, 5], 2, 3, 3, 3, padding=1, groups=3)
    record([6, 5], 1, 3, 6, 3, stride=2, padding=1, groups=3, bias=True)
    record([6, 6], 1, 1, 3, 5, padding=2)
    record([3, 3], 1, 2, 4, 3)
    record([4, 4], 1, 9, 8, 3, padding=1)
    record([5, 5], 1, 1, 2, 1, stride=2)
    record([3, 4, 4], 1, 2, 2, 2)
    record([3, 4, 5], 1, 2, 3, [2, 3, 3], stride=[1, 2, 2], padding=[1, 1, 1], bias=True)
    record([4, 3, 4], 1, 2, 2, [3, 1, 3], padding=[2, 0, 1], dilation=[2, 1, 1], groups=2)

    def record_transposed(space, channels, filters, kernel, stride, padding,
                          extra=0, dilation=1, groups=1, bias=False):
        d = len(space)
        attributes = {
            "stride": [stride] * d, "padding": [[padding, padding]] * d, "dilation": [dilation] * d,
            "outputPadding": [extra] * d, "groups": groups}

        def function(x, w, b=None):
            y = CONVOLVE_TRANSPOSED[d - 1](
                last_to_first(x), w, b, stride, padding, extra, groups, dilation)
            return first_to_last(y)

        family.start("convolutionTransposed")
        shapes = [(2, *space, channels), (channels, filters // groups, *[kernel] * d)]
        family.case(
            "convolutionTransposed", function,
            [family.draw(s) for s in shapes + [(filters,)] * bias], attributes)

    record_transposed([5], 3, 2, 3, 2, 1, extra=1)
    record_transposed([3, 4], 2, 3, 2, 2, 0, bias=True)
    record_transposed([3, 3], 2, 2, 4, 2, 1)
    record_transposed([4, 3], 4, 2, 3, 1, 1, groups=2, dilation=2)
    record_transposed([2, 2, 3], 1, 2, 2, 2, 0)
    return family


def pooling():
    family = Family("pooling")
    maximum = [F.max_pool1d, F.max_pool2d, F.max_pool3d]
    average = [F.avg_pool1d, F.avg_pool2d, F.avg_pool3d]
    for shape, window, stride, padding in [
        ((2, 8, 3), [2], [2], [0]), ((1, 9, 2), [3], [2], [1]), ((1, 7, 1), [3], [1], [1]),
        ((2, 6, 6, 3), [2, 2], [2, 2], [0, 0]), ((1, 7, 6, 2), [3, 3], [2, 2], [1, 1]),
        ((1, 5, 7, 1), [2, 3], [1, 2], [0, 1]), ((1, 5, 5, 2), [2, 2], [3, 3], [0, 0]),
        ((1, 6, 5, 9), [3, 2], [3, 1], [1, 1]), ((1, 4, 4, 3), [4, 4], [4, 4], [0, 0]),
        ((1, 4, 4, 4, 2), [2, 2, 2], [2, 2, 2], [0, 0, 0]),
        ((1, 3, 5, 4, 2), [3, 3, 2], [1, 2, 2], [1, 1, 0]),
    ]:
        d = len(window)
        attributes = {"window": window, "stride": stride, "padding": [[p, p] for p in padding]}
        family.simple(
            "maxPool",
            lambda x: first_to_last(maximum[d - 1](last_to_first(x), window, stride, padding)),
            [shape], attributes)
        for counted in (True, False) if any(padding) else (False,):
            family.simple(
                "averagePool",
                lambda x: first_to_last(average[d - 1](
                    last_to_first(x), window, stride, padding, False, counted)),
                [shape], attributes | {"countingPadding": counted})
    return family


# Normalization ----------------------------------------------------------------------------------

def normalization():
    family = Family("normalization")
    for shape in [(6, 3), (2, 5, 3), (3, 4, 2, 5), (2, 2, 3, 2, 2)]:
        c = shape[-1]
        for training, momentum, epsilon in [
            (True, 0.1, 1e-5), (True, 0.25, 1e-3), (False, 0.1, 1e-5),
        ]:
            def function(x, gamma, beta, mean, variance):
                mean, variance = mean.clone(), variance.clone()
                y = F.batch_norm(
                    last_to_first(x), mean, variance, gamma, beta, training, momentum, epsilon)
                return (first_to_last(y), mean, variance) if training else first_to_last(y)

            family.start("batchNorm")
            inputs = [family.draw(shape), family.draw((c,), 0.5, 1.5), family.draw((c,)),
                      family.draw((c,), -1, 1), family.draw((c,), 0.5, 1.5)]
            family.case(
                "batchNorm", function, inputs,
                {"training": training, "momentum": momentum, "epsilon": epsilon}, frozen=(3, 4))
    for shape, axes in [
        ((4, 7), [1]), ((2, 3, 5), [2]), ((2, 3, 5), [1, 2]), ((2, 3, 2, 4), [1, 2, 3]),
    ]:
        sizes = [shape[a] for a in axes]
        for op, function in [
            ("layerNorm", lambda x, g, b: F.layer_norm(x, sizes, g, b, 1e-5)),
            ("rmsNorm", lambda x, g: F.rms_norm(x, sizes, g, 1e-5)),
        ]:
            family.start(op)
            inputs = [family.draw(shape), family.draw(sizes, 0.5, 1.5)]
            inputs += [family.draw(sizes)] if op == "layerNorm" else []
            family.case(op, function, inputs, {"axes": axes, "epsilon": 1e-5})
    for shape, groups in [((2, 5, 4), 2), ((2, 3, 3, 6), 3), ((2, 3, 2, 4), 4), ((2, 3, 2, 4), 1)]:
        c = shape[-1]
        family.start("groupNorm")
        family.case(
            "groupNorm",
            lambda x, g, b: first_to_last(F.group_norm(last_to_first(x), groups, g, b, 1e-5)),
            [family.draw(shape), family.draw((c,), 0.5, 1.5), family.draw((c,))],
            {"groups": groups, "epsilon": 1e-5})
    for size, alpha, beta, k in [(5, 1e-4, 0.75, 1.0), (3, 0.5, 0.75, 2.0)]:
        family.simple(
            "localResponseNorm",
            lambda x: first_to_last(F.local_response_norm(last_to_first(x), size, alpha, beta, k)),
            [(1, 2, 3, 7)], {"size": size, "alpha": alpha, "beta": beta, "k": k})
    return family


# Softmax and losses -----------------------------------------------------------------------------

def softmax():
    family = Family("softmax")
    for shape in [(5,), (3, 7), (2, 3, 4), (2, 1)]:
        for axis in range(len(shape)):
            for op, function in [("softmax", F.softmax), ("logSoftmax", F.log_softmax)]:
                family.simple(op, lambda x: function(x, axis), [shape], {"axis": axis}, -3, 3)
    for op, function in [("softmax", F.softmax), ("logSoftmax", F.log_softmax)]:
        family.simple(op, lambda x: function(x, 1), [(3, 5)], {"axis": 1}, -200, 200)

    def entropy(shape, reduction="mean", smoothing=0.0, weighted=False, ignore=None, onehot=False,
                probabilities=False):
        family.start("crossEntropy")
        classes = shape[-1]
        inputs = [family.draw(shape, -3, 3)]
        if probabilities:
            inputs.append(family.draw(shape, 0.1, 2))
            inputs[1] = torch.round(inputs[1] / inputs[1].sum(-1, keepdim=True) * 256) / 256
            inputs[1][..., -1] += 1 - inputs[1].sum(-1)
        else:
            labels = family.integers(shape[:-1], classes)
            if ignore is not None:
                flat = labels.view(-1)
                flat[::3] = ignore
            inputs.append(F.one_hot(labels, classes).double() if onehot else labels)
        if weighted:
            inputs.append(family.draw((classes,), 0.25, 2))
        attributes = {"targets": "probabilities" if onehot or probabilities else "indices",
                      "reduction": reduction, "labelSmoothing": smoothing}
        if ignore is not None:
            attributes["ignoreIndex"] = ignore

        def function(x, target, weight=None):
            return F.cross_entropy(
                last_to_first(x), last_to_first(target) if target.is_floating_point() else target,
                weight, ignore_index=-100 if ignore is None else ignore, reduction=reduction,
                label_smoothing=smoothing)

        family.case("crossEntropy", function, inputs, attributes, frozen=(1, 2))

    for reduction in ("mean", "sum", "none"):
        entropy((4, 5), reduction)
        entropy((4, 5), reduction, onehot=True)
        entropy((4, 5), reduction, probabilities=True)
        entropy((4, 5), reduction, smoothing=0.1)
        entropy((4, 5), reduction, weighted=True)
        entropy((7, 3), reduction, ignore=-100)
        entropy((7, 3), reduction, ignore=1, weighted=True)
        entropy((7, 3), reduction, ignore=-100, weighted=True, smoothing=0.2)
        entropy((2, 3, 2, 4), reduction)
    entropy((4, 5), probabilities=True, smoothing=0.1)
    entropy((4, 5), probabilities=True, weighted=True)
    entropy((1, 2))
    entropy((2, 3, 2, 4), ignore=-100)

    losses = {
        "binaryCrossEntropyWithLogits": F.binary_cross_entropy_with_logits,
        "mse": F.mse_loss, "mae": F.l1_loss,
        "huber": lambda x, t, reduction: F.huber_loss(x, t, reduction=reduction, delta=0.75),
        "binaryCrossEntropy": F.binary_cross_entropy,
    }
    for op, function in losses.items():
        for reduction in ("mean", "sum", "none"):
            for shape in [(4, 3), (7,)]:
                family.start(op)
                attributes = {"reduction": reduction} | ({"delta": 0.75} if op == "huber" else {})
                if op == "binaryCrossEntropy":
                    x = family.draw(shape, 0, 1)
                else:
                    x = family.draw(shape, -3, 3)
                binary = op.startswith("binary")
                target = family.integers(shape, 2).double() if binary else family.draw(shape)
                family.case(
                    op, lambda x, t: function(x, t, reduction=reduction), [x, target], attributes,
                    frozen=(1,))
    family.start("binaryCrossEntropyWithLogits")
    family.case(
        "binaryCrossEntropyWithLogits", F.binary_cross_entropy_with_logits,
        [family.draw((9,), -200, 200), family.draw((9,), 0, 1)], {"reduction": "mean"}, frozen=(1,))
    return family


# Indexing ---------------------------------------------------------------------------------------

def indexing():
    family = Family("indexing")
    for shape, axis, count in [
        ((5, 3), 0, (4,)), ((2, 5, 3), 1, (7,)), ((2, 3, 4), 2, (2,)), ((6, 3), 0, (2, 3)),
    ]:
        family.start("gather")
        index = family.integers(count, shape[axis])

        def gather(x, index):
            if index.dim() == 1:
                return torch.index_select(x, axis, index)
            return F.embedding(index, x)

        family.case("gather", gather, [family.draw(shape), index], {"axis": axis})
    for shape, axis, count in [((5, 3), 0, 4), ((2, 5, 3), 1, 7), ((2, 3, 4), 2, 3)]:
        family.start("indexAdd")
        source = list(shape)
        source[axis] = count
        index = family.integers((count,), shape[axis])
        family.case(
            "indexAdd", lambda x, i, s: torch.index_add(x, axis, i, s),
            [family.draw(shape), index, family.draw(source)], {"axis": axis})
    for shape, axis, index_shape in [
        ((5, 3), 0, (4, 3)), ((3, 5), 1, (3, 7)), ((2, 3, 4), 1, (2, 5, 4)),
    ]:
        family.start("scatterAdd")
        index = family.integers(index_shape, shape[axis])
        family.case(
            "scatterAdd", lambda x, i, s: torch.scatter_add(x, axis, i, s),
            [family.draw(shape), index, family.draw(index_shape)], {"axis": axis})
        family.start("takeAlongAxis")
        index = family.integers(index_shape, shape[axis])
        family.case(
            "takeAlongAxis", lambda x, i: torch.take_along_dim(x, i, axis),
            [family.draw(shape), index], {"axis": axis})
    for shape, axis in [((11,), 0), ((4, 5), 0), ((4, 5), 1), ((2, 6, 3), 1)]:
        for descending in (False, True):
            family.simple(
                "sort", lambda x: torch.sort(x, stable=True, dim=axis, descending=descending),
                [shape], {"axis": axis, "descending": descending})
    for shape, axis, k, largest in [
        ((11,), 0, 4, True), ((3, 7), 1, 3, True), ((7, 3), 0, 1, True), ((3, 7), 1, 2, False),
    ]:
        family.simple(
            "topK", lambda x: torch.topk(x, k, axis, largest), [shape],
            {"axis": axis, "k": k, "largest": largest})
    for shape, axes in [((5,), [0]), ((2, 3, 4), [1]), ((2, 3, 4), [0, 2])]:
        family.simple("flip", lambda x: torch.flip(x, axes), [shape], {"axes": axes})
    for shape, shifts, axes in [((7,), [3], [0]), ((3, 4), [-1], [1]), ((3, 4), [2, 5], [0, 1])]:
        family.simple(
            "roll", lambda x: torch.roll(x, shifts, axes), [shape],
            {"shifts": shifts, "axes": axes})
    for shape, pairs, mode, value in [
        ((5,), [[2, 1]], "constant", 0.0), ((2, 3), [[1, 0], [0, 2]], "constant", 1.5),
        ((1, 2, 4), [[0, 0], [0, 0], [3, 2]], "reflect", 0.0),
        ((1, 2, 4), [[0, 0], [0, 0], [3, 2]], "edge", 0.0),
        ((1, 2, 4), [[0, 0], [0, 0], [3, 2]], "circular", 0.0),
        ((1, 1, 3, 4), [[0, 0], [0, 0], [1, 2], [2, 1]], "reflect", 0.0),
        ((1, 1, 3, 4), [[0, 0], [0, 0], [1, 2], [2, 1]], "circular", 0.0),
    ]:
        spelling = {"edge": "replicate"}.get(mode, mode)
        trailing = pairs if mode == "constant" else pairs[2:]
        family.simple(
            "pad", lambda x: padded(x, trailing, spelling, value), [shape],
            {"padding": pairs, "mode": mode} | ({"value": value} if mode == "constant" else {}))
    for axis, *shapes in [
        (0, (2, 3), (4, 3)), (1, (2, 3), (2, 1), (2, 4)), (2, (2, 2, 3), (2, 2, 2)),
        (0, (3,), (2,)),
    ]:
        family.simple("concat", lambda *x: torch.cat(x, axis), shapes, {"axis": axis})
    for axis, *shapes in [
        (0, (2, 3), (2, 3)), (2, (2, 3), (2, 3), (2, 3)), (1, (4,), (4,)), (0, (), ()),
    ]:
        family.simple("stack", lambda *x: torch.stack(x, axis), shapes, {"axis": axis})
    return family


# Optimizers -------------------------------------------------------------------------------------

def optimizer():
    """20 steps on ½·pᵀAp − bᵀp + Σp⁴/32; the gradients met on the way are an input of the case."""
    family = Family("optimizer")
    steps, shape = 20, (2, 3)
    adam = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
    betas = lambda a: {"betas": (a["beta1"], a["beta2"]), "eps": a["epsilon"]}
    words = {"epsilon": "eps", "decay": "rho", "initialAccumulator": "initial_accumulator_value"}
    same = lambda a: {words.get(k, k): v for k, v in a.items()}
    rules = [
        ("sgd", torch.optim.SGD, 0.1, {"momentum": 0.0, "nesterov": False}, same),
        ("sgd", torch.optim.SGD, 0.05, {"momentum": 0.9, "nesterov": False}, same),
        ("sgd", torch.optim.SGD, 0.05, {"momentum": 0.9, "nesterov": True}, same),
        ("adam", torch.optim.Adam, 0.1, adam, betas),
        ("adamW", torch.optim.AdamW, 0.1, adam, betas),
        ("amsGrad", torch.optim.Adam, 0.1, adam, lambda a: betas(a) | {"amsgrad": True}),
        ("adamax", torch.optim.Adamax, 0.1, adam, betas),
        ("nadam", torch.optim.NAdam, 0.1, adam | {"momentumDecay": 0.004},
         lambda a: betas(a) | {"momentum_decay": a["momentumDecay"]}),
        ("rmsProp", torch.optim.RMSprop, 0.05,
         {"alpha": 0.99, "epsilon": 1e-8, "momentum": 0.0}, same),
        ("adaGrad", torch.optim.Adagrad, 0.2,
         {"epsilon": 1e-10, "initialAccumulator": 0.0}, same),
        ("adaDelta", torch.optim.Adadelta, 1.0, {"decay": 0.9, "epsilon": 1e-6}, same),
    ]
    for op, make, rate, attributes, options in rules:
        for decay in (0.0, 0.01):
            family.start("problem")
            family.random = random.Random(1)  # every rule starts at the same point of one problem
            start = family.draw(shape)
            n = start.numel()
            a = family.draw((n, n), -0.5, 0.5)
            a, b = a @ a.T + torch.eye(n, dtype=torch.float64) * 0.25, family.draw((n,))
            p = start.clone().requires_grad_()
            optimizer = make([p], lr=rate, weight_decay=decay, foreach=False, **options(attributes))
            gradients, path = [], []
            for _ in range(steps):
                optimizer.zero_grad()
                flat = p.reshape(-1)
                loss = 0.5 * flat @ a @ flat - b @ flat + (flat ** 4).sum() / 32
                loss.backward()
                gradients.append(p.grad.clone())
                optimizer.step()
                path.append(p.detach().clone())
            family.cases.append({
                "op": op,
                "attributes":
                    attributes | {"learningRate": rate, "weightDecay": decay, "steps": steps},
                "inputs": [plain(start), plain(torch.stack(gradients))],
                "outputs": [plain(torch.stack(path))]})
    return family


# Files ------------------------------------------------------------------------------------------

FAMILIES = [elementwise, special, reduction, linear, convolution, pooling, normalization, softmax,
            indexing, optimizer]


def text(family):
    """One case a line, so that a difference shows which case changed."""
    dump = lambda x: json.dumps(x, separators=(",", ":"), allow_nan=False)
    head = (f'{{"generator":"Scripts/goldens.py","torch":"{TORCH}",'
            f'"family":"{family.name}","cases":[\n')
    return head + ",\n".join(dump(case) for case in family.cases) + "\n]}\n"


def close(a, b):
    """Same structure and words; numbers agree up to what another machine may round differently."""
    if isinstance(a, float) and isinstance(b, float):
        return abs(a - b) <= 1e-12 * max(1.0, abs(b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(close(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(close, a, b))
    return type(a) is type(b) and a == b


def main(arguments):
    if arguments not in ([], ["--check"]):
        sys.exit(__doc__)
    if torch.__version__.split("+")[0] != TORCH:
        sys.exit(f"PyTorch is {torch.__version__}; the goldens are made with {TORCH}")
    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    failed = False
    for make in FAMILIES:
        family = make()
        path = FOLDER / f"{family.name}.json"
        if not arguments:
            path.write_text(text(family), encoding="ascii", newline="\n")
            print(f"{path.name}: {len(family.cases)} cases, {path.stat().st_size} bytes")
            continue
        good = close(json.loads(text(family)), json.loads(path.read_text()))
        print(f"{path.name}: {'good' if good else 'differs'}")
        failed |= not good
    sys.exit(failed)


main(sys.argv[1:])
