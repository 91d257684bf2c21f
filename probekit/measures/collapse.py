"""Neural collapse: how far classes have shrunk to points, and how evenly these lie."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit._sums import product
from probekit.measures._arguments import jitted, matched
from probekit.measures._linalg import svd
from probekit.measures._scale import moderating_power
from probekit.measures._status import Score, divide, score
from probekit.measures.class_means import ClassMeans, codes_of
from probekit.statistics import GroupMoments, GroupMomentsState, state_of

_LOST_AT_MOST = 0.01
"""What share of the variability within classes may be rounding."""


class NeuralCollapse(NamedTuple):
    """How far a representation is from neural collapse; each is 0 when that is complete.

    Attributes
    ----------
    variability : array ()
        Variance within classes against that between them (NC1).
    norms : array ()
        How unequal the distances of the classes from the centre are (NC2).
    angles : array ()
        How far the angles between classes are from the widest that all can have (NC2).
    """

    variability: jax.Array
    norms: jax.Array
    angles: jax.Array


def neural_collapse(x: Any, y: Any) -> NeuralCollapse:
    """How far classes are from having collapsed to the corners of a simplex.

    With m_c = x̄_c - x̄ the means of the C classes about that of all examples, Σ_B = Σ_c m_c m_cᵀ / C
    and Σ_W the covariance within classes, Σ_i (x_i - x̄_c(i)) (x_i - x̄_c(i))ᵀ / n: ``variability``
    is tr(Σ_W Σ_B⁺) / C; ``norms`` the standard deviation of ‖m_c‖ over classes / their mean;
    ``angles`` the mean over pairs of |cos(m_c, m_c') + 1 / (C - 1)|.

    Parameters
    ----------
    x : array (example, unit)
        The representation.
    y : array (example,) or (example, k)
        The class of each example: any numbers, equal for equal classes. With several columns, each
        different row is a class.

    Returns
    -------
    NeuralCollapse
        Three numbers of at least 0; `angles` is at most 1 + 1 / (C - 1). `variability` is NaN if
        the means lie in fewer dimensions than C - 1 classes or the units allow, within rounding, so
        that what they vary by in the others is unknown, or if more than a hundredth of it may be
        rounding. All are NaN if there is one class or no
        example beyond one of each, if the means of all classes are equal, or the input is not
        finite; `angles` also if that of one class is the mean of all.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 3.

    Notes
    -----
    Invariant to translation, scaling, rotation and permutation of units. Not under ``jit``, as
    classes are counted first. O(n d² + C² d).

    References
    ----------
    Papyan, Han and Donoho 2020, Prevalence of neural collapse during the terminal phase of deep
    learning training; Zhu et al. 2021, A geometric analysis of neural collapse with unconstrained
    features.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import neural_collapse
    >>> corners = np.repeat(np.eye(3), 2, axis=0)
    >>> [round(float(value), 4) for value in neural_collapse(corners, [0, 0, 1, 1, 2, 2])]
    [0.0, 0.0, 0.0]
    """
    x, y = matched(x, y, least=3)
    classes, codes = codes_of(y)
    if not bool(jnp.isfinite(y).all()):
        return NeuralCollapse(*jnp.full((3,), jnp.nan, x.dtype))
    return _collapse(x, jnp.asarray(codes, x.dtype), classes)


@jitted(2)
def _collapse(x: jax.Array, codes: jax.Array, classes: int) -> NeuralCollapse:
    state = state_of(GroupMoments(groups=classes, within="full"), x * moderating_power(x), codes)
    return NeuralCollapse(*(found.value for found in collapse_scores(state)))


def collapse_scores(state: GroupMomentsState) -> tuple[Score, Score, Score]:
    """`neural_collapse` from moments of groups; needs `within` in full."""
    assert state.within is not None
    means = ClassMeans.of(state)
    power = moderating_power(means.mean)
    rows = means.mean * power
    length = jnp.sqrt(jnp.square(rows).sum(axis=1))
    c = means.classes.astype(rows.dtype)
    variability, deficient = _variability(means, rows, state.within * power * power)
    centre = divide(length.sum(), c)
    apart = jnp.where(means.there, length - centre, 0)
    norms = divide(jnp.sqrt(jnp.square(apart).sum() / jnp.maximum(c, 1)), centre)
    together = length.max() == 0
    reasons = {
        "finite": means.finite,
        "enough": (means.counts.sum() > 0) & ((means.freedom > 0) | (means.classes < 2)),
    }
    alone = (means.classes < 2) | together
    angles, undirected = _angles(rows, length, means.there, c)
    return (
        score(
            jnp.where(alone | deficient, jnp.nan, variability),
            **reasons,
            constant=alone,
            deficient=deficient,
        ),
        score(jnp.where(alone, jnp.nan, norms), **reasons, constant=alone),
        score(
            jnp.where(alone | undirected, jnp.nan, angles), **reasons, constant=alone | undirected
        ),
    )


def _variability(
    means: ClassMeans, rows: jax.Array, within: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Return tr(Σ_W Σ_B⁺) / C, and whether rounding may have more than a share in it.

    Also where Σ_B has fewer directions than it might.

    With the singular values s and vectors v of the means in rows it is Σ_r v_rᵀ Σ_W v_r / s_r².
    """
    _, values, directions = svd(jnp.where(jnp.isfinite(rows), rows, 0))
    rounding = 16 * max(rows.shape) ** 0.5 * float(np.finfo(rows.dtype).eps)
    kept = values > rounding * values[0]
    along = (product(directions, within) * directions).sum(axis=1)
    size = (product(jnp.abs(directions), jnp.abs(within)) * jnp.abs(directions)).sum(axis=1)
    inverse = jnp.where(kept, 1 / jnp.square(jnp.where(kept, values, 1)), 0)
    each = along * inverse
    # Beside an example far out what classes vary along other directions is lost.
    lost = (size * inverse).sum() * float(np.finfo(rows.dtype).eps) > _LOST_AT_MOST * each.sum()
    most = jnp.minimum(means.classes - 1, (jnp.abs(rows).max(axis=0) > 0).sum())
    value = jnp.maximum(divide(each.sum(), means.counts.sum()), 0)
    return value, lost | (kept.sum() < most)


def _angles(
    rows: jax.Array, length: jax.Array, there: jax.Array, c: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Return how far cosines are from -1 / (C - 1) on average, and whether one is undefined."""
    directed = length > 8 * float(np.finfo(rows.dtype).eps) * length.max()
    unit = jnp.where(directed[:, None], rows / jnp.where(directed, length, 1)[:, None], 0)
    pairs = there[:, None] & there[None, :] & ~np.eye(len(rows), dtype=bool)
    off = jnp.abs(product(unit, unit.T) + 1 / jnp.maximum(c - 1, 1))
    return divide(jnp.where(pairs, off, 0).sum(), c * (c - 1)), (there & ~directed).any()
