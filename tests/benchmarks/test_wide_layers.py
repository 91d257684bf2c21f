"""Coordinates of layers with far more units than examples: by Gram matrices, and by QR alone."""

import numpy as np
import pytest

from probekit._coordinates import coordinates


@pytest.mark.parametrize("way", ["gram", "qr"])
def test_coordinates(benchmark, tiny, way):
    benchmark.group = "coordinates of 1500 examples of 12544 units"
    examples, units = (20, 100) if tiny else (1500, 12544)
    x = np.random.default_rng(0).normal(size=(examples, units)).astype(np.float32)
    x = x.astype(np.float64) if way == "qr" else x  # all digits are asked for
    found = benchmark(coordinates, x, np.ones(examples, bool), centred=True)
    some = slice(8)
    wanted = (x - x.mean(axis=0, dtype=float))[some]
    np.testing.assert_allclose(found[some] @ found[some].T, wanted @ wanted.T, rtol=1e-3, atol=0.3)
