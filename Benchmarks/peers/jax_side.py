#!/usr/bin/env python3
r"""JAX's side of the benchmark, behind the line protocol of Benchmarks/README.md.

    printf 'prepare lenet\nrun lenet 50\n' | python Benchmarks/peers/jax_side.py --threads 2
"""

import argparse
import os

parser = argparse.ArgumentParser(description="JAX's side of the benchmark.")
parser.add_argument("--threads", type=int, default=1)
options = parser.parse_args()
# Read when JAX starts: the size of its thread pool.
os.environ["NPROC"] = str(options.threads)
os.environ["JAX_PLATFORMS"] = "cpu"

import jax  # noqa: E402

from jax_images import IMAGES  # noqa: E402
from jax_networks import NETWORKS  # noqa: E402
from jax_operations import OPERATIONS  # noqa: E402
from serve import Unable, serve  # noqa: E402

WORKLOADS = NETWORKS | IMAGES | OPERATIONS


def variants_of(name, settings):
    if name not in WORKLOADS:
        raise Unable(f"no workload {name}")
    return WORKLOADS[name](**settings)


serve(f"JAX {jax.__version__} jit", variants_of)
