"""Normalization layers: options, layouts, running statistics, weights derived from others."""

import torch
import torch.nn.functional as F
from torch.nn.utils import parametrizations

from family import Family, first_to_last, last_to_first


def in_layout(function, first):
    """A function of channels-first input as one of the layout."""
    return function if first else lambda x: first_to_last(function(last_to_first(x)))


def tracked(family, op, module, shape, first, training, attributes, **options):
    """A norm with running statistics: outputs y and, in training, the new statistics."""
    c = shape[1] if first else shape[-1]
    affine, tracking = options.get("affine", True), options["track_running_stats"]
    family.start(op)
    inputs = [family.draw(shape)]
    if affine:
        inputs += [family.draw((c,), 0.5, 1.5), family.draw((c,))]
    frozen = ()
    if tracking:
        frozen = (len(inputs), len(inputs) + 1)
        inputs += [family.draw((c,), -1, 1), family.draw((c,), 0.5, 1.5), torch.tensor(3)]

    def function(x, *rest):
        layer = module(c, dtype=torch.float64, **options)
        layer.train(training)
        rest = list(rest)
        names = (["weight", "bias"] if affine else []) + (
            ["running_mean", "running_var", "num_batches_tracked"] if tracking else [])
        state = dict(zip(names, [value.clone() for value in rest]))
        x = x if first else last_to_first(x).contiguous()
        y = torch.func.functional_call(layer, state, (x,))
        if y.requires_grad:
            # PyTorch 2.13's batch norm misreads gradients that lie channels-last in memory where
            # an extent is 1: gradcheck fails on InstanceNorm3d of [1, 2, 2, 1, 3].
            y.register_hook(lambda g: g.contiguous())
        y = y if first else first_to_last(y)
        if not (training and tracking):
            return y
        moved = [y, state["running_mean"], state["running_var"]]
        # PyTorch's instance norms have a count of batches but never count.
        return moved if op == "instanceNorm" else moved + [state["num_batches_tracked"]]

    family.case(op, function, inputs, {
        "first": first, "training": training, "affine": affine, "tracking": tracking,
        **attributes}, frozen=frozen)


def normalization_layers():
    family = Family("normalization_layers")
    batch = [torch.nn.BatchNorm1d, torch.nn.BatchNorm1d, torch.nn.BatchNorm2d, torch.nn.BatchNorm3d]
    for first, training, affine, tracking, momentum, shapes in [
        (False, True, True, True, 0.1, [(5, 3), (2, 4, 3), (2, 3, 2, 2), (2, 2, 1, 3, 2)]),
        (True, True, True, True, None, [(5, 3), (2, 3, 4), (2, 2, 3, 2), (2, 2, 2, 1, 3)]),
        (True, False, True, True, 0.1, [(5, 3), (2, 3, 4), (2, 2, 3, 2), (2, 2, 2, 1, 3)]),
        (False, True, False, True, 0.3, [(5, 1), (2, 3, 2, 2)]),
        (False, False, True, False, 0.1, [(5, 3), (2, 3, 2, 2)]),
        (True, False, False, True, 0.1, [(1, 3), (1, 3, 1, 1)]),
        (True, True, False, False, 0.1, [(2, 3), (1, 2, 3, 2)]),
    ]:
        for shape in shapes:
            tracked(family, "batchNorm", batch[len(shape) - 2], shape, first, training,
                    {"momentum": momentum or 0.0, "cumulative": momentum is None},
                    affine=affine, track_running_stats=tracking, momentum=momentum)
    instance = [torch.nn.InstanceNorm1d, torch.nn.InstanceNorm2d, torch.nn.InstanceNorm3d]
    for first, training, affine, tracking, shapes in [
        (False, False, False, False, [(2, 4, 3), (2, 3, 2, 2), (1, 2, 1, 3, 2)]),
        (True, False, True, False, [(2, 3, 4), (1, 1, 3, 2), (2, 2, 2, 1, 3)]),
        (False, True, True, True, [(2, 4, 3), (2, 3, 2, 2), (2, 2, 1, 3, 2)]),
        (True, False, True, True, [(2, 3, 4), (2, 2, 1, 1)]),
        (True, True, False, True, [(3, 2, 2, 2)]),
    ]:
        for shape in shapes:
            tracked(family, "instanceNorm", instance[len(shape) - 3], shape, first, training,
                    {"momentum": 0.1}, affine=affine, track_running_stats=tracking)
    for first, groups, affine, shape in [
        (False, 1, True, (3, 4)), (False, 2, True, (2, 5, 4)), (False, 6, True, (2, 2, 3, 6)),
        (True, 3, True, (2, 6, 5)), (True, 2, False, (2, 4, 3, 1)), (True, 2, True, (1, 4, 2, 1, 3)),
        (False, 1, False, (2, 1, 3, 2, 3)),
    ]:
        family.start("groupNorm")
        c = shape[1] if first else shape[-1]
        weights = [family.draw((c,), 0.5, 1.5), family.draw((c,))] if affine else []
        family.case(
            "groupNorm",
            lambda x, *w: in_layout(lambda x: F.group_norm(x, groups, *w, eps=1e-4), first)(x),
            [family.draw(shape)] + weights,
            {"first": first, "groups": groups, "affine": affine, "epsilon": 1e-4})
    for shape, count, affine, bias in [
        ((4, 7), 1, True, True), ((2, 3, 5), 2, True, False), ((2, 3, 2, 3), 3, False, False),
        ((3, 1), 1, True, True), ((6,), 1, True, True), ((2, 33), 1, True, True),
    ]:
        sizes = shape[-count:]
        family.start("layerNorm")
        inputs = [family.draw(shape)] + ([family.draw(sizes, 0.5, 1.5)] if affine else [])
        inputs += [family.draw(sizes)] if bias else []
        family.case(
            "layerNorm", lambda x, *w: F.layer_norm(x, sizes, *w, eps=1e-4), inputs,
            {"axes": count, "affine": affine, "bias": bias, "epsilon": 1e-4})
        family.start("rmsNorm")
        family.case(
            "rmsNorm", lambda x, *w: F.rms_norm(x, sizes, *w, eps=1e-4),
            inputs[:2] if affine else inputs[:1],
            {"axes": count, "affine": affine, "epsilon": 1e-4})
    for first, size, alpha, beta, k, shape in [
        (False, 5, 1e-4, 0.75, 1.0, (2, 2, 3, 7)), (False, 4, 0.5, 0.75, 2.0, (2, 3, 6)),
        (True, 3, 0.5, 0.5, 1.5, (2, 5, 2, 2)), (True, 1, 0.5, 1.0, 1.0, (1, 3, 4)),
        (False, 9, 0.5, 0.75, 2.0, (2, 3, 2)), (False, 2, 0.5, 0.75, 2.0, (1, 2, 1)),
        (True, 8, 0.5, 0.75, 1.0, (1, 3, 2, 1, 2)),
    ]:
        family.simple(
            "localResponseNorm",
            in_layout(lambda x: F.local_response_norm(x, size, alpha, beta, k), first),
            [shape], {"first": first, "size": size, "alpha": alpha, "beta": beta, "k": k})
    derived(family)
    return family


