"""The line protocol of Benchmarks/README.md, for sides written in Python.

A side gives a function from a workload's name and settings to its variants: {name: function that
makes something with `run(steps) -> (seconds, loss)`, the steps of an `epoch` and the `tolerance` of
its first loss}. Of several the fastest is kept.
"""

import sys

from clock import now


class Unable(Exception):
    """What this side cannot run, and why."""


def parsed(request):
    """A workload's name and its settings: `gpt:batch=4,length=64`."""
    name, _, rest = request.partition(":")
    return name, {key: int(value) for key, value in (
        part.split("=") for part in rest.split(",") if part)}


def speed(workload):
    """Seconds a step, the best of some short runs."""
    workload.run(workload.epoch)
    best, spent = float("inf"), 0.0
    for _ in range(5):
        if spent > 1:
            break
        epochs = max(1, min(100, round(0.1 / best / workload.epoch)))
        steps = epochs * workload.epoch
        seconds = workload.run(steps)[0]
        best, spent = min(best, seconds / steps), spent + seconds
    return best


def prepare(variants, wanted):
    """Returns the fastest variant, its name and its first loss."""
    if wanted:
        workload = variants[wanted]()
        return workload, wanted, workload.run(1)[1]
    found, first = [], None
    for name, make in variants.items():
        workload = make()
        loss = workload.run(1)[1]
        first = loss if first is None else first
        if abs(loss - first) > workload.tolerance * abs(first):
            raise ValueError(f"variants start apart: {first}, {name} {loss}")
        seconds = speed(workload) if len(variants) > 1 else 0
        if not found or seconds < found[0]:
            found = (seconds, workload, name, loss)
        del workload
    return found[1:]


def reply(line, variants_of, workloads):
    words = line.split()
    if words[0] == "prepare":
        name, settings = parsed(words[1])
        variants = variants_of(name, settings)
        workload, variant, loss = prepare(variants, words[2] if len(words) > 2 else None)
        workloads[words[1]] = workload
        return f"prepared {words[1]} {loss:.9g} {variant}"
    if words[0] == "run":
        seconds, loss = workloads[words[1]].run(int(words[2]))
        return f"{words[1]} {words[2]} {seconds:.9f} {loss:.9g}"
    if words[0] == "forget":
        workloads.pop(words[1], None)
        return f"forgotten {words[1]}"
    raise ValueError(f"what is {line!r}?")


def serve(version, variants_of):
    print("ready", version, flush=True)
    workloads = {}
    for line in sys.stdin:
        try:
            answer = reply(line.strip(), variants_of, workloads)
        except Exception as error:  # Whatever a peer stumbles over is told in the table.
            text = " ".join(str(error).split())[:300] or type(error).__name__
            answer = f"error {text}"
        print(answer, flush=True)


class Steps:
    """Work without a loss: `step` returns arrays, whose root mean squares are its "loss"."""

    tolerance, epoch = 1e-4, 1

    def __init__(self, step, size, wait=lambda results: None):
        self.step, self.size, self.wait = step, size, wait

    def run(self, steps):
        start = now()
        for _ in range(steps):
            results = self.step()
            self.wait(results)
        seconds = now() - start
        return seconds, self.size(results)
