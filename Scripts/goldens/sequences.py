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


def gru(x, state, p, name):
    (h,) = state
    a = x @ p[name + "weight_ih"].T + p[name + "bias_ih"]
    b = h @ p[name + "weight_hh"].T + p[name + "bias_hh"]
    (ar, az, an), (br, bz, bn) = a.chunk(3, -1), b.chunk(3, -1)
    r, z = torch.sigmoid(ar + br), torch.sigmoid(az + bz)
    return ((1 - z) * torch.tanh(an + r * bn) + z * h,)


def lstm(x, state, p, name):
    h, c = state
    a = x @ p[name + "weight_ih"].T + p[name + "bias_ih"]
    i, f, g, o = (a + h @ p[name + "weight_hh"].T + p[name + "bias_hh"]).chunk(4, -1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


CELLS = {"gru": (gru, 1, 3), "lstm": (lstm, 2, 4)}


def cell_shapes(prefix, suffix, features, units, gates):
    return {f"{prefix}{name}{suffix}": shape for name, shape in [
        ("weight_ih", [gates * units, features]), ("weight_hh", [gates * units, units]),
        ("bias_ih", [gates * units]), ("bias_hh", [gates * units])]}


def cell_names(p, prefix, suffix):
    """The weights of one layer and direction under short names."""
    return {key[len(prefix):-len(suffix)]: value for key, value in p.items()
            if key.startswith(prefix) and key.endswith(suffix)}


def look(query, values, mask, p, kind):
    """Context and weights for queries [N, Q]."""
    wide = query[:, None]
    if kind == "additive":
        scores = additive(wide, values, *(p[f"attention.{part}.weight"]
                                          for part in ["query", "key", "score"]))
    else:
        scores = torch.einsum("ntq,qd,nsd->nts", wide, p["attention.weight"], values)
    context, weights = attended(scores, values, mask)
    return context[:, 0], weights[:, 0]


def decoded(tokens, state, values, mask, p, cell, kind, placement):
    """Logits [N, T, V], the last state, and the weights of each step."""
    step = CELLS[cell][0]
    short = cell_names(p, "decoder.recurrent." if "decoder.embedding.weight" in p else "recurrent.",
                       "_l0")
    at = (lambda name: p.get("decoder." + name, p.get(name)))
    q = {name.replace("decoder.", ""): value for name, value in p.items()}
    logits, all_weights = [], []
    fed = torch.zeros_like(state[0])
    for t in range(tokens.shape[1]):
        x = at("embedding.weight")[tokens[:, t]]
        if placement == "beforeStep":
            context, weights = look(state[0], values, mask, q, kind)
            x = torch.cat([x, context], -1)
        if placement == "afterStepFed":
            x = torch.cat([x, fed], -1)
        state = step(x, state, short, "")
        features = state[0]
        if kind:
            if placement != "beforeStep":
                context, weights = look(state[0], values, mask, q, kind)
            features = torch.tanh(torch.cat([context, state[0]], -1) @ at("combination.weight").T)
            all_weights.append(weights)
        fed = features
        logits.append(features @ at("output.weight").T + at("output.bias"))
    return (torch.stack(logits, 1), state,
            torch.stack(all_weights, 1) if kind else None)


def decoder_shapes(prefix, cell, kind, placement, v, width, units, d):
    features = width + {"beforeStep": d, "afterStepFed": units}.get(placement if kind else "", 0)
    shapes = {prefix + "embedding.weight": [v, width]}
    shapes |= cell_shapes(prefix + "recurrent.", "_l0", features, units, CELLS[cell][2])
    if kind == "additive":
        shapes |= {prefix + "attention.query.weight": [units, units],
                   prefix + "attention.key.weight": [units, d],
                   prefix + "attention.score.weight": [1, units]}
    elif kind:
        shapes |= {prefix + "attention.weight": [units, d]}
    if kind:
        shapes |= {prefix + "combination.weight": [units, d + units]}
    return shapes | {prefix + "output.weight": [v, units], prefix + "output.bias": [v]}


VARIANTS = [("", "afterStep"), ("additive", "afterStep"), ("general", "afterStepFed"),
            ("additive", "beforeStep")]


def recurrentDecoder():
    family = Family("recurrentDecoder")
    for cell in CELLS:
        for kind, placement in VARIANTS:
            # N, T, S, V, width, units, D
            for n, t, s, v, width, units, d in [(2, 3, 4, 5, 3, 2, 3), (1, 1, 1, 2, 1, 1, 1)]:
                family.start(cell)
                shapes = decoder_shapes("", cell, kind, placement, v, width, units, d)
                states = CELLS[cell][1]
                data = [family.integers([n, t], v)]
                data += [family.draw([n, 1, units], -1, 1) for _ in range(states)]
                if kind:
                    lengths = [s if i % 2 == 0 else max(s - 2, 1) for i in range(n)]
                    rows = [[int(j < length) for j in range(s)] for length in lengths]
                    data += [family.draw([n, s, d]), torch.tensor(rows, dtype=torch.int64)]
                held = [family.draw(shape, -1, 1) for shape in shapes.values()]

                def function(*inputs):
                    state = tuple(h[:, 0] for h in inputs[1:1 + states])
                    values, mask = inputs[1 + states:3 + states] if kind else (None, None)
                    p = dict(zip(shapes, inputs[len(data):]))
                    logits, last, weights = decoded(
                        inputs[0], state, values, mask, p, cell, kind, placement)
                    outputs = [logits] + [h[:, None] for h in last]
                    return outputs + ([weights] if kind else [])

                family.case(cell, function, data + held, {
                    "attention": kind, "placement": placement, "units": units, "width": width,
                    "vocabulary": v, "parameters": " ".join(shapes)})
    return family


def seq2seq():
    family = Family("seq2seq")
    for cell in CELLS:
        for kind, placement in VARIANTS:
            for both in [False, True]:
                family.start(cell)
                n, s, t, v, width, units = 3, 4, 2, 4, 2, 2
                d = 2 * units if both else units
                step, states, gates = CELLS[cell]
                shapes = {"encoder.embedding.weight": [v, width]}
                for suffix in ["_l0", "_l0_reverse"][:1 + both]:
                    shapes |= cell_shapes("encoder.recurrent.", suffix, width, units, gates)
                shapes |= decoder_shapes("decoder.", cell, kind, placement, v, width, units, d)
                if both:
                    for part in ["hidden", "cell"][:states]:
                        shapes |= {f"bridge.{part}.weight": [units, d],
                                   f"bridge.{part}.bias": [units]}
                lengths = torch.tensor([4, 2, 1])
                data = [family.integers([n, s], v), family.integers([n, t], v), lengths]
                held = [family.draw(shape, -1, 1) for shape in shapes.values()]

                def run(x, p, suffix, order):
                    weights = cell_names(p, "encoder.recurrent.", suffix)
                    state = tuple(torch.zeros(n, units, dtype=x.dtype) for _ in range(states))
                    outputs = [None] * s
                    for place in order:
                        real = (place < lengths)[:, None]
                        new = step(x[:, place], state, weights, "")
                        outputs[place] = new[0] * real
                        state = tuple(torch.where(real, a, b) for a, b in zip(new, state))
                    return torch.stack(outputs, 1), state

                def function(source, tokens, _, *rest):
                    p = dict(zip(shapes, rest))
                    x = p["encoder.embedding.weight"][source]
                    outputs, state = run(x, p, "_l0", range(s))
                    if both:
                        back, last = run(x, p, "_l0_reverse", reversed(range(s)))
                        outputs = torch.cat([outputs, back], -1)
                        state = tuple(
                            torch.tanh(torch.cat(pair, -1) @ p[f"bridge.{part}.weight"].T
                                       + p[f"bridge.{part}.bias"])
                            for part, pair in zip(["hidden", "cell"], zip(state, last)))
                    mask = (torch.arange(s)[None] < lengths[:, None]).long()
                    q = {key: value for key, value in p.items() if key.startswith("decoder.")}
                    return decoded(tokens, state, outputs, mask, q, cell, kind, placement)[0]

                family.case(cell, function, data + held, {
                    "attention": kind, "placement": placement, "units": units, "width": width,
                    "vocabulary": v, "bidirectional": both, "parameters": " ".join(shapes)})
    return family


FAMILIES = [recurrentAttention, recurrentDecoder, seq2seq]
