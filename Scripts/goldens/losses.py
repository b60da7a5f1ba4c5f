"""Losses of numbers and distributions that PyTorch has, or whose formula is one line of it."""

import torch
import torch.nn.functional as F

from family import Family

SHAPES = [(4, 3), (7,), (1, 1), (2, 3, 2), (1, 5)]
REDUCTIONS = ("none", "sum", "mean")


def reduced(terms, reduction, samples=None):
    """PyTorch's reductions, and `batchMean` for losses of which it has none."""
    if reduction == "batchMean":
        return terms.sum() / (terms.shape[0] if terms.dim() else 1)
    return {"none": terms, "sum": terms.sum(), "mean": terms.mean()}[reduction]


def elementwise(family, op, function, prediction=(-3, 3), target=(-2, 2), attributes=None,
                frozen=()):
    """A loss of two tensors of one shape; `function` gives its terms or takes a reduction."""
    for i, shape in enumerate(SHAPES):
        for reduction in REDUCTIONS if i < 1 else ("mean",):
            family.start(op)
            x = family.draw(shape, *prediction)
            if target == "binary":
                t = family.integers(shape, 2).double()
            elif target == "signs":
                t = family.integers(shape, 2).double() * 2 - 1
            else:
                t = family.draw(shape, *target)
            family.case(op, lambda x, t: function(x, t, reduction), [x, t],
                        (attributes or {}) | {"reduction": reduction},
                        frozen=(1,) if target in ("binary", "signs") else frozen)


def losses():
    family = Family("losses")
    elementwise(family, "meanSquaredError", lambda x, t, r: F.mse_loss(x, t, reduction=r))
    elementwise(family, "meanAbsoluteError", lambda x, t, r: F.l1_loss(x, t, reduction=r))
    elementwise(family, "logCosh", lambda x, t, r: reduced(torch.log(torch.cosh(x - t)), r))
    for delta in (1.0, 0.25):
        elementwise(family, "huber", lambda x, t, r: F.huber_loss(x, t, reduction=r, delta=delta),
                    attributes={"delta": delta})
    for beta in (1.0, 0.5, 0.0):
        elementwise(family, "smoothL1",
                    lambda x, t, r: F.smooth_l1_loss(x, t, reduction=r, beta=beta),
                    attributes={"beta": beta})
    for q in (0.1, 0.75):
        elementwise(family, "quantile", lambda x, t, r: reduced(
            torch.where(t >= x, q * (t - x), (1 - q) * (x - t)), r), attributes={"quantile": q})
    for shape in SHAPES:
        family.simple("halfSumSquaredError",
                      lambda x, t: ((x - t) ** 2).sum() / 2 / shape[0], [shape, shape])
        family.simple("rootMeanSquaredError",
                      lambda x, t: F.mse_loss(x, t).sqrt(), [shape, shape])

    elementwise(family, "binaryCrossEntropy",
                lambda x, t, r: F.binary_cross_entropy_with_logits(x, t, reduction=r), (-5, 5),
                (0, 1))
    elementwise(family, "binaryCrossEntropyOfProbabilities",
                lambda x, t, r: F.binary_cross_entropy(x, t, reduction=r), (0, 1), (0, 1),
                frozen=(1,))
    for alpha in (0.25, -1):
        for gamma in (2.0, 0.5, 0.0):
            def focal(x, t, r):
                p = torch.sigmoid(x)
                p_t = p * t + (1 - p) * (1 - t)
                terms = F.binary_cross_entropy_with_logits(x, t, reduction="none")
                terms = terms * (1 - p_t) ** gamma
                if alpha >= 0:
                    terms = terms * (alpha * t + (1 - alpha) * (1 - t))
                return reduced(terms, r)

            elementwise(family, "binaryFocal", focal, target="binary",
                        attributes={"alpha": alpha, "gamma": gamma})
    elementwise(family, "hinge", lambda x, t, r: reduced(F.relu(1 - x * t), r), target="signs")
    elementwise(family, "squaredHinge",
                lambda x, t, r: reduced(F.relu(1 - x * t) ** 2, r), target="signs")
    for log in (True, False):
        for full in (True, False):
            elementwise(
                family, "poisson",
                lambda x, t, r: F.poisson_nll_loss(x, t, log_input=log, full=full, reduction=r),
                (-2, 2) if log else (0.1, 3), (0, 6), {"isLogRate": log, "addsFactorial": full},
                frozen=(1,))
    for full in (True, False):
        for shape in SHAPES:
            for reduction in REDUCTIONS:
                family.start("gaussian")
                family.case(
                    "gaussian",
                    lambda x, v, t: F.gaussian_nll_loss(x, t, v, full=full, reduction=reduction),
                    [family.draw(shape), family.draw(shape, 0.25, 2), family.draw(shape)],
                    {"addsConstant": full, "reduction": reduction})
    divergences(family)
    positive_weights(family)
    weighted(family)
    return family


