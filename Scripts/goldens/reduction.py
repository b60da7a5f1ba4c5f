"""Reductions, also along axes."""

import torch

from family import Family


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


FAMILIES = [reduction]
