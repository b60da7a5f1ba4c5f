"""Attention and positions."""

import torch
import torch.nn.functional as F
from torch import nn

from family import Family


def module_case(family, op, module, data, call, attributes=None, ranges=None):
    """A module in float64 whose variables follow its data; their names stand in `variables`."""
    family.start(op)
    names = [name for name, _ in module.named_parameters()]
    shapes = [tuple(p.shape) for _, p in module.named_parameters()]
    drawn = [family.draw(s, *(0.5, 1.5) if "norm" in n.lower() or "ln_" in n else (-0.6, 0.6))
             for n, s in zip(names, shapes)]
    data = [x(family) if callable(x) else x for x in data]

    def function(*leaves):
        given, values = leaves[:len(data)], leaves[len(data):]

        class Bound(nn.Module):
            def __init__(self):
                super().__init__()
                self.inner = module

            def forward(self, *arguments):
                return call(self.inner, *arguments)

        bound = {f"inner.{n}": v for n, v in zip(names, values)}
        return torch.func.functional_call(Bound(), bound, given)

    family.case(op, function, data + drawn, dict(attributes or {}, variables=",".join(names)))


def drawn(*shape):
    return lambda family: family.draw(shape)


def truths(*shape):
    """Zeros and ones, the first of each row one: nobody is left without keys."""
    def make(family):
        x = family.integers(shape, 2)
        x[..., 0] = 1
        return x
    return make


def causal(t, s):
    return torch.ones(t, s, dtype=torch.bool).tril()


