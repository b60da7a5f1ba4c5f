"""Paths of optimizers with decay kinds, groups, clipping, gathering and averages; schedules."""

import math

import torch
from torch.optim import lr_scheduler
from torch.optim.swa_utils import get_ema_multi_avg_fn, get_swa_multi_avg_fn

from family import Family, plain

STEPS = 20


class Lion(torch.optim.Optimizer):
    """Chen et al. 2023, algorithm 2, without its decay."""

    def __init__(self, params, lr, betas):
        super().__init__(params, {"lr": lr, "betas": betas})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for theta in group["params"]:
                b1, b2 = group["betas"]
                m = self.state[theta].setdefault("m", torch.zeros_like(theta))
                c = b1 * m + (1 - b1) * theta.grad
                theta -= group["lr"] * torch.sign(c)
                m.copy_(b2 * m + (1 - b2) * theta.grad)


class LAMB(torch.optim.Optimizer):
    """You et al. 2020, algorithm 2, with phi(z) = z; `inner` is the paper's lambda."""

    def __init__(self, params, lr, betas, eps, inner=0.0):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "inner": inner})
        self.t = 0

    @torch.no_grad()
    def step(self):
        self.t += 1
        for group in self.param_groups:
            for x in group["params"]:
                b1, b2 = group["betas"]
                state = self.state[x]
                m = b1 * state.get("m", torch.zeros_like(x)) + (1 - b1) * x.grad
                v = b2 * state.get("v", torch.zeros_like(x)) + (1 - b2) * x.grad ** 2
                state["m"], state["v"] = m, v
                r = (m / (1 - b1 ** self.t)) / (torch.sqrt(v / (1 - b2 ** self.t)) + group["eps"])
                u = r + group["inner"] * x
                a, b = torch.linalg.vector_norm(x), torch.linalg.vector_norm(u)
                ratio = a / b if a > 0 and b > 0 else 1.0
                x -= group["lr"] * ratio * u


def rules():
    """Name, constructor, rate, attributes, options of the constructor."""
    o = torch.optim
    adam = {"beta1": 0.8, "beta2": 0.95, "epsilon": 1e-6}
    as_adam = {"betas": (0.8, 0.95), "eps": 1e-6}
    return [
        ("sgd", o.SGD, 0.1, {}, {}),
        ("sgd", o.SGD, 0.05, {"momentum": 0.9}, {"momentum": 0.9}),
        ("sgd", o.SGD, 0.05, {"momentum": 0.9, "nesterov": True},
         {"momentum": 0.9, "nesterov": True}),
        ("sgd", o.SGD, 0.05, {"momentum": 0.9, "dampening": 0.5},
         {"momentum": 0.9, "dampening": 0.5}),
        ("adam", o.Adam, 0.1, adam, as_adam),
        ("amsGrad", o.Adam, 0.1, adam, as_adam | {"amsgrad": True}),
        ("adamax", o.Adamax, 0.1, adam, as_adam),
        ("nadam", o.NAdam, 0.1, adam | {"momentumDecay": 0.01}, as_adam | {"momentum_decay": 0.01}),
        ("radam", o.RAdam, 0.1, adam, as_adam),
        ("rmsProp", o.RMSprop, 0.05, {"alpha": 0.9, "epsilon": 1e-6}, {"alpha": 0.9, "eps": 1e-6}),
        ("rmsProp", o.RMSprop, 0.02,
         {"alpha": 0.9, "epsilon": 1e-3, "momentum": 0.5, "centered": True},
         {"alpha": 0.9, "eps": 1e-3, "momentum": 0.5, "centered": True}),
        ("rmsProp", o.RMSprop, 0.02, {"alpha": 0.9, "epsilon": 1e-3, "centered": True},
         {"alpha": 0.9, "eps": 1e-3, "centered": True}),
        ("adaGrad", o.Adagrad, 0.2, {"epsilon": 1e-6, "rateDecay": 0.05, "initialSum": 0.1},
         {"eps": 1e-6, "lr_decay": 0.05, "initial_accumulator_value": 0.1}),
        ("adaDelta", o.Adadelta, 1.0, {"rho": 0.8, "epsilon": 1e-4}, {"rho": 0.8, "eps": 1e-4}),
        ("lion", Lion, 0.02, {"beta1": 0.9, "beta2": 0.8}, {"betas": (0.9, 0.8)}),
        ("lamb", LAMB, 0.1, adam, as_adam),
    ]


