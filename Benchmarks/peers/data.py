"""The embedded data sets, as NumPy arrays."""

import pathlib
import struct

import numpy as np

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "Sources/CApusResources/data"


def digits():
    """(pixels [5000, 28, 28] in 0…1, labels [5000]), in stored order."""
    data = (FOLDER / "mnist5k.bin").read_bytes()
    _, count, rows, columns, _ = struct.unpack_from("<8sIIII", data)
    pixels, i = bytearray(), 24 + count
    while i < len(data):
        if data[i]:
            pixels.append(data[i])
            i += 1
        else:
            pixels += bytes(data[i + 1])
            i += 2
    x = np.frombuffer(pixels, np.uint8).reshape(count, rows, columns).astype(np.float32) / 255
    return x, np.array(list(data[24:24 + count]))


def flowers():
    """(features [150, 4], species [150] numbered alphabetically); flower n is row 37 n mod 150."""
    rows = [line.split(",") for line in (FOLDER / "iris.csv").read_text().splitlines()[1:]]
    names = sorted({row[4] for row in rows})
    order = [i * 37 % 150 for i in range(150)]
    x = np.array([[float(v) for v in row[:4]] for row in rows], np.float32)
    return x[order], np.array([names.index(row[4]) for row in rows])[order]
