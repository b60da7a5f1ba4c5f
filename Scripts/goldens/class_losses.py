"""Losses of class numbers."""

import torch
import torch.nn.functional as F

from family import Family
from losses import REDUCTIONS, reduced


def classLosses():
    """Losses of class numbers; `weights` is empty and `ignore` missing where there are none."""
    family = Family("classLosses")

    def case(op, shape, function, reduction, attributes=None, weighted=False, ignore=None,
             every=3, low=-3.0, high=3.0, prepare=lambda x: x):
        family.start(op)
        x = prepare(family.draw(shape, low, high))
        labels = family.integers(shape[:-1], shape[-1])
        if ignore is not None:
            labels.view(-1)[::every] = ignore
        weights = family.draw((shape[-1],), 0.25, 2) if weighted else None
        attributes = (attributes or {}) | {
            "reduction": reduction, "weights": weights.tolist() if weighted else []}
        if ignore is not None:
            attributes["ignore"] = ignore
        family.case(op, lambda x, t: function(x, t, weights, reduction), [x, labels], attributes)

    shapes = [(4, 5), (1, 2), (2, 3, 2, 4), (3, 1)]
    for reduction in REDUCTIONS:
        for i, shape in enumerate(shapes):
            def entropy(x, t, w, r, smoothing=0.0, ignore=-100):
                return F.cross_entropy(x.movedim(-1, 1).contiguous(), t, w, ignore_index=ignore, reduction=r,
                                       label_smoothing=smoothing)

            def nll(x, t, w, r, ignore=-100):
                return F.nll_loss(x.movedim(-1, 1).contiguous(), t, w, ignore_index=ignore, reduction=r)

            for weighted in (False, True):
                for smoothing in (0.0, 0.1):
                    for ignore in (None, -100, 1):
                        if ignore == 1 and shape[-1] < 2 or i and (weighted, smoothing) == (0, 0.1):
                            continue
                        case("crossEntropy", shape, lambda x, t, w, r: entropy(
                            x, t, w, r, smoothing, -100 if ignore is None else ignore), reduction,
                            {"labelSmoothing": smoothing}, weighted, ignore)
                for ignore in (None, -100, 0):
                    case("negativeLogLikelihood", shape, lambda x, t, w, r: nll(
                        x, t, w, r, -100 if ignore is None else ignore), reduction, {}, weighted,
                        ignore, low=-4.0, high=0.0)
        # Nothing counts: 0/0.
        case("crossEntropy", (3, 4), lambda x, t, w, r: entropy(x.detach(), t, w, r), reduction,
             {"labelSmoothing": 0.0}, ignore=-100, every=1)
        for power in (1, 2):
            for margin, weighted in ((1.0, False), (0.5, True)):
                for shape in [(4, 5), (1, 2), (6, 3)]:
                    case("multiClassHinge", shape, lambda x, t, w, r: F.multi_margin_loss(
                        x, t, p=power, margin=margin, weight=w, reduction=r), reduction,
                        {"power": power, "margin": margin}, weighted)
        for gamma in (2.0, 0.5, 0.0):
            for shape in [(4, 5), (2, 3, 2), (1, 2)]:
                for weighted in (False, True):
                    def focal(x, t, w, r):
                        logs = F.log_softmax(x, -1).gather(-1, t[..., None])[..., 0]
                        terms = -(1 - logs.exp()) ** gamma * logs
                        return reduced(terms if w is None else terms * w[t], r)

                    case("focal", shape, focal, reduction, {"gamma": gamma}, weighted)
        for weighted in (False, True):
            for smoothing in (0.0, 0.1):
                family.start("crossEntropyOfDistributions")
                x, t = family.draw((4, 5), -3, 3), F.softmax(family.draw((4, 5)), -1)
                weights = family.draw((5,), 0.25, 2) if weighted else None
                family.case(
                    "crossEntropyOfDistributions",
                    lambda x, t: F.cross_entropy(
                        x, t, weights, reduction=reduction, label_smoothing=smoothing),
                    [x, t], {"reduction": reduction, "labelSmoothing": smoothing,
                             "weights": weights.tolist() if weighted else []})
    return family


FAMILIES = [classLosses]
