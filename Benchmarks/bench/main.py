"""The command line of the benchmark."""

import argparse
import pathlib
import statistics
import sys

from . import environment, machine, measure, report, sides, table
from .workloads import ROWS


def arguments():
    parser = argparse.ArgumentParser(
        prog="Benchmarks/run.py", description="Measures Apus and its peers side by side.")
    parser.add_argument("--threads", type=int, default=environment.processors())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5, help="of each side, a round")
    parser.add_argument("--only", nargs="+", metavar="ROW", help="rows to measure",
                        choices=[row.name for row in ROWS])
    parser.add_argument("--without", nargs="+", default=[], metavar="SIDE",
                        choices=table.PEERS, help="peers to leave out")
    parser.add_argument("--quick", action="store_true",
                        help="two short rounds, neither memory nor scaling")
    parser.add_argument("--fastest", action="store_true",
                        help="take the fastest round, not the median: for a machine that others use")
    parser.add_argument("--no-memory", action="store_true", help="do not measure memory")
    parser.add_argument("--apus", type=pathlib.Path, default=sides.ROOT / ".build/release/apus-bench")
    parser.add_argument("--output", type=pathlib.Path, help="where the results are written",
                        default=sides.ROOT / "Benchmarks/results/latest.md")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds, options.no_memory = 2, 0.1, True
    return options


def main():
    options = arguments()
    if not options.apus.exists():
        sys.exit("apus-bench is not built: swift build -c release --product apus-bench")
    python = environment.python()
    kinds = sides.peers(python) if python else []
    kinds = [kind for kind in kinds if kind.name not in options.without]
    rows = [row for row in ROWS if not options.only or row.name in options.only]
    load = [environment.load()]
    limits = machine.bandwidths(options.apus, options.threads)
    measured = run(options, rows, kinds)
    peak = machine.matmul_peak(measured)
    if peak:
        limits["multiply_adds"] = peak
    load.append(environment.load())
    report.write(options, measured, limits, load)


def run(options, rows, kinds):
    """Measures row after row; tells each as soon as it is known."""
    started = {kind.name: kind.start(options.threads) for kind in kinds}
    own = {False: sides.apus(options.apus), True: sides.portable(options.apus)}
    measured = []
    print(f"first losses are compared to 1e-4; {options.threads} threads", flush=True)
    for row in rows:
        kind = own[row.portable]
        if kind.name not in started:
            started[kind.name] = kind.start(options.threads)
        contestants = [started[kind.name], *(started[kind.name] for kind in kinds)]
        print(f"{row.title} …", flush=True)
        results = measure.measure(
            contestants, row, options.rounds, options.seconds,
            min if options.fastest else statistics.median)
        measured.append((row, results))
        print("  " + table.line(table.row_cells(row, results, {})), flush=True)
    versions = [side.version for side in started.values()]
    for side in started.values():
        side.end()
    options.versions = versions
    if not options.no_memory:
        for row, results in measured:
            print(f"memory of {row.title} …", flush=True)
            measure.measure_memory([own[row.portable], *kinds], row, results, options.threads)
    return measured
