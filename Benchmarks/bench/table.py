"""The table, as Markdown."""

from . import machine

PEERS = ["PyTorch", "torch.compile", "JAX"]
HEAD = ["workload", "Apus", *PEERS, "best peer / Apus", "aim", "of the machine",
        "bytes moved / unavoidable", "peak memory in MiB: " + ", ".join(["Apus", *PEERS])]


def duration(seconds):
    if seconds is None:
        return "—"
    for unit, size in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size or unit == "µs":
            number = seconds / size
            return f"{number:.0f} {unit}" if number >= 100 else f"{number:.3g} {unit}"


def own(results):
    """The result of Apus, however it was run."""
    return next((found for name, found in results.items() if name.startswith("Apus")), None)


def ratio(results, names=PEERS):
    """(time of the best peer / time of Apus, that peer), or None."""
    mine = own(results)
    peers = [(results[name].seconds, name) for name in names
             if name in results and results[name].seconds]
    if not mine or not mine.seconds or not peers:
        return None
    seconds, name = min(peers)
    return seconds / mine.seconds, name


def share(row, results, limits):
    """How much of what the machine can do Apus makes use of."""
    mine, loop = own(results), results.get(machine.LOOP)
    if not mine or not mine.seconds:
        return "—"
    if loop and loop.seconds:
        return f"{100 * loop.seconds / mine.seconds:.0f} % of {row.motion} bandwidth"
    if row.multiply_adds and limits.get("multiply_adds"):
        rate = row.multiply_adds / mine.seconds / limits["multiply_adds"]
        return f"{100 * rate:.1f} % of matmul peak"
    return "—"


def cell(result):
    return duration(result.seconds) if result and not result.failure else "—"


def memory(results):
    found = [own(results), *(results.get(name) for name in PEERS)]
    if not any(result and result.kilobytes for result in found):
        return "—"
    return ", ".join(
        f"{result.kilobytes / 1024:.0f}" if result and result.kilobytes else "—"
        for result in found)


def traffic(results):
    """Bytes that the kernels of Apus move, over those that any plan has to."""
    mine = own(results)
    if not mine or not mine.plan or not mine.plan.unavoidable:
        return "—"
    return f"{mine.plan.moved / mine.plan.unavoidable:.2f}"


def line(cells):
    return "| " + " | ".join(cells) + " |"


def row_cells(row, results, limits):
    best = ratio(results)
    return [
        row.title, cell(own(results)), *(cell(results.get(name)) for name in PEERS),
        f"**{best[0]:.2f}** ({best[1]})" if best else "—", row.aim or "—",
        share(row, results, limits), traffic(results), memory(results)]


def table(measured, limits):
    """The main table of [(row, results)]."""
    lines = [line(HEAD), "|---" * len(HEAD) + "|"]
    lines += [line(row_cells(row, results, limits)) for row, results in measured]
    return "\n".join(lines)


def spreads(measured):
    """How far the rounds lay apart, and which variant each side ran."""
    lines = [line(["workload", "side", "variant", "fastest", "median", "slowest", "first loss"]),
             "|---|---|---|---|---|---|---|"]
    for row, results in measured:
        for name, found in results.items():
            if found.failure:
                lines.append(line([row.name, name, f"cannot: {found.failure}", *"————"]))
            elif found.times:
                lines.append(line([
                    row.name, name, found.variant or "—", duration(min(found.times)),
                    duration(found.seconds), duration(max(found.times)),
                    f"{found.first_loss:.6g}"]))
    return "\n".join(lines)


def derived(measured):
    """Ratios between rows that are aimed at."""
    by_name = {row.name: results for row, results in measured}
    lines = []

    def compare(text, a, side_a, b, side_b):
        slow, fast = by_name.get(a, {}).get(side_a), by_name.get(b, {}).get(side_b)
        if slow and fast and slow.seconds and fast.seconds:
            lines.append(f"- {text}: {slow.seconds / fast.seconds:.2f}")

    compare("iris, batch 1, PyTorch eager / Apus", "iris", "PyTorch", "iris", "Apus")
    compare("iris, batch 32, PyTorch eager / Apus", "iris32", "PyTorch", "iris32", "Apus")
    compare("ResNet-18 step, float32 PyTorch / bfloat16 Apus", "resnet18", "PyTorch",
            "resnet18-bf16", "Apus")
    compare("GPT step, float32 PyTorch / bfloat16 Apus", "gpt", "PyTorch", "gpt-bf16", "Apus")
    compare("matmul 1024, time with oneDNN / with own kernels", "matmul1024", "Apus",
            "matmul1024-portable", "Apus portable")
    for row, _ in measured:
        if row.motion:
            compare(f"{row.title}, PyTorch / Apus", row.name, "PyTorch", row.name, "Apus")
    for name in ("resnet18", "gpt"):
        mine, theirs = (by_name.get(name, {}).get(side) for side in ("Apus", "PyTorch"))
        if mine and theirs and mine.kilobytes and theirs.kilobytes:
            lines.append(f"- {name}, peak memory of Apus / PyTorch: "
                         f"{mine.kilobytes / theirs.kilobytes:.2f}")
    return "\n".join(lines)
