#!/usr/bin/env python3
"""PyTorch's side of the benchmark, behind the line protocol of Benchmarks/README.md.

    printf 'prepare lenet\\nrun lenet 50\\n' | python Benchmarks/peers/torch_side.py --threads 2
"""

import argparse

import torch

from serve import Unable, serve
from torch_images import IMAGES
from torch_networks import NETWORKS
from torch_operations import OPERATIONS

WORKLOADS = NETWORKS | IMAGES | OPERATIONS


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--compile", action="store_true", help="use torch.compile")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)

    def variants_of(name, settings):
        if name not in WORKLOADS:
            raise Unable(f"no workload {name}")
        torch.compiler.reset()
        return WORKLOADS[name](options.compile, **settings)

    serve(f"PyTorch {torch.__version__}{' compiled' if options.compile else ''}", variants_of)


main()
