"""Attention of recurrent decoders, from the formulas of the papers."""

import torch

from family import Family


def attended(scores, values, mask):
    """Weights and context of scores [N, T, S]; a row without places has weights 0."""
    if mask is not None:
        real = mask.bool()[:, None, :].expand_as(scores)
        weights = torch.softmax(scores.masked_fill(~real, -1e30), -1) * real
    else:
        weights = torch.softmax(scores, -1)
    return torch.einsum("nts,nsd->ntd", weights, values), weights


def additive(query, values, w_query, w_key, score, bias=None):
    keys = torch.einsum("nsd,ud->nsu", values, w_key)
    keys = keys if bias is None else keys + bias
    hidden = torch.tanh(torch.einsum("ntq,uq->ntu", query, w_query)[:, :, None] + keys[:, None])
    return torch.einsum("ntsu,u->nts", hidden, score[0])


def recurrentAttention():
    family = Family("recurrentAttention")
    # N, T (0: one query without an axis), S, Q, D, units
    sizes = [(1, 0, 1, 1, 1, 1), (2, 0, 5, 3, 4, 6), (3, 4, 7, 5, 2, 3), (2, 3, 1, 2, 3, 5)]

    def masks(n, s):
        """No mask; one with a row full, one short, one empty, as far as there are rows."""
        lengths = [s, max(s - 2, 1), 0]
        rows = [[1 if j < lengths[i % 3] else 0 for j in range(s)] for i in range(n)]
        return [None, torch.tensor(rows, dtype=torch.int64)]

    def record(op, score, variables, n, t, s, q, d, attributes):
        for mask in masks(n, s):
            family.start(op)
            query = family.draw([n, q] if t == 0 else [n, t, q])
            data = [query, family.draw([n, s, d])] + ([] if mask is None else [mask])
            held = [family.draw(shape, -1, 1) for shape in variables]

            def function(*inputs, mask=mask):
                x, values, rest = inputs[0], inputs[1], inputs[len(data):]
                wide = x[:, None] if t == 0 else x
                context, weights = attended(score(wide, values, *rest), values, mask)
                return (context[:, 0], weights[:, 0]) if t == 0 else (context, weights)

            family.case(op, function, data + held, dict(attributes, masked=mask is not None))

    for n, t, s, q, d, units in sizes:
        shapes = [[units, q], [units, d], [1, units]]
        record("additive", additive, shapes, n, t, s, q, d, {"units": units})
        record("additive", additive, shapes + [[units]], n, t, s, q, d,
               {"units": units, "bias": True})
        record("concat", additive, shapes, n, t, s, q, d, {"units": units})
        for scaled in [False, True]:
            scale = q ** 0.5 if scaled else 1.0
            record("dot", lambda x, values: torch.einsum("ntd,nsd->nts", x, values) / scale, [],
                   n, t, s, q, q, {"scaled": scaled})
            record("general",
                   lambda x, values, w: torch.einsum("ntq,qd,nsd->nts", x, w, values) / scale,
                   [[q, d]], n, t, s, q, d, {"scaled": scaled})
    return family


FAMILIES = [recurrentAttention]
