"""Recurrent layers and cells."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from family import Family

MODULES = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
CELLS = {"rnnCell": nn.RNNCell, "lstmCell": nn.LSTMCell, "gruCell": nn.GRUCell}


def layer(family, op, n, t, f, h, lengths=None, state=False, **settings):
    """One layer: inputs x, then h0 (and c0) where given, then the parameters by name."""
    module = MODULES[op](f, h, **settings).double()
    first = settings.get("batch_first", False)
    names = [name for name, _ in module.named_parameters()]
    states = (2 if op == "lstm" else 1) if state else 0
    rows = settings.get("num_layers", 1) * (2 if settings.get("bidirectional") else 1)

    def function(x, *rest):
        start = rest[:states]
        given = [x]
        if lengths:
            given = [pack_padded_sequence(x, lengths, first, enforce_sorted=False)]
        if state:
            given.append(tuple(start) if op == "lstm" else start[0])
        parameters = dict(zip(names, rest[states:]))
        y, end = torch.func.functional_call(module, parameters, tuple(given))
        if lengths:
            y, _ = pad_packed_sequence(y, first, total_length=t)
        return (y, *end) if op == "lstm" else (y, end)

    family.start(op)
    inputs = [family.draw((n, t, f) if first else (t, n, f))]
    inputs += [family.draw((rows, n, h), -1, 1) for _ in range(states)]
    inputs += [family.draw(tuple(p.shape), -1, 1) for p in module.parameters()]
    attributes = {
        "units": h, "layers": settings.get("num_layers", 1), "state": state,
        "bidirectional": settings.get("bidirectional", False), "batchFirst": first,
        "bias": settings.get("bias", True), "activation": settings.get("nonlinearity", "tanh"),
        "parameters": " ".join(names)}
    if lengths:
        attributes["lengths"] = lengths
    family.case(op, function, inputs, attributes)


def recurrent():
    family = Family("recurrent")
    for op in MODULES:
        for n, t, f, h in [(3, 4, 3, 2), (1, 1, 1, 1), (2, 1, 3, 5), (1, 6, 2, 3)]:
            layer(family, op, n, t, f, h, batch_first=True)
        layer(family, op, 2, 3, 2, 3, state=True)
        layer(family, op, 2, 3, 2, 3, bias=False)
        layer(family, op, 4, 5, 2, 3, lengths=[3, 5, 1, 2], state=True)
        layer(family, op, 7, 2, 1, 17, batch_first=True, lengths=[2, 1, 2, 2, 1, 1, 2])
    layer(family, "rnn", 2, 4, 3, 3, nonlinearity="relu", state=True)
    return family


def recurrentStacks():
    family = Family("recurrentStacks")
    for op in MODULES:
        layer(family, op, 2, 3, 2, 2, num_layers=2, state=True)
        layer(family, op, 2, 3, 2, 2, bidirectional=True, batch_first=True)
        layer(family, op, 2, 3, 1, 2, num_layers=2, bidirectional=True, state=True)
        layer(family, op, 3, 4, 2, 2, num_layers=2, bidirectional=True, state=True,
              lengths=[2, 4, 1])
    return family


def recurrentCells():
    family = Family("recurrentCells")
    for op, make in CELLS.items():
        for n, f, h, bias in [(3, 2, 4, True), (1, 1, 1, True), (2, 3, 2, False)]:
            module = make(f, h, bias=bias).double()
            names = [name for name, _ in module.named_parameters()]
            states = 2 if op == "lstmCell" else 1

            def function(x, *rest):
                given = tuple(rest[:2]) if states == 2 else rest[0]
                return torch.func.functional_call(
                    module, dict(zip(names, rest[states:])), (x, given))

            family.start(op)
            inputs = [family.draw((n, f))] + [family.draw((n, h), -1, 1) for _ in range(states)]
            inputs += [family.draw(tuple(p.shape), -1, 1) for p in module.parameters()]
            family.case(op, function, inputs, {
                "units": h, "bias": bias, "parameters": " ".join(names), "activation": "tanh"})
    return family


def peephole_step(x, h, c, w_ih, w_hh, b_ih, b_hh, peepholes):
    """Gers, Schraudolph and Schmidhuber 2002, one block per cell: input and forget gate see the
    cell before the step, the output gate the cell after it."""
    i, f, g, o = (x @ w_ih.T + b_ih + h @ w_hh.T + b_hh).chunk(4, dim=1)
    i = torch.sigmoid(i + peepholes[0] * c)
    f = torch.sigmoid(f + peepholes[1] * c)
    c = f * c + i * torch.tanh(g)
    o = torch.sigmoid(o + peepholes[2] * c)
    return o * torch.tanh(c), c


def peepholes():
    family = Family("peepholes")
    for n, t, f, h, lengths in [
        (2, 4, 3, 3, None), (1, 1, 1, 1, None), (3, 3, 2, 2, [2, 3, 1]), (8, 2, 1, 9, None),
    ]:
        def function(x, h0, c0, *weights):
            states, outputs = (h0[0], c0[0]), []
            for step in range(t):
                new = peephole_step(x[step], *states, *weights)
                on = torch.tensor([[step < (lengths or [t] * n)[k]] for k in range(n)])
                outputs.append(torch.where(on, new[0], torch.zeros_like(new[0])))
                states = [torch.where(on, a, b) for a, b in zip(new, states)]
            return torch.stack(outputs), states[0][None], states[1][None]

        family.start("peepholeLSTM")
        inputs = [family.draw((t, n, f))] + [family.draw((1, n, h), -1, 1) for _ in range(2)]
        shapes = [(4 * h, f), (4 * h, h), (4 * h,), (4 * h,), (3, h)]
        inputs += [family.draw(shape, -1, 1) for shape in shapes]
        names = "weight_ih_l0 weight_hh_l0 bias_ih_l0 bias_hh_l0 weight_peephole_l0"
        family.case("peepholeLSTM", function, inputs, {
            "units": h, "layers": 1, "state": True, "bidirectional": False, "batchFirst": False,
            "bias": True, "activation": "tanh", "parameters": names,
            **({"lengths": lengths} if lengths else {})})
    return family


FAMILIES = [recurrent, recurrentStacks, recurrentCells, peepholes]
