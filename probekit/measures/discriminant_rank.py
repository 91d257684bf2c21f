"""How many directions tell classes apart."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_positive
from probekit._sums import product
from probekit.measures._arguments import jitted, matched
from probekit.measures._linalg import eigh, svdvals
from probekit.measures._scale import moderating_power
from probekit.measures._status import Score, divide, score
from probekit.measures.class_means import ClassMeans, codes_of
from probekit.statistics import GroupMoments, GroupMomentsState, state_of

DEFAULT_PENALTY = 1e-4


def lidar(x: Any, y: Any, *, penalty: float = DEFAULT_PENALTY) -> jax.Array:
    """Effective rank of what tells classes apart (LiDAR): in how many directions they differ.

    exp(-Σ_j p_j log p_j), with p the eigenvalues of Σ^(-1/2) Σ_B Σ^(-1/2) over their sum,
    Σ_B = Σ_c m_c m_cᵀ / C of the means m_c of the C classes about that of all examples, and
    Σ = Σ_W + δ tr(Σ_W) I of the covariance Σ_W within classes. Where it was proposed a class is an
    image with its augmentations, which an encoder that was trained without labels should tell from
    all other images, in as many directions as it can.

    Parameters
    ----------
    x : array (example, unit)
        The representation.
    y : array (example,) or (example, k)
        The class of each example: any numbers, equal for equal classes. With several columns, each
        different row is a class.
    penalty : float
        δ, greater than 0.

    Returns
    -------
    array ()
        From 1 (classes differ along a line) to C - 1 (in all directions that C classes can, and
        equally). NaN if there is one class or no example beyond one of each, if the means of all
        classes are equal, if examples of a class do not vary, or the input is not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 3.
    OptionError
        If `penalty` is not greater than 0.

    Notes
    -----
    Invariant to translation, scaling, rotation and permutation of units; nearly, where the penalty
    does not matter, to invertible linear maps. Not under ``jit``, as classes are counted first.
    O(n d² + d³ + C d²).

    References
    ----------
    Thilak et al. 2024, LiDAR: sensing linear probing performance in joint embedding SSL
    architectures.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import lidar
    >>> labels, noise = np.arange(400) % 4, np.random.default_rng(0).normal(size=(400, 3))
    >>> corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    >>> round(float(lidar(9 * corners[labels] + noise, labels)), 1)
    3.0
    >>> round(float(lidar(9 * labels[:, None] * [1, 2, 3] + noise, labels)), 1)
    1.0
    """
    check_positive("penalty", penalty)
    x, y = matched(x, y, least=3)
    classes, codes = codes_of(y)
    if not bool(jnp.isfinite(y).all()):
        return jnp.full((), jnp.nan, x.dtype)
    return _lidar(x, jnp.asarray(codes, x.dtype), classes, float(penalty))


@jitted(2)
def _lidar(x: jax.Array, codes: jax.Array, classes: int, penalty: float) -> jax.Array:
    state = state_of(GroupMoments(groups=classes, within="full"), x * moderating_power(x), codes)
    return lidar_score(state, penalty=penalty).value


def lidar_score(state: GroupMomentsState, *, penalty: float) -> Score:
    """`lidar` from moments of groups; needs `within` in full."""
    assert state.within is not None
    means = ClassMeans.of(state)
    power = moderating_power(means.mean)
    within = state.within * power * power / jnp.maximum(means.counts.sum(), 1)
    finite = jnp.isfinite(within).all() & jnp.isfinite(means.mean).all()
    values, axes = eigh(jnp.where(finite, within, 0))
    values = jnp.maximum(values, 0)
    floor = penalty * values.sum()
    scale = jnp.where(floor > 0, jax.lax.rsqrt(values + jnp.where(floor > 0, floor, 1)), 0)
    rows = jnp.where(jnp.isfinite(means.mean), means.mean * power, 0)
    shares = jnp.square(svdvals(product(rows, axes) * scale))
    shares = divide(shares, jnp.broadcast_to(shares.sum(), shares.shape))
    entropy = -jnp.where(shares > 0, shares * jnp.log(jnp.where(shares > 0, shares, 1)), 0).sum()
    # Within classes there is at least the rounding of what was taken off.
    rounding = (8 * float(np.finfo(rows.dtype).eps)) ** 2 * jnp.square(rows).sum()
    alone = (means.classes < 2) | (jnp.abs(rows).max() == 0) | (values.sum() <= rounding)
    return score(
        jnp.where(alone, jnp.nan, jnp.maximum(jnp.exp(entropy), 1)),
        finite=means.finite,
        enough=(means.counts.sum() > 0) & ((means.freedom > 0) | (means.classes < 2)),
        constant=alone,
    )
