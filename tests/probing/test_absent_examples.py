"""Weights of examples: absent ones are not asked for conditions, and others count as often."""

import numpy as np
import pytest

import probekit as pk
from probekit.errors import OptionError, ShapeError
from tests.reference.tolerances import SCORE

N = 40
G = np.random.default_rng(0)
X = np.float32(G.normal(size=(N, 4)))
Z = np.float32(G.normal(size=N) + X[:, 0])
WEIGHT = np.arange(N) % 3  # a third of them is absent
A = pk.extractors.arrays({"l": X})


def test_thirds_are_of_the_examples_that_are_there():
    name = "class_selectivity"
    there = WEIGHT > 0
    features = {"z": np.where(there, Z, 1e3)}  # absent, these would all be the highest third
    found = pk.probe(A, None, features, estimators=[name], weight=there)[name]
    rest = pk.extractors.arrays({"l": X[there]})
    wanted = pk.probe(rest, None, {"z": Z[there]}, estimators=[name])[name]
    assert float(found.squeeze()) == pytest.approx(float(wanted.squeeze()), abs=SCORE)


@pytest.mark.slow
def test_readouts_of_other_contexts_count_examples_by_their_weights():
    features = {"a": X[:, 1] + X[:, 0], "b": Z}
    found = pk.probe(A, None, features, estimators=["ccgp"], weight=WEIGHT).ccgp
    rows = np.repeat(np.arange(N), WEIGHT)
    copies = pk.extractors.arrays({"l": X[rows]})
    repeated = {name: values[rows] for name, values in features.items()}
    wanted = pk.probe(copies, None, repeated, estimators=["ccgp"]).ccgp
    alone = pk.probe(A, None, features, estimators=["ccgp"], weight=WEIGHT > 0).ccgp
    np.testing.assert_allclose(found, wanted, atol=SCORE)
    assert np.abs(found - alone).max() > 0.01


def test_errors():
    for weight in ("often", ["a"] * N):
        with pytest.raises(OptionError, match=r"weight: dtype <U.*; numbers are needed"):
            pk.probe(A, None, {"z": Z}, weight=weight)
    for weight in (1.0, WEIGHT[1:]):
        with pytest.raises(ShapeError, match=r"weight: shape \((39,)?\); inputs have 40 examples"):
            pk.probe(A, None, {"z": Z}, weight=weight)