# Optimizers of PyTorch that know decoupled decay themselves, and the option that says so.
DECOUPLED = {
    "adam": (torch.optim.AdamW, {}), "amsGrad": (torch.optim.AdamW, {}),
    "nadam": (torch.optim.NAdam, {"decoupled_weight_decay": True}),
    "radam": (torch.optim.RAdam, {"decoupled_weight_decay": True}),
}


def path(family, rule, extra=None):
    """Records 20 updates of ½·xᵀAx − tᵀx + Σx⁴/32 for x of a weight [2, 2] and a bias [2].

    Batch i of an update has its own t, a row of the last input.
    """
    op, make, rate, attributes, options = rule
    extra = extra or {}
    family.start("problem")
    family.random.seed(1)  # every rule meets one problem
    weight, bias = family.draw((2, 2)), family.draw((2,))
    a = family.draw((6, 6), -0.25, 0.25)
    a = a + a.T + 2 * torch.eye(6, dtype=torch.float64)
    count = extra.get("accumulation", 1)
    targets = family.draw((count, 6))
    w, b = (x.clone().requires_grad_() for x in (weight, bias))
    decay, kind = extra.get("weightDecay", 0.0), extra.get("decay", "l2")
    of_bias = extra.get("biasDecay", decay)
    bias_rate = rate * extra.get("biasRate", 1.0)
    decays = [decay, of_bias]
    own = kind == "l2" and op not in ("lion", "lamb")
    if kind == "decoupled" and op in DECOUPLED:
        make, more = DECOUPLED[op]
        options, own = options | more, True
    groups = [{"params": [w], "lr": rate}, {"params": [b], "lr": bias_rate}]
    if own:
        for group, value in zip(groups, decays):
            group["weight_decay"] = value
    if op == "lamb" and kind == "decoupled":
        for group, value in zip(groups, decays):
            group["inner"] = value
    optimizer = make(groups, lr=rate, **options)
    update = {"ema": lambda: get_ema_multi_avg_fn(extra["averageDecay"]),
              "equal": get_swa_multi_avg_fn}.get(extra.get("average"), lambda: None)()
    averages, averaged, parts = [w.detach().clone(), b.detach().clone()], 0, [[], [], [], []]
    for _ in range(STEPS):
        optimizer.zero_grad()
        for target in targets:
            x = torch.cat([w.reshape(-1), b])
            loss = 0.5 * x @ a @ x - target @ x + (x ** 4).sum() / 32
            (loss / count).backward()
        clipped = [w] if extra.get("sparesBias") else [w, b]
        limit = extra.get("limit")
        if extra.get("clipping") == "value":
            torch.nn.utils.clip_grad_value_(clipped, limit)
        elif extra.get("clipping") == "norm":
            for p in clipped:
                torch.nn.utils.clip_grad_norm_([p], limit)
        elif extra.get("clipping") == "globalNorm":
            torch.nn.utils.clip_grad_norm_(clipped, limit)
        with torch.no_grad():
            for p, value, eta in zip((w, b), decays, (rate, bias_rate)):
                if own or op == "lamb" and kind == "decoupled" or value == 0:
                    continue
                if kind == "l1":
                    p.grad += value * torch.sign(p)
                elif kind == "l2":
                    p.grad += value * p
                else:
                    p *= 1 - eta * value
        optimizer.step()
        with torch.no_grad():
            if extra.get("constraint") == "maximumNorm":
                # torch.renorm adds 1e-7 to the norm.
                w *= (extra["norm"] / w.norm(dim=1, keepdim=True)).clamp(max=1.0)
            if update is not None:
                now = [w.detach(), b.detach()]
                if averaged == 0:
                    averages = [p.clone() for p in now]
                else:
                    # As a tensor, the number would make the share a float32.
                    update(averages, now, averaged)
                averaged += 1
        for part, p in zip(parts, [w, b] + averages):
            part.append(p.detach().clone())
    outputs = parts if update is not None else parts[:2]
    family.cases.append({
        "op": op, "attributes": attributes | {"learningRate": rate} | extra,
        "inputs": [plain(x) for x in (weight, bias, a, targets)],
        "outputs": [plain(torch.stack(part)) for part in outputs]})


