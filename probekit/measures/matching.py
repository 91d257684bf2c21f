"""Similarity of single units: the best way to match those of one representation with another's."""

from typing import Any, Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice
from probekit.measures._arguments import Splits, jitted, matched, on_host, splits
from probekit.measures._double import kept_double
from probekit.measures._moments import moments_of_both, states_of
from probekit.measures._status import Score, divide
from probekit.measures.plans import assigned, transported
from probekit.measures.transfer import blocks_of, of_both, transferred_score
from probekit.statistics import Moments, MomentsState

Matched = Literal["both", "x", "y"]
MATCHED: tuple[Matched, ...] = get_args(Matched)
_STEPS = 2.0**15
"""In so many steps of the largest gain plans are told apart that are scored on other examples."""

_MOMENTS = Moments(xx="diagonal", yy="diagonal")


@kept_double
def permutation_matching(x: Any, y: Any, *, held_out: tuple[Any, Any] | None = None) -> jax.Array:
    """Mean correlation of units matched one to one: max over matchings π of mean r(x_u, y_π(u)).

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order. Of the wider one, units are left over.
    held_out : tuple of array, optional
        Representations ``(x2, y2)`` of the examples that are scored, with the matching of those
        that are fitted; those themselves, unless given.

    Returns
    -------
    array ()
        In [-1, 1]; 1 if every unit of the narrower one is one of the other's, up to offset and
        positive scale. Constant units correlate 0. NaN if either is constant or not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples or units differ, or there are fewer than 2 examples.

    Notes
    -----
    Invariant to translation, scaling and permutation, not to rotation. The assignment problem is
    solved exactly, on the host (``scipy.optimize.linear_sum_assignment``), not under ``jit``.
    O(n d d_y + d d_y min(d, d_y)). Of held out examples, units that are constant in either split
    correlate 0, and plans are told apart by 2⁻¹⁵ of the largest correlation: of those that fit
    alike, rounding must choose none.

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
    return permutation_matching_score(*_states(x, y, held_out, apart=True)).value


@kept_double
def permutation_distance(
    x: Any, y: Any, *, angular: bool = True, held_out: tuple[Any, Any] | None = None
) -> jax.Array:
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
    held_out : tuple of array, optional
        Representations ``(x2, y2)`` of the examples that are scored, with the matching of those
        that are fitted; those themselves, unless given.

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
        If the numbers of examples or units differ, or there are fewer than 2 examples.

    Notes
    -----
    Invariant to translation, scaling and permutation, not to rotation. The assignment problem is
    solved exactly, on the host (``scipy.optimize.linear_sum_assignment``), not under ``jit``. As
    ``PermutationMetric`` of netrep. O(n d d_y + d d_y min(d, d_y)). Held out examples are compared
    by the cosine of X₂ Π and Y₂, less the means of the fitted ones; units that are constant in
    those have no match.

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
    states = _states(x, y, held_out, apart=False)
    return permutation_distance_score(*states, angular=bool(angular)).value


@kept_double
def soft_matching(x: Any, y: Any, *, held_out: tuple[Any, Any] | None = None) -> jax.Array:
    """Mean correlation of softly matched units: max over P of Σ P_uv r(x_u, y_v).

    P is a transport plan: not negative, its rows sum to 1/d and its columns to 1/d_y, so that every
    unit of both sides counts, also where the widths differ.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order.
    held_out : tuple of array, optional
        Representations ``(x2, y2)`` of the examples that are scored, with the matching of those
        that are fitted; those themselves, unless given.

    Returns
    -------
    array ()
        In [-1, 1]; 1 if the units are the same up to permutation, repetition, offset and positive
        scale. Constant units correlate 0. NaN if either is constant or not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples or units differ, or there are fewer than 2 examples.

    Notes
    -----
    Invariant to translation, scaling and permutation, not to rotation. Exact, on the host, not
    under ``jit``: equal widths are an assignment problem (``linear_sum_assignment``), others a
    linear program (``scipy.optimize.linprog``, HiGHS), which takes seconds from some 100 × 100
    units on. O(n d d_y + d³) for equal widths; the linear program has d d_y variables. Held out
    examples as in `permutation_matching`.

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
    return soft_matching_score(*_states(x, y, held_out, apart=True)).value


def semi_matching(
    x: Any,
    y: Any,
    *,
    units: Matched = "both",
    absolute: bool = False,
    held_out: tuple[Any, Any] | None = None,
) -> jax.Array:
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
    held_out : tuple of array, optional
        Representations ``(x2, y2)`` of the examples that are scored, with the matching of those
        that are fitted; those themselves, unless given.

    Returns
    -------
    array ()
        In [-1, 1], absolute in [0, 1]; 1 if every unit that counts is one of the other side's, up
        to offset and positive scale. Constant units correlate 0. NaN if either is constant or not
        finite.

    Raises
    ------
    ShapeError
        If the numbers of examples or units differ, or there are fewer than 2 examples.
    OptionError
        If `units` is none of the three.

    Notes
    -----
    Invariant to translation, scaling and permutation, not to rotation. O(n d d_y). Held out
    examples as in `permutation_matching`: then no unit gains by being the best of many.

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
    given = Splits(matched(x, y, least=2), None)
    if held_out is not None:
        given = splits(x, y, held_out, least=2)
    return _semi_matching(given, units, bool(absolute))


