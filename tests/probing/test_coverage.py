"""How often 90 % bootstrap intervals hold the true score, of data whose true scores are known."""

import numpy as np
import pytest

import probekit as pk
from probekit.inference import interval_of

EXAMPLES, RESAMPLES, DATASETS = 80, 1000, 300
RSA = pk.estimators.RSA(rdm="euclidean")
DECODING = pk.estimators.DecodingR2(penalty=0.0)
ESTIMATORS = ["linear_r2", "cka", RSA, DECODING]


def drawn(generator, examples, units):
    """A normal feature that two of the units follow, with noise in all."""
    weights = np.zeros(units)
    weights[:2] = 1, 0.5
    feature = generator.normal(size=examples)
    x = feature[:, None] * weights + generator.normal(size=(examples, units))
    return x.astype(np.float32), feature.astype(np.float32)


def true_scores(units):
    """Of infinitely many examples: in closed form, but for RSA, of two million pairs of them."""
    weights = np.zeros(units)
    weights[:2] = 1, 0.5
    covariance = np.outer(weights, weights) + np.eye(units)
    (x, y), (other_x, other_y) = (
        drawn(np.random.default_rng(seed), 2_000_000, units) for seed in (1, 2)
    )
    distances = np.sqrt(np.square(x - other_x).sum(axis=1)), np.abs(y - other_y)
    return {
        "linear_r2": (weights**2 / (weights**2 + 1)).mean(),
        "cka": weights @ weights / np.sqrt((covariance**2).sum()),
        "rsa": np.corrcoef(*distances)[0, 1],
        "decoding_r2": weights @ np.linalg.solve(covariance, weights),
    }


def coverage(units):
    """For each score and each sort of interval how often it holds the true one."""
    generator, truth = np.random.default_rng(0), true_scores(units)
    others = [
        pk.Bootstrap(resamples=RESAMPLES, confidence=0.9, interval=name)
        for name in ("percentile", "basic")
    ]
    held = {name: dict.fromkeys(("bca", "percentile", "basic", "undefined"), 0.0) for name in truth}
    for seed in range(DATASETS):
        x, y = drawn(generator, EXAMPLES, units)
        bca = pk.Bootstrap(
            resamples=RESAMPLES, confidence=0.9, interval="bca", keep=True, seed=seed
        )
        ds = pk.probe(
            pk.extractors.arrays({"": x}), None, {"y": y}, estimators=ESTIMATORS, uncertainty=bca
        )
        for name, true in truth.items():
            resampled = ds[f"{name}_resamples"].values.ravel()
            bounds = {o.interval: interval_of(ds[name].values.item(), resampled, o) for o in others}
            bounds["bca"] = ds[f"{name}_ci"].values.ravel()
            for interval, (lower, upper) in bounds.items():
                held[name][interval] += (lower < true < upper) / DATASETS
            held[name]["undefined"] += np.isnan(bounds["bca"][0]) / DATASETS
    for shares in held.values():  # BCa's of those that there are
        shares["bca"] /= 1 - shares["undefined"]
    return held


@pytest.mark.slow
def test_coverage_with_few_units():
    """3 units, 80 examples: nearly 90 % whatever the interval.

    Found, in % with a standard error of 2 (percentile, BCa, basic): linear R² 87, 86, 86; CKA 87,
    87, 83; RSA 89, 89, 87; decoding R² 86, 89, 85.
    """
    for name, held in coverage(3).items():
        assert held.pop("undefined") == 0, name
        for interval, share in held.items():
            assert 0.8 < share < 0.95, (name, interval)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::probekit.errors.ScoreWarning")
@pytest.mark.filterwarnings("ignore::probekit.errors.OptimismWarning")
def test_coverage_of_scores_that_lean_upwards():
    """10 units, 80 examples, in-sample: BCa repairs what percentile intervals miss.

    Found, in % with a standard error of 2 to 3 (percentile, BCa, basic): linear R² 56, 88, 91; CKA
    91, 85, 84; RSA 88, 86, 86; decoding R² 58, 87, 79. BCa intervals were undefined in 5 % (linear
    R²) and 8 % (decoding R²) of the data sets.
    """
    held = coverage(10)
    for name in ("linear_r2", "decoding_r2"):
        assert held[name]["percentile"] < 0.7, name
        assert held[name]["undefined"] < 0.12, name
    for name in held:
        assert held[name]["bca"] > 0.82, name
