"""What the machine can do: measured in the same run."""

# The result of a plain loop that moves what a row has to move, among those of the sides.
LOOP = "plain loop"


def loop(row):
    """The workload of that loop."""
    return f"plain-{row.motion}"


def bandwidths(measured):
    """{motion: the best of the medians of its loop, in bytes a second}."""
    rates = {}
    for row, results in measured:
        found = results.get(LOOP)
        if found and found.seconds:
            rates[row.motion] = max(rates.get(row.motion, 0), row.moved / found.seconds)
    return rates


def matmul_peak(measured):
    """The best rate of multiply-adds that any side reached in a matrix product."""
    rates = [row.multiply_adds / found.best for row, results in measured
             if row.asked.startswith("matmul") for found in results.values() if found.best]
    return max(rates, default=None)