@jitted(1, 2)
def _semi_matching(given: Splits, units: Matched, absolute: bool) -> jax.Array:
    fit, scored = states_of(_MOMENTS, given, x_apart=True, y_apart=True)
    other = None if given.held_out is None else scored
    return semi_matching_score(fit, other, units=units, absolute=absolute).value


def permutation_matching_score(fit: MomentsState, held_out: MomentsState | None = None) -> Score:
    """`permutation_matching` from moments, on the host; needs `xy` and the diagonals."""
    plan = assigned(_told_apart(_unit_correlations(fit), held_out))
    return _gained(plan / plan.sum(), fit, held_out)


def permutation_distance_score(
    fit: MomentsState, held_out: MomentsState | None = None, *, angular: bool
) -> Score:
    """`permutation_distance` from moments, on the host; needs `xy` and the diagonals."""
    scored = fit if held_out is None else held_out
    of_fit, blocks = blocks_of(fit, fit), blocks_of(fit, scored)
    overlaps, others = (
        np.where(np.isfinite(z.xy) & _varies(fit), z.xy, 0) for z in (of_fit, blocks)
    )
    lengths = blocks.x_length() * blocks.y_length()
    plan = assigned(_told_apart(overlaps, held_out))
    cosine = jnp.asarray((plan * others).sum(), lengths.dtype)
    return transferred_score(divide(cosine, lengths), fit, scored, angular=angular)


def soft_matching_score(fit: MomentsState, held_out: MomentsState | None = None) -> Score:
    """`soft_matching` from moments, on the host; needs `xy` and the diagonals."""
    gains = _told_apart(_unit_correlations(fit), held_out)
    return _gained(transported(gains), fit, held_out)


def semi_matching_score(
    fit: MomentsState,
    held_out: MomentsState | None = None,
    *,
    units: Matched,
    absolute: bool,
) -> Score:
    """`semi_matching` from moments; needs `xy` and the diagonals."""
    gains = others = unit_correlations(fit)
    if held_out is not None:  # which of two constant units is the most alike, nothing tells
        others = jnp.where(_varies(fit), unit_correlations(held_out), 0)
    gains, others = (jnp.abs(z) if absolute else z for z in (gains, others))
    best = [
        jnp.take_along_axis(others, _first_of_best(gains, axis), axis).mean()
        for axis in {"x": (1,), "y": (0,), "both": (0, 1)}[units]
    ]
    return of_both(jnp.stack(best).mean(), fit, fit if held_out is None else held_out)


def _first_of_best(gains: jax.Array, axis: int) -> jax.Array:
    """Return where the largest correlations are; of those equal but for rounding, the first."""
    rounding = 16 * float(np.finfo(gains.dtype).eps)
    best = gains >= gains.max(axis=axis, keepdims=True) - rounding
    return jnp.argmax(best, axis=axis, keepdims=True)


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


def _told_apart(gains: np.ndarray, held_out: MomentsState | None) -> np.ndarray:
    """Return gains by which a plan is chosen, without what may be rounding.

    Plans that gain the same score the same on those examples; on others they do not, and rounding
    must not choose among them.
    """
    largest = np.abs(gains).max(initial=0)
    if held_out is None or largest == 0:
        return gains
    told: np.ndarray = np.round(gains / largest * _STEPS) / _STEPS
    return told


def _gained(plan: np.ndarray, fit: MomentsState, held_out: MomentsState | None) -> Score:
    """Mean correlation of the scored examples by a plan that the fitted ones gave."""
    scored = fit if held_out is None else held_out
    gains = np.where(_varies(fit), _unit_correlations(scored), 0)
    value = jnp.asarray((plan * gains).sum(), scored.count.dtype)
    return of_both(jnp.clip(value, -1, 1), fit, scored)


def _varies(state: MomentsState) -> jax.Array:
    """Whether both units of a pair vary, ``(unit, unit_y)``: else nothing says they match."""
    return ~state.x_constant[:, None] & ~state.y_constant[None, :]


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


def _states(
    x: Any, y: Any, held_out: Any, *, apart: bool
) -> tuple[MomentsState, MomentsState | None]:
    """Return the moments of what is fitted, and of what is scored if that is something else.

    `apart`: of units of which correlations alone count, whose scale does not matter.
    """
    given = splits(x, y, held_out, least=2)
    on_host(*given.fit, *(given.held_out or ()))
    fit, scored = moments_of_both(given, _MOMENTS, apart)
    return fit, None if held_out is None else scored
