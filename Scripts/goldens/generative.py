"""Layers of generative models, by their papers' formulas."""

import math

import torch

from family import Family, first_to_last, last_to_first


def generative():
    family = Family("generative")
    for shape, features, dimensions in [((4, 3), 2, 3), ((1, 2), 1, 1), ((5, 1), 3, 2)]:
        def discriminate(x, t):
            m = torch.einsum("nf,fbc->nbc", x, t)
            near = []
            for i in range(len(x)):
                others = [j for j in range(len(x)) if j != i]
                terms = [torch.exp(-(m[i] - m[j]).abs().sum(-1)) for j in others]
                near.append(sum(terms, torch.zeros_like(m[i, :, 0])))
            return torch.cat([x, torch.stack(near)], 1)
        family.simple("minibatchDiscrimination", discriminate,
                      [shape, (shape[1], features, dimensions)],
                      {"features": features, "dimensions": dimensions})
    for first, shape, size in [
        (False, (4, 3, 2, 2), 4), (True, (6, 2, 3), 2), (False, (2, 3), 4), (False, (4, 2, 2), 1),
    ]:
        def deviate(x):
            y = x if first or x.dim() == 2 else last_to_first(x)
            g = min(size, len(x))
            z = y.reshape(g, -1, *y.shape[1:])
            z = z - z.mean(0, keepdim=True)
            s = (z.square().mean(0) + 1e-8).sqrt()
            s = s.mean(list(range(1, s.dim()))).repeat(g)
            s = s.reshape(-1, *([1] * (y.dim() - 1))).expand(-1, 1, *y.shape[2:])
            y = torch.cat([y, s], 1)
            return y if first or x.dim() == 2 else first_to_last(y)
        family.simple("minibatchStandardDeviation", deviate, [shape],
                      {"first": first, "groupSize": size})
    for shape, width, period in [((3,), 8, 10000.0), ((2, 2), 4, 100.0), ((), 6, 10000.0)]:
        def embed(t):
            half = width // 2
            w = torch.exp(torch.arange(half, dtype=torch.float64) * -(math.log(period) / (half - 1)))
            a = t.double()[..., None] * w
            return torch.cat([a.sin(), a.cos()], -1)
        family.start("timestepEmbedding")
        family.case("timestepEmbedding", embed, [family.draw(shape, 0, 50)],
                    {"width": width, "period": period})
    return family


FAMILIES = [generative]
