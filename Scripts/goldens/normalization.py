"""Normalizations."""

import torch
import torch.nn.functional as F

from family import Family, first_to_last, last_to_first


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


FAMILIES = [normalization]
