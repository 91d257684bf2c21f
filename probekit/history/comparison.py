"""Two histories side by side: their final scores and how far these are apart."""

import dataclasses
import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from probekit._checks import check_choice, check_confidence, warn_of_no_effect
from probekit.errors import Argument, OptionError
from probekit.history.accessor import register_accessor
from probekit.history.contents import scores
from probekit.history.schema import UNCERTAINTY
from probekit.history.seeds import (
    check_of_seeds,
    resampled_seeds,
    warn_of_few_seeds,
    warn_of_other_confidence,
)
from probekit.history.sides import (
    Table,
    aligned,
    final_rows,
    joined,
    p_of_resamples,
    rounding_of,
)
from probekit.inference import (
    ALTERNATIVES,
    CORRECTIONS,
    Alternative,
    Bootstrap,
    Correction,
    Permutation,
    p_value_of,
    warn_of_coarse_p,
    warn_of_few_resamples,
)

if TYPE_CHECKING:
    import xarray as xr

PARTS = ("a", "b", "difference", "lower", "upper", "p", "p_corrected", "n_a", "n_b")
"""Labels of the axis `comparison`."""


def compare_histories(
    a: "xr.Dataset",
    b: "xr.Dataset",
    confidence: float = 0.95,
    *,
    uncertainty: Bootstrap | Permutation | None = None,
    correction: Correction = "holm",
    alternative: Alternative = "two-sided",
) -> "xr.Dataset":
    """Put the final scores of two histories side by side.

    Each seed's last recorded row counts. The seeds of the two histories are taken as independent
    samples, even where they have the same numbers; `ds.probekit.compare` takes them as pairs.
    Unless `uncertainty` is given, the interval of the difference of the means and its p are
    Welch's, for samples of unequal variance.

    Parameters
    ----------
    a, b : xarray.Dataset
        Two histories. Scores that both have are compared, where both have the labels (layers,
        features, splits).
    confidence : float
        Of Welch's interval, between 0 and 1.
    uncertainty : Bootstrap or Permutation, optional
        ``Bootstrap``: the interval, with its own confidence, and p from means of resampled seeds of
        each; of few seeds it holds the true difference less often than it says: of normal scores,
        95 % intervals in 88 % of the cases with 5 seeds of each, 92 with 10 and 94 with 30.
        ``Permutation``: p from shuffling which seed belongs to which history, in every way if there
        are not more of them than resamples. Its correction counts.
    correction : {"holm", "bonferroni", "fdr_bh", "fdr_by", "none"}
        For the tests of one score, over all labels; see `probekit.inference`.
    alternative : {"two-sided", "greater", "less"}
        What p speaks against no difference for; ``greater``: that b is above a. That of a
        `Permutation` counts, where it has one. Intervals are two-sided.

    Returns
    -------
    xarray.Dataset
        The common scores; in place of ``seed`` and ``epoch`` the axis ``comparison``: ``a`` and
        ``b`` (means over seeds), ``difference`` (b − a), ``lower`` and ``upper`` (ends of its
        interval), ``p``, ``p_corrected``, ``n_a``
        and ``n_b`` (numbers of seeds). Interval and p are NaN where a side has fewer than 2 seeds,
        or an infinite score; Welch's p where there is no spread but a difference. What the rounding
        of the scores can make, as float32 or what they are, is neither. Attributes: ``test``,
        ``alternative``, ``confidence``, ``correction``, and ``uncertainty``.

    Raises
    ------
    OptionError
        If they have no score, or no label of an axis, in common, or a label twice.

    Warns
    -----
    ProbekitWarning
        If a bootstrap has fewer than 10 seeds or too few resamples, if of so few seeds p cannot be
        0.05, or if a confidence or correction has no effect beside that of the uncertainty.

    References
    ----------
    Welch 1947; Efron and Tibshirani 1993, chapters 8 and 15.

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
    check_choice("correction", correction, CORRECTIONS)
    check_choice("alternative", alternative, ALTERNATIVES)
    if uncertainty is not None:
        check_of_seeds(uncertainty, (Bootstrap, Permutation))
        warn_of_other_confidence(confidence, uncertainty)
    if isinstance(uncertainty, Permutation):
        correction = _correction_of(uncertainty, correction)
        alternative = uncertainty.alternative or alternative
        uncertainty = dataclasses.replace(uncertainty, alternative=alternative)
    names = [name for name in scores(a) if name in scores(b)]
    if not names:
        raise OptionError(
            f"a, b: no score in common; a has {', '.join(scores(a)) or 'none'}, "
            f"b has {', '.join(scores(b)) or 'none'}."
        )
    warn_of_few_resamples(uncertainty)
    final_a, final_b = final_rows(a), final_rows(b)
    table = {}
    for name in names:
        one, other = aligned(name, final_a[name], final_b[name], apart=("seed",))
        parts = _welch(one, other, confidence, alternative)
        if uncertainty is not None:
            parts |= _resampled(one, other, parts["difference"], uncertainty, alternative)
        table[name] = joined(parts, PARTS, correction).assign_attrs(a[name].attrs)
    about = _about(uncertainty, confidence, alternative) | {"correction": correction}
    found = xr.Dataset(table, {"comparison": list(PARTS)}, about)
    _warn_of_few_seeds(found, uncertainty)
    return found


def _correction_of(permutation: Permutation, given: Correction) -> Correction:
    """Return that of the permutation, if seeds have it; warn of another one that was given."""
    if permutation.correction == "max":
        raise OptionError(
            "uncertainty: ",
            Argument("correction", "max"),
            " of seeds; they are shuffled apart where some are missing. Give ",
            Argument("correction", "holm"),
            ".",
        )
    if given not in ("holm", permutation.correction):
        beside = f"with Permutation(correction={permutation.correction!r})"
        warn_of_no_effect("correction", given, beside)
    return permutation.correction


def _about(
    uncertainty: Bootstrap | Permutation | None, confidence: float, alternative: Alternative
) -> dict[str, Any]:
    """Return what the attributes say of the test."""
    if uncertainty is None:
        return {"test": "welch", "alternative": alternative, "confidence": confidence}
    test = "permutation" if isinstance(uncertainty, Permutation) else "bootstrap"
    if isinstance(uncertainty, Bootstrap):
        confidence = uncertainty.confidence
    about: dict[str, Any] = {"test": test, "alternative": alternative, "confidence": confidence}
    return about | {UNCERTAINTY: f"{uncertainty.text()} of seeds"}


def _warn_of_few_seeds(table: "xr.Dataset", uncertainty: Bootstrap | Permutation | None) -> None:
    """Warn if of so few seeds an interval is too narrow, or no p can be small."""
    if uncertainty is None:
        return
    sides = [
        np.concatenate([z.sel(comparison=side).values.ravel() for z in table.data_vars.values()])
        for side in ("n_a", "n_b")
    ]
    both = np.minimum(*sides)
    if isinstance(uncertainty, Bootstrap):
        warn_of_few_seeds(both, stacklevel=3)
        return
    most = [int(side[both > 1].max(initial=0)) for side in sides]
    if min(most) > 1:
        ways = min(math.comb(sum(most), most[0]), uncertainty.resamples + 1)
        warn_of_coarse_p(
            (1 + (uncertainty.alternative == "two-sided")) / ways,
            f"{ways - 1} shuffles of {most[0]} and {most[1]} seeds",
            "use more of both, or Welch's t",
            stacklevel=3,
        )


def _welch(
    a: "xr.DataArray", b: "xr.DataArray", confidence: float, alternative: Alternative
) -> Table:
    """Means, their difference, Welch's interval and test of it, and numbers of seeds."""
    from scipy.special import stdtr, stdtrit

    with np.errstate(invalid="ignore"):  # of infinite scores
        (mean_a, error_a, n_a), (mean_b, error_b, n_b) = _moments(a), _moments(b)
        difference = mean_b - mean_a
        # All of all seeds are equal but for rounding, which has a sign and hardly any spread.
        same = abs(difference) <= rounding_of(_largest(a), _largest(b))
    difference = difference.where(~same, 0)
    variance = error_a + error_b
    # Welch and Satterthwaite's degrees of freedom; without any spread the interval is a point.
    freedom = variance**2 / (error_a**2 / (n_a - 1) + error_b**2 / (n_b - 1))
    half = np.sqrt(variance) * stdtrit(freedom, 0.5 + confidence / 2)
    half = half.where(variance > 0, variance)
    spread = np.sqrt(variance.where(variance > 0))
    t = difference / spread
    p = 2 * stdtr(freedom, -abs(t))
    if alternative != "two-sided":
        p = stdtr(freedom, -t if alternative == "greater" else t)
    return {
        "a": mean_a,
        "b": mean_b,
        "difference": difference,
        "lower": difference - half,
        "upper": difference + half,
        "p": p.where((variance != 0) | (difference != 0), 1.0),
        "n_a": n_a,
        "n_b": n_b,
    }


