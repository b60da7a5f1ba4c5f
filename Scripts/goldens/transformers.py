"""Blocks of Transformers: PyTorch's own, and BERT, GPT-2 and ViT by their formulas."""

import torch
import torch.nn.functional as F
from torch import nn

from attention import causal, drawn, module_case, truths
from family import Family

DOUBLE = {"dtype": torch.float64}


class Heads(nn.Module):
    """Splits into heads, attends, joins."""

    def __init__(self, heads):
        super().__init__()
        self.heads = heads

    def forward(self, q, k, v, **options):
        n, t, width = q.shape
        parts = [x.reshape(n, t, self.heads, -1).transpose(1, 2) for x in (q, k, v)]
        y = F.scaled_dot_product_attention(*parts, **options)
        return y.transpose(1, 2).reshape(n, t, width)


class Named(nn.Module):
    """A module with parts of given, dotted names."""

    def __init__(self, parts):
        super().__init__()
        for path, part in parts.items():
            at = self
            *outer, last = path.split(".")
            for word in outer:
                if not hasattr(at, word):
                    at.add_module(word, nn.Module())
                at = getattr(at, word)
            at.add_module(last, part)

    def part(self, path):
        return self.get_submodule(path)


class Turned(nn.Module):
    """GPT-2's dense layer: weight [in, out]."""

    def __init__(self, inputs, units):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(inputs, units, **DOUBLE))
        self.bias = nn.Parameter(torch.zeros(units, **DOUBLE))

    def forward(self, x):
        return x @ self.weight + self.bias


def dense(a, b):
    return nn.Linear(a, b, **DOUBLE)


def norm(width, epsilon=1e-12):
    return nn.LayerNorm(width, eps=epsilon, **DOUBLE)


def table(count, width):
    return nn.Embedding(count, width, **DOUBLE)


def bert_layer(width, hidden):
    return Named({
        "attention.self.query": dense(width, width), "attention.self.key": dense(width, width),
        "attention.self.value": dense(width, width), "attention.output.dense": dense(width, width),
        "attention.output.LayerNorm": norm(width), "intermediate.dense": dense(width, hidden),
        "output.dense": dense(hidden, width), "output.LayerNorm": norm(width)})


def run_bert_layer(m, x, heads, keys=None):
    q, k, v = [m.part(f"attention.self.{name}")(x) for name in ("query", "key", "value")]
    mask = None if keys is None else (keys != 0)[:, None, None, :]
    y = m.part("attention.output.dense")(Heads(heads)(q, k, v, attn_mask=mask))
    x = m.part("attention.output.LayerNorm")(x + y)
    y = m.part("output.dense")(F.gelu(m.part("intermediate.dense")(x)))
    return m.part("output.LayerNorm")(x + y)


def bert_embeddings(words, width, positions):
    return Named({
        "word_embeddings": table(words, width), "position_embeddings": table(positions, width),
        "token_type_embeddings": table(2, width), "LayerNorm": norm(width)})


def run_bert_embeddings(m, tokens, segments):
    places = torch.arange(tokens.shape[1])
    return m.LayerNorm(
        m.word_embeddings(tokens) + m.position_embeddings(places)
        + m.token_type_embeddings(segments))


def gpt_block(width, hidden):
    return Named({
        "ln_1": norm(width, 1e-5), "attn.c_attn": Turned(width, 3 * width),
        "attn.c_proj": Turned(width, width), "ln_2": norm(width, 1e-5),
        "mlp.c_fc": Turned(width, hidden), "mlp.c_proj": Turned(hidden, width)})


def run_gpt_block(m, x, heads):
    q, k, v = m.part("attn.c_attn")(m.ln_1(x)).chunk(3, -1)
    x = x + m.part("attn.c_proj")(Heads(heads)(q, k, v, is_causal=True))
    return x + m.part("mlp.c_proj")(
        F.gelu(m.part("mlp.c_fc")(m.ln_2(x)), approximate="tanh"))


def vit_block(width, heads, hidden):
    return Named({
        "ln_1": norm(width, 1e-5),
        "self_attention": nn.MultiheadAttention(width, heads, batch_first=True, **DOUBLE),
        "ln_2": norm(width, 1e-5), "mlp.0": dense(width, hidden), "mlp.3": dense(hidden, width)})


