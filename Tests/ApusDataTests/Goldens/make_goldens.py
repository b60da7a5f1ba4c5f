"""Writes Goldens.swift beside the tests: small files made without our code.

Run: python3 make_goldens.py > ../Goldens.swift      (Python 3.11, numpy 2.4)
"""
import base64
import gzip
import io
import struct
import zlib

import numpy as np

rng = np.random.default_rng(5)


def b64(data):
    return base64.b64encode(bytes(data)).decode()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def paeth(a, b, c):
    p = a + b - c
    pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
    return a if pa <= pb and pa <= pc else b if pb <= pc else c


def scanlines(samples, depth, first_filter):
    """samples [h, w, c] -> filtered rows; filters cycle through all five."""
    h, w, c = samples.shape
    step = max(1, c * depth // 8)
    out, above = b"", None
    for y in range(h):
        flat = samples[y].reshape(-1)
        if depth == 16:
            row = b"".join(struct.pack(">H", int(v)) for v in flat)
        else:
            bits = "".join(format(int(v), f"0{depth}b") for v in flat)
            bits += "0" * (-len(bits) % 8)
            row = bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))
        above = above or bytes(len(row))
        kind = (first_filter + y) % 5
        line = []
        for i, value in enumerate(row):
            a = row[i - step] if i >= step else 0
            b = above[i]
            d = above[i - step] if i >= step else 0
            line.append((value - [0, a, b, (a + b) // 2, paeth(a, b, d)][kind]) % 256)
        out += bytes([kind]) + bytes(line)
        above = row
    return out


ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def png(samples, depth, colour, interlaced, extra=b""):
    h, w, _ = samples.shape
    if interlaced:
        data = b"".join(scanlines(samples[y::dy, x::dx], depth, 1) for x, y, dx, dy in ADAM7
                        if x < w and y < h)
    else:
        data = scanlines(samples, depth, 0)
    packed = zlib.compress(data)
    half = len(packed) // 2
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, depth, colour, 0, 0, interlaced))
            + extra + chunk(b"IDAT", packed[:half]) + chunk(b"tEXt", b"a\0b") + chunk(b"IDAT", packed[half:])
            + chunk(b"IEND", b""))


def eight(samples, depth):
    most = 2 ** depth - 1
    return ((samples.astype(np.int64) * 255 + most // 2) // most).astype(np.uint8)


def png_cases():
    for interlaced in (0, 1):
        for colour, channels, depths in ((0, 1, (1, 2, 4, 8, 16)), (2, 3, (8, 16)), (4, 2, (8, 16)), (6, 4, (8, 16))):
            for depth in depths:
                s = rng.integers(0, 2 ** depth, (9, 7, channels))
                yield f"colour {colour}, {depth} bits, interlace {interlaced}", png(s, depth, colour, interlaced), eight(s, depth)
        for depth in (1, 2, 4, 8):
            n = 2 ** min(depth, 4)
            table = rng.integers(0, 256, (n, 3), dtype=np.uint8)
            s = rng.integers(0, n, (9, 7, 1))
            yield (f"palette, {depth} bits, interlace {interlaced}",
                   png(s, depth, 3, interlaced, chunk(b"PLTE", table.tobytes())), table[s[..., 0]])
    s = rng.integers(0, 4, (3, 5, 1))
    table = rng.integers(0, 256, (4, 3), dtype=np.uint8)
    alpha = np.array([0, 128, 255, 255], np.uint8)
    yield ("palette with transparency",
           png(s, 2, 3, 0, chunk(b"PLTE", table.tobytes()) + chunk(b"tRNS", bytes(alpha[:2]))),
           np.concatenate([table[s[..., 0]], alpha[s]], -1))
    s = rng.integers(0, 4, (3, 5, 1))
    yield ("gray with a transparent colour", png(s, 2, 0, 0, chunk(b"tRNS", b"\0\2")),
           np.concatenate([eight(s, 2), np.where(s == 2, 0, 255).astype(np.uint8)], -1))


def npy(array, version=None):
    out = io.BytesIO()
    np.lib.format.write_array(out, array, version=version)
    return out.getvalue()


def npy_cases():
    base = np.array([[0, 1, -2], [3, 100, 5]])
    for code in ("f2", "f4", "f8", "i4", "i8", "i1", "i2"):
        for order in "<>":
            yield f"{order}{code}", npy(base.astype(order + code)), base
    yield "u1", npy(np.abs(base).astype("u1")), np.abs(base)
    yield "b1", npy(base != 0), (base != 0).astype(int)
    yield "Fortran order", npy(np.asfortranarray(base.astype("f4"))), base
    cube = np.arange(24).reshape(2, 3, 4)
    yield "Fortran order, three axes", npy(np.asfortranarray(cube.astype("i4"))), cube
    yield "version 2", npy(base.astype("f4"), (2, 0)), base
    yield "version 3", npy(base.astype("f4"), (3, 0)), base
    yield "scalar", npy(np.array(7.0)), np.array(7)
    yield "empty", npy(np.zeros((0, 3), "f4")), np.zeros((0, 3))


def npz(save):
    out = io.BytesIO()
    save(out, a=np.arange(6, dtype="f4").reshape(2, 3), b=np.array([7, 8, 9], "i4"))
    return out.getvalue()


print("// Made by Goldens/make_goldens.py; do not edit.\n")
print("enum Goldens {")
print("  /// Name, file, height, width, channels, pixels.")
print("  static let png: [(String, String, [Int], String)] = [")
for name, data, pixels in png_cases():
    print(f'    ("{name}",\n     "{b64(data)}",\n     {list(pixels.shape)},\n     "{b64(pixels.tobytes())}"),')
print("  ]\n\n  /// Name, file, shape, values.")
print("  static let npy: [(String, String, [Int], [Double])] = [")
for name, data, values in npy_cases():
    flat = ", ".join(str(int(v)) for v in values.reshape(-1))
    print(f'    ("{name}", "{b64(data)}", {list(values.shape)}, [{flat}]),')
print("  ]\n")
print(f'  static let npz = "{b64(npz(np.savez))}"\n')
print(f'  static let npzCompressed = "{b64(npz(np.savez_compressed))}"\n')
out = io.BytesIO()
np.save(out, np.array([{1: 2}], dtype=object), allow_pickle=True)
print(f'  static let npyObjects = "{b64(out.getvalue())}"\n')
out = io.BytesIO()
np.save(out, np.zeros(2, dtype=[("a", "f4")]))
print(f'  static let npyRecords = "{b64(out.getvalue())}"\n')
two = gzip.compress(b"first ", mtime=0) + gzip.compress(b"second", mtime=0)
print(f'  static let gzipTwoMembers = "{b64(two)}"')
print("}")