def optimizer_variants():
    family = Family("optimizer_variants")
    for rule in rules():
        path(family, rule)
        for kind in ("l2", "l1", "decoupled"):
            path(family, rule, {"weightDecay": 0.1, "decay": kind})
    named = {}
    for rule in rules():
        named.setdefault(rule[0], rule)
    momentum = rules()[1]
    for rule in (momentum, named["adam"], named["lamb"]):
        kind = "decoupled" if rule[0] != "sgd" else "l2"
        path(family, rule, {"weightDecay": 0.1, "decay": kind, "biasDecay": 0.0, "biasRate": 0.25})
        path(family, rule, {"accumulation": 3})
        path(family, rule, {"average": "ema", "averageDecay": 0.9})
        for clipping in ("value", "norm", "globalNorm"):
            path(family, rule, {"clipping": clipping, "limit": 0.5})
        path(family, rule, {"clipping": "globalNorm", "limit": 0.5, "sparesBias": True})
    path(family, momentum, {"average": "equal"})
    path(family, momentum, {"constraint": "maximumNorm", "norm": 1.0})
    path(family, named["adam"], {
        "weightDecay": 0.1, "decay": "decoupled", "biasDecay": 0.0, "accumulation": 2,
        "clipping": "globalNorm", "limit": 0.5, "average": "ema", "averageDecay": 0.8})
    return family


def optimizer_combinations():
    """Every rule with groups, clipping, gathered batches and an average of the weights at once."""
    family = Family("optimizer_combinations")
    named = {}
    for rule in rules():
        named.setdefault(rule[0], rule)
    for rule in named.values():
        for decay in ("l2", "decoupled"):
            path(family, rule, {
                "weightDecay": 0.1, "decay": decay, "biasDecay": 0.02, "biasRate": 0.5,
                "accumulation": 2, "clipping": "globalNorm", "limit": 0.5, "average": "ema",
                "averageDecay": 0.8})
    return family


