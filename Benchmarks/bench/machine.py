"""What the machine can do: measured in the same run."""

import subprocess


def bandwidths(binary, threads):
    """Bytes a second of reading, copying and updating in place, by plain loops over 64 MiB."""
    command = [str(binary), "bandwidth", "--threads", str(threads)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {name: float(rate) for name, rate in (line.split() for line in text.splitlines())}


def matmul_peak(measured):
    """The best rate of multiply-adds that any side reached in a matrix product."""
    rates = [row.multiply_adds / found.best for row, results in measured
             if row.asked.startswith("matmul") for found in results.values() if found.best]
    return max(rates, default=None)