def derived(family):
    """Layers whose weight is derived: inputs x, the bias, then the weight's parts."""
    def make(kind, shape):
        out, inside = shape[0], shape[1]
        layer = (torch.nn.Linear(inside, out) if kind == "dense"
                 else torch.nn.Conv2d(inside, out, shape[2:]))
        return layer.double()

    for kind, shape, x, axis in [
        ("dense", (3, 4), (2, 4), 0), ("dense", (3, 4), (2, 4), 1), ("dense", (1, 5), (3, 5), -9),
        ("conv", (3, 2, 2, 3), (2, 3, 4, 2), 0), ("conv", (2, 1, 1, 1), (1, 2, 2, 1), -9),
    ]:
        def weight_norm(x, bias, g, v):
            layer = make(kind, shape)
            torch.nn.utils.parametrizations.weight_norm(layer, dim=None if axis == -9 else axis)
            state = {"bias": bias, "parametrizations.weight.original0": g,
                     "parametrizations.weight.original1": v}
            run = lambda x: torch.func.functional_call(layer, state, (x,))
            return run(x) if kind == "dense" else first_to_last(run(last_to_first(x)))

        g = () if axis == -9 else [n if i == axis else 1 for i, n in enumerate(shape)]
        family.start("weightNorm")
        family.case("weightNorm", weight_norm, [
            family.draw(x), family.draw((shape[0],)), family.draw(g, 0.5, 2), family.draw(shape)],
            {"kind": kind, "axis": axis, "shape": list(shape)})
    for kind, shape, x, training, iterations in [
        ("dense", (3, 4), (2, 4), True, 1), ("dense", (3, 4), (2, 4), False, 1),
        ("dense", (1, 5), (3, 5), True, 3), ("conv", (3, 2, 2, 3), (2, 3, 4, 2), True, 2),
        ("conv", (3, 2, 2, 3), (2, 3, 4, 2), False, 1),
    ]:
        rest = torch.Size(shape[1:]).numel()

        def spectral(x, bias, original, u, v):
            layer = make(kind, shape)
            parametrizations.spectral_norm(layer, n_power_iterations=iterations)
            layer.train(training)
            state = {"bias": bias, "parametrizations.weight.original": original,
                     "parametrizations.weight.0._u": u.clone(),
                     "parametrizations.weight.0._v": v.clone()}
            run = lambda x: torch.func.functional_call(layer, state, (x,))
            y = run(x) if kind == "dense" else first_to_last(run(last_to_first(x)))
            new = [state["parametrizations.weight.0._" + name] for name in "uv"]
            return (y, *new) if training else y

        family.start("spectralNorm")
        family.case("spectralNorm", spectral, [
            family.draw(x), family.draw((shape[0],)), family.draw(shape), family.draw((shape[0],)),
            family.draw((rest,))],
            {"kind": kind, "training": training, "iterations": iterations, "shape": list(shape)},
            frozen=(3, 4))


FAMILIES = [normalization_layers]
