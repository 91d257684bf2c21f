"""Groups of units that span the same: the largest sets that explain each other."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_between
from probekit.measures._arguments import matched, on_host
from probekit.measures._basis import VAGUE
from probekit.measures._double import in_double
from probekit.measures._moments import moments_of, pair_score
from probekit.measures._span import floor_of
from probekit.measures._status import Score
from probekit.statistics import Moments, MomentsState

DEFAULT_TOLERANCE = 0.25


def maximum_match(
    x: Any, y: Any, *, tolerance: float = DEFAULT_TOLERANCE, centred: bool = False
) -> jax.Array:
    """Share of all units that belong to the maximum match of the two representations.

    (|A| + |B|) / (d + d_y), with A and B the largest sets of units of `x` and of `y` of which each
    unit x_u of A is within ε ‖x_u‖ of what B spans, and each unit y_v of B within ε ‖y_v‖ of what A
    spans.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order.
    tolerance : float
        ε, above 0 and below 1; 1 - ε² is the share of a unit's squares that must be explained.
    centred : bool
        Subtract the means of the units first; the share is then R². Without, units with a large
        mean are easily matched.

    Returns
    -------
    array ()
        In [0, 1]; 1 for representations that are equal up to an invertible linear map. Units that
        are 0 (centred: constant) match nothing. With as many units as examples most match, whatever
        they hold. NaN if either is constant or not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 2.
    OptionError
        If `tolerance` is not between 0 and 1.

    Notes
    -----
    Invariant to scaling, of single units too, and to permutation; centred also to translation. Not
    to rotation, which makes other units. On the host, not under ``jit``: units that are too far
    are left out until none is, which leaves the largest sets. O(n (d² + d_y²)) and
    O(d² d_y + d_y³) a round. Computed in float64: an estimator has covariances in float32, in which
    sums of units that hardly vary are lost, and reports ``rank_deficient`` then.

    References
    ----------
    Wang, Hu, Gu, Wu, Hu, He and Hopcroft 2018, Towards understanding learning representations: to
    what extent do different neural networks learn the same representation.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import maximum_match
    >>> x = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]])
    >>> round(float(maximum_match(x, x[:, :1])), 5)  # the first unit of each: 2 of 3
    0.66667
    """
    check_tolerance(tolerance)
    options: dict[str, Any] = {"tolerance": float(tolerance), "centred": bool(centred)}
    x, y = on_host(*matched(x, y, least=2))
    return in_double(_maximum_match, x, y, **options)


def _maximum_match(x: jax.Array, y: jax.Array, *, eps: float, **options: Any) -> jax.Array:
    # The share of a variance that is rounding: of squares of the examples, in the wider dtype.
    floor = max(floor_of(x, eps), floor_of(y, eps))
    return maximum_match_score(moments_of(x, y, Moments()), floor=floor, **options).value


def check_tolerance(tolerance: float) -> None:
    """Raise `OptionError` unless ``0 < tolerance < 1``."""
    check_between("tolerance", tolerance, 0, 1)


def maximum_match_score(
    state: MomentsState, *, tolerance: float, centred: bool, floor: float = 0.0
) -> Score:
    """`maximum_match` from moments, on the host; needs all blocks in full.

    Shares of the largest variance up to `floor` are rounding of what was given.
    """
    cosines, units = _cosines(state, centred)
    x, y = np.flatnonzero(units[0]), units[0].size + np.flatnonzero(units[1])
    # The rank of sums of float32 products is known to their rounding.
    rounding = max(len(cosines) * float(np.finfo(state.count.dtype).eps), floor)
    while True:
        near_x = x[_residuals(cosines, x, y, rounding) <= tolerance**2]
        near_y = y[_residuals(cosines, y, near_x, rounding) <= tolerance**2]
        if len(near_x) == len(x) and len(near_y) == len(y):
            break
        x, y = near_x, near_y
    share = (len(x) + len(y)) / len(cosines)
    middle = units[0].size
    sides = np.flatnonzero(units[0]), middle + np.flatnonzero(units[1])
    lost = any(_lost(cosines[np.ix_(side, side)], rounding) for side in sides)
    return pair_score(jnp.asarray(share, state.count.dtype), state, deficient=lost)


def _lost(cosines: np.ndarray, rounding: float) -> bool:
    """Whether units have sums with so little variance that it may be rounding, or turned by it."""
    if len(cosines) == 0:
        return False
    values = np.linalg.eigvalsh(cosines)
    return bool(values[0] <= max(rounding, VAGUE * rounding / len(cosines)) * values[-1])


def _cosines(state: MomentsState, centred: bool) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """Cosines between all units of both, in float64, and which units of either have a direction."""
    xx, xy, yy = (np.nan_to_num(np.asarray(block, np.float64)) for block in state.blocks())
    square = np.block([[xx, xy], [xy.T, yy]])
    mean = np.concatenate([np.float64(state.x_mean), np.float64(state.y_mean)])
    constant = np.concatenate([np.asarray(state.x_constant), np.asarray(state.y_constant)])
    square = np.where(constant[:, None] | constant[None, :], 0, square)
    if not centred:
        mean = np.nan_to_num(mean, posinf=0.0, neginf=0.0)
        square = square + float(state.count) * mean[:, None] * mean[None, :]
    lengths = np.sqrt(np.maximum(square.diagonal(), 0))
    kept = lengths > 0
    scale = np.where(kept, 1 / np.where(kept, lengths, 1), 0)
    return square * scale[:, None] * scale[None, :], (kept[: len(xx)], kept[len(xx) :])


def _residuals(
    cosines: np.ndarray, units: np.ndarray, others: np.ndarray, rounding: float
) -> np.ndarray:
    """Share of the squares of each unit that a sum of the others does not explain."""
    if len(others) == 0:
        return np.ones(len(units))
    values, vectors = np.linalg.eigh(cosines[np.ix_(others, others)])
    kept = values > rounding * values[-1]
    along = cosines[np.ix_(units, others)] @ vectors[:, kept]
    explained: np.ndarray = (along**2 / values[kept]).sum(axis=1)
    return 1 - explained
