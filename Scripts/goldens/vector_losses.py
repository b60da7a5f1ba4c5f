"""Losses that compare vectors, and connectionist temporal classification."""

import torch
import torch.nn.functional as F

from family import Family
from losses import REDUCTIONS, reduced


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


FAMILIES = [vectorLosses, ctc]
