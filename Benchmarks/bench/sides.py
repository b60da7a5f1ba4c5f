"""The contestants: processes that answer the line protocol of Benchmarks/README.md."""

import dataclasses
import os
import pathlib
import queue
import subprocess
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Unable(Exception):
    """Why a side cannot run something."""


@dataclasses.dataclass(frozen=True)
class Statistics:
    """Numbers of a plan: they do not depend on the moment."""

    kernels: int
    arena: int
    # Bytes that kernels read and write, and what no plan could do without.
    moved: int
    unavoidable: int
    multiply_adds: int


class Kind:
    """How a side is started."""

    def __init__(self, name, command, environment=None, tells_statistics=False):
        self.name, self.command, self.environment = name, command, environment or {}
        self.tells_statistics = tells_statistics

    def start(self, threads):
        return Side(self, threads)


class Side:
    """A running contestant; restarted where it ends or answers too late."""

    def __init__(self, kind, threads, patience=1800):
        self.kind, self.threads, self.patience = kind, threads, patience
        self.name, self.version = kind.name, kind.name
        self.tells_statistics = kind.tells_statistics
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def start(self):
        self.process = subprocess.Popen(
            [*self.kind.command, "--threads", str(self.threads)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env=os.environ | {"OMP_NUM_THREADS": str(self.threads)} | self.kind.environment)
        self.lines = queue.Queue()
        threading.Thread(target=self.listen, args=(self.process, self.lines), daemon=True).start()
        line = self.lines.get()
        if line is None:
            raise Unable(f"does not start: status {self.process.wait()}")
        self.version = line.removeprefix("ready ")

    @staticmethod
    def listen(process, lines):
        for line in process.stdout:
            lines.put(line.strip())
        lines.put(None)

    def answer(self):
        """The next line; where none comes, the side is started anew."""
        try:
            line = self.lines.get(timeout=self.patience)
            reason = "ended" if line is None else ""
        except queue.Empty:
            reason = f"no answer in {self.patience} s"
        if reason:
            self.process.kill()
            reason += f", status {self.process.wait()}"
            self.start()
            raise Unable(reason)
        if line.startswith("error"):
            raise Unable(line.removeprefix("error "))
        return line

    def ask(self, request):
        self.process.stdin.write(request + "\n")
        self.process.stdin.flush()
        return self.answer().split()

    def prepare(self, workload, variant=""):
        """Returns (first loss, the variant that runs)."""
        words = self.ask(f"prepare {workload} {variant}".strip())
        return float(words[2]), words[3] if len(words) > 3 else ""

    def run(self, workload, steps):
        """Returns seconds a step."""
        return float(self.ask(f"run {workload} {steps}")[2]) / steps

    def statistics(self, workload):
        """What a step costs beside time; None where the side does not tell."""
        try:
            words = self.ask(f"statistics {workload}")
        except Unable:
            return None
        return Statistics(*map(int, words[1:]))

    def forget(self, workload):
        self.ask(f"forget {workload}")

    def peak_kilobytes(self):
        """The largest resident memory of the process so far; None where it is not told."""
        try:
            text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        except OSError:
            return None
        lines = [line for line in text.splitlines() if line.startswith("VmHWM")]
        return int(lines[0].split()[1]) if lines else None

    def end(self):
        try:
            self.process.stdin.close()
            self.process.wait(20)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()


def apus(binary, name="Apus", environment=None, device="cpu"):
    if device != "cpu":
        # Plans of a plugin do not tell what they move.
        return Kind(name, [str(binary), "serve", "--device", device], environment)
    return Kind(name, [str(binary)], environment, tells_statistics=True)


def portable(binary):
    return apus(binary, "Apus portable", {"APUS_ONEDNN": "off"})


def deterministic(binary):
    return apus(binary, "Apus deterministic", {"APUS_DETERMINISTIC": "1"})


def peers(python):
    folder = ROOT / "Benchmarks/peers"
    return [
        Kind("PyTorch", [str(python), str(folder / "torch_side.py")]),
        Kind("torch.compile", [str(python), str(folder / "torch_side.py"), "--compile"]),
        Kind("JAX", [str(python), str(folder / "jax_side.py")]),
    ]
