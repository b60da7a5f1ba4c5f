"""How cost grows with the work: batch, width, depth and length, one at a time."""

import dataclasses

from . import measure, table, work
from .sides import Unable
from .workloads import Row


@dataclasses.dataclass(frozen=True)
class Family:
    """Networks of one kind that differ in size."""

    name: str
    title: str
    # The size from which one number at a time departs, and the values that each takes.
    base: dict
    axes: dict
    # Multiply-adds of a step.
    work: object

    def rows(self):
        """[(axis, value, row)]"""
        found = []
        for axis, values in self.axes.items():
            for value in values:
                sizes = self.base | {axis: value}
                name = f"{self.name}:" + ",".join(f"{key}={size}" for key, size in sizes.items())
                found.append((axis, value, Row(
                    name, f"{self.title}, {axis} {value}", self.work(**sizes))))
        return found

    @property
    def described(self):
        return ", ".join(f"{axis} {size}" for axis, size in self.base.items())


def mlp_work(batch, width, depth):
    return work.trained(batch, work.dense(784, *[width] * depth, 10))


def conv_work(batch, width, depth):
    layers = [work.convolution(32, 32, 3 if i == 0 else width, width, 3) for i in range(depth)]
    return work.trained(batch, layers + [10 * width])


def lstm_work(batch, width, depth, length):
    return work.recurrent(batch, 4, width, depth, length)


UP = [1, 4, 16, 64, 256, 1024]
FAMILIES = [
    Family("mlp", "MLP on 784 inputs, Adam", {"batch": 64, "width": 256, "depth": 2},
           {"batch": UP, "width": UP, "depth": [1, 4, 16, 64]}, mlp_work),
    Family("conv", "3×3 convolutions on 32×32, momentum", {"batch": 16, "width": 32, "depth": 3},
           {"batch": UP, "width": [1, 4, 16, 64, 256], "depth": [1, 4, 16, 64]}, conv_work),
    Family("lstm", "LSTM on 128 inputs, Adam",
           {"batch": 16, "width": 64, "depth": 1, "length": 32},
           {"batch": UP, "width": UP, "depth": [1, 4, 16], "length": UP}, lstm_work),
    Family("gpt", "GPT of bytes, AdamW", {"batch": 4, "width": 128, "depth": 2, "length": 64},
           {"batch": [1, 4, 16, 64, 256], "width": [64, 128, 256, 512, 1024],
            "depth": [1, 4, 16], "length": UP}, work.gpt),
]


def run(sides, rounds, seconds, statistic):
    """Returns [(family, [(axis, value, row, results)])]."""
    found = []
    for family in FAMILIES:
        print(f"{family.title} …", flush=True)
        found.append((family, [
            (axis, value, row, measure.measure(sides, row, rounds, seconds, statistic))
            for axis, value, row in family.rows()]))
    return found


def tables(measured, peak):
    """One table a family: a line for each size, and the price of a million multiply-adds."""
    parts = []
    for family, points in measured:
        lines = [f"### {family.title}; otherwise {family.described}", "",
                 table.line(["", "Apus", "PyTorch", "PyTorch / Apus", "Apus, of matmul peak"]),
                 "|---|---|---|---|---|"]
        for axis, value, row, results in points:
            best = table.ratio(results, ["PyTorch"])
            mine = table.own(results)
            rate = (f"{100 * row.multiply_adds / mine.seconds / peak:.1f} %"
                    if peak and mine and mine.seconds else "—")
            lines.append(table.line([
                f"{axis} {value}", table.cell(mine), table.cell(results.get("PyTorch")),
                f"{best[0]:.2f}" if best else "—", rate]))
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def threads(binary_kind, deterministic_kind, rows, count, rounds, seconds, statistic):
    """Every row by Apus alone: one thread, all threads, all threads in deterministic mode.

    Returns [(row, one, all, deterministic)] of results.
    """
    sides = [binary_kind.start(1), binary_kind.start(count), deterministic_kind.start(count)]
    for side, name in zip(sides, ("one", "all", "deterministic")):
        side.name = name
    found = []
    for row in rows:
        print(f"{row.title}: threads …", flush=True)
        try:
            results = measure.measure(sides, row, rounds, seconds, statistic)
            found.append((row, *(results[side.name] for side in sides)))
        except Unable as reason:
            print(f"  {reason}", flush=True)
    for side in sides:
        side.end()
    return found


def threads_table(found, count):
    lines = [table.line(["workload", "1 thread", f"{count} threads", "speed-up",
                         f"deterministic, {count} threads", "its cost"]),
             "|---" * 6 + "|"]
    for row, one, all, deterministic in found:
        def quotient(a, b):
            return f"{a.seconds / b.seconds:.2f}" if a.seconds and b.seconds else "—"
        lines.append(table.line([
            row.title, table.cell(one), table.cell(all), quotient(one, all),
            table.cell(deterministic), quotient(deterministic, all)]))
    return "\n".join(lines)
