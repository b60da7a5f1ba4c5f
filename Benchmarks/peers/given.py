"""Numbers that all sides draw alike: inputs, targets and first weights of Benchmarks/README.md."""

import math

import numpy as np


def hashes(count, seed):
    """A 32-bit hash of every place and the seed."""
    h = np.arange(count, dtype=np.uint32)
    h += np.uint32(seed * 0x9E3779B9 & 0xFFFFFFFF)
    h ^= h >> np.uint32(16)
    h *= np.uint32(0x7FEB352D)
    h ^= h >> np.uint32(15)
    h *= np.uint32(0x846CA68B)
    h ^= h >> np.uint32(16)
    return h


def numbers(shape, seed, scale=1.0, middle=0.0):
    """Numbers in -1…1 times a scale, around a middle."""
    values = (hashes(math.prod(shape), seed) >> np.uint32(8)).astype(np.float32)
    values /= np.float32(8388608)
    values -= np.float32(1)
    if scale != 1:
        values *= np.float32(scale)
    if middle != 0:
        values += np.float32(middle)
    return values.reshape(shape)


def integers(shape, below, seed):
    """Whole numbers in 0..<below."""
    values = hashes(math.prod(shape), seed) % np.uint32(below)
    return values.astype(np.int64).reshape(shape)


def parameter(shape, number, is_norm_weight=False):
    """The first values of parameter number `number`, counted from 0."""
    if len(shape) < 2:
        return numbers(shape, number + 1, 1 / 8, 1.0 if is_norm_weight else 0.0)
    fans = (shape[0] + shape[1]) * math.prod(shape[2:])
    scale = np.sqrt(np.float32(6) / np.float32(fans))
    return numbers(shape, number + 1, scale)


def labels(count):
    """Sample i is of class 7 i mod 10."""
    return np.arange(count) * 7 % 10


def texts(count, length):
    """Bytes, and the byte after each: [count, length] each."""
    text = integers((count, length + 1), 256, 100)
    return text[:, :-1].copy(), text[:, 1:].copy()
