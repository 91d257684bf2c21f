"""Means of scores over seeds, and their intervals."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

    from probekit.inference import Bootstrap


def interval(
    array: "xr.DataArray", confidence: float = 0.95
) -> "tuple[xr.DataArray, xr.DataArray, xr.DataArray, xr.DataArray]":
    """Mean over seeds, lower and upper end of its t interval, and number of seeds."""
    from scipy.special import stdtrit  # the quantile alone: scipy.stats takes a second to import

    array = array.astype(float)  # squares of halves would soon be 0
    count = array.count("seed").astype(float)
    mean = array.mean("seed")
    many = count.where((count > 1) & np.isfinite(mean))
    with np.errstate(invalid="ignore"):
        spread = np.sqrt(((array - mean) ** 2).sum("seed") / (many - 1))
    half = spread / np.sqrt(many) * stdtrit(many - 1, 0.5 + confidence / 2)
    return mean, mean - half, mean + half, count


def resampled_interval(
    array: "xr.DataArray", bootstrap: "Bootstrap"
) -> "tuple[xr.DataArray, xr.DataArray, xr.DataArray, xr.DataArray]":
    """Mean over seeds, lower and upper end of its bootstrap interval, and number of seeds."""
    from probekit.history.seeds import resampled_seeds

    array = array.astype(float)
    count = array.count("seed").astype(float)
    mean = array.mean("seed")
    rows = array.transpose("seed", *mean.dims).values
    bounds, _ = resampled_seeds(mean.values, [rows], bootstrap)
    lower, upper = (mean.copy(data=bounds[..., side]) for side in (0, 1))
    return mean, lower, upper, count
