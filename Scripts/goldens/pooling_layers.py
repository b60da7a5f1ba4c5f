"""Pooling, unpooling, up-sampling and shaping layers."""

import torch
import torch.nn.functional as F

from convolution_layers import layout, shape_of, spread
from family import Family, first_to_last, last_to_first

MAXIMUM = [F.max_pool1d, F.max_pool2d, F.max_pool3d]
AVERAGE = [F.avg_pool1d, F.avg_pool2d, F.avg_pool3d]
POWER = [F.lp_pool1d, F.lp_pool2d, F.lp_pool3d]
ADAPTIVE_AVERAGE = [F.adaptive_avg_pool1d, F.adaptive_avg_pool2d, F.adaptive_avg_pool3d]
ADAPTIVE_MAXIMUM = [F.adaptive_max_pool1d, F.adaptive_max_pool2d, F.adaptive_max_pool3d]
UNPOOL = [F.max_unpool1d, F.max_unpool2d, F.max_unpool3d]


def poolingLayers():
    family = Family("poolingLayers")

    def record(op, function, shape, attributes, first=False, low=-2.0, high=2.0):
        family.start(op)
        family.case(op, layout(first, function), [family.draw(shape, low, high)],
                    attributes | {"first": first})

    for space, c, k, s, p, e, ceil, first in [
        ([8], 3, 2, 2, 0, 1, False, False), ([9], 2, 3, 2, 1, 1, True, True),
        ([7], 1, 2, 3, 0, 1, True, False), ([9], 2, 3, 1, 1, 2, False, False),
        ([1], 2, 1, 1, 0, 1, False, False),
        ([6, 6], 3, 2, 2, 0, 1, False, False), ([7, 6], 2, 3, 2, 1, 1, True, False),
        ([5, 7], 4, [2, 3], [1, 2], [0, 1], 1, False, True), ([5, 5], 2, 2, 3, 0, 1, True, False),
        ([6, 7], 2, 2, [2, 3], 1, [2, 3], True, True), ([4, 4], 3, 4, 4, 0, 1, False, False),
        ([4, 4, 4], 2, 2, 2, 0, 1, False, False), ([3, 5, 4], 2, [3, 3, 2], [1, 2, 2], [1, 1, 0], 1, True, True),
    ]:
        d = len(space)
        k, s, p, e = (spread(v, d) for v in (k, s, p, e))
        shape = shape_of(first, 2, space, c)
        attributes = {"window": k, "stride": s, "padding": [[n, n] for n in p], "ceilMode": ceil}
        record(f"MaxPool{d}D", lambda x: MAXIMUM[d - 1](x, k, s, p, e, ceil), shape,
               attributes | {"dilation": e}, first)
        if any(n != 1 for n in e):
            continue
        for counted in (True, False) if any(p) else (False,):
            record(f"AvgPool{d}D", lambda x: AVERAGE[d - 1](x, k, s, p, ceil, counted), shape,
                   attributes | {"countsPadding": counted}, first)

    for space, c, k, s, power, ceil, first in [
        ([7], 2, 2, 2, 2, False, False), ([7], 2, 3, 2, 3, True, True), ([5], 1, 2, 1, 1, False, False),
        ([5, 6], 3, 2, 2, 2, False, False), ([5, 5], 2, 2, 3, 1.5, True, True),
        ([4, 4], 2, 3, 1, 4, False, False), ([3, 4, 4], 2, 2, 2, 2, True, False),
        ([2, 3, 3], 1, [1, 2, 3], 1, 3, False, False)]:
        d = len(space)
        k, s = spread(k, d), spread(s, d)
        # A whole even power takes any number; others need positive ones to have a real root.
        low = -2.0 if power in (1, 2, 4) else 0.1
        kernel = k if d > 1 else k[0]
        record(f"LpPool{d}D", lambda x: POWER[d - 1](x, float(power), kernel, s, ceil),
               shape_of(first, 2, space, c),
               {"p": power, "window": k, "stride": s, "ceilMode": ceil}, first, low)

    for space, c, first in [([5], 3, False), ([1], 2, True), ([4, 3], 2, False), ([2, 5], 3, True),
                            ([2, 3, 2], 2, False), ([1, 1, 1], 1, True)]:
        d = len(space)
        axes = tuple(range(2, d + 2))
        family.start(f"GlobalAvgPool{d}D")
        last = (lambda x: x) if first else last_to_first
        x = family.draw(shape_of(first, 2, space, c))
        family.case(f"GlobalAvgPool{d}D", lambda x: last(x).mean(axes), [x], {"first": first})
        family.start(f"GlobalMaxPool{d}D")
        x = family.draw(shape_of(first, 2, space, c))
        family.case(f"GlobalMaxPool{d}D", lambda x: last(x).amax(axes), [x], {"first": first})

    for space, c, size, first in [
        ([7], 2, [3], False), ([5], 3, [5], True), ([3], 2, [7], False), ([4], 1, [1], False),
        ([7, 5], 2, [3, 2], False), ([4, 6], 3, [2, 3], True), ([5, 5], 3, [1, 1], False),
        ([2, 3], 2, [3, 5], False), ([1, 1], 2, [2, 2], True),
        ([3, 4, 5], 2, [2, 3, 2], False), ([2, 2, 2], 1, [1, 2, 3], True)]:
        d = len(space)
        shape = shape_of(first, 2, space, c)
        record(f"AdaptiveAvgPool{d}D", lambda x: ADAPTIVE_AVERAGE[d - 1](x, size), shape,
               {"size": size}, first)
        record(f"AdaptiveMaxPool{d}D", lambda x: ADAPTIVE_MAXIMUM[d - 1](x, size), shape,
               {"size": size}, first)

    # Inference of stochastic pooling: Σ p·x with p = x / Σ x over activations above 0.
    for space, c, k, s, p, first in [
        ([4, 6], 3, 2, 2, 0, False), ([5, 5], 2, 3, 2, 1, True), ([5, 4], 1, 2, 3, 0, False),
        ([1, 1], 2, 1, 1, 0, False)]:
        def expected(x):
            x = F.relu(F.pad(x, [p] * 4)).unfold(2, k, s).unfold(3, k, s)
            total = x.sum((-1, -2))
            safe = torch.where(total == 0, torch.ones_like(total), total)
            return torch.where(total == 0, torch.zeros_like(total), (x * x).sum((-1, -2)) / safe)

        record("StochasticPool2D", expected, shape_of(first, 2, space, c),
               {"window": [k, k], "stride": [s, s], "padding": [[p, p]] * 2}, first)
    return family