def _resampled(
    a: "xr.DataArray",
    b: "xr.DataArray",
    difference: "xr.DataArray",
    uncertainty: Bootstrap | Permutation,
    alternative: Alternative,
) -> Table:
    """Return the parts that resampled or shuffled seeds tell of otherwise."""
    rows = [
        (side if "seed" in side.dims else side.expand_dims("seed"))
        .transpose("seed", *difference.dims)
        .values.astype(float)
        for side in (a, b)
    ]
    enough = np.all([(~np.isnan(side)).sum(axis=0) > 1 for side in rows], axis=0)
    enough &= np.isfinite(difference.values)
    score = np.where(enough, difference.values, np.nan)
    if isinstance(uncertainty, Permutation):
        slack = rounding_of(_largest(a), _largest(b)).transpose(*difference.dims).values
        return {"p": difference.copy(data=_shuffled(score, rows, slack, uncertainty))}
    bounds, each = resampled_seeds(score, rows, uncertainty)
    p = p_of_resamples(bounds, each, alternative)
    parts = {"lower": bounds[..., 0], "upper": bounds[..., 1], "p": p}
    return {name: difference.copy(data=values) for name, values in parts.items()}


def _shuffled(
    score: np.ndarray, rows: list[np.ndarray], slack: np.ndarray, permutation: Permutation
) -> np.ndarray:
    """Return p of each place: the share of divisions of its seeds with such a difference."""
    p = np.full(score.shape, np.nan)
    divisions: dict[tuple[int, int], np.ndarray] = {}
    for place in np.ndindex(score.shape):
        if np.isnan(score[place]):
            continue
        sides = [side[(slice(None), *place)] for side in rows]
        a, b = (side[~np.isnan(side)] for side in sides)
        sizes = len(a), len(b)
        if sizes not in divisions:
            divisions[sizes] = _divisions(*sizes, permutation)
        in_b, seeds = divisions[sizes], np.concatenate([a, b])
        # About their mean: what all seeds share would cost the digits of what they differ in.
        seeds = seeds - seeds.mean()
        each = in_b @ seeds / len(b) - ~in_b @ seeds / len(a)
        p[place] = p_value_of(score[place], each, permutation, rounding=slack[place])
    return p