def schedules():
    """Learning rates of PyTorch's schedulers over 45 steps, for a rate of 1."""
    family = Family("schedules")
    steps = 45

    def record(op, attributes, make, rate=1.0):
        parameter = torch.nn.Parameter(torch.zeros((), dtype=torch.float64))
        optimizer = torch.optim.SGD([parameter], lr=rate)
        scheduler = make(optimizer)
        rates = []
        for _ in range(steps):
            rates.append(float(optimizer.param_groups[0]["lr"]))
            optimizer.step()
            scheduler.step()
        family.cases.append({
            "op": op, "attributes": attributes, "inputs": [],
            "outputs": [plain(torch.tensor(rates, dtype=torch.float64))]})

    s = lr_scheduler
    record("constant", {}, lambda o: s.ConstantLR(o, factor=1.0))
    for every, gamma in ((7, 0.5), (1, 0.9)):
        record("step", {"every": every, "gamma": gamma}, lambda o: s.StepLR(o, every, gamma))
    record("multiStep", {"at": [3, 10, 11, 30], "gamma": 0.3},
           lambda o: s.MultiStepLR(o, [3, 10, 11, 30], 0.3))
    record("exponential", {"gamma": 0.93}, lambda o: s.ExponentialLR(o, 0.93))
    record("linear", {"from": 0.2, "to": 0.8, "steps": 20},
           lambda o: s.LinearLR(o, 0.2, 0.8, 20))
    for power in (1.0, 2.5):
        record("polynomial", {"steps": 30, "power": power},
               lambda o: s.PolynomialLR(o, 30, power))
    record("cosine", {"steps": 44, "final": 0.1},
           lambda o: s.CosineAnnealingLR(o, 44, eta_min=0.1))
    for first, growth in ((5, 2), (7, 1), (3, 3)):
        record("cosineRestarts", {"steps": first, "growth": growth, "final": 0.05},
               lambda o: s.CosineAnnealingWarmRestarts(o, first, growth, eta_min=0.05))
    for rise, initial, final, annealing, total in (
            (0.3, 0.04, 4e-6, "cosine", 46), (0.25, 0.1, 0.001, "linear", 46),
            (0.5, 0.5, 0.01, "cosine", 47)):
        record("oneCycle", {"steps": total, "rise": rise, "initial": initial, "final": final,
                            "annealing": annealing},
               lambda o: s.OneCycleLR(
                   o, 1.0, total_steps=total, pct_start=rise, div_factor=1 / initial,
                   final_div_factor=initial / final, cycle_momentum=False,
                   anneal_strategy={"cosine": "cos", "linear": "linear"}[annealing]))
    for up, down, scale, mode in ((4, 4, "same", "triangular"), (3, 6, "halved", "triangular2"),
                                  (5, 5, "exponential", "exp_range")):
        record("cyclic", {"up": up, "down": down, "lowest": 0.2, "scale": scale, "gamma": 0.97},
               lambda o: s.CyclicLR(o, 0.2, 1.0, step_size_up=up, step_size_down=down, mode=mode,
                                    gamma=0.97, cycle_momentum=False))
    record("inverseSquareRoot", {"warmUp": 8}, lambda o: s.LambdaLR(
        o, lambda n: (512 * 8) ** 0.5 * 512 ** -0.5 * min((n + 1) ** -0.5, (n + 1) * 8 ** -1.5)))
    record("piecewise", {"values": [1.0, 0.25, 0.5], "at": [4, 20]}, lambda o: s.LambdaLR(
        o, lambda n: 1.0 if n < 4 else 0.25 if n < 20 else 0.5))
    record("sequence", {}, lambda o: s.SequentialLR(
        o, [s.ConstantLR(o, 1.0), s.ExponentialLR(o, 0.8), s.StepLR(o, 4, 0.5)], [5, 12]))
    record("warmedUp", {"steps": 6}, lambda o: s.LambdaLR(
        o, lambda n: (n + 1) / 6 if n < 6 else 0.9 ** (n - 6)))
    record("multiplied", {}, lambda o: s.ChainedScheduler(
        [s.ExponentialLR(o, 0.95), s.StepLR(o, 9, 0.5)]))
    plateaus(family)
    return family


def plateaus(family):
    """Rates of ReduceLROnPlateau after each of a row of values."""
    for mode, factor, patience, threshold, kind, cooldown, least in (
            ("min", 0.5, 2, 1e-4, "rel", 0, 0.0), ("min", 0.1, 0, 0.05, "abs", 3, 0.004),
            ("max", 0.3, 1, 0.01, "rel", 1, 0.0), ("max", 0.5, 3, 0.02, "abs", 0, 0.05)):
        family.start("plateau")
        values = [float(x) for x in family.draw((40,), 0.5, 2.0)]
        values = [v / math.sqrt(n + 1) if mode == "min" else v * math.sqrt(n + 1) / 7
                  for n, v in enumerate(values)]
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(()))], lr=0.8)
        scheduler = lr_scheduler.ReduceLROnPlateau(
            optimizer, mode=mode, factor=factor, patience=patience, threshold=threshold,
            threshold_mode=kind, cooldown=cooldown, min_lr=least)
        rates = []
        for value in values:
            scheduler.step(value)
            rates.append(optimizer.param_groups[0]["lr"])
        family.cases.append({
            "op": "plateau",
            "attributes": {"rate": 0.8, "rising": mode == "max", "factor": factor,
                           "patience": patience, "threshold": threshold, "kind": kind,
                           "cooldown": cooldown, "minimum": least},
            "inputs": [plain(torch.tensor(values, dtype=torch.float64))],
            "outputs": [plain(torch.tensor(rates, dtype=torch.float64))]})


FAMILIES = [optimizer_variants, optimizer_combinations, schedules]
