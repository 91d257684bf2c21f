"""Distances after the best rotation: Procrustes, shape metrics, Bures."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_at_least
from probekit._sums import product
from probekit.errors import OptionError
from probekit.measures._arguments import check_spans_part, matched, splits
from probekit.measures._double import in_double
from probekit.measures._linalg import svdvals
from probekit.measures._moments import from_moments, from_splits, pair_score, unit_scales
from probekit.measures._partial_whitening import (
    both_partly_whitened,
    partial_whitening,
    partly_whitened,
)
from probekit.measures._status import Score, divide
from probekit.measures.transfer import rotated_score, squared_distance
from probekit.statistics import MomentsState


def procrustes_distance(x: Any, y: Any, *, held_out: tuple[Any, Any] | None = None) -> jax.Array:
    """Procrustes distance: how far two representations are apart after the best rotation.

    min over orthogonal Q of ‖X̂ Q - Ŷ‖ = √(2 - 2 ‖X̂ᵀŶ‖_*), with X̂ and Ŷ centred and of Frobenius
    norm 1, and ‖·‖_* the sum of singular values.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order; the narrower is filled up with zeros.
    held_out : tuple of array, optional
        Representations ``(x2, y2)`` of the examples that are scored, by the means and the rotation
        of those that are fitted; those themselves, unless given.

    Returns
    -------
    array ()
        In [0, √2], of held out examples in [0, 2]; a metric: 0 only for representations equal up to
        rotation, scale and offset, symmetric, with the triangle inequality. Below about 0.005
        rounding cannot be told from a distance, and it is 0. NaN if either is constant or not
        finite.

    Raises
    ------
    ShapeError
        If the numbers of examples or units differ, or there are fewer than 2 examples.

    Notes
    -----
    Invariant to translation, scaling and rotation. O(n d d_y + d d_y min(d, d_y)). Of held out
    examples as `shape_metric`.

    References
    ----------
    Schönemann 1966, A generalized solution of the orthogonal Procrustes problem; Ding, Denain and
    Steinhardt 2021, Grounding representation similarity with statistical testing; Williams, Kunz,
    Kornblith and Linderman 2021, Generalized shape metrics on neural representations (held out).

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import procrustes_distance
    >>> x = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]])
    >>> float(procrustes_distance(x, 3 * x[:, ::-1] + 1))
    0.0
    >>> round(float(procrustes_distance(x, x**2)), 4)
    1.4142
    """
    return shape_metric(x, y, alpha=1.0, angular=False, held_out=held_out)


def angular_procrustes_distance(
    x: Any, y: Any, *, held_out: tuple[Any, Any] | None = None
) -> jax.Array:
    """Angle between two representations after the best rotation: arccos ‖X̂ᵀŶ‖_*.

    The same alignment as `procrustes_distance`, measured along the sphere.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order.
    held_out : tuple of array, optional
        Representations ``(x2, y2)`` of the examples that are scored, by the means and the rotation
        of those that are fitted; those themselves, unless given.

    Returns
    -------
    array ()
        In [0, π/2], of held out examples in [0, π], in radians; a metric. NaN if either is constant
        or not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples or units differ, or there are fewer than 2 examples.

    Notes
    -----
    Invariant to translation, scaling and rotation. O(n d d_y + d d_y min(d, d_y)). Of held out
    examples as `shape_metric`.

    References
    ----------
    Williams, Kunz, Kornblith and Linderman 2021, Generalized shape metrics on neural
    representations.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import angular_procrustes_distance
    >>> x = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]])
    >>> round(float(angular_procrustes_distance(x, x[:, :1])), 4)  # arccos √(2/10)
    1.1071
    """
    return shape_metric(x, y, alpha=1.0, angular=True, held_out=held_out)


def shape_metric(
    x: Any,
    y: Any,
    *,
    alpha: float = 1.0,
    angular: bool = True,
    held_out: tuple[Any, Any] | None = None,
) -> jax.Array:
    """Generalised shape metric: Procrustes distance after partial whitening.

    Both are centred, scaled to Frobenius norm 1, mapped by α I + (1 - α) (XᵀX)^(-1/2), scaled
    again, and rotated onto each other: ``alpha`` 1 is Procrustes, 0 is CCA.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order.
    alpha : float
        From 0 (whitened: invariant to invertible linear maps) to 1 (as it is).
    angular : bool
        The angle, in radians; or else the length of the difference.
    held_out : tuple of array, optional
        Representations ``(x2, y2)`` of the examples that are scored, by the means, the maps and the
        rotation of those that are fitted; those themselves, unless given.

    Returns
    -------
    array ()
        In [0, π/2], or in [0, √2] unless `angular`; a metric for each `alpha`. Of held out examples
        in [0, π] or [0, 2]: there the best rotation may turn out to be a bad one. NaN if either is
        constant or not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples or units differ, or there are fewer than 2 examples; or if, with
        `alpha` 0 and without `held_out`, one has so many units that they span whatever there is, as
        for `cca`.
    OptionError
        If `alpha` is not within [0, 1].

    Notes
    -----
    Invariant to translation, scaling and rotation; with `alpha` 0 to invertible linear maps.
    Directions without variance are left out of the whitening, and those in which it may be
    rounding, each unit being measured by its own spread. Computed from the examples, as `cca` is:
    estimators have covariances alone, and report ``rank_deficient`` if units that vary had such
    directions, or some that hardly vary more. As ``LinearMetric`` of netrep on representations of
    Frobenius norm 1. O(n (d² + d_y²) + d³ + d_y³), with `alpha` 1 O(n d d_y + d d_y min(d, d_y)).

    Held out examples are compared by the cosine of X₂ and Y₂, less the means of the fitted ones,
    mapped and rotated as those are, and scaled to norm 1 themselves. With more units than examples
    they are in part where nothing was fitted. Directions without variance are mapped by α alone
    (there netrep multiplies by some 3000 (1 - α)). Rotations between directions of the two that
    have nothing in common are all as good: the mean of them counts, to which such directions add
    nothing, while their length does (netrep takes one that LAPACK happens to give). The distance is
    then large, as it should be: what was fitted does not carry over. Estimators report
    ``rank_deficient`` beside it if more than 0.01 of the cosine was open, or directions were left
    out of the whitening.

    References
    ----------
    Williams, Kunz, Kornblith and Linderman 2021, Generalized shape metrics on neural
    representations.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import shape_metric
    >>> x = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]])
    >>> skewed = x @ np.array([[1.0, 1.0], [0.0, 3.0]])
    >>> float(shape_metric(x, skewed, alpha=0.0))
    0.0
    >>> float(shape_metric(x, skewed)) > 0.1
    True
    """
    check_alpha(alpha)
    alpha, options = float(alpha), {"alpha": 1.0, "angular": bool(angular)}
    if held_out is not None:
        given = splits(x, y, held_out, least=2)
        given = both_partly_whitened(given, alpha) if alpha < 1 else given
        return from_splits(rotated_score, given, **options)
    x, y = matched(x, y, least=2)
    if alpha == 0:
        check_spans_part("x", x)
        check_spans_part("y", y)
    if alpha < 1:
        return in_double(_shape_metric, x, y, alpha=alpha, angular=bool(angular))
    return from_moments(shape_metric_score, x, y, narrow=True, **options)


def _shape_metric(
    x: jax.Array, y: jax.Array, *, eps: float, alpha: float, angular: bool
) -> jax.Array:
    whitened = (partly_whitened(z, alpha, eps) for z in (x, y))
    return from_moments(shape_metric_score, *whitened, narrow=True, alpha=1.0, angular=angular)


def check_alpha(alpha: float) -> None:
    """Raise `OptionError` unless ``0 <= alpha <= 1``."""
    check_at_least("alpha", alpha, 0)
    if alpha > 1:
        raise OptionError(f"alpha={alpha!r}: must be at most 1.")


def shape_metric_score(state: MomentsState, *, alpha: float, angular: bool) -> Score:
    """`shape_metric` from moments; needs `xy`, and unless `alpha` is 1 all blocks in full."""
    overlap, deficient, rank = overlap_of(state, alpha)
    far = squared_distance(2 - 2 * overlap, state.xy)
    value = jnp.minimum(jnp.sqrt(far), float(np.sqrt(2)))
    if angular:  # not by arccos, which would lose half of the digits near 0
        value = jnp.minimum(2 * jnp.arcsin(value / 2), np.pi / 2)
    least = rank + 2 if alpha == 0 else 2  # or else spans are compared that are all there is
    return pair_score(value, state, least=least, deficient=deficient)


def overlap_of(
    state: MomentsState, alpha: float
) -> tuple[jax.Array, jax.Array | bool, jax.Array | int]:
    """Sum of the singular values of X̂ᵀŶ, whether whitening left directions out, and its rank."""
    deficient: jax.Array | bool = False
    rank: jax.Array | int = 0
    assert state.xy is not None
    x_scale, y_scale = unit_scales(state)
    cross = state.xy * x_scale * y_scale
    if alpha < 1:
        xx, _, yy = state.blocks()
        x_way = partial_whitening(xx * x_scale * x_scale, state.x_constant, alpha)
        y_way = partial_whitening(yy * y_scale * y_scale, state.y_constant, alpha)
        deficient = x_way.deficient | y_way.deficient
        rank = jnp.maximum(x_way.rank, y_way.rank)
        cross = product(product(x_way.map.T, cross), y_way.map)
        total = divide(singular_values(cross).sum(), x_way.size * y_way.size)
    else:
        total = singular_values(cross).sum()
    return jnp.clip(total, 0, 1), deficient, rank


def singular_values(matrix: jax.Array) -> jax.Array:
    """Singular values; NaN instead of a failure where an entry is not finite."""
    finite = jnp.isfinite(matrix).all()
    values = svdvals(jnp.where(finite, matrix, 0))
    return jnp.where(finite, values, jnp.nan)