def attention():
    family = Family("attention")

    def turned(*xs):
        return [x.transpose(1, 2) for x in xs]

    for n, h, g, t, s, d, e in [
        (1, 1, 1, 1, 1, 1, 1), (2, 2, 2, 3, 4, 3, 5), (1, 4, 2, 3, 3, 2, 2), (2, 3, 1, 4, 2, 1, 3),
    ]:
        for is_causal in [False, True]:
            for scale in [None, 0.3]:
                family.simple(
                    "scaledDotProductAttention",
                    lambda q, k, v: F.scaled_dot_product_attention(
                        *turned(q, k, v), is_causal=is_causal, scale=scale,
                        enable_gqa=True).transpose(1, 2),
                    [(n, t, h, d), (n, s, g, d), (n, s, g, e)],
                    {"causal": is_causal} | ({} if scale is None else {"scale": scale}))
    for shape in [(2, 2, 3, 4), (1, 2, 1, 4), (2, 1, 3, 1)]:
        family.simple(
            "scaledDotProductAttention",
            lambda q, k, v, m: F.scaled_dot_product_attention(
                *turned(q, k, v), attn_mask=m).transpose(1, 2),
            [(2, 3, 2, 3), (2, 4, 2, 3), (2, 4, 2, 2), shape], {"causal": False})
        family.start("scaledDotProductAttention")
        family.case(
            "scaledDotProductAttention",
            lambda q, k, v, m: F.scaled_dot_product_attention(
                *turned(q, k, v), attn_mask=m != 0).transpose(1, 2),
            [family.draw((2, 3, 2, 3)), family.draw((2, 4, 2, 3)), family.draw((2, 4, 2, 2)),
             truths(*shape)(family)], {"causal": False})

    def mha(width, heads, bias=True, kdim=None, vdim=None):
        return nn.MultiheadAttention(
            width, heads, bias=bias, kdim=kdim, vdim=vdim, batch_first=True, dtype=torch.float64)

    op = "multiHeadAttention"
    for n, t, width, heads, bias in [
        (2, 3, 6, 2, True), (1, 1, 4, 4, False), (3, 5, 2, 1, True), (1, 4, 9, 3, False),
    ]:
        settings = {"width": width, "heads": heads, "bias": bias}
        module_case(
            family, op, mha(width, heads, bias), [drawn(n, t, width)],
            lambda m, x: m(x, x, x, need_weights=False)[0], settings | {"kind": "self"})
        module_case(
            family, op, mha(width, heads, bias), [drawn(n, t, width)],
            lambda m, x: m(x, x, x, attn_mask=~causal(t, t), need_weights=False)[0],
            settings | {"kind": "causal"})
        module_case(
            family, op, mha(width, heads, bias), [drawn(n, t, width), drawn(n, 2, width)],
            lambda m, x, y: m(x, y, y, need_weights=False)[0], settings | {"kind": "cross"})
    settings = {"width": 4, "heads": 2, "bias": True}
    module_case(
        family, op, mha(4, 2), [drawn(2, 3, 4), truths(2, 3)],
        lambda m, x, keys: m(x, x, x, key_padding_mask=keys == 0, need_weights=False)[0],
        settings | {"kind": "keys"})
    module_case(
        family, op, mha(4, 2), [drawn(2, 3, 4), truths(2, 3)],
        lambda m, x, keys: m(
            x, x, x, key_padding_mask=keys == 0, attn_mask=~causal(3, 3), need_weights=False)[0],
        settings | {"kind": "keysCausal"})
    module_case(
        family, op, mha(4, 2), [drawn(2, 3, 4), truths(3, 3)],
        lambda m, x, mask: m(x, x, x, attn_mask=mask == 0, need_weights=False)[0],
        settings | {"kind": "mask"})
    module_case(
        family, op, mha(4, 2), [drawn(2, 3, 4), drawn(3, 3)],
        lambda m, x, mask: m(x, x, x, attn_mask=mask, need_weights=False)[0],
        settings | {"kind": "mask"})
    module_case(
        family, op, mha(4, 2), [drawn(2, 3, 4), truths(3, 3), truths(2, 3)],
        lambda m, x, mask, keys: m(
            x, x, x, attn_mask=mask == 0, key_padding_mask=keys == 0, need_weights=False)[0],
        settings | {"kind": "both"})
    module_case(
        family, op, mha(4, 2), [drawn(2, 3, 4), drawn(3, 3), truths(2, 3)],
        lambda m, x, mask, keys: m(
            x, x, x, attn_mask=mask,
            key_padding_mask=torch.zeros(2, 3, dtype=torch.float64).masked_fill(
                keys == 0, -torch.inf), need_weights=False)[0],
        settings | {"kind": "both"})
    for bias in [True, False]:
        module_case(
            family, op, mha(4, 2, bias, kdim=3, vdim=5),
            [drawn(2, 3, 4), drawn(2, 2, 3), drawn(2, 2, 5)],
            lambda m, q, k, v: m(q, k, v, need_weights=False)[0],
            settings | {"kind": "triple", "bias": bias, "kdim": 3, "vdim": 5})
    module_case(
        family, "attentionWeights", mha(4, 2), [drawn(2, 3, 4)],
        lambda m, x: m(x, x, x, attn_mask=~causal(3, 3), average_attn_weights=False)[1],
        settings)

    def grouped(q, wq, bq, wo, bo, heads, groups):
        """Heads of queries share heads of keys: rows of q, then k, then v in one weight."""
        n, t, width = q.shape
        d = width // heads
        qs, ks, vs = F.linear(q, wq, bq).split([width, groups * d, groups * d], -1)
        y = F.scaled_dot_product_attention(
            *[x.reshape(n, t, -1, d).transpose(1, 2) for x in (qs, ks, vs)], is_causal=True,
            enable_gqa=True)
        return F.linear(y.transpose(1, 2).reshape(n, t, width), wo, bo)

    for heads, groups in [(4, 2), (3, 1)]:
        width = 2 * heads
        rows = width + 4 * groups
        family.simple(
            "groupedAttention",
            lambda x, w, b, o, c: grouped(x, w, b, o, c, heads, groups),
            [(2, 3, width), (rows, width), (rows,), (width, width), (width,)],
            {"heads": heads, "groups": groups}, low=-0.6, high=0.6)

    def rotated(x, pairing, width, first):
        t, half = x.shape[1], width // 2
        angle = (first + torch.arange(t, dtype=x.dtype))[:, None, None] * (
            100.0 ** (-2 * torch.arange(half, dtype=x.dtype) / width))
        head, rest = x[..., :width], x[..., width:]
        if pairing == "interleaved":
            z = torch.view_as_complex(head.reshape(*head.shape[:-1], half, 2).contiguous())
            y = torch.view_as_real(z * torch.polar(torch.ones_like(angle), angle)).flatten(-2)
        else:
            both = torch.cat([angle, angle], -1)
            y = head * both.cos() + torch.cat([-head[..., half:], head[..., :half]], -1) * both.sin()
        return torch.cat([y, rest], -1)

    for pairing in ["interleaved", "halves"]:
        for shape, width, first in [((2, 3, 2, 4), 4, 0), ((1, 5, 1, 6), 2, 3), ((1, 1, 1, 2), 2, 0)]:
            family.simple(
                "rotary", lambda x: rotated(x, pairing, width, first), [shape],
                {"pairing": pairing, "turned": width, "first": first})

    def sinusoids(x):
        t, width = x.shape[1:]
        table = torch.zeros(t, width, dtype=x.dtype)
        for i in range(width):
            angle = torch.arange(t, dtype=x.dtype) / 10000 ** ((i - i % 2) / width)
            table[:, i] = angle.cos() if i % 2 else angle.sin()
        return x + table

    for shape in [(2, 3, 4), (1, 6, 5), (1, 1, 1)]:
        family.simple("sinusoidal", sinusoids, [shape])
    for shape, count in [((2, 3, 4), 3), ((1, 2, 1), 5)]:
        family.simple(
            "learnedPositions", lambda x, w: x + w[:x.shape[1]], [shape, (count, shape[2])],
            {"count": count})
    return family


FAMILIES = [attention]
