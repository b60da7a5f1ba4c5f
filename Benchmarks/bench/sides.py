"""The contestants: processes that answer the line protocol of Benchmarks/README.md."""

import os
import pathlib
import queue
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Unable(Exception):
    """Why a side cannot run something."""


class Kind:
    """How a side is started."""

    def __init__(self, name, command, environment=None):
        self.name, self.command, self.environment = name, command, environment or {}

    def start(self, threads):
        return Side(self, threads)


class Side:
    """A running contestant; restarted where it ends or answers too late."""

    def __init__(self, kind, threads, patience=600):
        self.kind, self.threads, self.patience = kind, threads, patience
        self.name, self.version = kind.name, kind.name
        self.start()

    def start(self):
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            [*self.kind.command, "--threads", str(self.threads)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env=os.environ | {"OMP_NUM_THREADS": str(self.threads)} | self.kind.environment)
        self.lines = queue.Queue()
        threading.Thread(target=self.listen, args=(self.process, self.lines), daemon=True).start()
        self.version = self.answer().removeprefix("ready ")

    @staticmethod
    def listen(process, lines):
        for line in process.stdout:
            lines.put(line.strip())
        lines.put(None)

    def answer(self):
        try:
            line = self.lines.get(timeout=self.patience)
        except queue.Empty:
            line = f"error no answer in {self.patience} s"
            self.restart()
        if line is None:
            status = self.process.wait()
            self.restart()
            raise Unable(f"ended with status {status}")
        if line.startswith("error"):
            raise Unable(line.removeprefix("error "))
        return line

    def restart(self):
        self.process.kill()
        self.process.wait()
        self.start()

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
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def apus(binary):
    return Kind("Apus", [str(binary)])


def portable(binary):
    return Kind("Apus portable", [str(binary)], {"APUS_ONEDNN": "off"})


def deterministic(binary):
    return Kind("Apus deterministic", [str(binary)], {"APUS_DETERMINISTIC": "1"})


def peers(python):
    folder = ROOT / "Benchmarks/peers"
    return [
        Kind("PyTorch", [str(python), str(folder / "torch_side.py")]),
        Kind("torch.compile", [str(python), str(folder / "torch_side.py"), "--compile"]),
        Kind("JAX", [str(python), str(folder / "jax_side.py")]),
    ]
