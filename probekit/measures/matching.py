"""Similarity of single units: the best way to match those of one representation with another's."""

from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice
from probekit.measures._arguments import jitted, matched
from probekit.measures._moments import moments_of, pair_score, unit_scales
from probekit.measures._status import Score
from probekit.measures.alignment import squared_distance
from probekit.statistics import Moments, MomentsState

Matched = Literal["both", "x", "y"]
MATCHED = ("both", "x", "y")
_MOMENTS = Moments(xx="diagonal", yy="diagonal")


def permutation_matching(x: Any, y: Any) -> jax.Array:
    """Mean correlation of units matched one to one: max over matchings π of mean r(x_u, y_π(u)).

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order. Of the wider one, units are left over.

    Returns
    -------
    array ()
        In [-1, 1]; 1 if every unit of the narrower one is one of the other's, up to offset and
        positive scale. Constant units correlate 0. NaN if either is constant or not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 2.

    Notes
    -----
    Invariant to translation, scaling and permutation, not to rotation. The assignment problem is
    solved exactly, on the host (``scipy.optimize.linear_sum_assignment``), not under ``jit``.
    O(n d d_y + d d_y min(d, d_y)).

    References
    ----------
    Li, Yosinski, Clune, Lipson and Hopcroft 2016, Convergent learning; Williams et al. 2021,
    Generalized shape metrics on neural representations.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import permutation_matching
    >>> x = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]])
    >>> round(float(permutation_matching(x, 3 * x[:, ::-1])), 5)
    1.0
    """
    return permutation_matching_score(moments_of(*matched(x, y, least=2), _MOMENTS)).value


def permutation_distance(x: Any, y: Any, *, angular: bool = True) -> jax.Array:
    """Distance after the best permutation of units: min over permutations Π of ‖X̂ Π - Ŷ‖.

    X̂ and Ŷ are centred and of Frobenius norm 1, the narrower filled up with zeros: units keep their
    scale, where `permutation_matching` takes correlations. The one-to-one counterpart of
    `shape_metric`.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order.
    angular : bool
        The angle, in radians; or else the length of the difference.

    Returns
    -------
    array ()
        In [0, π], or in [0, 2] unless `angular`; a metric: 0 only for representations equal up to
        permutation, scale and offset, symmetric, with the triangle inequality. Below about 0.005
        rounding cannot be told from a distance, and it is 0. NaN if either is constant or not
        finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 2.

    Notes
    -----
    Invariant to translation, scaling and permutation, not to rotation. The assignment problem is
    solved exactly, on the host (``scipy.optimize.linear_sum_assignment``), not under ``jit``. As
    ``PermutationMetric`` of netrep. O(n d d_y + d d_y min(d, d_y)).

    References
    ----------
    Williams, Kunz, Kornblith and Linderman 2021, Generalized shape metrics on neural
    representations.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import permutation_distance
    >>> x = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]])
    >>> float(permutation_distance(x, 3 * x[:, ::-1] + 1))
    0.0
    >>> round(float(permutation_distance(x, x[:, :1])), 4)  # arccos √(2/10)
    1.1071
    """
    state = moments_of(*matched(x, y, least=2), _MOMENTS)
    return permutation_distance_score(state, angular=bool(angular)).value


def soft_matching(x: Any, y: Any) -> jax.Array:
    """Mean correlation of softly matched units: max over P of Σ P_uv r(x_u, y_v).

    P is a transport plan: not negative, its rows sum to 1/d and its columns to 1/d_y, so that every
    unit of both sides counts, also where the widths differ.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order.

    Returns
    -------
    array ()
        In [-1, 1]; 1 if the units are the same up to permutation, repetition, offset and positive
        scale. Constant units correlate 0. NaN if either is constant or not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 2.

    Notes
    -----
    Invariant to translation, scaling and permutation, not to rotation. Exact, on the host, not
    under ``jit``: equal widths are an assignment problem (``linear_sum_assignment``), others a
    linear program (``scipy.optimize.linprog``, HiGHS), which takes seconds from some 100 × 100
    units on. O(n d d_y + d³) for equal widths; the linear program has d d_y variables.

    References
    ----------
    Khosla and Williams 2024, Soft matching distance: a metric on neural representations that
    captures single-neuron tuning.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import soft_matching
    >>> x = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]])
    >>> round(float(soft_matching(x, np.tile(x, (1, 2)))), 5)
    1.0
    """
    return soft_matching_score(moments_of(*matched(x, y, least=2), _MOMENTS)).value


