"""Paths of optimizers."""

import random

import torch

from family import Family, plain


def optimizer():
    """20 steps on ½·pᵀAp − bᵀp + Σp⁴/32; the gradients met on the way are an input of the case."""
    family = Family("optimizer")
    steps, shape = 20, (2, 3)
    adam = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
    betas = lambda a: {"betas": (a["beta1"], a["beta2"]), "eps": a["epsilon"]}
    words = {"epsilon": "eps", "decay": "rho", "initialAccumulator": "initial_accumulator_value"}
    same = lambda a: {words.get(k, k): v for k, v in a.items()}
    rules = [
        ("sgd", torch.optim.SGD, 0.1, {"momentum": 0.0, "nesterov": False}, same),
        ("sgd", torch.optim.SGD, 0.05, {"momentum": 0.9, "nesterov": False}, same),
        ("sgd", torch.optim.SGD, 0.05, {"momentum": 0.9, "nesterov": True}, same),
        ("adam", torch.optim.Adam, 0.1, adam, betas),
        ("adamW", torch.optim.AdamW, 0.1, adam, betas),
        ("amsGrad", torch.optim.Adam, 0.1, adam, lambda a: betas(a) | {"amsgrad": True}),
        ("adamax", torch.optim.Adamax, 0.1, adam, betas),
        ("nadam", torch.optim.NAdam, 0.1, adam | {"momentumDecay": 0.004},
         lambda a: betas(a) | {"momentum_decay": a["momentumDecay"]}),
        ("rmsProp", torch.optim.RMSprop, 0.05,
         {"alpha": 0.99, "epsilon": 1e-8, "momentum": 0.0}, same),
        ("adaGrad", torch.optim.Adagrad, 0.2,
         {"epsilon": 1e-10, "initialAccumulator": 0.0}, same),
        ("adaDelta", torch.optim.Adadelta, 1.0, {"decay": 0.9, "epsilon": 1e-6}, same),
    ]
    for op, make, rate, attributes, options in rules:
        for decay in (0.0, 0.01):
            family.start("problem")
            family.random = random.Random(1)  # every rule starts at the same point of one problem
            start = family.draw(shape)
            n = start.numel()
            a = family.draw((n, n), -0.5, 0.5)
            a, b = a @ a.T + torch.eye(n, dtype=torch.float64) * 0.25, family.draw((n,))
            p = start.clone().requires_grad_()
            optimizer = make([p], lr=rate, weight_decay=decay, foreach=False, **options(attributes))
            gradients, path = [], []
            for _ in range(steps):
                optimizer.zero_grad()
                flat = p.reshape(-1)
                loss = 0.5 * flat @ a @ flat - b @ flat + (flat ** 4).sum() / 32
                loss.backward()
                gradients.append(p.grad.clone())
                optimizer.step()
                path.append(p.detach().clone())
            family.cases.append({
                "op": op,
                "attributes":
                    attributes | {"learningRate": rate, "weightDecay": decay, "steps": steps},
                "inputs": [plain(start), plain(torch.stack(gradients))],
                "outputs": [plain(torch.stack(path))]})
    return family


FAMILIES = [optimizer]
