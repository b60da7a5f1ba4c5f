"""The virtual environment of the peers, prepared on first use."""

import os
import pathlib
import platform
import subprocess
import sys

from .sides import ROOT

FOLDER = ROOT / ".venv-bench"
# The first that can be installed: builds for processors alone exist on some machines only.
TORCH = ["torch==2.13.0+cpu", "torch==2.13.0"]
OTHERS = ["numpy==2.4.6", "jax==0.10.2", "flax==0.12.8", "optax==0.2.8"]


def succeeds(*command):
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        return subprocess.run([str(word) for word in command], **quiet).returncode == 0
    except OSError:
        return False


def python():
    """The interpreter of .venv-bench, with what could be installed; None without NumPy."""
    interpreter = FOLDER / "bin/python"
    if not succeeds(interpreter, "-c", "import torch, jax, flax, optax, numpy"):
        print(f"preparing {FOLDER.name} …", flush=True)
        if not succeeds(sys.executable, "-m", "venv", FOLDER):
            return None
        for requirement in OTHERS:
            install(interpreter, requirement)
        if not any(install(interpreter, requirement) for requirement in TORCH):
            print("PyTorch cannot be installed here")
    return interpreter if succeeds(interpreter, "-c", "import numpy") else None


def install(interpreter, requirement):
    return succeeds(interpreter, "-m", "pip", "install", requirement)


def processors():
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_model():
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def memory_gigabytes():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2 ** 30


def load():
    return os.getloadavg()[0]
