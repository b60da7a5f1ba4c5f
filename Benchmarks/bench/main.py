"""The command line of the benchmark."""

import argparse
import os
import pathlib
import statistics
import sys

from . import environment, first_step, machine, measure, report, scaling, sides, table
from .sides import Unable
from .workloads import ROWS

TABLES = ("main", "start", "threads", "scaling")


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
    parser.add_argument("--tables", nargs="+", choices=TABLES,
                        help="what to measure: all, or the main table with --only or --quick")
    parser.add_argument("--quick", action="store_true",
                        help="two short rounds of the main table, memory not measured")
    parser.add_argument("--fastest", action="store_true",
                        help="take the fastest round, not the median: for a shared machine")
    parser.add_argument("--cpu-time", action="store_true",
                        help="measure processor time, of one thread: for a shared machine")
    parser.add_argument("--no-memory", action="store_true", help="do not measure memory")
    parser.add_argument("--readme", action="store_true",
                        help="put the main table between the marks of the READMEs as well")
    parser.add_argument("--device", default="cpu",
                        help="where Apus runs, such as xla:cpu; the peers stay on the processor")
    parser.add_argument("--apus", type=pathlib.Path,
                        default=sides.ROOT / ".build/release/apus-bench")
    parser.add_argument("--output", type=pathlib.Path, help="where the results are written",
                        default=sides.ROOT / "Benchmarks/results/latest.md")
    options = parser.parse_args()
    if options.cpu_time:
        if options.threads != 1:
            parser.error("--cpu-time needs --threads 1")
        os.environ["BENCH_CLOCK"] = "cpu"
    if options.quick:
        options.rounds, options.seconds, options.no_memory = 2, 0.1, True
    options.tables = options.tables or (["main"] if options.quick or options.only else TABLES)
    options.statistic = min if options.fastest else statistics.median
    options.rows = [row for row in ROWS if not options.only or row.name in options.only]
    return options


def main():
    options = arguments()
    if not options.apus.exists():
        sys.exit("apus-bench is not built: swift build -c release --product apus-bench")
    python = environment.python()
    peers = [kind for kind in (sides.peers(python) if python else [])
             if kind.name not in options.without]
    found = report.Findings(load=[environment.load()])
    if "main" in options.tables:
        found.main = main_table(options, peers, found)
        found.limits = machine.bandwidths(found.main)
        found.limits["multiply_adds"] = machine.matmul_peak(found.main)
    apus = sides.apus(options.apus, device=options.device)
    timing = (options.rounds, options.seconds, options.statistic)
    if "start" in options.tables:
        variants = {(row.name, name): result.variant
                    for row, results in found.main for name, result in results.items()}
        found.start = first_step.measure([apus, *peers], options.threads, options.rounds, variants)
    if "threads" in options.tables:
        rows = [row for row in options.rows if not row.portable]
        found.threads = scaling.threads(
            apus, sides.deterministic(options.apus), rows, options.threads, *timing)
    if "scaling" in options.tables:
        eager = [kind for kind in peers if kind.name == "PyTorch"]
        contestants = list(started_of([apus, *eager], options.threads).values())
        found.scaling = scaling.run(contestants, min(options.rounds, 3), options.seconds / 2,
                                    options.statistic)
        for side in contestants:
            side.end()
    found.load.append(environment.load())
    report.write(options, found)


def main_table(options, peers, found):
    """Measures row after row; tells each as soon as it is known."""
    started = started_of(peers, options.threads)
    peers = [kind for kind in peers if kind.name in started]
    own = {False: sides.apus(options.apus, device=options.device),
           True: sides.portable(options.apus)}
    measured = []
    for row in options.rows:
        kind = own[row.portable]
        if kind.name not in started:
            started[kind.name] = kind.start(options.threads)
        others = [kind for kind in peers if kind.name in row.peers]
        print(f"{row.title} …", flush=True)
        results = measure.measure(
            [started[kind.name] for kind in (kind, *others)], row, options.rounds,
            options.seconds, options.statistic)
        if not options.no_memory:
            measure.measure_memory([kind, *others], row, results, options.threads)
        measured.append((row, results))
        print("  " + table.line(table.row_cells(row, results, {})), flush=True)
    found.versions = [side.version for side in started.values()]
    for side in started.values():
        side.end()
    return measured


def started_of(kinds, threads):
    """{kind's name: its process} of those that start."""
    started = {}
    for kind in kinds:
        try:
            started[kind.name] = kind.start(threads)
        except Unable as reason:
            print(f"{kind.name}: {reason}", flush=True)
    return started
