"""Warnings of intervals that do not hold the score that they are of."""

import warnings
from typing import TYPE_CHECKING

import numpy as np

from probekit.errors import ProbekitWarning
from probekit.inference import Bootstrap, Uncertainty, resamples_needed

if TYPE_CHECKING:
    import xarray as xr

_SLACK = 1e-5
"""What is rounding, of the larger of score and bound."""


def warn_of_biased(
    dataset: "xr.Dataset", uncertainty: Uncertainty | None, *, stacklevel: int = 2
) -> None:
    """Warn, once for all scores, if quantiles of resamples lie to one side of the score.

    It is biased then, and the more so of resamples, in which fewer examples differ: such as R² or
    accuracy, of the examples that were fitted, of a layer with many units. Other intervals allow
    for it.

    Parameters
    ----------
    dataset : xarray.Dataset
        As `probekit.probing.labelling.add_uncertainty` makes it.
    uncertainty : Uncertainty or None
        Nothing is said of anything else than a `Bootstrap` with percentile intervals, at least 90 %
        wide (a narrow one may well lie beside the score) and with as many resamples as they need.
    stacklevel : int
        As `warnings.warn` takes it, counted from the caller.
    """
    if not isinstance(uncertainty, Bootstrap) or uncertainty.interval != "percentile":
        return
    if uncertainty.confidence < 0.9 or uncertainty.resamples < resamples_needed(
        uncertainty.confidence
    ):
        return
    names = [str(name) for name in dataset.data_vars if f"{name}_ci" in dataset]
    outside = {name: _outside(dataset[name], dataset[f"{name}_ci"]) for name in names}
    biased = [name for name in names if outside[name].any()]
    if biased:
        count = sum(int(outside[name].sum()) for name in biased)
        of = sum(outside[name].size for name in biased)
        warnings.warn(
            f"{', '.join(biased)}: {count} of {of} intervals do not hold their own score; it is "
            "biased, and its resamples more so. Score examples that are held out, or use "
            + ("interval='bca' or 'basic'." if uncertainty.replace else "interval='basic'."),
            ProbekitWarning,
            stacklevel=stacklevel + 1,
        )


def _outside(score: "xr.DataArray", interval: "xr.DataArray") -> np.ndarray:
    """Return where a score lies beside its interval; nowhere if either is undefined."""
    value, bounds = score.values, interval.transpose(*score.dims, "bound").values
    lower, upper = bounds[..., 0], bounds[..., 1]
    slack = _SLACK * np.maximum(np.abs(value), np.abs(bounds).max(axis=-1))
    with np.errstate(invalid="ignore"):  # of infinite scores
        found: np.ndarray = (value < lower - slack) | (value > upper + slack)
    return found
