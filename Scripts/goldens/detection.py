"""Losses of detection, segmentation and generative models: formulas, term by term, in float64."""

import math

import torch
import torch.nn.functional as F

from family import Family


def sides(box, form):
    if form == "corners":
        return box[0], box[1], box[2], box[3]
    x, y, w, h = box
    return x - w / 2, y - h / 2, x + w / 2, y + h / 2


def length(low, high):
    return torch.clamp(high - low, min=0)


def overlap(a, b, form="corners"):
    """Intersection over union and generalized intersection over union of two boxes."""
    (l, t, r, d), (m, u, s, e) = sides(a, form), sides(b, form)
    inter = length(torch.max(l, m), torch.min(r, s)) * length(torch.max(t, u), torch.min(d, e))
    union = length(l, r) * length(t, d) + length(m, s) * length(u, e) - inter
    hull = length(torch.min(l, m), torch.max(r, s)) * length(torch.min(t, u), torch.max(d, e))
    iou = inter / union if union > 0 else inter * 0
    return iou, iou - ((hull - union) / hull if hull > 0 else hull * 0)


def each(function, a, b):
    """`function` of every pair of rows."""
    rows = zip(a.reshape(-1, 4), b.reshape(-1, 4))
    return torch.stack([function(x, y) for x, y in rows]).reshape(a.shape[:-1])


def draw_boxes(family, shape, form):
    """Boxes near each other, so that many touch and some do not."""
    x = family.draw((*shape, 4), 0, 1)
    if form == "corners":
        x[..., 2:] = x[..., :2] + x[..., 2:] * 0.75
    return x


def yolo(p, t, boxes, classes, coordinate, empty, roots, rescore):
    """Redmon et al. 2016, equation 3, cell by cell; one number for each image."""
    n, rows, columns, _ = p.shape
    totals = []
    for image in range(n):
        total = torch.zeros((), dtype=torch.float64)
        for i in range(rows):
            for j in range(columns):
                cell, truth = p[image, i, j], t[image, i, j]
                predictions = [cell[5 * b:5 * b + 5] for b in range(boxes)]
                if truth[4] <= 0:
                    total = total + sum(empty * box[4] ** 2 for box in predictions)
                    continue
                tx, ty, tw, th = truth[:4]
                scores = []
                for x, y, w, h, _ in predictions:
                    w, h = (w ** 2, h ** 2) if roots else (w, h)
                    mine = torch.stack([(j + x) / columns, (i + y) / rows, w, h])
                    its = torch.stack([(j + tx) / columns, (i + ty) / rows, tw, th])
                    scores.append(overlap(mine, its, "centers")[0].item())
                best = scores.index(max(scores))
                for b, (x, y, w, h, c) in enumerate(predictions):
                    if b != best:
                        total = total + empty * c ** 2
                        continue
                    rw, rh = (w, h) if roots else (w.sqrt(), h.sqrt())
                    place = (x - tx) ** 2 + (y - ty) ** 2
                    size = (rw - tw.sqrt()) ** 2 + (rh - th.sqrt()) ** 2
                    aim = scores[b] if rescore else 1.0
                    total = total + coordinate * (place + size) + (c - aim) ** 2
                for k in range(5 * boxes, 5 * boxes + classes):
                    total = total + (cell[k] - truth[k]) ** 2
        totals.append(total)
    return torch.stack(totals)


