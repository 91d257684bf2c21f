"""Assertions about representations that explain themselves; no pytest is needed for them."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from probekit.errors import OptionError
from probekit.testing.claims import Bounds, check_dataset, find, hold, variable_of
from probekit.testing.differences import Tolerances
from probekit.testing.unchanged import check_same_scores
from probekit.variables import LOWER_IS_BETTER

if TYPE_CHECKING:
    import xarray as xr

    from probekit.estimators import Estimator


def assert_represented(
    ds: "xr.Dataset",
    *,
    feature: str | Sequence[str] | None = None,
    layer: str | Sequence[str] | None = None,
    estimator: "str | Estimator" = "linear_r2",
    at_least: float | None = 0.05,
    at_most: float | None = None,
    confidence: float = 0.95,
    at: Mapping[str, Any] | None = None,
) -> None:
    """Assert how strongly a feature is represented in a layer.

    Over seeds, the end of the interval of the mean counts, not the mean: the lower one for
    `at_least`, the upper one for `at_most`. With one seed there is no interval, and the score
    counts. Of a history it is each seed's last recorded row that is looked at.

    Parameters
    ----------
    ds : xarray.Dataset
        Of `probekit.probe`, or a history.
    feature, layer : str or sequence of str, optional
        Each of those that are named; all of them if none is.
    estimator : str or Estimator
        The score, as the Dataset names it.
    at_least, at_most : float or None
        Bounds; None for no bound. ``at_least=None, at_most=0.02`` asserts that it is not there.
    confidence : float
        Of the interval over seeds (Student's t), between 0 and 1.
    at : mapping, optional
        What else to choose: ``{"epoch": 10}``, ``{"split": "test"}``, an option that is swept.

    Raises
    ------
    AssertionError
        If a score is out of bounds or NaN; the message says what was found, and where.
    OptionError, UnknownNameError
        If an argument does not fit the Dataset; unknown names list near matches.

    Examples
    --------
    >>> import xarray as xr
    >>> from probekit.testing import assert_represented
    >>> scores = xr.DataArray([[0.5, 0.6, 0.7]], dims=("feature", "seed"))
    >>> ds = xr.Dataset({"linear_r2": scores}, {"feature": ["xor"]})
    >>> assert_represented(ds, feature="xor", at_least=0.3)
    >>> assert_represented(ds, feature="xor", at_least=0.5)
    Traceback (most recent call last):
    ...
    AssertionError: feature 'xor': linear_r2 is 0.6 (95 % interval 0.3516 to 0.8484 over 3 seeds); \
the lower end must be at least 0.5; the mean keeps that, so more seeds may show it.
    """
    __tracebackhide__ = True
    bounds = Bounds.of(at_least, at_most)
    chosen = _chosen(check_dataset(ds), estimator, {"layer": layer, "feature": feature}, at)
    message = hold(find(ds, estimator, chosen, confidence=confidence), bounds, confidence)
    if message:
        raise AssertionError(message)


def assert_similar(
    a: Any,
    b: Any = None,
    *,
    estimator: "str | Estimator" = "cka",
    at_least: float | None = 0.9,
    at_most: float | None = None,
    layers: str | tuple[str, str] | None = None,
    confidence: float = 0.95,
    at: Mapping[str, Any] | None = None,
) -> None:
    """Assert how similar two representations are.

    Parameters
    ----------
    a, b : array (example, unit)
        Two representations of the same examples; or `a` is a Dataset of `probekit.compare`, and
        `b` is left out.
    estimator : str or Estimator
        Of kind similarity. Of a distance, where 0 says alike, give
        ``at_least=None, at_most=…``.
    at_least, at_most : float or None
        Bounds; None for no bound.
    layers : (str, str) or str, optional
        Of a Dataset: layer of the one and of the other, or one name for both; each layer with its
        namesake unless given.
    confidence, at
        As for `assert_represented`.

    Raises
    ------
    AssertionError
        If a score is out of bounds or NaN; the message says what was found, and where.
    OptionError, UnknownNameError
        If an argument does not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.testing import assert_similar
    >>> x = np.random.default_rng(0).normal(size=(50, 4))
    >>> assert_similar(x, 2 * x + 1)
    """
    __tracebackhide__ = True
    bounds = Bounds.of(at_least, at_most)
    if b is None:
        pairs = _pairs(check_dataset(a, "a"), estimator, layers)
    else:
        if layers is not None:
            raise OptionError(f"layers={layers!r}: goes with a Dataset; a and b are arrays.")
        a, estimator = _compared(a, b, estimator)
        pairs = [{"layer_a": "a", "layer_b": "b"}]
    _check_direction(a, estimator, bounds)
    found = []
    for pair in pairs:
        found += find(a, estimator, {**pair, **(at or {})}, confidence=confidence)
    message = hold(found, bounds, confidence)
    if message:
        raise AssertionError(message)


def assert_unchanged(
    ds: "xr.Dataset",
    baseline: "xr.Dataset | str | os.PathLike[str]",
    *,
    estimators: str | Sequence[str] | None = None,
    atol: float = 0.05,
    rtol: float = 0.0,
    tolerances: Mapping[str, float] | None = None,
    confidence: float = 0.95,
) -> None:
    """Assert that scores are what they were, within a tolerance.

    Over seeds, the whole interval of the difference of the means must lie within the tolerance:
    that no difference was found in a few noisy seeds is no sign that there is none. If both have
    the same seeds they are taken as pairs, else as independent samples (Welch). With one seed the
    difference itself counts. Of a history it is each seed's last recorded row that is compared;
    the fixture ``probe_regression`` compares all of them.

    Parameters
    ----------
    ds : xarray.Dataset
        The scores now.
    baseline : xarray.Dataset or path
        Those that they should be.
    estimators : str or sequence of str, optional
        The scores to compare; all that the baseline has unless given.
    atol, rtol : float
        Tolerance: atol + rtol · abs(baseline).
    tolerances : mapping, optional
        ``{score: atol}``, for scores with a tolerance of their own.
    confidence : float
        Of the interval over seeds, between 0 and 1.

    Raises
    ------
    AssertionError
        If a score differs by more, is not there any more, or is NaN in one of the two; the message
        is a table of the differences.
    OptionError, UnknownNameError, HistoryError
        If an argument does not fit.

    Examples
    --------
    >>> import xarray as xr
    >>> from probekit.testing import assert_unchanged
    >>> ds = xr.Dataset({"cka": ("seed", [0.7, 0.8, 0.9])})
    >>> assert_unchanged(ds + 0.01, ds)
    """
    __tracebackhide__ = True
    message = check_same_scores(
        check_dataset(ds),
        baseline,
        estimators,
        Tolerances.of(atol, rtol, tolerances),
        confidence=confidence,
    )
    if message:
        raise AssertionError(message)


def _chosen(
    ds: "xr.Dataset", estimator: Any, names: dict[str, Any], at: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Put together what is chosen of each axis; axes that the score lacks are left out."""
    dims = ds[variable_of(ds, estimator)].dims
    chosen = {dim: names[dim] for dim in names if dim in dims or names[dim] is not None}
    twice = sorted({*chosen} & {*(at or {})})
    if twice:
        raise OptionError(f"at: has {twice[0]!r}, which is an argument of its own.")
    return {**chosen, **(at or {})}


def _pairs(
    ds: "xr.Dataset", estimator: Any, layers: str | tuple[str, str] | None
) -> list[dict[str, Any]]:
    """Return the pairs of layers that are looked at."""
    missing = {"layer_a", "layer_b"}.difference(ds[variable_of(ds, estimator)].dims)
    if missing:
        raise OptionError(
            f"a: {estimator} has no axis {min(missing)!r}; give a Dataset of probekit.compare, or "
            "two arrays."
        )
    if layers is not None:
        layer_a, layer_b = (layers, layers) if isinstance(layers, str) else layers
        return [{"layer_a": layer_a, "layer_b": layer_b}]
    others = set(ds["layer_b"].values.tolist())
    same = [name for name in ds["layer_a"].values.tolist() if name in others]
    if not same:
        raise OptionError(
            f"layers=None: no layer has a namesake; a has {', '.join(ds['layer_a'].values)}, "
            f"b has {', '.join(ds['layer_b'].values)}. Give layers=(of a, of b)."
        )
    return [{"layer_a": name, "layer_b": name} for name in same]


def _compared(a: Any, b: Any, estimator: Any) -> "tuple[xr.Dataset, str]":
    """Compare two arrays; return the scores, and the name of the one that is looked at."""
    from probekit.estimators import resolve
    from probekit.extractors import arrays
    from probekit.probing import compare

    subjects = resolve(estimator)
    if len(subjects) != 1:
        raise OptionError(f"estimator={estimator!r}: give one.")
    ds = compare(arrays({"a": a}), arrays({"b": b}), None, estimators=subjects)
    return ds, subjects[0].variables[0].name


def _check_direction(ds: "xr.Dataset", estimator: Any, bounds: Bounds) -> None:
    """Raise `OptionError` if two things would be called similar for being far apart."""
    name = variable_of(ds, estimator)
    distance = ds[name].attrs.get(LOWER_IS_BETTER, name.endswith("_distance"))
    if distance and bounds.at_most is None:
        raise OptionError(
            f"estimator={name!r}: is a distance, small for what is similar; "
            "give at_least=None, at_most=…."
        )
