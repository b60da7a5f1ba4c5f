"""The time from the start of a process to its first trained step."""

import statistics
import time

from . import table
from .sides import Unable

WORKLOADS = {"iris": "iris 4-30-16-3, batch 1", "lenet": "LeNet-5, batch 128"}


def measure(kinds, threads, rounds, variants):
    """{workload: {kind's name: seconds}}; each round starts processes of their own."""
    found = {workload: {} for workload in WORKLOADS}
    for workload, kind in ((workload, kind) for workload in WORKLOADS for kind in kinds):
        times = []
        for _ in range(rounds):
            try:
                start = time.perf_counter()
                with kind.start(threads) as side:
                    side.prepare(workload, variants.get((workload, kind.name), ""))
                    times.append(time.perf_counter() - start)
            except Unable:
                break
        if times:
            found[workload][kind.name] = statistics.median(times)
    return found


def as_table(found, names):
    lines = [table.line(["process start to first trained step", *names]),
             "|---" * (len(names) + 1) + "|"]
    for workload, times in found.items():
        cells = [table.duration(times.get(name)) for name in names]
        lines.append(table.line([WORKLOADS[workload], *cells]))
    return "\n".join(lines)
