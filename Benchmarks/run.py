#!/usr/bin/env python3
"""Times training steps of Apus and of PyTorch in alternating rounds; see Benchmarks/README.md.

    swift build -c release --product apus-bench
    python3 Benchmarks/run.py [--threads 2] [--rounds 7] [--seconds 0.5] [--read-every 1]

Builds nothing. PyTorch is installed into .venv-bench on first use; where that is impossible, the
table holds Apus alone.
"""

import argparse
import datetime
import os
import pathlib
import platform
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv-bench"
RESULTS = ROOT / "Benchmarks/results/latest.md"
PEERS = ROOT / "Benchmarks/peers/torch_peers.py"
TORCH = ["torch==2.13.0+cpu", "torch==2.13.0"]
WORKLOADS = {
    "lenet": "LeNet-5, batch 128, SGD momentum",
    "mlp": "MLP 784-512-256-10, batch 128, Adam",
    "iris": "iris net 4-30-16-3, batch 1, Adam",
    "attention": "causal attention, batch 16, 4 heads, T 128, D 64, forward and backward",
    "attention1k": "causal attention, batch 1, 4 heads, T 1024, D 64, forward and backward",
    "layernorm": "layer norm [2048, 768], forward and backward",
}
# Workloads on fixed numbers: both sides must answer the same.
AGREEING = {"attention", "attention1k", "layernorm"}


class Side:
    """One contestant: a process that answers `workload steps` with the seconds it took."""

    def __init__(self, name, command, threads):
        self.name = name
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | {"OMP_NUM_THREADS": str(threads)})
        word, _, version = self.answer().partition(" ")
        if word != "ready":
            sys.exit(f"{name} did not say ready but: {word} {version}")
        self.version = version or name

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.name} ended early with status {self.process.wait()}")
        return line.strip()

    def run(self, workload, steps):
        """Returns (seconds a step, loss or None), or None where the side lacks the workload."""
        self.process.stdin.write(f"{workload} {steps}\n")
        self.process.stdin.flush()
        line = self.answer()
        words = line.split()
        if words[0] == "error":
            print(f"{self.name}: {line}")
            return None
        if words[:2] != [workload, str(steps)] or len(words) not in (3, 4):
            sys.exit(f"{self.name} answered “{line}” to “{workload} {steps}”")
        return float(words[2]) / steps, float(words[3]) if len(words) == 4 else None

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def torch_python():
    """The interpreter of .venv-bench with PyTorch in it, or None."""
    python = ENVIRONMENT / "bin/python"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}

    def succeeds(*command):
        try:
            return subprocess.run([str(word) for word in command], **quiet).returncode == 0
        except OSError:
            return False

    if succeeds(python, "-c", "import torch, numpy"):
        return python
    print(f"installing PyTorch into {ENVIRONMENT.name} …", flush=True)
    if succeeds(sys.executable, "-m", "venv", ENVIRONMENT):
        for requirement in TORCH:
            if succeeds(python, "-m", "pip", "install", requirement, "numpy"):
                return python
    return None


def cpu_model():
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def measure(sides, workload, rounds, seconds):
    """Returns {side: ([seconds a step, one for each round], last loss)}; sides take turns."""
    trials = {side: [side.run(workload, 10)] for side in sides}
    sides = [side for side in sides if trials[side] != [None]]
    if not sides:
        return {}
    for side in sides * 2:
        trials[side].append(side.run(workload, 10))
    slower = max(min(trials[side])[0] for side in sides)
    steps = max(10, round(seconds / slower))
    times, losses = {side: [] for side in sides}, {}
    for number in range(rounds):
        for side in sides if number % 2 == 0 else reversed(sides):
            time, losses[side] = side.run(workload, steps)
            times[side].append(time)
    return {side: (times[side], losses[side]) for side in sides}


def duration(seconds):
    return f"{seconds * 1e3:.3f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.1f} µs"


def row(title, mine, theirs):
    """One line of the table; `mine` and `theirs` are ([seconds], loss) or None."""
    cells = [title]
    for found in (mine, theirs):
        cells.append(duration(statistics.median(found[0])) if found else "—")
    if mine and theirs:
        cells.append(f"{statistics.median(theirs[0]) / statistics.median(mine[0]):.2f}")
        ratios = sorted(b / a for a, b in zip(mine[0], theirs[0]))
        cells.append(f"{ratios[0]:.2f} to {ratios[-1]:.2f}")
    else:
        cells += ["—", "—"]
    for found in (mine, theirs):
        cells.append(f"{found[1]:.4g}" if found and found[1] is not None else "—")
    return "| " + " | ".join(cells) + " |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0))
                        if hasattr(os, "sched_getaffinity") else os.cpu_count())
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.5, help="of the slower side, a round")
    parser.add_argument("--read-every", type=int, default=1, help="steps between readings of the loss")
    parser.add_argument("--apus", default=ROOT / ".build/release/apus-bench", type=pathlib.Path)
    options = parser.parse_args()
    arguments = ["--threads", str(options.threads), "--read-every", str(options.read_every)]

    apus = torch = None
    if options.apus.exists():
        apus = Side("Apus", [str(options.apus), *arguments], options.threads)
    else:
        print(f"{options.apus.name} is not built: swift build -c release --product apus-bench")
    python = torch_python()
    if python:
        torch = Side("PyTorch", [str(python), str(PEERS), *arguments], options.threads)
    else:
        print("PyTorch cannot be installed here; measuring Apus alone")
    sides = [side for side in (apus, torch) if side]

    load = [os.getloadavg()[0]]
    lines = [
        "| workload | Apus, a step | PyTorch, a step | PyTorch / Apus | over rounds "
        "| Apus loss | PyTorch loss |",
        "|---|---|---|---|---|---|---|"]
    for workload, title in WORKLOADS.items():
        found = measure(sides, workload, options.rounds, options.seconds)
        answers = [loss for _, loss in found.values()]
        if workload in AGREEING and max(answers) - min(answers) > 1e-4 * max(answers):
            sys.exit(f"{workload}: the sides disagree: {answers}")
        lines.append(row(title, found.get(apus), found.get(torch)))
    load.append(os.getloadavg()[0])
    for side in sides:
        side.end()
    table = "\n".join(lines)
    print(table)
    if not apus:
        return
    given = [f"--threads {options.threads}", f"--rounds {options.rounds}",
             f"--seconds {options.seconds:g}", f"--read-every {options.read_every}"]
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text("\n".join([
        "# Latest benchmark", "",
        "Medians; a ratio above 1 means that Apus is faster. Written by `Benchmarks/run.py`.", "",
        table, "",
        f"- Date: {datetime.date.today().isoformat()}",
        f"- CPU: {cpu_model()}, {os.cpu_count()} logical cores; {options.threads} threads used",
        f"- Load average before and after: {load[0]:.1f}, {load[1]:.1f} (this driver keeps "
        f"{options.threads} busy; more means that others ran, which spoils the figures)",
        f"- Rounds: {options.rounds}, alternating; loss read every {options.read_every} steps",
        f"- Versions: {'; '.join(side.version for side in sides)}; Python {platform.python_version()}; "
        f"{platform.system()} {platform.machine()}",
        f"- Command: `python3 Benchmarks/run.py {' '.join(given)}`", ""]))


main()
