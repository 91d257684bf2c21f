"""What leaves a score as it is, where several estimators have that in common."""

from probekit.measures.regression import MultiOutput

_OF_DISTANCES = {
    "euclidean": {"translation", "rotation", "embedding", "permutation"},
    "squared_euclidean": {"translation", "rotation", "embedding", "permutation"},
    "correlation": {"scaling", "permutation"},
    "correlation_cv": {"scaling", "permutation"},
    "cosine": {"scaling", "rotation", "embedding", "permutation"},
    "inner_product": {"rotation", "embedding", "permutation"},
    "poisson": {"permutation"},
    "poisson_cv": {"permutation"},
}


def invariances_of_distances(metric: str, *, up_to_scale: bool = False) -> frozenset[str]:
    """Return what leaves distances between examples as they are, or their ratios (but of rates)."""
    maps = _OF_DISTANCES[metric]
    scaled = {"scaling"} if up_to_scale and metric != "poisson" else set()
    return frozenset(maps | scaled)


def invariances_of_average(multioutput: MultiOutput) -> frozenset[str]:
    """Return what leaves an average of the units' R² as it is.

    A rotation changes the mean over units, but not the share of the total variance.
    """
    weighted = {"rotation", "embedding"} if multioutput == "variance_weighted" else set()
    return invariances_of_units(multioutput) | weighted


def invariances_of_units(multioutput: MultiOutput) -> frozenset[str]:
    """Return what leaves an average of scores of units as it is, whatever the scores are of."""
    of_all = set() if multioutput == "raw_values" else {"permutation"}
    return frozenset({"translation", "scaling", *of_all})
