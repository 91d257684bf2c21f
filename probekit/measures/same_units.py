"""Similarity of units that are known to belong together: each with its namesake."""

from typing import Any, Literal, get_args

import jax
import jax.numpy as jnp

from probekit._checks import check_choice
from probekit.measures._arguments import jitted, matched
from probekit.measures._moments import pair_score
from probekit.measures._scale import moderate
from probekit.measures._status import Score
from probekit.measures.matching import unit_correlations
from probekit.statistics import Moments, MomentsState, state_of

UnitPairs = Literal["same", "all"]
Average = Literal["mean", "median"]
UNIT_PAIRS: tuple[UnitPairs, ...] = get_args(UnitPairs)
AVERAGES: tuple[Average, ...] = get_args(Average)
_MOMENTS = Moments(xx="diagonal", yy="diagonal")


def unit_correlation(
    x: Any, y: Any, *, pairs: UnitPairs = "same", average: Average = "mean"
) -> jax.Array:
    """Correlation of each unit with its namesake, over units: of one network at two times, say.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order, and the same units; what the wider has more is left
        out.
    pairs : {"same", "all"}
        Or each unit with each of the other: then the order of units says nothing.
    average : {"mean", "median"}
        Over pairs of units.

    Returns
    -------
    array ()
        In [-1, 1]; 1 if every unit is its namesake's, up to offset and positive scale. Constant
        units correlate 0. NaN if either is constant or not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 2.
    OptionError
        If an option is not among its choices.

    Notes
    -----
    Invariant to offset and positive scale of each unit, and ``all`` to permutation. Networks that
    were trained apart have no units in common: see `permutation_matching`. O(n d d_y).

    References
    ----------
    Hasson, Nir, Levy, Fuhrmann and Malach 2004, Intersubject synchronization of cortical activity
    during natural vision.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import unit_correlation
    >>> x = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]])
    >>> round(float(unit_correlation(x, 3 * x + 1)), 5), float(unit_correlation(x, x[:, ::-1]))
    (1.0, 0.0)
    """
    check_unit_correlation(pairs, average)
    return _unit_correlation(*matched(x, y, least=2), pairs, average)


@jitted(2, 3)
def _unit_correlation(x: jax.Array, y: jax.Array, pairs: UnitPairs, average: Average) -> jax.Array:
    state = state_of(_MOMENTS, moderate(x, axis=0), moderate(y, axis=0))
    return unit_correlation_score(state, pairs=pairs, average=average).value


def check_unit_correlation(pairs: UnitPairs, average: Average) -> None:
    """Raise `OptionError` unless the options are among their choices."""
    check_choice("pairs", pairs, UNIT_PAIRS)
    check_choice("average", average, AVERAGES)


def unit_correlation_score(state: MomentsState, *, pairs: UnitPairs, average: Average) -> Score:
    """`unit_correlation` from moments; needs `xy` and the diagonals."""
    found = unit_correlations(state)
    found = found.diagonal() if pairs == "same" else found
    return pair_score(found.mean() if average == "mean" else jnp.median(found), state)