def semi_matching(x: Any, y: Any, *, units: Matched = "both", absolute: bool = False) -> jax.Array:
    """Mean correlation of units with the unit of the other side that each is most like.

    (mean_u max_v r(x_u, y_v) + mean_v max_u r(x_u, y_v)) / 2, or one of the two means: several
    units may be matched with one, and one with none.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order.
    units : {"both", "x", "y"}
        Whose units count: the second mean is how well those of `y` are found among those of `x`.
    absolute : bool
        Take |r|, so that a unit and its negative are alike.

    Returns
    -------
    array ()
        In [-1, 1], absolute in [0, 1]; 1 if every unit that counts is one of the other side's, up
        to offset and positive scale. Constant units correlate 0. NaN if either is constant or not
        finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 2.
    OptionError
        If `units` is none of the three.

    Notes
    -----
    Invariant to translation, scaling and permutation, not to rotation. O(n d d_y).

    References
    ----------
    Li, Yosinski, Clune, Lipson and Hopcroft 2016, Convergent learning (semi-matching).

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import semi_matching
    >>> x = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]])
    >>> round(float(semi_matching(x, x[:, :1])), 5)  # (mean(1, 0) + 1) / 2
    0.75
    """
    check_choice("units", units, MATCHED)
    return _semi_matching(*matched(x, y, least=2), units, bool(absolute))


@jitted(2, 3)
def _semi_matching(x: jax.Array, y: jax.Array, units: Matched, absolute: bool) -> jax.Array:
    return semi_matching_score(moments_of(x, y, _MOMENTS), units=units, absolute=absolute).value


def permutation_matching_score(state: MomentsState) -> Score:
    """`permutation_matching` from moments, on the host; needs `xy` and the diagonals."""
    from scipy.optimize import linear_sum_assignment

    correlations = _unit_correlations(state)
    pairs = linear_sum_assignment(correlations, maximize=True)
    return _scored(float(correlations[pairs].mean()), state)


def permutation_distance_score(state: MomentsState, *, angular: bool) -> Score:
    """`permutation_distance` from moments, on the host; needs `xy` and the diagonals."""
    from scipy.optimize import linear_sum_assignment

    assert state.xy is not None
    x_scale, y_scale = unit_scales(state)
    overlaps = np.asarray(state.xy * x_scale * y_scale)
    overlaps = np.where(np.isfinite(overlaps), overlaps, 0)
    total = overlaps[linear_sum_assignment(overlaps, maximize=True)].sum()
    length = jnp.minimum(jnp.sqrt(squared_distance(jnp.asarray(2 - 2 * total), state.xy)), 2)
    value = 2 * jnp.arcsin(length / 2) if angular else length
    return pair_score(value.astype(state.count.dtype), state)


def soft_matching_score(state: MomentsState) -> Score:
    """`soft_matching` from moments, on the host; needs `xy` and the diagonals."""
    correlations = _unit_correlations(state)
    if correlations.shape[0] == correlations.shape[1]:  # the best plan is then a permutation
        return permutation_matching_score(state)
    return _scored(_transported(correlations), state)


def semi_matching_score(state: MomentsState, *, units: Matched, absolute: bool) -> Score:
    """`semi_matching` from moments; needs `xy` and the diagonals."""
    correlations = unit_correlations(state)
    correlations = jnp.abs(correlations) if absolute else correlations
    axes = {"x": (1,), "y": (0,), "both": (0, 1)}[units]
    best = jnp.stack([correlations.max(axis=axis).mean() for axis in axes])
    return pair_score(best.mean(), state)


def unit_correlations(state: MomentsState) -> jax.Array:
    """Correlations ``(unit, unit_y)``, 0 for constant units; needs `xy` and the diagonals."""
    assert state.xy is not None
    x_scale, y_scale = (
        jnp.where(constant, 0, jax.lax.rsqrt(jnp.where(constant, 1, squares)))
        for squares, constant in (
            (state.x_squares, state.x_constant),
            (state.y_squares, state.y_constant),
        )
    )
    return jnp.clip(state.xy * x_scale[:, None] * y_scale[None, :], -1, 1)


def _transported(gains: np.ndarray) -> float:
    """Largest Σ P gains over the transport plans P between uniform masses."""
    from scipy import sparse
    from scipy.optimize import linprog

    d, d_y = gains.shape
    rows = sparse.kron(sparse.eye_array(d), np.ones((1, d_y)))
    columns = sparse.kron(np.ones((1, d)), sparse.eye_array(d_y))
    masses = np.concatenate([np.full(d, 1 / d), np.full(d_y, 1 / d_y)])
    plan = linprog(
        -gains.reshape(-1),
        A_eq=sparse.vstack([rows, columns]).tocsr(),
        b_eq=masses,
        bounds=(0, None),
        method="highs",
    )
    return -float(plan.fun)


def _unit_correlations(state: MomentsState) -> np.ndarray:
    """Correlations ``(unit, unit_y)`` in float64; 0 for constant units and what is not finite."""
    assert state.xy is not None
    spreads = []
    for squares, constant in (
        (state.x_squares, state.x_constant),
        (state.y_squares, state.y_constant),
    ):
        root = np.sqrt(np.maximum(np.asarray(squares, np.float64), 0))  # less is rounding
        spreads.append(np.where(np.asarray(constant) | ~(root > 0), np.inf, root))
    with np.errstate(invalid="ignore"):
        found = np.asarray(state.xy, np.float64) / spreads[0][:, None] / spreads[1][None, :]
    return np.clip(np.nan_to_num(found, posinf=0.0, neginf=0.0), -1, 1)


def _scored(value: float, state: MomentsState) -> Score:
    return pair_score(jnp.asarray(value, state.count.dtype), state)
