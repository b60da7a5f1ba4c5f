"""Layers that slide weights over sequences, images and volumes, and what goes with them."""

import torch
import torch.nn.functional as F

from family import Family, first_to_last, last_to_first

CONVOLVE = [F.conv1d, F.conv2d, F.conv3d]
TRANSPOSE = [F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d]
MODES = {"zeros": "constant", "circular": "circular", "reflect": "reflect", "replicate": "replicate"}


def spread(value, count):
    return list(value) if isinstance(value, (list, tuple)) else [value] * count


def pairs_of(padding, count):
    return [list(p) if isinstance(p, tuple) else [p, p] for p in spread(padding, count)]


def same(space, kernel, stride, dilation):
    """The amounts that make ⌈s / stride⌉ of s, the odd one at the end."""
    pairs = []
    for s, k, t, d in zip(space, kernel, stride, dilation):
        total = max((-(-s // t) - 1) * t + d * (k - 1) + 1 - s, 0)
        pairs.append([total // 2, total - total // 2])
    return pairs


def padded(x, pairs, mode):
    return F.pad(x, [n for pair in reversed(pairs) for n in pair], mode=MODES[mode])


def layout(first, function):
    """A function of PyTorch's layout as one of the golden's layout."""
    if first:
        return function
    return lambda x, *rest: first_to_last(function(last_to_first(x), *rest))


def shape_of(first, batch, space, channels):
    return (batch, channels, *space) if first else (batch, *space, channels)


def convolutionLayers():
    family = Family("convolutionLayers")

    def conv(space, batch, channels, filters, kernel, stride=1, padding=0, mode="zeros", dilation=1,
             groups=1, bias=True, first=False, depthwise=False):
        d = len(space)
        kernel, strides, dilations = (spread(v, d) for v in (kernel, stride, dilation))
        pairs = (same(space, kernel, strides, dilations) if padding == "same"
                 else pairs_of(padding, d))
        attributes = {
            "filters": filters, "kernel": kernel, "stride": strides, "dilation": dilations,
            "groups": groups, "paddingMode": mode, "first": first, "bias": bias}
        attributes |= {"same": True} if padding == "same" else {"padding": pairs}
        op = f"DepthwiseConv{d}D" if depthwise else f"Conv{d}D"
        if depthwise:
            groups, filters = channels, channels * filters

        def function(x, w, b=None):
            return CONVOLVE[d - 1](padded(x, pairs, mode), w, b, strides, 0, dilations, groups)

        family.start(op)
        shapes = [shape_of(first, batch, space, channels), (filters, channels // groups, *kernel)]
        family.case(
            op, layout(first, function), [family.draw(s) for s in shapes + [(filters,)] * bias],
            attributes)

    conv([1], 1, 1, 1, 1)
    conv([7], 2, 3, 4, 3)
    conv([9], 1, 2, 3, 4, stride=2, padding=1, bias=False, first=True)
    conv([8], 2, 2, 2, 3, padding=[(4, 0)], dilation=2)
    conv([7], 1, 3, 2, 3, padding=2, mode="circular")
    conv([6], 2, 2, 2, 4, stride=3, padding=[(3, 1)], mode="reflect", first=True)
    conv([5], 1, 2, 4, 3, padding=[(1, 6)], mode="replicate", groups=2)
    conv([9], 1, 5, 3, 2, stride=4)
    conv([10], 1, 2, 3, 3, stride=2, padding="same", dilation=2)
    conv([5, 6], 2, 3, 4, 3, padding=1)
    conv([1, 1], 1, 1, 1, 1, bias=False)
    conv([4, 4], 2, 17, 5, 1)
    conv([7, 5], 1, 2, 3, [2, 3], stride=[2, 1], first=True)
    conv([8, 7], 1, 2, 2, 2, stride=3)
    conv([6, 7], 1, 4, 6, 3, stride=2, padding=[1, (0, 2)], groups=2)
    conv([5, 5], 2, 3, 3, 3, padding=1, groups=3, first=True)
    conv([8, 9], 1, 1, 2, [3, 2], stride=2, padding=[2, 1], dilation=[2, 3])
    conv([7, 6], 1, 3, 2, 3, stride=2, padding="same")
    conv([5, 4], 1, 2, 3, 3, padding=[1, 2], mode="circular")
    conv([5, 4], 2, 2, 3, [3, 2], padding=[(2, 1), 1], mode="reflect", stride=[1, 2])
    conv([3, 4], 1, 3, 2, 3, padding=[4, (0, 1)], mode="replicate", first=True)
    conv([5, 5], 1, 2, 3, 3, padding="same", mode="circular")
    conv([3, 4, 4], 1, 2, 2, 2)
    conv([3, 4, 5], 1, 2, 3, [2, 3, 3], stride=[1, 2, 2], padding=1, first=True)
    conv([4, 3, 4], 1, 2, 2, [3, 1, 3], padding=[2, 0, 1], dilation=[2, 1, 1], groups=2)
    conv([3, 3, 4], 1, 2, 2, 2, padding=[1, (1, 0), 2], mode="circular")
    conv([3, 3, 4], 2, 1, 1, 2, padding=1, mode="reflect", stride=2)
    conv([2, 3, 3], 1, 3, 3, 2, padding=[1, 0, 2], mode="replicate", groups=3, bias=False)

    conv([7], 2, 3, 1, 3, depthwise=True)
    conv([8], 1, 2, 3, 4, stride=2, padding=[(3, 0)], first=True, depthwise=True)
    conv([6, 5], 2, 3, 1, 3, padding=1, depthwise=True)
    conv([7, 7], 1, 2, 2, 3, stride=2, padding="same", depthwise=True)
    conv([5, 6], 1, 5, 1, [3, 2], dilation=[1, 2], bias=False, first=True, depthwise=True)
    conv([5, 5], 1, 17, 1, 2, stride=3, depthwise=True)
    conv([4, 5], 1, 1, 3, 3, padding=1, mode="reflect", depthwise=True)
    conv([3, 3], 1, 8, 1, 1, depthwise=True)
    return family


def transposedLayers():
    family = Family("transposedLayers")

    def conv(space, batch, channels, filters, kernel, stride=1, padding=0, extra=0, dilation=1,
             groups=1, bias=True, first=False):
        d = len(space)
        kernel, strides, extras, dilations, amounts = (
            spread(v, d) for v in (kernel, stride, extra, dilation, padding))
        attributes = {
            "filters": filters, "kernel": kernel, "stride": strides, "dilation": dilations,
            "outputPadding": extras, "padding": [[p, p] for p in amounts], "groups": groups,
            "first": first, "bias": bias}

        def function(x, w, b=None):
            return TRANSPOSE[d - 1](x, w, b, strides, amounts, extras, groups, dilations)

        op = f"ConvTranspose{d}D"
        family.start(op)
        shapes = [shape_of(first, batch, space, channels), (channels, filters // groups, *kernel)]
        family.case(
            op, layout(first, function), [family.draw(s) for s in shapes + [(filters,)] * bias],
            attributes)

    conv([5], 2, 3, 2, 3, stride=2, padding=1, extra=1)
    conv([1], 1, 2, 3, 4, stride=5, extra=4, bias=False, first=True)
    conv([4], 1, 4, 6, 3, groups=2, dilation=3)
    conv([3, 4], 2, 2, 3, 2, stride=2)
    conv([3, 3], 1, 5, 3, 4, stride=2, padding=1, first=True)
    conv([4, 3], 1, 4, 2, 3, padding=1, groups=2, dilation=2)
    conv([2, 3], 2, 3, 3, [3, 2], stride=[2, 3], padding=[1, 0], extra=[1, 2], groups=3)
    conv([1, 1], 1, 3, 2, 4, stride=3, padding=1)
    conv([3, 2], 1, 2, 17, 1, stride=2, extra=1, bias=False)
    conv([2, 2, 3], 1, 1, 2, 2, stride=2)
    conv([2, 1, 2], 1, 2, 4, [2, 3, 2], stride=[1, 2, 2], padding=[0, 1, 1], extra=[0, 1, 0],
         groups=2, first=True)
    conv([2, 2, 2], 2, 2, 1, 3, stride=2, padding=1, extra=1, dilation=1)
    return family


def composedLayers():
    family = Family("composedLayers")

    def record(op, first, shapes, attributes, function):
        family.start(op)
        family.case(
            op, layout(first, function), [family.draw(s) for s in shapes],
            attributes | {"first": first})

    for space, c, f, k, m, stride, p, first in [
        ((5, 6), 3, 4, 3, 1, 1, 1, False), ((7, 5), 2, 3, 2, 2, 2, 0, True),
        ((1, 1), 1, 1, 1, 1, 1, 0, False), ((4, 4), 5, 2, 3, 1, 3, 2, False)]:
        def separable(x, a, b, bias):
            return F.conv2d(F.conv2d(x, a, None, stride, p, 1, c), b, bias)

        record("SeparableConv2D", first,
               [shape_of(first, 2, space, c), (c * m, 1, k, k), (f, c * m, 1, 1), (f,)],
               {"filters": f, "kernel": k, "multiplier": m, "stride": stride, "padding": [[p, p]]},
               separable)
    for space, c, f, k, stride, pads, first in [
        ((5, 6), 3, 4, 3, 1, (1, 1), False), ((7, 5), 2, 3, 2, 2, (0, 1), True),
        ((1, 1), 1, 1, 1, 1, (0, 0), False), ((6, 4), 3, 2, 3, 2, (2, 0), False)]:
        padding = [[n, n] for n in pads]
        attributes = {"filters": f, "kernel": k, "stride": stride, "padding": padding}

        def spatial(x, a, b, bias):
            y = F.conv2d(x, a, None, (stride, 1), (pads[0], 0))
            return F.conv2d(y, b, bias, (1, stride), (0, pads[1]))

        for middle in (f, f + 2):
            record("SpatiallySeparableConv2D", first,
                   [shape_of(first, 2, space, c), (middle, c, k, 1), (f, middle, 1, k), (f,)],
                   attributes | {"middle": middle}, spatial)

        def flattened(x, a, b, e, bias):
            y = F.conv2d(F.conv2d(x, a), b, None, (stride, 1), (pads[0], 0), 1, f)
            return F.conv2d(y, e, bias, (1, stride), (0, pads[1]), 1, f)

        record("FlattenedConv2D", first,
               [shape_of(first, 2, space, c), (f, c, 1, 1), (f, 1, k, 1), (f, 1, 1, k), (f,)],
               attributes, flattened)

    for groups, space, c, first in [
        (2, (3, 2), 6, False), (3, (2, 2), 6, True), (1, (1, 1), 4, False), (5, (3, 1), 5, False)]:
        record("ChannelShuffle", first, [shape_of(first, 2, space, c)], {"groups": groups},
               lambda x: F.channel_shuffle(x, groups))

    unfold = [
        ((4, 5), 3, 2, 1, 0, 1), ((5, 5), 2, (3, 2), 2, 1, 1), ((6, 7), 1, 2, (3, 4), 0, 2),
        ((1, 1), 4, 1, 1, 0, 1), ((4, 3), 2, 3, 2, (2, 1), (1, 2))]
    for first in (True, False):
        for space, c, k, s, p, e in unfold:
            k, s, p, e = (spread(v, 2) for v in (k, s, p, e))
            attributes = {"window": k, "stride": s, "padding": [[n, n] for n in p], "dilation": e}
            record("Unfold", first, [shape_of(first, 2, space, c)], attributes,
                   lambda x: F.unfold(x, k, e, p, s))
            rows = F.unfold(torch.zeros(1, c, *space), k, e, p, s).shape[2]
            width = c * k[0] * k[1]
            record("Fold", first, [(2, width, rows) if first else (2, rows, width)],
                   attributes | {"size": list(space)}, lambda x: F.fold(x, space, k, e, p, s))
    return family


def paddingLayers():
    family = Family("paddingLayers")
    for name, mode in [("ZeroPad", "zeros"), ("CircularPad", "circular"), ("ReflectPad", "reflect"),
                       ("ReplicatePad", "replicate")]:
        for space, pairs, first in [
            ((5,), [(2, 1)], False), ((4,), [(0, 3)], True), ((2,), [(1, 1)], False),
            ((3, 4), [(2, 1), (0, 3)], False), ((3, 3), [(1, 2), (2, 2)], True),
            ((1, 3), [(0, 0), (1, 1)], False), ((2, 3, 3), [(1, 0), (2, 1), (0, 2)], False)]:
            family.start(name)
            family.case(
                name, layout(first, lambda x: padded(x, [list(p) for p in pairs], mode)),
                [family.draw(shape_of(first, 2, space, 2))],
                {"amounts": [list(p) for p in pairs], "first": first})
    for space, pairs, first in [
        ((5,), [(2, 1)], False), ((4, 3), [(0, 3), (1, 1)], True), ((1, 2), [(0, 0), (0, 1)], False),
        ((3, 2, 4), [(1, 1), (0, 0), (2, 1)], False)]:
        def crop(x):
            for axis, (low, high) in enumerate(pairs):
                x = x.narrow(axis + 2, low, x.shape[axis + 2] - low - high)
            return x

        family.start("Crop")
        family.case("Crop", layout(first, crop), [family.draw(shape_of(first, 2, space, 3))],
                    {"amounts": [list(p) for p in pairs], "first": first})
    return family


FAMILIES = [convolutionLayers, transposedLayers, composedLayers, paddingLayers]
