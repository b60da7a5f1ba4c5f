"""Convolutions and pooling."""

import torch
import torch.nn.functional as F

from family import Family, first_to_last, last_to_first, padded


CONVOLVE = [F.conv1d, F.conv2d, F.conv3d]
CONVOLVE_TRANSPOSED = [F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d]


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


FAMILIES = [convolution, pooling]