def divergences(family):
    for log in (True, False):
        for shape in SHAPES:
            for reduction in ("none", "sum", "mean", "batchMean"):
                family.start("klDivergence")
                x = family.draw(shape, -3, 0)
                t = family.draw(shape, -3, 0) if log else family.draw(shape, 0, 1)
                if not log:
                    t.view(-1)[0] = 0
                family.case(
                    "klDivergence",
                    lambda x, t: F.kl_div(x, t, log_target=log, reduction=reduction.lower()),
                    [x, t], {"isLogTarget": log, "reduction": reduction},
                    frozen=() if log else (1,))
    normal = torch.distributions.Normal
    kl = torch.distributions.kl_divergence
    for shape in [(3, 4), (1, 1), (5,), (2, 3, 2)]:
        family.simple(
            "klToStandardNormal",
            lambda m, v: kl(normal(m, (v / 2).exp()),
                            normal(torch.zeros_like(m), torch.ones_like(m))).sum(-1),
            [shape] * 2)
        family.simple(
            "klBetweenNormals",
            lambda m, v, n, w: kl(normal(m, (v / 2).exp()), normal(n, (w / 2).exp())).sum(-1),
            [shape] * 4)
        for target in (0.05, 0.5):
            bernoulli = torch.distributions.Bernoulli
            family.simple(
                "klToActivation",
                lambda p: kl(bernoulli(torch.full_like(p, target)), bernoulli(p)), [shape],
                {"target": target}, 0.02, 0.98)


def positive_weights(family):
    for shape in SHAPES:
        for count in {1, shape[-1]}:
            for reduction in REDUCTIONS:
                family.start("positiveWeights")
                weights = family.draw((count,), 0.25, 3)
                family.case(
                    "positiveWeights",
                    lambda x, t: F.binary_cross_entropy_with_logits(
                        x, t, pos_weight=weights, reduction=reduction),
                    [family.draw(shape, -4, 4), family.draw(shape, 0, 1)],
                    {"weights": weights.tolist(), "reduction": reduction})


def weighted(family):
    """Weights of samples: as the `weight` of `binary_cross_entropy`, spread over later axes."""
    for shape in [(4, 3), (7,), (2, 3, 2)]:
        for axes in range(1, len(shape) + 1):
            for reduction in (*REDUCTIONS, "weightedMean"):
                family.start("weighted")
                weights = family.draw(shape[:axes], 0.25, 2)

                def function(x, t, w):
                    spread = w.reshape(w.shape + (1,) * (x.dim() - w.dim())).expand(x.shape)
                    if reduction == "weightedMean":
                        return ((x - t) ** 2 * spread).sum() / spread.sum()
                    return reduced((x - t) ** 2 * spread, reduction)

                family.case(
                    "weighted", function, [family.draw(shape), family.draw(shape), weights],
                    {"reduction": reduction})


FAMILIES = [losses]