def unpoolingLayers():
    """Inputs: the pooled elements, where they lay, both of a max pooling of `pooled`."""
    family = Family("unpoolingLayers")
    for space, c, k, s, p, size, first in [
        ([8], 3, 2, 2, 0, None, False), ([7], 2, 2, 3, 0, [7], True), ([1], 1, 1, 1, 0, None, False),
        ([6, 4], 2, 2, 2, 0, None, False), ([7, 7], 2, 3, 3, 1, [7, 7], True),
        ([5, 6], 3, 2, 2, 0, [5, 6], False), ([5, 5], 1, [2, 1], [3, 2], 0, [5, 5], False),
        ([4, 4, 2], 2, 2, 2, 0, None, False), ([3, 4, 5], 1, [1, 2, 3], [2, 2, 3], 0, [3, 4, 5], True)]:
        d = len(space)
        k, s, p = (spread(v, d) for v in (k, s, p))
        op = f"MaxUnpool{d}D"
        family.start(op)
        x = family.draw((2, c, *space))
        values, indices = MAXIMUM[d - 1](x, k, s, p, return_indices=True)
        attributes = {"window": k, "stride": s, "padding": [[n, n] for n in p], "first": first}
        attributes |= {"size": size} if size else {}
        moved = (lambda t: t) if first else first_to_last

        def unpool(v, i):
            v, i = (v, i) if first else (last_to_first(v), last_to_first(i))
            return moved(UNPOOL[d - 1](v.contiguous(), i.contiguous(), k, s, p, size))

        family.case(op, unpool, [moved(values), moved(indices)], attributes)
        # Where windows lay: the same case backwards.
        op = f"MaxPool{d}DIndices"
        family.start(op)

        def pool(x):
            v, i = MAXIMUM[d - 1](x if first else last_to_first(x), k, s, p, return_indices=True)
            return [moved(v), moved(i)]

        family.case(op, pool, [moved(x)], attributes)
    return family


