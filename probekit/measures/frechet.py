"""Fréchet distance: how far two sets of examples are apart, as normal distributions."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit._rounding import reciprocal
from probekit._sums import product
from probekit.measures._arguments import jitted
from probekit.measures._linalg import eigh, svd
from probekit.measures._scale import moderating_power, restored
from probekit.measures._status import Score, score
from probekit.measures.coverage import two_sets
from probekit.statistics import Moments, MomentsState, state_of

COVARIANCES = Moments(xy=False, yy="none")


def frechet_distance(x: Any, x2: Any) -> jax.Array:
    """Fréchet distance of two sets of examples in the same units, as normal distributions.

    √(‖x̄ - x̄₂‖² + tr(C + C₂ - 2 (C^½ C₂ C^½)^½)), with C and C₂ the covariances of the units (over
    n - 1): the 2-Wasserstein distance of normal distributions with these means and covariances. Its
    square is what FID is of images.

    Parameters
    ----------
    x : array (example, unit)
    x2 : array (example_2, unit)
        Other examples, in the same units.

    Returns
    -------
    array ()
        At least 0, in units of `x`; a metric of distributions. Too large of few examples: even for
        two draws from one distribution it is 0 only in the limit. NaN if the input is not finite.

    Raises
    ------
    ShapeError
        If the numbers of units differ, or there are fewer than 2 examples in either.

    Notes
    -----
    Invariant to translation, rotation and permutation of units, of both alike; not to scaling.
    Compare layers after dividing by the root of `total_variance`. It is found as what is left of
    one root of a covariance after it is rotated onto the other, so that it is 0 for equal ones.
    O(n d² + d³).

    References
    ----------
    Heusel et al. 2017, GANs trained by a two time-scale update rule converge to a local Nash
    equilibrium, eq. 6; Dowson and Landau 1982, The Fréchet distance between multivariate normal
    distributions.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import frechet_distance
    >>> x = np.random.default_rng(0).normal(size=(50, 3))
    >>> round(float(frechet_distance(x, x + [3.0, 4.0, 0.0])), 4)
    5.0
    >>> round(float(frechet_distance(x, -x) - 2 * np.linalg.norm(x.mean(axis=0))), 4)
    0.0
    """
    return _frechet(*two_sets(x, x2))


@jitted()
def _frechet(x: jax.Array, x2: jax.Array) -> jax.Array:
    power = moderating_power(jnp.concatenate([x, x2]))
    states = [state_of(COVARIANCES, rows * power) for rows in (x, x2)]
    return restored(frechet_score(*states).value, power, degree=1)


def frechet_score(fit: MomentsState, held_out: MomentsState) -> Score:
    """`frechet_distance` from moments; needs `xx` in full."""
    step = fit.steps(held_out)[0]
    a, b = _root(fit), _root(held_out)
    finite = jnp.isfinite(a).all() & jnp.isfinite(b).all()
    a, b = (jnp.where(finite, root, 0) for root in (a, b))
    left, _, right = svd(product(a.T, b))
    rest = product(a, product(left, right)) - b
    return score(
        jnp.sqrt(jnp.square(step).sum() + jnp.square(rest).sum()),
        finite=fit.x_finite() & held_out.x_finite(),
        enough=(fit.count >= 2) & (held_out.count >= 2),
    )


def _root(state: MomentsState) -> jax.Array:
    """Return R with R Rᵀ the covariance, without what is rounding of the largest direction."""
    assert state.xx is not None
    constant = state.x_constant
    squares = jnp.where(constant[:, None] | constant[None, :], 0, state.xx)
    covariance = squares * reciprocal(state.count - 1)
    finite = jnp.isfinite(covariance).all()
    values, vectors = eigh(jnp.where(finite, covariance, 0))
    least = len(values) * float(np.finfo(values.dtype).eps) * values[-1]
    root = vectors * jnp.sqrt(jnp.where(values > least, values, 0))[None, :]
    return jnp.where(finite, root, jnp.nan)
