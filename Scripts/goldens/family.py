"""The cases of one file of goldens, and how tensors are drawn and written."""

import math
import random
import zlib

import torch
import torch.nn.functional as F


class Family:
    """The cases of one file. Draws depend on the name of the operation and its running number."""

    def __init__(self, name):
        self.name, self.cases, self.counts = name, [], {}

    def start(self, op):
        self.counts[op] = self.counts.get(op, 0) + 1
        self.random = random.Random(zlib.crc32(f"{self.name}/{op}/{self.counts[op]}".encode()))
        self.seen = set()

    def draw(self, shape, low=-2.0, high=2.0):
        """A float64 tensor of odd multiples of 1/2048 in (low, high)."""
        first, last = math.ceil(low * 1024), math.floor(high * 1024) - 1
        values = []
        for _ in range(math.prod(shape)):
            for _ in range(50):
                k = self.random.randint(first, last)
                if k not in self.seen:
                    break
            self.seen.add(k)
            values.append((2 * k + 1) / 2048)
        return torch.tensor(values, dtype=torch.float64).reshape(shape)

    def integers(self, shape, count):
        values = [self.random.randrange(count) for _ in range(math.prod(shape))]
        return torch.tensor(values, dtype=torch.int64).reshape(shape)

    def case(self, op, function, inputs, attributes=None, frozen=()):
        """Records `function(*inputs)` and, where it is differentiable, its gradient.

        `frozen` lists the positions of floating inputs that take no gradient.
        """
        leaves = [
            x.clone().requires_grad_(x.is_floating_point() and i not in frozen)
            for i, x in enumerate(inputs)]
        outputs = function(*leaves)
        outputs = list(outputs) if isinstance(outputs, (tuple, list)) else [outputs]
        case = {"op": op, "attributes": attributes or {}, "inputs": [plain(x) for x in inputs],
                "outputs": [plain(y) for y in outputs]}
        live = [y.requires_grad for y in outputs]
        if any(live):
            upstream = [self.draw(y.shape, -1, 1) if on else None for y, on in zip(outputs, live)]
            wanted = [x for x in leaves if x.requires_grad]
            found = iter(torch.autograd.grad(
                [y for y, on in zip(outputs, live) if on], wanted,
                [u for u in upstream if u is not None], allow_unused=True))
            case["upstream"] = [plain(u) for u in upstream]
            case["gradients"] = [plain(next(found)) if x.requires_grad else None for x in leaves]
        self.cases.append(case)

    def simple(self, op, function, shapes, attributes=None, low=-2.0, high=2.0):
        """Records a case whose inputs are all drawn from one range."""
        self.start(op)
        self.case(op, function, [self.draw(shape, low, high) for shape in shapes], attributes)


def plain(x):
    """A tensor as the JSON of the format; infinities and NaN become strings."""
    if x is None:
        return None
    x = x.detach()
    values = x.reshape(-1).tolist()
    if x.is_floating_point():
        values = [v if math.isfinite(v) else str(v) for v in values]
        return {"shape": list(x.shape), "values": values}
    return {"shape": list(x.shape), "dtype": "int64", "values": [int(v) for v in values]}


def last_to_first(x):
    """Channels-last, as Apus holds images, to channels-first, as PyTorch takes them."""
    return x.movedim(-1, 1)


def first_to_last(x):
    return x.movedim(1, -1)


def padded(x, pairs, mode="constant", value=0.0):
    """Pads the trailing axes of `x` by [(low, high)], in the order of the axes."""
    return F.pad(x, [n for pair in reversed(pairs) for n in pair], mode=mode, **(
        {"value": value} if mode == "constant" else {}))
