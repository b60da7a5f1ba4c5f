"""Softmax and losses."""

import torch
import torch.nn.functional as F

from family import Family, last_to_first


def softmax():
    family = Family("softmax")
    for shape in [(5,), (3, 7), (2, 3, 4), (2, 1)]:
        for axis in range(len(shape)):
            for op, function in [("softmax", F.softmax), ("logSoftmax", F.log_softmax)]:
                family.simple(op, lambda x: function(x, axis), [shape], {"axis": axis}, -3, 3)
    for op, function in [("softmax", F.softmax), ("logSoftmax", F.log_softmax)]:
        family.simple(op, lambda x: function(x, 1), [(3, 5)], {"axis": 1}, -200, 200)

    def entropy(shape, reduction="mean", smoothing=0.0, weighted=False, ignore=None, onehot=False,
                probabilities=False):
        family.start("crossEntropy")
        classes = shape[-1]
        inputs = [family.draw(shape, -3, 3)]
        if probabilities:
            inputs.append(family.draw(shape, 0.1, 2))
            inputs[1] = torch.round(inputs[1] / inputs[1].sum(-1, keepdim=True) * 256) / 256
            inputs[1][..., -1] += 1 - inputs[1].sum(-1)
        else:
            labels = family.integers(shape[:-1], classes)
            if ignore is not None:
                flat = labels.view(-1)
                flat[::3] = ignore
            inputs.append(F.one_hot(labels, classes).double() if onehot else labels)
        if weighted:
            inputs.append(family.draw((classes,), 0.25, 2))
        attributes = {"targets": "probabilities" if onehot or probabilities else "indices",
                      "reduction": reduction, "labelSmoothing": smoothing}
        if ignore is not None:
            attributes["ignoreIndex"] = ignore

        def function(x, target, weight=None):
            return F.cross_entropy(
                last_to_first(x), last_to_first(target) if target.is_floating_point() else target,
                weight, ignore_index=-100 if ignore is None else ignore, reduction=reduction,
                label_smoothing=smoothing)

        family.case("crossEntropy", function, inputs, attributes, frozen=(1, 2))

    for reduction in ("mean", "sum", "none"):
        entropy((4, 5), reduction)
        entropy((4, 5), reduction, onehot=True)
        entropy((4, 5), reduction, probabilities=True)
        entropy((4, 5), reduction, smoothing=0.1)
        entropy((4, 5), reduction, weighted=True)
        entropy((7, 3), reduction, ignore=-100)
        entropy((7, 3), reduction, ignore=1, weighted=True)
        entropy((7, 3), reduction, ignore=-100, weighted=True, smoothing=0.2)
        entropy((2, 3, 2, 4), reduction)
    entropy((4, 5), probabilities=True, smoothing=0.1)
    entropy((4, 5), probabilities=True, weighted=True)
    entropy((1, 2))
    entropy((2, 3, 2, 4), ignore=-100)

    losses = {
        "binaryCrossEntropyWithLogits": F.binary_cross_entropy_with_logits,
        "mse": F.mse_loss, "mae": F.l1_loss,
        "huber": lambda x, t, reduction: F.huber_loss(x, t, reduction=reduction, delta=0.75),
        "binaryCrossEntropy": F.binary_cross_entropy,
    }
    for op, function in losses.items():
        for reduction in ("mean", "sum", "none"):
            for shape in [(4, 3), (7,)]:
                family.start(op)
                attributes = {"reduction": reduction} | ({"delta": 0.75} if op == "huber" else {})
                if op == "binaryCrossEntropy":
                    x = family.draw(shape, 0, 1)
                else:
                    x = family.draw(shape, -3, 3)
                binary = op.startswith("binary")
                target = family.integers(shape, 2).double() if binary else family.draw(shape)
                family.case(
                    op, lambda x, t: function(x, t, reduction=reduction), [x, target], attributes,
                    frozen=(1,))
    family.start("binaryCrossEntropyWithLogits")
    family.case(
        "binaryCrossEntropyWithLogits", F.binary_cross_entropy_with_logits,
        [family.draw((9,), -200, 200), family.draw((9,), 0, 1)], {"reduction": "mean"}, frozen=(1,))
    return family


FAMILIES = [softmax]
