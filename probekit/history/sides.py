"""What both comparisons of scores share: last rows, common labels, and a table of the parts."""

from typing import TYPE_CHECKING

import numpy as np

from probekit.errors import OptionError
from probekit.inference import Alternative, Correction, Permutation, corrected, p_value_of

if TYPE_CHECKING:
    import xarray as xr

Table = dict[str, "xr.DataArray"]
"""For each of the parts of a comparison its values."""


def final_rows(dataset: "xr.Dataset") -> "xr.Dataset":
    """Return each seed's last row; a Dataset without rows is one already."""
    try:
        time = dataset.probekit.time
    except OptionError:
        return dataset
    final: xr.Dataset = dataset.probekit.final().drop_vars(time, errors="ignore")
    return final


def aligned(
    name: str, a: "xr.DataArray", b: "xr.DataArray", *, apart: tuple[str, ...] = ()
) -> "tuple[xr.DataArray, xr.DataArray]":
    """Return a score of both sides where both have the labels, but for axes that stay apart."""
    import xarray as xr

    for argument, array in (("a", a), ("b", b)):
        for dim, index in array.indexes.items():
            if dim not in apart and not index.is_unique:
                twice = index[index.duplicated()].tolist()[0]
                raise OptionError(f"{argument}: {name} has {dim} {twice!r} twice; drop one.")
    try:
        one, other = xr.align(a, b, join="inner", exclude=apart, copy=False)
    except ValueError:  # no labels to go by
        dim = next(dim for dim in a.dims if b.sizes.get(dim, a.sizes[dim]) != a.sizes[dim])
        raise OptionError(
            f"a, b: {name} has {a.sizes[dim]} and {b.sizes[dim]} of {dim}, without labels; "
            f"give it the coordinate {dim!r}."
        ) from None
    for dim in {*one.dims, *other.dims}.difference(apart):
        if 0 in (one.sizes.get(dim), other.sizes.get(dim)):
            remedy = (
                " Take them as independent with probekit.history.compare_histories."
                if dim == "seed"
                else ""
            )
            raise OptionError(f"a, b: {name} has no {dim} in common.{remedy}")
    return one, other


def rounding_of(*scores: "xr.DataArray") -> "xr.DataArray":
    """Return how far a difference of such scores may be off because they are rounded.

    Four roundings of the larger, in the coarser of their precisions; 0 of what is infinite or NaN.
    """
    kinds = [score.dtype for score in scores if score.dtype.kind == "f"]
    eps = max((float(np.finfo(kind).eps) for kind in kinds), default=0.0)
    sizes = [abs(score.astype(float)).where(np.isfinite(score), 0) for score in scores]
    largest = sizes[0]
    for size in sizes[1:]:
        largest = largest.where(largest >= size, size)
    return 4 * eps * largest


def p_of_resamples(bounds: np.ndarray, each: np.ndarray, alternative: Alternative) -> np.ndarray:
    """Return p of no difference: how far the interval of quantiles must widen to reach 0."""
    nothing = np.where(np.isnan(bounds[..., 0]), np.nan, 0)
    # Of the resamples 0 is as extreme as it is far on the other side of them.
    opposite: dict[Alternative, Alternative] = {"greater": "less", "less": "greater"}
    side = opposite.get(alternative, alternative)
    return p_value_of(nothing, each, Permutation(alternative=side))


def joined(table: Table, parts: tuple[str, ...], correction: Correction) -> "xr.DataArray":
    """Return the parts as one array, with the axis ``comparison``, corrected p among them."""
    import xarray as xr

    table = table | {"p_corrected": table["p"].copy(data=corrected(table["p"], method=correction))}
    each = [table[part] for part in parts]
    return xr.concat(each, "comparison", coords="minimal", compat="override")
