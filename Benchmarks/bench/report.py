"""What is written: results/latest.md, and the main table in the READMEs."""

import dataclasses
import datetime
import os
import platform
import shlex
import sys

from . import environment, first_step, scaling, table
from .sides import ROOT

MARKS = ("<!-- bench -->", "<!-- /bench -->")


@dataclasses.dataclass
class Findings:
    """Everything that a run measured."""

    load: list
    limits: dict = dataclasses.field(default_factory=dict)
    versions: list = dataclasses.field(default_factory=list)
    main: list = dataclasses.field(default_factory=list)
    start: dict = dataclasses.field(default_factory=dict)
    threads: list = dataclasses.field(default_factory=list)
    scaling: list = dataclasses.field(default_factory=list)


def note(options):
    kind = "The fastest" if options.fastest else "Medians"
    kind += " in processor time" if options.cpu_time else ""
    return (f"{kind} of {options.rounds} alternating rounds. The ratio is the time of the best peer "
            "over that of Apus: above 1, Apus is faster. Each peer runs its fastest variant; first "
            "losses agree to 1e-4 (bfloat16: 2e-2). Written by `Benchmarks/run.py`.")


def conditions(options, found):
    limits = [f"{name} {found.limits[name] / 1e9:.1f} GB/s" for name in ("read", "copy", "update")
              if name in found.limits]
    peak = found.limits.get("multiply_adds")
    limits += [f"matmul {2 * peak / 1e9:.0f} GFLOP/s, the best of all sides"] if peak else []
    command = shlex.join(["python3", "Benchmarks/run.py", *sys.argv[1:]])
    return "\n".join([
        f"- Date: {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC",
        f"- CPU: {environment.cpu_model()}, {os.cpu_count()} logical cores, {options.threads} threads "
        f"used; {environment.memory_gigabytes():.0f} GiB",
        *([f"- Measured limits: {', '.join(limits)}"] if limits else []),
        f"- Load average before and after: {found.load[0]:.1f}, {found.load[1]:.1f} (the run itself "
        f"keeps {options.threads} busy; more means that others ran, which spoils the figures)",
        f"- Rounds: {options.rounds} of {options.seconds:g} s for each side, in alternation",
        f"- Versions: {'; '.join(found.versions)}; Python {platform.python_version()}; "
        f"{platform.system()} {platform.machine()}",
        f"- Command: `{command}`"])


def sections(options, found):
    yield "# Latest benchmark"
    yield note(options)
    if found.main:
        yield table.table(found.main, found.limits)
        yield table.derived(found.main)
    yield conditions(options, found)
    if found.start:
        names = list(dict.fromkeys(name for times in found.start.values() for name in times))
        yield "## Start"
        yield first_step.as_table(found.start, names)
    if found.threads:
        yield "## Threads and deterministic mode"
        yield scaling.threads_table(found.threads, options.threads)
    if found.scaling:
        yield "## Growing work"
        yield scaling.tables(found.scaling, found.limits.get("multiply_adds"))
    if found.main:
        yield "## Variants and spread"
        yield table.spreads(found.main)


def write(options, found):
    text = "\n\n".join(part for part in sections(options, found) if part) + "\n"
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(text)
    print(text)
    if options.readme and found.main:
        for name in ("README.md", "README.ko.md"):
            update_readme(ROOT / name, options, found)


def update_readme(path, options, found):
    """Puts the main table between the marks of a README."""
    text = path.read_text()
    start, end = (text.find(mark) for mark in MARKS)
    if not 0 <= start < end:
        sys.exit(f"{path.name} has no marks {MARKS[0]} … {MARKS[1]}")
    body = "\n\n".join([table.table(found.main, found.limits), conditions(options, found)])
    path.write_text(text[:start] + MARKS[0] + "\n" + body + "\n" + text[end:])