def yolo_target(family, n, rows, columns, boxes, classes):
    t = torch.zeros((n, rows, columns, 5 * boxes + classes), dtype=torch.float64)
    for image in range(n):
        for cell in range(rows * columns):
            if family.random.random() < 0.5:
                continue
            place = t[image, cell // columns, cell % columns]
            place[:2], place[2:4], place[4] = family.draw((2,), 0, 1), family.draw((2,), 0.1, 0.9), 1
            # What the other boxes say does not count.
            for b in range(1, boxes):
                place[5 * b:5 * b + 5] = family.draw((5,))
            if classes:
                place[5 * boxes + family.random.randrange(classes)] = 1
    return t


def detection():
    family = Family("detection")
    for form in ("corners", "centers"):
        for shape in [(6,), (1,), (2, 3), ()]:
            for op, place in [("intersectionOverUnion", 0), ("generalizedIntersectionOverUnion", 1)]:
                family.start(op)
                family.case(
                    op, lambda a, b: each(lambda x, y: overlap(x, y, form)[place], a, b),
                    [draw_boxes(family, shape, form), draw_boxes(family, shape, form)],
                    {"format": form})
        family.start("pairwiseIntersectionOverUnion")
        family.case(
            "pairwiseIntersectionOverUnion",
            lambda a, b: torch.stack([torch.stack([
                torch.stack([overlap(x, y, form)[0] for y in of]) for x in on])
                for on, of in zip(a, b)]),
            [draw_boxes(family, (2, 3), form), draw_boxes(family, (2, 4), form)],
            {"format": form})
        for reduction in ("none", "sum", "mean"):
            family.start("generalizedIntersectionOverUnionLoss")

            def function(a, b):
                terms = 1 - each(lambda x, y: overlap(x, y, form)[1], a, b)
                return {"none": terms, "sum": terms.sum(), "mean": terms.mean()}[reduction]

            family.case(
                "generalizedIntersectionOverUnionLoss", function,
                [draw_boxes(family, (5,), form), draw_boxes(family, (5,), form)],
                {"format": form, "reduction": reduction})
    for n, rows, columns, boxes, classes, coordinate, empty, roots, rescore in [
        (2, 3, 3, 2, 4, 5.0, 0.5, True, True), (1, 7, 7, 2, 20, 5.0, 0.5, True, True),
        (2, 2, 3, 3, 2, 5.0, 0.5, False, True), (1, 2, 2, 1, 0, 2.0, 1.0, True, False),
        (1, 1, 1, 2, 1, 5.0, 0.5, False, False),
    ]:
        family.start("yolo")
        t = yolo_target(family, n, rows, columns, boxes, classes)
        x = family.draw(t.shape, 0.05, 1)
        for reduction in ("none", "mean"):
            def function(p, t):
                terms = yolo(p, t, boxes, classes, coordinate, empty, roots, rescore)
                return terms if reduction == "none" else terms.mean()

            family.case(
                "yolo", function, [x, t],
                {"boxes": boxes, "classes": classes, "coordinateWeight": coordinate,
                 "emptyWeight": empty, "predictsRoots": roots, "rescoresConfidence": rescore,
                 "reduction": reduction}, frozen=(1,))
    overlaps(family)
    return family


def overlaps(family):
    """Dice, Jaccard and Tversky, class by class."""
    def terms(p, t, index):
        values = []
        for image in range(p.shape[0]):
            for k in range(p.shape[-1]):
                a, b = p[image, ..., k].reshape(-1), t[image, ..., k].reshape(-1)
                values.append(1 - index(a, b))
        return torch.stack(values).reshape(p.shape[0], p.shape[-1])

    for smoothing in (1.0, 0.0, 0.25):
        indices = {
            "dice": lambda a, b: (2 * (a * b).sum() + smoothing) / (a.sum() + b.sum() + smoothing),
            "jaccard": lambda a, b: ((a * b).sum() + smoothing) / (
                (a + b - a * b).sum() + smoothing),
            "tversky": lambda a, b: ((a * b).sum() + smoothing) / (
                (a * b).sum() + 0.3 * (a * (1 - b)).sum() + 0.7 * ((1 - a) * b).sum() + smoothing),
        }
        for op, index in indices.items():
            for shape in [(2, 3, 2, 3), (1, 1), (3, 4, 1)]:
                for reduction in ("none", "mean"):
                    family.start(op)

                    def function(p, t):
                        all = terms(p, t, index)
                        return all if reduction == "none" else all.mean()

                    family.case(
                        op, function, [family.draw(shape, 0, 1), family.draw(shape, 0, 1)],
                        {"smoothing": smoothing, "reduction": reduction})


def generativeLosses():
    family = Family("generativeLosses")
    for kind in ("logits", "probabilities", "squares"):
        for beta in (1.0, 4.0):
            for shape in [(3, 2, 2), (1, 1)]:
                for reduction in ("none", "sum", "mean"):
                    def function(x, t, m, v):
                        if kind == "squares":
                            rebuilt = 0.5 * (x - t) ** 2
                        elif kind == "logits":
                            p = torch.sigmoid(x)
                            rebuilt = -(t * p.log() + (1 - t) * (1 - p).log())
                        else:
                            rebuilt = F.binary_cross_entropy(x, t, reduction="none")
                        far = -0.5 * (1 + v - m ** 2 - v.exp()).sum(-1)
                        terms = rebuilt.reshape(len(x), -1).sum(-1) + beta * far
                        return {"none": terms, "sum": terms.sum(), "mean": terms.mean()}[reduction]

                    family.start("vae")
                    low = (0, 1) if kind == "probabilities" else (-2, 2)
                    codes = (shape[0], 3)
                    family.case(
                        "vae", function,
                        [family.draw(shape, *low), family.draw(shape, 0, 1), family.draw(codes),
                         family.draw(codes)],
                        {"reconstruction": kind, "beta": beta, "reduction": reduction},
                        frozen=(1,))
    log = torch.log
    sigmoid = torch.sigmoid
    rules = {
        "minimax": (lambda r, f: -log(sigmoid(r)).mean() - log(1 - sigmoid(f)).mean(),
                    lambda f: log(1 - sigmoid(f)).mean()),
        "nonSaturating": (lambda r, f: -log(sigmoid(r)).mean() - log(1 - sigmoid(f)).mean(),
                          lambda f: -log(sigmoid(f)).mean()),
        "leastSquares": (lambda r, f: ((r - 1) ** 2).mean() / 2 + (f ** 2).mean() / 2,
                         lambda f: ((f - 1) ** 2).mean() / 2),
        "marginHinge": (lambda r, f: F.relu(1 - r).mean() + F.relu(1 + f).mean(),
                        lambda f: -f.mean()),
        "wasserstein": (lambda r, f: f.mean() - r.mean(), lambda f: -f.mean()),
    }
    for name, (discriminator, generator) in rules.items():
        for real, fake in [((4, 1), (4, 1)), ((3, 2, 2), (5, 2, 2)), ((1,), (1,))]:
            family.simple(name, lambda r, f: [discriminator(r, f), generator(f)], [real, fake])
    # A critic of two layers; the share of each sample is an input instead of a draw.
    for shape in [(3, 4), (1, 2), (2, 2, 3)]:
        count = math.prod(shape[1:])

        def penalty(real, fake, share, w, v):
            real, fake = real.reshape(len(real), -1), fake.reshape(len(fake), -1)
            between = (share * real + (1 - share) * fake).detach().requires_grad_()
            score = (torch.tanh(between @ w) @ v).sum()
            slope, = torch.autograd.grad(score, between, create_graph=True)
            return 10 * ((slope.norm(dim=1) - 1) ** 2).mean()

        family.start("gradientPenalty")
        family.case(
            "gradientPenalty", penalty,
            [family.draw(shape), family.draw(shape), family.draw((shape[0], 1), 0, 1),
             family.draw((count, 5)), family.draw((5, 1))], frozen=(0, 1, 2))
    return family


FAMILIES = [detection, generativeLosses]