def samplingLayers():
    family = Family("samplingLayers")

    def record(op, function, shape, attributes, first=False):
        family.start(op)
        family.case(op, layout(first, function), [family.draw(shape)], attributes | {"first": first})

    linear = ["linear", "bilinear", "trilinear"]
    for space, c, factor, size, first in [
        ([4], 2, 2, None, False), ([5], 3, 1.5, None, True), ([3], 1, None, [7], False),
        ([6], 2, None, [4], False), ([1], 2, 3, None, False),
        ([3, 4], 2, 2, None, False), ([2, 3], 3, [3, 1.5], None, True), ([4, 5], 2, None, [7, 3], False),
        ([3, 3], 1, None, [3, 5], False), ([5, 4], 2, 0.5, None, False), ([1, 1], 2, 2, None, True),
        ([2, 3, 2], 2, 2, None, False), ([2, 2, 3], 1, None, [3, 1, 5], True)]:
        d = len(space)
        attributes = {"factors": spread(factor, d)} if factor else {"size": size}
        factors = spread(factor, d) if factor else None
        for mode, aligned in (("nearest", None), (linear[d - 1], False), (linear[d - 1], True)):
            record("UpSample", lambda x: F.interpolate(
                       x, size, factors, mode, **({} if aligned is None else {"align_corners": aligned})),
                   shape_of(first, 2, space, c),
                   attributes | {"linear": aligned is not None, "aligned": bool(aligned)}, first)
    for r, space, c, first in [(2, [2, 3], 8, False), (3, [1, 2], 9, True), (1, [2, 2], 3, False),
                               (2, [3, 1], 12, True)]:
        record("PixelShuffle", lambda x: F.pixel_shuffle(x, r), shape_of(first, 2, space, c),
               {"factor": r}, first)
        record("PixelUnshuffle", lambda x: F.pixel_unshuffle(x, r),
               shape_of(first, 2, [n * r for n in space], max(c // r**2, 1)), {"factor": r}, first)
    for space, c, levels, first in [([5, 7], 3, [3, 2, 1], False), ([4, 4], 2, [4, 2, 1], True),
                                    ([1, 1], 2, [1], False), ([2, 3], 1, [3, 1], False)]:
        def pyramid(x):
            x = x if first else last_to_first(x)
            parts = [F.adaptive_max_pool2d(x, n) for n in levels]
            return torch.cat([(p if first else first_to_last(p)).flatten(1) for p in parts], 1)

        family.start("SpatialPyramidPool2D")
        family.case("SpatialPyramidPool2D", pyramid, [family.draw(shape_of(first, 2, space, c))],
                    {"levels": levels, "first": first})
    return family


def shapingLayers():
    family = Family("shapingLayers")
    for shape, start, end in [((2, 3, 4), 1, -1), ((2, 1, 3, 2), 1, 2), ((3, 2), 0, 1),
                              ((2, 2, 3), -2, -1), ((2, 3, 1, 2), 2, 2)]:
        family.simple("Flatten", lambda x: x.flatten(start, end), [shape],
                      {"start": start, "end": end})
    for shape, to in [((2, 6), [2, 3]), ((2, 3, 4), [12]), ((3, 4), [-1, 2]), ((2, 1), [1, 1, 1])]:
        family.simple("Reshape", lambda x: x.reshape(x.shape[0], *to), [shape], {"shape": to})
    for shape, order in [((2, 3, 4), [0, 2, 1]), ((2, 1, 3, 2), [0, 3, 1, 2]), ((2, 3), [0, 1])]:
        family.simple("Permute", lambda x: x.permute(order), [shape], {"order": order})
    for shape, axes in [((2, 1, 3, 1), [1, 3]), ((2, 1, 3, 1), [-1]), ((3, 2), [])]:
        family.simple("Squeeze", lambda x: x.squeeze(tuple(axes)), [shape], {"axes": axes})
    for shape, axis in [((2, 3), 1), ((2, 3), -1), ((2,), 1), ((2, 3, 4), 2)]:
        family.simple("Unsqueeze", lambda x: x.unsqueeze(axis), [shape], {"axis": axis})
    return family


FAMILIES = [poolingLayers, unpoolingLayers, samplingLayers, shapingLayers]