def _divisions(n_a: int, n_b: int, permutation: Permutation) -> np.ndarray:
    """Return which seeds are of b, ``(division, seed)``: all ways but the one given, or some."""
    seeds = n_a + n_b
    if math.comb(seeds, n_b) - 1 <= permutation.resamples:
        given = tuple(range(n_a, seeds))
        ways = [way for way in itertools.combinations(range(seeds), n_b) if way != given]
        every = np.zeros((len(ways), seeds), bool)
        every[np.arange(len(ways))[:, None], np.array(ways, int).reshape(len(ways), n_b)] = True
        return every
    shuffled: np.ndarray = permutation.orders(seeds) >= n_a
    return shuffled


def _largest(array: "xr.DataArray") -> "xr.DataArray":
    """Return the score of largest size over the seeds."""
    size = abs(array)
    return size.max("seed") if "seed" in array.dims else size


def _moments(
    array: "xr.DataArray",
) -> "tuple[xr.DataArray, xr.DataArray, xr.DataArray]":
    """Mean over seeds, its squared standard error (NaN for one seed), number of seeds."""
    if "seed" not in array.dims:
        array = array.expand_dims("seed")
    rounding = rounding_of(array)
    array = array.astype(float)  # squares of halves would soon be 0
    count = array.count("seed").astype(float)
    mean = array.mean("seed")
    apart = array - mean
    spread = (apart**2).sum("seed").where((abs(apart) > rounding).any("seed"), 0)
    many = count.where(count > 1)
    return mean, spread / (many - 1) / many, count
