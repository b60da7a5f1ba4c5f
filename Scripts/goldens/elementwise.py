"""Elementwise functions, also at the edges of their domains."""

import math

import torch
import torch.nn.functional as F

from family import Family


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


FAMILIES = [elementwise, special]
