"""What two spaces of activations share: dimensions, and what can be predicted from them."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_between, check_positive
from probekit.measures._arguments import matched
from probekit.measures._double import in_double
from probekit.measures._linalg import cholesky, solve_lower
from probekit.measures._moments import from_moments, pair_score, unit_scales
from probekit.measures._status import Score, divide
from probekit.statistics import MomentsState

DEFAULT_PENALTY = 1e-2


def ensd(x: Any, y: Any) -> jax.Array:
    """Effective number of shared dimensions.

    tr(K) tr(L) tr(K L) / (tr(K²) tr(L²)), with K = X Xᵀ and L = Y Yᵀ for centred representations:
    linear CKA times the geometric mean of the two participation ratios.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order.

    Returns
    -------
    array ()
        At least 0; of a representation with itself its participation ratio. NaN if either is
        constant or not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 2.

    Notes
    -----
    Invariant to translation, scaling and rotation. O(n (d² + d_y²)).

    References
    ----------
    Giaffar, Rullán Buxó and Aoi 2024, The effective number of shared dimensions between paired
    datasets.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import ensd
    >>> x = np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])
    >>> round(float(ensd(x, x)), 5), round(float(ensd(x, x[:, :1])), 5)
    (2.0, 1.0)
    """
    return from_moments(ensd_score, x, y)


def gulp(x: Any, y: Any, *, penalty: float = DEFAULT_PENALTY) -> jax.Array:
    """GULP distance: how differently ridge regression predicts from two representations.

    √(tr(P_x P_x) + tr(P_y P_y) - 2 tr(P_x P_y)) with P_x = X (XᵀX + λ I)⁻¹ Xᵀ for X centred and of
    Frobenius norm 1, P_y likewise; that is ‖P_x - P_y‖. The predictions P_x z and P_y z of a target
    z of norm 1 are never further apart; for white z, of variance 1 each, their squared distance is
    on average the square of it.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order.
    penalty : float
        λ, as a share of ‖X‖². Small ones come near to `cca`, which counts directions of little
        variance as much as others; large ones to `cka`, which does not.

    Returns
    -------
    array ()
        At least 0; a metric: 0 only for representations equal up to rotation, scale and offset,
        symmetric, with the triangle inequality. NaN if either is constant or not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 2.
    OptionError
        If `penalty` is not positive and finite.

    Notes
    -----
    Invariant to translation, scaling and rotation. O(n (d² + d_y²) + d³ + d_y³).

    References
    ----------
    Boix-Adserà, Lawrence, Stepaniants and Rigollet 2022, GULP: a prediction-based metric between
    representations.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import gulp
    >>> x = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]])
    >>> float(gulp(x, 3 * x[:, ::-1] + 1)), round(float(gulp(x, x[:, :1])), 3)
    (0.0, 0.988)
    """
    check_gulp(penalty)
    return in_double(_gulp, *matched(x, y, least=2), penalty=float(penalty))


def check_gulp(penalty: float) -> None:
    """Raise `OptionError` unless the penalty is above 0, and finite."""
    check_positive("penalty", penalty)
    check_between("penalty", penalty, 0, np.inf)


def _gulp(x: jax.Array, y: jax.Array, *, eps: float, penalty: float) -> jax.Array:
    del eps
    return from_moments(gulp_score, x, y, penalty=penalty)


def ensd_score(state: MomentsState) -> Score:
    """`ensd` from moments; needs all blocks in full."""
    xx, xy, yy = _of_size_1(state)
    value = divide(jnp.square(xy).sum(), jnp.square(xx).sum() * jnp.square(yy).sum())
    return pair_score(value, state)


def gulp_score(state: MomentsState, *, penalty: float) -> Score:
    """`gulp` from moments; needs all blocks in full."""
    finite = state.finite()
    xx, xy, yy = (jnp.where(finite, block, 0) for block in _of_size_1(state))
    roots = [cholesky(z + penalty * jnp.eye(len(z), dtype=z.dtype)) for z in (xx, yy)]

    def shared(block: jax.Array, left: jax.Array, right: jax.Array) -> jax.Array:
        half = solve_lower(left, block)
        return jnp.square(solve_lower(right, half.T)).sum()

    own = shared(xx, roots[0], roots[0]) + shared(yy, roots[1], roots[1])
    squared = own - 2 * shared(xy, *roots)
    # A difference of what is equal leaves rounding, more of it where the inverse is large.
    eps = float(np.finfo(xx.dtype).eps)
    rounding = 8 * eps * (1 + 64 * eps / penalty) * own
    return pair_score(jnp.sqrt(jnp.where(squared > rounding, squared, 0)), state)


def _of_size_1(state: MomentsState) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Return the blocks of both representations scaled to a total of squares of 1."""
    xx, xy, yy = state.blocks()
    x_scale, y_scale = unit_scales(state)
    return xx * x_scale * x_scale, xy * x_scale * y_scale, yy * y_scale * y_scale
