"""Probes activations that lie in a file, beside the plain matrix product; run by test_streaming.py.

Prints one line of JSON: seconds of either, and the peak of resident memory in bytes.
"""

import argparse
import json
import os
import re
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

import probekit as pk

BATCH = 4096


def write(path: Path, examples: int, units: int) -> None:
    """Write normal activations, batch by batch, and wait until they are on the disk."""
    generator = np.random.default_rng(0)
    header = {"descr": "<f4", "fortran_order": False, "shape": (examples, units)}
    with open(path, "wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, examples, BATCH):
            shape = min(BATCH, examples - start), units
            generator.standard_normal(shape, dtype=np.float32).tofile(file)
        os.fsync(file.fileno())


@jax.jit
def add_product(total: jax.Array, rows: jax.Array) -> jax.Array:
    return total + rows.T @ rows


def plain_product(path: Path) -> None:
    """The matrix product of all activations with themselves, reading them likewise."""
    examples, units = np.load(path, mmap_mode="r").shape
    total = jnp.zeros((units, units))
    for start in range(0, examples, BATCH):
        # Mapped anew for each batch, so that pages do not add up in memory.
        total = add_product(total, np.load(path, mmap_mode="r")[start : start + BATCH])
    total.block_until_ready()


def probed(path: Path) -> None:
    """Linear CKA and linear R² of two features."""
    activations = np.load(path, mmap_mode="r")
    labels = np.random.default_rng(1).integers(0, 2, (2, len(activations)))
    extractor = pk.extractors.arrays({"layer": activations})
    features = dict(zip("ab", labels, strict=True))
    scores = pk.probe(extractor, None, features, estimators=["linear_r2", "cka"], batch_size=BATCH)
    assert np.isfinite(scores.linear_r2).all()
    assert np.isfinite(scores.cka).all()


def peak() -> int:
    """Largest resident memory so far; what `getrusage` says holds the parent's before the fork."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024


def seconds(function, *arguments) -> float:
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("path", type=Path)
    parser.add_argument("--examples", type=int, default=1_000_000)
    parser.add_argument("--units", type=int, default=1024)
    given = parser.parse_args()
    write(given.path, given.examples, given.units)
    times = {
        function.__name__: seconds(function, given.path) for function in (plain_product, probed)
    }
    print(json.dumps(times | {"peak": peak()}))
