"""Losses that PyTorch has, and a few whose formula is one line of it."""

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


def vectorLosses():
    """Losses that compare vectors in the last axis."""
    family = Family("vectorLosses")
    for shape in [(4, 3), (1, 1), (5,), (2, 3, 4)]:
        family.simple("cosineSimilarity", lambda a, b: F.cosine_similarity(a, b, -1), [shape] * 2)
    for reduction in REDUCTIONS:
        for shape in [(4, 3), (1, 1), (6, 2)]:
            family.simple("cosineDistance", lambda a, b: reduced(
                1 - F.cosine_similarity(a, b, -1), reduction), [shape] * 2,
                {"reduction": reduction})
            for margin in (0.0, 0.4, -0.5):
                family.start("cosineEmbedding")
                similar = family.integers(shape[:1], 2).double()
                family.case(
                    "cosineEmbedding",
                    lambda a, b, s: F.cosine_embedding_loss(
                        a, b, s * 2 - 1, margin=margin, reduction=reduction),
                    [family.draw(shape), family.draw(shape), similar],
                    {"margin": margin, "reduction": reduction}, frozen=(2,))
            for margin in (1.0, 3.0):
                family.start("contrastive")
                similar = family.integers(shape[:1], 2).double()

                def contrastive(a, b, s):
                    d = torch.linalg.vector_norm(a - b, dim=-1)
                    return reduced(
                        s * d ** 2 / 2 + (1 - s) * F.relu(margin - d) ** 2 / 2, reduction)

                family.case(
                    "contrastive", contrastive,
                    [family.draw(shape), family.draw(shape), similar],
                    {"margin": margin, "reduction": reduction}, frozen=(2,))
            for margin, order, swap in [(1.0, 2.0, False), (4.0, 2.0, True), (2.0, 1.0, False),
                                        (3.0, 3.0, True)]:
                family.simple(
                    "tripletMargin",
                    lambda a, p, n: F.triplet_margin_loss(
                        a, p, n, margin=margin, p=order, swap=swap, reduction=reduction),
                    [shape] * 3, {"margin": margin, "order": order, "swapsAnchor": swap,
                                  "reduction": reduction})
            for temperature, symmetric in [(0.1, False), (0.5, True)]:
                def info_nce(q, k):
                    logits = F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).T / temperature
                    own = torch.arange(len(q))
                    terms = F.cross_entropy(logits, own, reduction="none")
                    if symmetric:
                        terms = (terms + F.cross_entropy(logits.T, own, reduction="none")) / 2
                    return reduced(terms, reduction)

                family.simple(
                    "infoNCE", info_nce, [shape] * 2,
                    {"temperature": temperature, "isSymmetric": symmetric,
                     "reduction": reduction})
    return family


def ctc():
    """Inputs: logits [N, T, K], targets [N, S], input lengths, target lengths; batch first."""
    family = Family("ctc")

    def case(inputs, targets, classes, steps, labels, blank=0, repeat=False, zero=False,
             scale=3.0, reductions=("none",)):
        """`inputs` and `targets` are lengths; `steps` and `labels` how far they are padded."""
        n = len(inputs)
        for reduction in reductions:
            family.start("ctc")
            logits = family.draw((n, steps, classes), -scale, scale)
            letters = family.integers((n, labels), classes - 1)
            if repeat:
                letters[:] = letters[:, :1]
            letters = letters + (letters >= blank).long()
            lengths = [torch.tensor(x, dtype=torch.int64) for x in (inputs, targets)]

            def function(x, t, i, s):
                # The double kernel, whatever the mood of the dispatcher.
                with torch.backends.mkldnn.flags(enabled=False):
                    return F.ctc_loss(
                        F.log_softmax(x, -1).transpose(0, 1), t, i, s, blank=blank,
                        zero_infinity=zero, reduction=reduction)

            family.case("ctc", function, [logits, letters, *lengths],
                        {"blank": blank, "zeroInfinity": zero, "reduction": reduction})

    every = ("none", "sum", "mean")
    case([5, 5], [2, 3], 4, 5, 3, reductions=every)
    case([6, 4, 5], [2, 1, 3], 5, 6, 3, reductions=every)
    case([6, 4, 5], [2, 1, 3], 5, 6, 4, blank=4)
    case([7, 7], [3, 2], 4, 8, 3, blank=2, repeat=True)
    case([3], [1], 2, 3, 1)
    case([1], [1], 3, 1, 1)
    case([4, 3], [0, 2], 3, 4, 2, reductions=every)
    case([3], [3], 4, 3, 3)
    case([5], [3], 4, 5, 3, repeat=True)
    case([4, 6], [3, 2], 4, 6, 3, repeat=True, zero=True, reductions=every)
    case([12, 9, 12], [4, 5, 2], 6, 12, 5, scale=40.0)
    case([40], [15], 5, 40, 15)
    # Impossible: infinity. PyTorch's gradient is not a number there, so none is recorded.
    for reduction in every:
        family.start("ctcImpossible")
        logits = family.draw((2, 4, 3))
        letters = torch.tensor([[1, 1, 1], [1, 2, 1]])
        family.case(
            "ctcImpossible",
            lambda x, t: F.ctc_loss(
                F.log_softmax(x, -1).transpose(0, 1).detach(), t, torch.tensor([4, 4]),
                torch.tensor([3, 3]), reduction=reduction),
            [logits, letters], {"reduction": reduction})
    return family


FAMILIES = [losses, classLosses, vectorLosses, ctc]