def run_vit_block(m, x):
    y = m.ln_1(x)
    x = x + m.self_attention(y, y, y, need_weights=False)[0]
    return x + m.part("mlp.3")(F.gelu(m.part("mlp.0")(m.ln_2(x))))


class Placed(nn.Module):
    """A parameter of a name beside parts."""

    def __init__(self, name, shape, parts):
        super().__init__()
        self.register_parameter(name, nn.Parameter(torch.zeros(shape, **DOUBLE)))
        for path, part in parts.items():
            self.add_module(path, part)


def torch_blocks(family):
    shapes = [(2, 3, 4, 2, 6), (1, 1, 2, 1, 3), (1, 5, 3, 3, 1)]
    for n, t, width, heads, hidden in shapes:
        for first in [False, True]:
            for activation in ["relu", "gelu"]:
                settings = {"width": width, "heads": heads, "hidden": hidden, "normFirst": first,
                            "activation": activation}
                options = {"dim_feedforward": hidden, "dropout": 0.0, "activation": activation,
                           "batch_first": True, "norm_first": first, **DOUBLE}
                module_case(
                    family, "encoderLayer", nn.TransformerEncoderLayer(width, heads, **options),
                    [drawn(n, t, width)], lambda m, x: m(x), settings)
                module_case(
                    family, "decoderLayer", nn.TransformerDecoderLayer(width, heads, **options),
                    [drawn(n, t, width), drawn(n, 2, width)],
                    lambda m, x, y: m(x, y, tgt_mask=~causal(t, t)), settings)
    for first in [False, True]:
        settings = {"width": 4, "heads": 2, "hidden": 5, "normFirst": first, "activation": "relu",
                    "layers": 2}
        options = {"dim_feedforward": 5, "dropout": 0.0, "batch_first": True, "norm_first": first,
                   **DOUBLE}
        encoder = nn.TransformerEncoderLayer(4, 2, **options)
        decoder = nn.TransformerDecoderLayer(4, 2, **options)
        module_case(
            family, "encoder",
            nn.TransformerEncoder(encoder, 2, norm(4, 1e-5) if first else None,
                                  enable_nested_tensor=False),
            [drawn(2, 3, 4), truths(2, 3)],
            lambda m, x, keys: m(x, src_key_padding_mask=keys == 0), settings)
        module_case(
            family, "decoder", nn.TransformerDecoder(decoder, 2, norm(4, 1e-5) if first else None),
            [drawn(2, 3, 4), drawn(2, 2, 4)],
            lambda m, x, y: m(x, y, tgt_mask=~causal(3, 3)), settings)
        module_case(
            family, "transformer", nn.Transformer(4, 2, 2, 2, **options),
            [drawn(2, 3, 4), drawn(2, 2, 4), truths(2, 3)],
            lambda m, x, y, keys: m(
                x, y, tgt_mask=~causal(2, 2), src_key_padding_mask=keys == 0,
                memory_key_padding_mask=keys == 0), settings)
    for shape, hidden in [((2, 3, 4), 6), ((1, 1), 3), ((5, 2), 1)]:
        module_case(
            family, "feedForward",
            Named({"linear1": dense(shape[-1], hidden), "linear2": dense(hidden, shape[-1])}),
            [drawn(*shape)], lambda m, x: m.linear2(F.gelu(m.linear1(x))), {"hidden": hidden})


