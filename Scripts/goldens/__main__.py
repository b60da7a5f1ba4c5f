#!/usr/bin/env python3
"""Writes Tests/Goldens/<family>.json: float64 values and gradients computed by PyTorch.

    python3 -m venv .venv && .venv/bin/pip install torch==2.13.0 numpy
    .venv/bin/python Scripts/goldens                 write all families
    .venv/bin/python Scripts/goldens softmax ...     write these
    .venv/bin/python Scripts/goldens --check [...]   recompute and compare with the committed files

Each file beside this one gives the cases of one or several families; the format and the meaning of
every operation and attribute are in Tests/Goldens/README.md. Inputs and upstream gradients are odd
multiples of 1/2048 (indices aside): exact in float32, never zero, an integer or a half, and
distinct inside a case wherever its range allows.
"""

import importlib
import json
import pathlib
import sys

import torch

TORCH = "2.13.0"
HERE = pathlib.Path(__file__).resolve().parent
FOLDER = HERE.parents[1] / "Tests/Goldens"


def families():
    """What the files beside this one list as FAMILIES, by name."""
    names = [path.stem for path in sorted(HERE.glob("*.py")) if not path.stem.startswith("__")]
    makers = [make for name in names
              for make in getattr(importlib.import_module(name), "FAMILIES", [])]
    return {make.__name__: make for make in makers}


def text(family):
    """One case a line, so that a difference shows which case changed."""
    dump = lambda x: json.dumps(x, separators=(",", ":"), allow_nan=False)
    head = (f'{{"generator":"Scripts/goldens","torch":"{TORCH}",'
            f'"family":"{family.name}","cases":[\n')
    return head + ",\n".join(dump(case) for case in family.cases) + "\n]}\n"


def close(a, b):
    """Same structure and words; numbers agree up to what another machine may round differently."""
    if isinstance(a, float) and isinstance(b, float):
        return abs(a - b) <= 1e-12 * max(1.0, abs(b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(close(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(close, a, b))
    return type(a) is type(b) and a == b


def main(arguments):
    known = families()
    names = [name for name in arguments if name != "--check"]
    if unknown := set(names) - set(known):
        sys.exit(f"no family {', '.join(sorted(unknown))}; there are {', '.join(known)}\n{__doc__}")
    if torch.__version__.split("+")[0] != TORCH:
        sys.exit(f"PyTorch is {torch.__version__}; the goldens are made with {TORCH}")
    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    failed = False
    for name in names or known:
        family = known[name]()
        path = FOLDER / f"{family.name}.json"
        if "--check" not in arguments:
            path.write_text(text(family), encoding="ascii", newline="\n")
            print(f"{path.name}: {len(family.cases)} cases, {path.stat().st_size} bytes")
            continue
        good = close(json.loads(text(family)), json.loads(path.read_text()))
        print(f"{path.name}: {'good' if good else 'differs'}")
        failed |= not good
    sys.exit(failed)


main(sys.argv[1:])
