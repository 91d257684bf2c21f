"""TransRate: what knowing the class saves of the length of a code for a representation."""

from typing import Any, Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice, check_positive
from probekit.measures._arguments import jitted, matched
from probekit.measures._linalg import svdvals
from probekit.measures._scale import moderating_power
from probekit.measures._status import Score, score
from probekit.measures.class_clouds import examples_about_mean
from probekit.measures.class_means import codes_of
from probekit.statistics import GroupExamples, GroupExamplesState, state_of

Weighting = Literal["examples", "classes"]
WEIGHTINGS: tuple[Weighting, ...] = get_args(Weighting)
DEFAULT_PRECISION = 1e-4
_LOST_AT_MOST = 0.02
"""How much of it rounding may be: nats, or a share of more than one."""


def transrate(
    x: Any, y: Any, *, precision: float = DEFAULT_PRECISION, weighting: Weighting = "examples"
) -> jax.Array:
    """TransRate: coding rate of the representation less that within classes, in nats an example.

    R(Z) - Σ_c w_c R(Z_c), with R(Z) = ½ log det(I + Zᵀ Z / (n ε)), Z the n examples less the mean
    of all, Z_c those of a class (less the same mean) and w_c the weight of the class.

    Parameters
    ----------
    x : array (example, unit)
        The representation.
    y : array (example,) or (example, k)
        The class of each example: any numbers, equal for equal classes. With several columns, each
        different row is a class.
    precision : float
        ε, above 0: the squared error of the code, in the squared units of `x`. Layers of different
        scales have different rates, so scale them alike before they are compared.
    weighting : {"examples", "classes"}
        Classes count by their examples, as in a coding rate; or each alike, as in the authors'
        code.

    Returns
    -------
    array ()
        At least 0 (of ``weighting="classes"`` also below, if classes are of different sizes); the
        larger, the more is told of the class. NaN if there is one class, the input is not finite,
        or more than 0.02 of it may be rounding, as beside an example far out.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 2.
    OptionError
        If `precision` is not positive, or `weighting` is neither of the two.

    Notes
    -----
    Invariant to translation, rotation and permutation of units; not to scaling. As Z_c is not about
    the mean of the class, two classes that mirror each other about the mean of all have 0. From
    singular values of the examples, as those of a covariance would have lost what is small against
    ε. Not under ``jit``, as classes are counted first. O(n d min(n, d)).

    References
    ----------
    Huang, Wei, Rong, Yang and Huang 2022, Frustratingly easy transferability estimation; Yu et al.
    2020, Learning diverse and discriminative representations via the principle of maximal coding
    rate reduction.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import transrate
    >>> labels = np.arange(12) % 3
    >>> corners = np.eye(3)[labels]
    >>> round(float(transrate(corners, labels)), 3)
    3.71
    """
    check_coding(precision, weighting)
    x, y = matched(x, y, least=2)
    classes, codes = codes_of(y)
    if not bool(jnp.isfinite(y).all()):
        return jnp.asarray(jnp.nan, x.dtype)
    most = int(np.bincount(codes[:, 0]).max())
    statistic = GroupExamples(groups=classes, capacity=most)
    group, squared = jnp.asarray(codes, x.dtype), jnp.asarray(precision, x.dtype)
    return _transrate(x, group, squared, statistic, weighting)


def check_coding(precision: float, weighting: str) -> None:
    """Raise `OptionError` unless the options are within their ranges."""
    check_positive("precision", precision)
    check_choice("weighting", weighting, WEIGHTINGS)


@jitted(3, 4)
def _transrate(
    x: jax.Array,
    codes: jax.Array,
    precision: jax.Array,
    statistic: GroupExamples,
    weighting: Weighting,
) -> jax.Array:
    state = state_of(statistic, x, codes)
    return transrate_score(state, precision=precision, weighting=weighting).value


def transrate_score(
    state: GroupExamplesState, *, precision: float | jax.Array, weighting: Weighting
) -> Score:
    """`transrate` of the examples that were kept of each class."""
    rows = examples_about_mean(state)
    finite = state.finite & jnp.isfinite(rows).all()
    rows = jnp.where(jnp.isfinite(rows), rows, 0)
    counts = state.present.sum(axis=1).astype(rows.dtype)
    there = counts > 0

    def rate(part: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        return coding_rate(part[0], part[1], precision)

    within, within_rounding = jax.lax.map(rate, (rows, counts))
    whole, rounding = rate((rows.reshape(-1, rows.shape[2]), counts.sum()))
    weights = counts if weighting == "examples" else there.astype(rows.dtype)
    weights = weights / jnp.maximum(weights.sum(), 1)
    value = whole - (weights * within).sum()
    lost = rounding + (weights * within_rounding).sum() > _LOST_AT_MOST * jnp.maximum(value, 1)
    if weighting == "examples":
        value = jnp.maximum(value, 0)
    alone = there.sum() < 2
    return score(
        jnp.where(alone | lost, jnp.nan, value),
        finite=finite,
        enough=counts.sum() >= 2,
        constant=alone,
        deficient=lost,
    )


def coding_rate(
    rows: jax.Array, count: jax.Array, precision: float | jax.Array
) -> tuple[jax.Array, jax.Array]:
    """½ log det(I + Zᵀ Z / (n ε)) of rows Z, of which `count` are not 0 throughout.

    And about how much of it rounding may be: a singular value is off by a part of the largest.
    """
    power = moderating_power(rows)
    sizes = svdvals(rows * power) / power
    ratio = sizes / jnp.sqrt(jnp.maximum(count, 1) * precision)
    large = ratio > 1e4  # where a square may be out of range, and 1 is nothing beside it
    small = jnp.where(large, 0, ratio)
    each = jnp.where(large, jnp.log(jnp.where(large, ratio, 1)), jnp.log1p(jnp.square(small)) / 2)
    off = float(np.finfo(rows.dtype).eps) * ratio[0]
    larger = jnp.maximum(ratio, off)
    slope = jnp.where(larger > 1, 1 / jnp.maximum(larger, 1), larger)  # r / (1 + r²), at most twice
    return each.sum(), off * jnp.sqrt(jnp.square(slope).sum())