def bert(family):
    for n, t, width, heads, hidden in [(2, 3, 4, 2, 6), (1, 1, 3, 3, 1), (1, 5, 2, 1, 3)]:
        settings = {"width": width, "heads": heads, "hidden": hidden}
        module_case(
            family, "bertLayer", bert_layer(width, hidden), [drawn(n, t, width), truths(n, t)],
            lambda m, x, keys: run_bert_layer(m, x, heads, keys), settings)
        module_case(
            family, "bertEmbeddings", bert_embeddings(7, width, 5),
            [lambda f: f.integers((n, t), 7), lambda f: f.integers((n, t), 2)],
            run_bert_embeddings, {"width": width})
        module_case(
            family, "bertPooler", Named({"dense": dense(width, width)}), [drawn(n, t, width)],
            lambda m, x: torch.tanh(m.dense(x[:, 0])), {"width": width})
        module_case(
            family, "bertNextSentenceHead", Named({"seq_relationship": dense(width, 2)}),
            [drawn(n, width)], lambda m, x: m.seq_relationship(x))
        module_case(
            family, "bertClassificationHead", Named({"classifier": dense(width, 3)}),
            [drawn(n, width)], lambda m, x: m.classifier(x), {"classes": 3})
    encoder = Named({
        "embeddings": bert_embeddings(7, 4, 5), "encoder.layer.0": bert_layer(4, 6),
        "encoder.layer.1": bert_layer(4, 6), "pooler.dense": dense(4, 4)})

    def run(m, tokens, segments, keys):
        x = run_bert_embeddings(m.embeddings, tokens, segments)
        for i in range(2):
            x = run_bert_layer(m.part(f"encoder.layer.{i}"), x, 2, keys)
        return x, torch.tanh(m.part("pooler.dense")(x[:, 0]))

    module_case(
        family, "bertEncoder", encoder,
        [lambda f: f.integers((2, 3), 7), lambda f: f.integers((2, 3), 2), truths(2, 3)], run,
        {"width": 4, "heads": 2, "hidden": 6, "layers": 2})
    head = Placed("bias", (7,), {
        "embeddings": Named({"word_embeddings": table(7, 4)}),
        "transform": Named({"dense": dense(4, 4), "LayerNorm": norm(4)})})
    module_case(
        family, "bertMaskedLanguageHead", head, [drawn(2, 3, 4)],
        lambda m, x: F.linear(
            m.transform.LayerNorm(F.gelu(m.transform.dense(x))),
            m.embeddings.word_embeddings.weight, m.bias))


def gpt(family):
    for n, t, width, heads, hidden in [(2, 3, 4, 2, 6), (1, 1, 3, 3, 1), (1, 5, 2, 1, 3)]:
        module_case(
            family, "gptBlock", gpt_block(width, hidden), [drawn(n, t, width)],
            lambda m, x: run_gpt_block(m, x, heads),
            {"width": width, "heads": heads, "hidden": hidden})
    decoder = Named({
        "wte": table(7, 4), "wpe": table(6, 4), "h.0": gpt_block(4, 5), "h.1": gpt_block(4, 5),
        "ln_f": norm(4, 1e-5)})

    def run(m, tokens):
        x = m.wte(tokens) + m.wpe(torch.arange(tokens.shape[1]))
        for i in range(2):
            x = run_gpt_block(m.part(f"h.{i}"), x, 2)
        return F.linear(m.ln_f(x), m.wte.weight)

    for shape in [(2, 6), (1, 1)]:
        module_case(
            family, "gptDecoder", decoder, [lambda f: f.integers(shape, 7)], run,
            {"width": 4, "heads": 2, "hidden": 5, "layers": 2})


def vit(family):
    for n, t, width, heads, hidden in [(2, 3, 4, 2, 6), (1, 1, 3, 3, 1)]:
        module_case(
            family, "vitBlock", vit_block(width, heads, hidden), [drawn(n, t, width)],
            run_vit_block, {"width": width, "heads": heads, "hidden": hidden})
    for n, h, w, c, size, width in [(2, 4, 6, 3, 2, 5), (1, 3, 3, 1, 3, 2), (1, 2, 1, 2, 1, 1)]:
        family.simple(
            "patchEmbedding",
            lambda x, k, b: F.conv2d(x.movedim(-1, 1), k, b, stride=size).flatten(2).transpose(1, 2),
            [(n, h, w, c), (width, c, size, size), (width,)], {"width": width, "size": size})
    for shape in [(2, 3, 4), (1, 1, 1)]:
        family.simple(
            "classToken",
            lambda x, c: torch.cat([c.expand(x.shape[0], -1, -1), x], 1),
            [shape, (1, 1, shape[2])])
    encoder = Placed("pos_embedding", (1, 3, 4), {
        "layers": Named({f"encoder_layer_{i}": vit_block(4, 2, 5) for i in range(2)}),
        "ln": norm(4, 1e-5)})

    def run(m, x):
        x = x + m.pos_embedding
        for block in m.layers.children():
            x = run_vit_block(block, x)
        return m.ln(x)

    module_case(
        family, "vitEncoder", encoder, [drawn(2, 3, 4)], run,
        {"width": 4, "heads": 2, "hidden": 5, "layers": 2})


def transformers():
    family = Family("transformers")
    torch_blocks(family)
    return family


def pretrained():
    family = Family("pretrained")
    for part in [bert, gpt, vit]:
        part(family)
    return family


FAMILIES = [transformers, pretrained]
