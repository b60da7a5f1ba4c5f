"""Convolutional networks on given images of 32 × 32 in three colours, in JAX."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

import given
from jax_operations import size, wait
from jax_training import Dense, flax_variants, initial, momentum
from serve import Steps


class VGG(nn.Module):
    @nn.compact
    def __call__(self, x):
        for filters in (32, 64, 128):
            for _ in range(2):
                x = nn.relu(nn.Conv(filters, (3, 3))(x))
            x = nn.max_pool(x, (2, 2), (2, 2))
        return Dense((256, 10))(x.reshape(len(x), -1))


class Normalized(nn.Module):
    """A convolution and its batch norm."""

    filters: int
    kernel: int
    stride: int = 1
    groups: int = 1
    training: bool = True
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x):
        half = self.kernel // 2
        x = nn.Conv(
            self.filters, (self.kernel,) * 2, self.stride, [(half, half)] * 2, use_bias=False,
            feature_group_count=self.groups, dtype=self.dtype)(x)
        return nn.BatchNorm(
            use_running_average=not self.training, momentum=0.9, dtype=self.dtype)(x)


class ResNet18(nn.Module):
    training: bool = True
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x):
        def normalized(x, filters, kernel, stride=1):
            return Normalized(
                filters, kernel, stride, training=self.training, dtype=self.dtype)(x)

        x = nn.relu(normalized(x.astype(self.dtype), 64, 3))
        for index, filters in enumerate((64, 128, 256, 512)):
            for block in range(2):
                stride = 2 if index > 0 and block == 0 else 1
                y = nn.relu(normalized(x, filters, 3, stride))
                y = normalized(y, filters, 3)
                x = nn.relu(y + (normalized(x, filters, 1, stride) if stride == 2 else x))
        return nn.Dense(10, dtype=self.dtype)(x.mean((1, 2)))


class MobileNet(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = nn.relu(Normalized(32, 3)(x))
        for filters, stride in ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)):
            x = nn.relu(Normalized(x.shape[-1], 3, stride, x.shape[-1])(x))
            x = nn.relu(Normalized(filters, 1)(x))
        return nn.Dense(10)(x.mean((1, 2)))


class Generator(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = nn.relu(nn.Dense(256 * 8 * 8)(x)).reshape(-1, 256, 8, 8).transpose(0, 2, 3, 1)
        x = nn.relu(nn.ConvTranspose(128, (4, 4), (2, 2))(x))
        return nn.Dense(10)(x.mean((1, 2)))


def images(batch):
    return given.numbers((batch, 3, 32, 32), 100).transpose(0, 2, 3, 1)


def trained(make, batch, **options):
    return lambda: flax_variants(
        make, momentum(), images(batch), given.labels(batch), batch, **options)


def transposed():
    return flax_variants(
        Generator, momentum(), given.numbers((32, 100), 100), given.labels(32), 32)


def applied(batch):
    def built():
        def build():
            # Weights are captured, so that the compiler may fold the batch norms into them.
            model, x = ResNet18(training=False), jnp.asarray(images(batch))
            params, stats = initial(model, x)
            variables = {"params": params, "batch_stats": stats}
            function = jax.jit(lambda x: model.apply(variables, x))
            return Steps(lambda: [function(x)], size, wait)
        return {"": build}
    return built


IMAGES = {
    "vgg": trained(VGG, 64), "resnet18": trained(ResNet18, 32),
    "resnet18-bf16": trained(lambda: ResNet18(dtype=jnp.bfloat16), 32, tolerance=2e-2),
    "resnet18-infer1": applied(1), "resnet18-infer32": applied(32),
    "mobilenet": trained(MobileNet, 32), "transposed": transposed,
}
