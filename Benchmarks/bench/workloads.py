"""The rows of the table."""

import dataclasses

from . import work

MEGA = 16384 * 1024


@dataclasses.dataclass(frozen=True)
class Row:
    """One row: a workload, how Apus runs it, and the work it cannot do without."""

    name: str
    title: str
    multiply_adds: int = 0
    # Bytes that must be moved, and whether by reading, copying or updating in place.
    moved: int = 0
    motion: str = ""
    # What the workload is called on all sides, when not by the name of the row.
    workload: str = ""
    portable: bool = False
    tolerance: float = 1e-4
    # Steps that cannot be divided: an epoch.
    epoch: int = 1
    # The ratio to the best peer that is aimed at.
    aim: str = ""
    # Who takes part besides Apus.
    peers: tuple = ("PyTorch", "torch.compile", "JAX")

    @property
    def asked(self):
        return self.workload or self.name


def large(name, title, touched, motion):
    return Row(f"{name}16m", f"{title}, 16 M floats", moved=4 * touched * MEGA, motion=motion,
               aim="1.3 (PyTorch)")


IRIS = work.dense(4, 30, 16, 3)
RESNET = work.trained(32, work.resnet18())
ROWS = [
    Row("iris", "iris 4-30-16-3, batch 1, Adam, whole epochs", work.trained(1, IRIS), epoch=150,
        aim="25"),
    Row("iris1", "iris 4-30-16-3, batch 1, Adam, loss read every step", work.trained(1, IRIS)),
    Row("iris32", "iris 4-30-16-3, batch 32, Adam", work.trained(32, IRIS), aim="15 (eager)"),
    Row("mlp", "MLP 784-512-256-10, batch 128, Adam",
        work.trained(128, work.dense(784, 512, 256, 10)), aim="1.2"),
    Row("lenet", "LeNet-5, batch 128, momentum", work.trained(128, work.lenet()), aim="2.4"),
    Row("vgg", "VGG-style CNN, 3×32×32, batch 64, momentum", work.trained(64, work.vgg()),
        aim="1.2"),
    Row("resnet18", "ResNet-18, 3×32×32, batch 32, momentum", RESNET, aim="1.15"),
    Row("resnet18-bf16", "ResNet-18, the same in bfloat16", RESNET, tolerance=2e-2, aim="1.1"),
    Row("resnet18-infer1", "ResNet-18 inference, batch 1", sum(work.resnet18()), aim="1.2"),
    Row("resnet18-infer32", "ResNet-18 inference, batch 32", 32 * sum(work.resnet18()), aim="1.2"),
    Row("mobilenet", "depthwise blocks, 3×32×32, batch 32, momentum",
        work.trained(32, work.mobilenet()), aim="1.2"),
    Row("transposed", "DCGAN layer 8×8×256 → 16×16×128, batch 32, momentum",
        work.trained(32, work.transposed()), aim="1.2"),
    Row("lstm", "LSTM 2 layers 128-256, T 64, batch 32, Adam",
        work.recurrent(32, 4), aim="1.2"),
    Row("gru", "GRU 2 layers 128-256, T 64, batch 32, Adam", work.recurrent(32, 3),
        aim="1.2"),
    Row("gpt", "GPT d 256, 4 layers, 4 heads, T 128, batch 16, AdamW", work.gpt(16, 256, 4, 128),
        aim="1.2"),
    Row("gpt-bf16", "GPT, the same in bfloat16", work.gpt(16, 256, 4, 128), tolerance=2e-2, aim="1.1"),
    Row("gpt2-block", "GPT-2 block d 768, T 256, batch 1, inference", work.block(768, 256),
        aim="1.2"),
    Row("gpt2-decode", "GPT-2 block, one cached step, 129 to 256 tokens",
        12 * 768 * 768 + 2 * 768 * 192, aim="1.2"),
    Row("attention", "causal attention, batch 16, 4 heads, T 128, D 64, both ways",
        16 * work.attention(128, 256, 6), aim="1.2"),
    Row("attention1k", "causal attention, batch 1, 4 heads, T 1024, D 64, both ways",
        work.attention(1024, 256, 6), aim="1.2"),
    Row("layernorm", "layer norm [2048, 768], both ways", aim="1.2"),
    large("softmax", "softmax of rows of 1024", 2, "copy"),
    large("layernorm", "layer norm of rows of 1024", 2, "copy"),
    large("gelu", "gelu(x·a + b) + c", 2, "copy"),
    large("adam", "Adam update in place", 7, "update"),
    large("sum", "sum of all", 1, "read"),
    large("columns", "sums of columns", 1, "read"),
    large("rows", "maxima of rows", 1, "read"),
    Row("matmul1024", "matmul 1024", 1024 ** 3),
    Row("matmul2048", "matmul 2048", 2048 ** 3),
    Row("matmul1024-portable", "matmul 1024, own kernels only", 1024 ** 3, workload="matmul1024",
        portable=True, peers=("PyTorch",)),
    Row("resnet18-portable", "ResNet-18 step, own kernels only", RESNET, workload="resnet18",
        portable=True, peers=("PyTorch",), aim="0.5"),
]
