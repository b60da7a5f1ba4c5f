"""Numbers that both sides draw alike: inputs, labels and first weights of Benchmarks/README.md."""

import torch


def numbers(shape, seed):
    """Numbers in -1…1."""
    state, values = seed, []
    for _ in range(torch.Size(shape).numel()):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        values.append((state >> 15) / 32768 - 1)
    return torch.tensor(values).reshape(shape)


def weights(model, scale):
    """The model with parameter number n set to the numbers of seed n + 1, scaled."""
    with torch.no_grad():
        for index, parameter in enumerate(model.parameters()):
            parameter.copy_(numbers(parameter.shape, index + 1) * scale)
    return model


def batches(x, classes, size):
    """Batches of inputs; sample i is of class 7 i mod `classes`."""
    y = torch.tensor([i * 7 % classes for i in range(len(x))])
    return [(x[i:i + size], y[i:i + size]) for i in range(0, len(x), size)]
