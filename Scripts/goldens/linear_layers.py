"""Linear layers, and containers of them."""

import torch
import torch.nn.functional as F

from family import Family, first_to_last, last_to_first


def linear_layers():
    family = Family("linear_layers")
    for shape, units, bias, act in [
        ((4, 5), 3, True, "linear"), ((2, 3, 4), 2, True, "linear"), ((1, 1), 1, True, "linear"),
        ((5,), 3, True, "linear"), ((3, 17), 9, False, "tanh"), ((2, 1, 2, 3), 1, False, "linear"),
    ]:
        shapes = [shape, (units, shape[-1])] + ([(units,)] if bias else [])
        wrap = torch.tanh if act == "tanh" else lambda x: x
        family.simple("dense", lambda x, *w: wrap(F.linear(x, *w)), shapes,
                      {"units": units, "bias": bias, "activation": act})
    for lead, n, m, units, bias in [
        ((3,), 4, 5, 2, True), ((2, 3), 2, 3, 4, False), ((1,), 1, 1, 1, True), ((), 3, 2, 2, True),
    ]:
        shapes = [(*lead, n), (*lead, m), (units, n, m)] + ([(units,)] if bias else [])
        family.simple("bilinear", lambda x, y, *w: F.bilinear(x, y, *w), shapes,
                      {"units": units, "bias": bias})
    for shape, count, width, padding in [
        ((4,), 5, 3, -1), ((2, 3), 4, 2, 1), ((1, 1), 1, 1, -1), ((3, 4), 3, 5, 0), ((), 6, 2, -1),
    ]:
        family.start("embedding")
        family.case(
            "embedding",
            lambda x, w: F.embedding(x, w, None if padding < 0 else padding),
            [family.integers(shape, count), family.draw((count, width))],
            {"count": count, "width": width, "padding": padding})
    for shape, units in [((3, 4), 2), ((1, 1), 1), ((2, 3, 5), 4)]:
        n = shape[-1]
        family.simple(
            "tied",
            lambda x, w, b, c: torch.sigmoid(F.linear(torch.tanh(F.linear(x, w, b)), w.T, c)),
            [shape, (units, n), (units,), (n,)], {"units": units})
    for shape in [(3, 4), (1, 1), (2, 3, 2), (5,)]:
        n = shape[-1]
        family.simple(
            "highway",
            lambda x, w, b, v, c: torch.sigmoid(F.linear(x, v, c)) * F.relu(F.linear(x, w, b))
            + (1 - torch.sigmoid(F.linear(x, v, c))) * x,
            [shape, (n, n), (n,), (n, n), (n,)])
    for first, shape, reduction in [
        (False, (2, 3, 2, 4), 2), (True, (1, 6, 2, 2), 4), (False, (2, 5, 3), 16),
        (True, (2, 4, 1, 2, 1), 1),
    ]:
        c = shape[1] if first else shape[-1]
        r = max(c // reduction, 1)

        def excite(x, w, b, v, d):
            spread = lambda s: s.reshape(*s.shape, *([1] * (x.dim() - 2)))
            y = x if first else last_to_first(x)
            s = torch.sigmoid(F.linear(F.relu(F.linear(y.flatten(2).mean(-1), w, b)), v, d))
            y = y * spread(s)
            return y if first else first_to_last(y)
        family.simple("squeezeExcitation", excite, [shape, (r, c), (r,), (c, r), (c,)],
                      {"first": first, "reduction": reduction})
    containers(family)
    return family


def containers(family):
    for op, merge in [
        ("sum", lambda a, b: a + b), ("mean", lambda a, b: (a + b) / 2),
        ("product", lambda a, b: a * b), ("maximum", torch.maximum),
        ("concatenation", lambda a, b: torch.cat([a, b], -1)),
    ]:
        for shape in [(3, 4), (1, 1), (2, 2, 3)]:
            n = shape[-1]
            family.simple(
                "branches",
                lambda x, w, b, v, c: merge(F.linear(x, w, b), torch.tanh(F.linear(x, v, c))),
                [shape, (3, n), (3,), (3, n), (3,)], {"merging": op})
            family.simple(
                "residual", lambda x, w, b: F.relu(merge(x, F.linear(x, w, b))),
                [shape, (n, n), (n,)], {"merging": op, "shortcut": False})
            family.simple(
                "residual",
                lambda x, w, b, v, c: F.relu(merge(F.linear(x, v, c), F.linear(x, w, b))),
                [shape, (3, n), (3,), (3, n), (3,)], {"merging": op, "shortcut": True})
    for shape, left in [((3, 4), 2), ((2, 3, 5), 1), ((1, 2), 1)]:
        n = shape[-1]
        family.simple(
            "channelSplit",
            lambda x, w, b: torch.cat([x[..., :left], F.linear(x[..., left:], w, b)], -1),
            [shape, (2, n - left), (2,)], {"left": left})
    for shape, residual, growth in [((3, 4), 2, 1), ((2, 2, 3), 3, 2), ((1, 1), 1, 0)]:
        n = shape[-1]

        def dual(x, w, b):
            f = F.linear(x, w, b)
            return torch.cat(
                [x[..., :residual] + f[..., :residual], x[..., residual:], f[..., residual:]], -1)
        family.simple("dualPath", dual, [shape, (residual + growth, n), (residual + growth,)],
                      {"residual": residual, "growth": growth})
    for shape in [(3, 4), (1, 1), (2, 3, 2)]:
        n = shape[-1]
        family.simple(
            "sequential", lambda x, w, b, v, c: F.linear(torch.tanh(F.linear(x, w, b)), v, c),
            [shape, (5, n), (5,), (2, 5), (2,)])


FAMILIES = [linear_layers]
