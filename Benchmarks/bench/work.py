"""Multiply-adds that a step cannot do without."""


def convolution(height, width, channels, filters, kernel, groups=1):
    return height * width * kernel * kernel * channels * filters // groups


def trained(batch, layers, of_input=None):
    """Forward, and both gradients but that of the input: that of the first layer unless told."""
    return batch * (3 * sum(layers) - (layers[0] if of_input is None else of_input))


def dense(*sizes):
    return [a * b for a, b in zip(sizes, sizes[1:])]


def lenet():
    return [convolution(28, 28, 1, 6, 5), convolution(10, 10, 6, 16, 5)] + dense(400, 120, 84, 10)


def vgg():
    layers, channels, size = [], 3, 32
    for filters in (32, 64, 128):
        layers += [convolution(size, size, channels, filters, 3),
                   convolution(size, size, filters, filters, 3)]
        channels, size = filters, size // 2
    return layers + dense(2048, 256, 10)


def resnet18():
    layers, channels, size = [convolution(32, 32, 3, 64, 3)], 64, 32
    for filters in (64, 128, 256, 512):
        if filters > 64:
            size //= 2
            layers.append(convolution(size, size, channels, filters, 1))
        layers.append(convolution(size, size, channels, filters, 3))
        layers += [convolution(size, size, filters, filters, 3)] * 3
        channels = filters
    return layers + dense(512, 10)


def mobilenet():
    layers, channels, size = [convolution(32, 32, 3, 32, 3)], 32, 32
    for filters, stride in ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)):
        size //= stride
        layers += [convolution(size, size, channels, channels, 3, channels),
                   convolution(size, size, channels, filters, 1)]
        channels = filters
    return layers + dense(512, 10)


def transposed():
    return dense(100, 16384) + [convolution(8, 8, 256, 128, 4), 1280]


def recurrent(batch, gates, width=256, depth=2, length=64, inputs=128):
    """A step of training of a recurrent network and a dense layer of 10."""
    layers = [length * gates * width * (width + (inputs if layer == 0 else width))
              for layer in range(depth)]
    return trained(batch, layers + [width * 10], length * gates * width * inputs)


def attention(length, width, products):
    """Causal: a query meets those before it and itself."""
    return products * width * length * (length + 1) // 2


def block(width, length):
    return length * 12 * width * width + attention(length, width, 2)


def gpt(batch, width, depth, length):
    return 3 * batch * (depth * block(width, length) + length * width * 256)
