"""Convolutional networks on given images of 32 × 32 in three colours, in PyTorch."""


import torch
import torch.utils.mkldnn
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

import given
from serve import Steps
from torch_networks import momentum
from torch_operations import FROZEN, size
from torch_training import LAYOUTS, fill, flattened, split, variants, without_gradients


def smallvgg():
    layers, channels = [], 3
    for filters in (32, 64, 128):
        layers += [nn.Conv2d(channels, filters, 3, padding=1), nn.ReLU(),
                   nn.Conv2d(filters, filters, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        channels = filters
    return nn.Sequential(
        *layers, nn.Flatten(), flattened(nn.Linear(2048, 256), 4, 4, 128), nn.ReLU(),
        nn.Linear(256, 10))


def normalized(channels, filters, kernel, stride=1, groups=1):
    return [nn.Conv2d(channels, filters, kernel, stride, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(filters)]


class Residual(nn.Module):
    """The basic block of ResNet."""

    def __init__(self, channels, filters, stride):
        super().__init__()
        self.body = nn.Sequential(
            *normalized(channels, filters, 3, stride), nn.ReLU(inplace=True),
            *normalized(filters, filters, 3))
        self.shortcut = (nn.Identity() if channels == filters
                         else nn.Sequential(*normalized(channels, filters, 1, stride)))
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        return self.relu(self.shortcut(x) + self.body(x))


def resnet18():
    layers, channels = [*normalized(3, 64, 3), nn.ReLU(inplace=True)], 64
    for index, filters in enumerate((64, 128, 256, 512)):
        layers += [Residual(channels, filters, 1 if index == 0 else 2),
                   Residual(filters, filters, 1)]
        channels = filters
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


def smallmobilenet():
    layers, channels = [*normalized(3, 32, 3), nn.ReLU(inplace=True)], 32
    for filters, stride in ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)):
        layers += [*normalized(channels, channels, 3, stride, channels), nn.ReLU(inplace=True),
                   *normalized(channels, filters, 1), nn.ReLU(inplace=True)]
        channels = filters
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


def generator():
    return nn.Sequential(
        nn.Linear(100, 256 * 8 * 8), nn.ReLU(), nn.Unflatten(1, (256, 8, 8)),
        nn.ConvTranspose2d(256, 128, 4, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(128, 10))


def images(batch):
    return given.numbers((batch, 3, 32, 32), 100)


def trained(make, batch, bfloat16=False):
    def built(compiles):
        x, y = images(batch), given.labels(batch)
        return variants(
            make, momentum, lambda layout: split(x, y, batch, layout), compiles, images=True,
            bfloat16=bfloat16)
    return built


def conv(compiles, batch, width, depth):
    def make():
        layers = []
        for index in range(depth):
            layers += [nn.Conv2d(width if index else 3, width, 3, padding=1), nn.ReLU()]
        return nn.Sequential(
            *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 10))
    return trained(make, batch)(compiles)


def transposed(compiles):
    x, y = given.numbers((32, 100), 100), given.labels(32)
    return variants(generator, momentum, lambda _: split(x, y, 32), compiles, images=True)


def folded(model):
    """The model with every batch norm folded into the convolution before it."""
    for module in model.modules():
        if not isinstance(module, nn.Sequential):
            continue
        for index in range(len(module) - 1):
            if isinstance(module[index], nn.Conv2d) and isinstance(module[index + 1], nn.BatchNorm2d):
                module[index] = fuse_conv_bn_eval(module[index], module[index + 1])
                module[index + 1] = nn.Identity()
    return model


def applied(batch):
    def adder(layout, packed=False, **options):
        def build():
            model = folded(fill(resnet18()).eval()).to(memory_format=layout)
            x = torch.tensor(images(batch)).contiguous(memory_format=layout)
            if packed:
                model, x = torch.utils.mkldnn.to_mkldnn(model), x.to_mkldnn()
            function = torch.compile(model, **options) if options else model

            def step():
                with without_gradients(bool(options)):
                    y = function(x)
                    return [y.to_dense() if packed else y]
            return Steps(step, size)
        return build

    def built(compiles):
        if not compiles:
            eager = {name: adder(layout) for name, layout in LAYOUTS.items()}
            return eager | {"packed": adder(LAYOUTS["channels-first"], packed=True)}
        forms = {"": {}, "+frozen": FROZEN}
        return {name + form: adder(layout, options=options)
                for name, layout in LAYOUTS.items() for form, options in forms.items()}
    return built


IMAGES = {
    "vgg": trained(smallvgg, 64), "resnet18": trained(resnet18, 32),
    "resnet18-bf16": trained(resnet18, 32, bfloat16=True),
    "resnet18-infer1": applied(1), "resnet18-infer32": applied(32),
    "mobilenet": trained(smallmobilenet, 32), "transposed": transposed, "conv": conv,
}
