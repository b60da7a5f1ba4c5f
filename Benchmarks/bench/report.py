"""What is written: results/latest.md, and the tables of the READMEs."""

import datetime
import os
import platform
import shlex
import sys

from . import environment, table

NOTE = ("{} of the rounds. The ratio is the time of the best peer over that of Apus: above 1, Apus is faster. "
        "Each peer runs its fastest variant. Written by `Benchmarks/run.py`.")


def conditions(options, limits, load):
    rates = ", ".join(f"{name} {limits[name] / 1e9:.1f} GB/s" for name in ("read", "copy", "update"))
    peak = limits.get("multiply_adds")
    product = f"; matmul peak {2 * peak / 1e9:.0f} GFLOP/s, the best of all sides" if peak else ""
    command = shlex.join(["python3", "Benchmarks/run.py", *sys.argv[1:]])
    return "\n".join([
        f"- Date: {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC",
        f"- CPU: {environment.cpu_model()}, {os.cpu_count()} logical cores, {options.threads} threads "
        f"used; {environment.memory_gigabytes():.0f} GiB",
        f"- Measured limits, best of short trials over 64 MiB: {rates}{product}",
        f"- Load average before and after: {load[0]:.1f}, {load[1]:.1f} (the run itself keeps "
        f"{options.threads} busy)",
        f"- Rounds: {options.rounds} of {options.seconds:g} s for each side, in alternation",
        f"- Versions: {'; '.join(options.versions)}; Python {platform.python_version()}; "
        f"{platform.system()} {platform.machine()}",
        f"- Command: `{command}`"])


def write(options, measured, limits, load):
    main = table.table(measured, limits)
    about = conditions(options, limits, load)
    derived = table.derived(measured)
    kind = "Fastest" if options.fastest else "Medians"
    text = "\n\n".join(part for part in [
        "# Latest benchmark", NOTE.format(kind), main, derived, about, "## Variants and spread",
        table.spreads(measured)] if part)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(text + "\n")
    print(main, derived, about, sep="\n\n")
