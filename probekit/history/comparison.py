"""Two histories side by side: their final scores and how far these are apart."""

from typing import TYPE_CHECKING

import numpy as np

from probekit._checks import check_confidence
from probekit.errors import OptionError
from probekit.history.accessor import register_accessor, scores

if TYPE_CHECKING:
    import xarray as xr


def compare_histories(a: "xr.Dataset", b: "xr.Dataset", confidence: float = 0.95) -> "xr.Dataset":
    """Put the final scores of two histories side by side.

    Each seed's last recorded row counts. The interval of the difference of the means is Welch's:
    the seeds of the two histories are taken as independent samples of unequal variance, even where
    they have the same numbers.

    Parameters
    ----------
    a, b : xarray.Dataset
        Two histories. Scores that both have are compared, where both have the labels (layers,
        features, splits).
    confidence : float
        Of the interval, between 0 and 1.

    Returns
    -------
    xarray.Dataset
        The common scores; in place of ``seed`` and ``epoch`` the axis ``comparison``: ``a`` and
        ``b`` (means over seeds), ``difference`` (b − a), ``lower`` and ``upper`` (ends of its
        interval), ``n_a`` and ``n_b`` (numbers of seeds).

    Raises
    ------
    OptionError
        If they have no score, or no label of an axis, in common.

    Examples
    --------
    >>> import xarray as xr
    >>> a = xr.Dataset({"r2": (("seed", "epoch"), [[0.1, 0.4], [0.1, 0.6]])}, {"epoch": [0, 1]})
    >>> table = compare_histories(a, a + 0.25)
    >>> table.r2.sel(comparison=["a", "b", "difference"]).values.round(2).tolist()
    [0.5, 0.75, 0.25]
    """
    import xarray as xr

    register_accessor()
    check_confidence(confidence)
    names = [name for name in scores(a) if name in scores(b)]
    if not names:
        raise OptionError(
            f"a, b: no score in common; a has {', '.join(scores(a)) or 'none'}, "
            f"b has {', '.join(scores(b)) or 'none'}."
        )
    final_a, final_b = final_rows(a), final_rows(b)
    table = {}
    for name in names:
        one, other = xr.align(
            final_a[name], final_b[name], join="inner", exclude=("seed",), copy=False
        )
        empty = [str(dim) for dim in one.dims if one.sizes[dim] == 0]
        if empty:
            raise OptionError(f"a, b: {name} has no {empty[0]} in common.")
        table[name] = _compare(one, other, confidence).assign_attrs(a[name].attrs)
    labels = ["a", "b", "difference", "lower", "upper", "n_a", "n_b"]
    return xr.Dataset(table).assign_coords(comparison=labels)


def final_rows(dataset: "xr.Dataset") -> "xr.Dataset":
    """Return each seed's last row; a Dataset without rows is one already."""
    try:
        time = dataset.probekit.time
    except OptionError:
        return dataset
    final: xr.Dataset = dataset.probekit.final().drop_vars(time, errors="ignore")
    return final


def _compare(a: "xr.DataArray", b: "xr.DataArray", confidence: float) -> "xr.DataArray":
    """Means, their difference, Welch's interval of it, and numbers of seeds."""
    import xarray as xr
    from scipy.special import stdtrit

    (mean_a, error_a, n_a), (mean_b, error_b, n_b) = _moments(a), _moments(b)
    difference = mean_b - mean_a
    variance = error_a + error_b
    # Welch and Satterthwaite's degrees of freedom; without any spread the interval is a point.
    freedom = variance**2 / (error_a**2 / (n_a - 1) + error_b**2 / (n_b - 1))
    half = np.sqrt(variance) * stdtrit(freedom, 0.5 + confidence / 2)
    half = half.where(variance > 0, variance)
    parts = [mean_a, mean_b, difference, difference - half, difference + half, n_a, n_b]
    table: xr.DataArray = xr.concat(parts, "comparison", coords="minimal", compat="override")
    return table


def _moments(
    array: "xr.DataArray",
) -> "tuple[xr.DataArray, xr.DataArray, xr.DataArray]":
    """Mean over seeds, its squared standard error (NaN for one seed), number of seeds."""
    if "seed" not in array.dims:
        array = array.expand_dims("seed")
    count = array.count("seed").astype(float)
    mean = array.mean("seed")
    spread = ((array - mean) ** 2).sum("seed")
    many = count.where(count > 1)
    return mean, spread / (many - 1) / many, count
