"""How far distances are from being in one order."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit.measures._arguments import matched
from probekit.measures._double import kept_double
from probekit.measures._status import Score, score
from probekit.statistics import Examples, ExamplesState, state_of

_TIED = 2.0**-20
"""Distances that differ by less of the largest are one: they may differ by rounding alone."""


@kept_double
def non_metric_stress(x: Any, y: Any) -> jax.Array:
    """Non-metric stress: what distances in `y` are off a curve that rises with those in `x`.

    √(Σ (δ - δ̂)² / Σ δ²) over pairs of examples, with δ the euclidean distances in `y` and δ̂ the
    rising (isotonic) function of the distances in `x` that is nearest to them: Kruskal's stress-1.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order.

    Returns
    -------
    array ()
        From 0 (distances in `y` are in the order of those in `x`) to 1; no more than what the mean
        would leave. NaN if either is constant or the input is not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 3.

    Notes
    -----
    Invariant to translation, scaling, rotation and permutation of units. Not symmetric: of `x` only
    the order of distances counts. Pairs with equal distances in `x` have one value on the curve. On
    the host, not under ``jit``. O(n² (d + d_y + log n)).

    References
    ----------
    Kruskal 1964, Multidimensional scaling by optimizing goodness of fit to a nonmetric hypothesis.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import non_metric_stress
    >>> line = np.array([[0.0], [1.0], [3.0], [7.0]])
    >>> float(non_metric_stress(line, 2 * line))
    0.0
    >>> bool(non_metric_stress(line, line[::-1] ** 3) > 0)
    True
    """
    x, y = matched(x, y, least=3)
    return stress_score(jax.device_get(state_of(Examples(capacity=x.shape[0]), x, y))).value


def stress_score(state: ExamplesState) -> Score:
    """`non_metric_stress` of the examples that were kept, on the host."""
    from scipy.spatial.distance import pdist
    from sklearn.isotonic import IsotonicRegression

    present = np.asarray(state.present)
    finite, enough = bool(state.finite()), bool(present.sum() >= 3)
    value, constant = np.nan, False
    if finite and enough:
        rows = [np.asarray(z, np.float64)[present] for z in (state.x, state.y)]
        near, far = (pdist(z / (np.abs(z).max() or 1)) for z in rows)  # no square overflows
        constant = not (near.max() > 0 and far.max() > 0)
        if not constant:
            order, far = np.round(near / (near.max() * _TIED)), far / far.max()
            curve = IsotonicRegression().fit_transform(order, far)
            value = np.sqrt(np.square(far - curve).sum() / np.square(far).sum())
    return score(
        jnp.asarray(value, state.x.dtype),
        finite=jnp.asarray(finite),
        enough=enough,
        constant=constant,
    )
