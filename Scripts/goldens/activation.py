"""Activations: values and derivatives; layers with learned or drawn slopes."""

import torch
import torch.nn.functional as F

from family import Family, first_to_last, last_to_first


# PyTorch 2.13 rounds the constants of these two gradients, 1/6 and 1/alpha, to float32 even in
# float64: the formulas are written out instead.
def celu(x, alpha):
    return torch.where(x > 0, x, alpha * torch.expm1(x.clamp(max=0) / alpha))


def activation():
    family = Family("activation")
    for op, function, attributes in [
        ("linear", lambda x: x * 1, {}), ("step", lambda x: (x > 0).double(), {}),
        ("relu", F.relu, {}), ("relu6", F.relu6, {}), ("sigmoid", torch.sigmoid, {}),
        ("hardSigmoid", lambda x: F.relu6(x + 3) / 6, {}), ("logSigmoid", F.logsigmoid, {}),
        ("tanh", torch.tanh, {}), ("tanhShrink", F.tanhshrink, {}), ("elu", F.elu, {}),
        ("elu", lambda x: F.elu(x, 0.3), {"settings": [0.3]}), ("selu", F.selu, {}),
        ("softplus", lambda x: F.softplus(x, threshold=1e9), {}),
        ("softplus", lambda x: F.softplus(x, 2.5, threshold=1e9), {"settings": [2.5]}),
        ("softsign", F.softsign, {}), ("gelu", F.gelu, {}),
        ("geluTanh", lambda x: F.gelu(x, approximate="tanh"), {}),
        ("hardSwish", F.hardswish, {}), ("silu", F.silu, {}), ("mish", F.mish, {}),
        ("softmax", lambda x: F.softmax(x, -1), {}), ("softmin", lambda x: F.softmin(x, -1), {}),
        ("softmax", lambda x: F.softmax(x, 0), {"settings": [0.0]}),
        ("logSoftmax", lambda x: F.log_softmax(x, -1), {}),
        ("logSoftmax", lambda x: F.log_softmax(x, 0), {"settings": [0.0]}),
        ("glu", F.glu, {}),
        ("swiGLU", lambda x: x.chunk(2, -1)[0] * F.silu(x.chunk(2, -1)[1]), {}),
        ("geGLU", lambda x: x.chunk(2, -1)[0] * F.gelu(x.chunk(2, -1)[1]), {}),
        ("leakyRelu", F.leaky_relu, {}),
        ("leakyRelu", lambda x: F.leaky_relu(x, 0.2), {"settings": [0.2]}),
        ("celu", F.celu, {}), ("celu", lambda x: celu(x, 0.4), {"settings": [0.4]}),
        ("hardTanh", F.hardtanh, {}),
        ("hardTanh", lambda x: F.hardtanh(x, -0.5, 2.0), {"settings": [-0.5, 2.0]}),
        ("hardShrink", F.hardshrink, {}),
        ("hardShrink", lambda x: F.hardshrink(x, 1.5), {"settings": [1.5]}),
        ("softShrink", F.softshrink, {}),
        ("softShrink", lambda x: F.softshrink(x, 1.5), {"settings": [1.5]}),
        ("threshold", lambda x: F.threshold(x, 0.0, 0.0), {}),
        ("threshold", lambda x: F.threshold(x, -1.0, 3.0), {"settings": [-1.0, 3.0]}),
    ]:
        for shape, reach in [((3, 4), 4.0), ((1, 2), 0.5), ((2, 1, 6), 8.0)]:
            family.start(op)
            family.case(op, function, [family.draw(shape, -reach, reach)], attributes)
    for first, count, shape in [
        (False, 1, (3, 4)), (False, 4, (3, 4)), (True, 3, (2, 3, 2, 2)), (False, 2, (2, 3, 3, 2)),
        (False, 1, (1,)), (True, 1, (2, 1, 3)),
    ]:
        family.start("prelu")
        move = len(shape) > 2 and not first

        def prelu(x, slope):
            return first_to_last(F.prelu(last_to_first(x), slope)) if move else F.prelu(x, slope)
        family.case("prelu", prelu, [family.draw(shape), family.draw((count,), -0.5, 0.5)],
                    {"first": first, "perChannel": count > 1})
    for axis, shape in [(-1, (3, 4)), (1, (2, 6, 3)), (0, (2, 3)), (2, (2, 3, 2))]:
        family.simple("gluAxis", lambda x: F.glu(x, axis), [shape], {"axis": axis})
    for shape in [(3, 4), (1, 2, 3)]:
        family.simple("rrelu", lambda x: F.rrelu(x, 0.1, 0.4), [shape], {"low": 0.1, "high": 0.4})
    for units, pieces, shape in [(3, 2, (4, 5)), (2, 3, (2, 3, 4)), (1, 1, (1, 1)), (2, 4, (3,))]:
        n = shape[-1]
        family.simple(
            "maxout", lambda x, w, b: F.linear(x, w, b).unflatten(-1, (units, pieces)).amax(-1),
            [shape, (units * pieces, n), (units * pieces,)], {"units": units, "pieces": pieces})
    return family


FAMILIES = [activation]
