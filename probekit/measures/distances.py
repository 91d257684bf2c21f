"""Distance correlation, and the distance of Gram matrices on their Riemannian manifold."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_between
from probekit._sums import product
from probekit.measures._arguments import jitted, matched
from probekit.measures._linalg import cholesky, eigvalsh, solve_lower
from probekit.measures._scale import moderate, scaled_to_one
from probekit.measures._status import Score, score
from probekit.measures.gram import centred_rows, varying
from probekit.measures.kernels import alignment_of
from probekit.measures.rdm import distances
from probekit.statistics import Examples, ExamplesState, state_of

DEFAULT_SHRINKAGE = 0.1


def distance_correlation(x: Any, y: Any, *, debiased: bool = False) -> jax.Array:
    """Distance correlation: dependence of any kind between two representations.

    dCor² = Σ_ij A_ij B_ij / √(Σ_ij A_ij² Σ_ij B_ij²), with A and B the matrices of euclidean
    distances between examples, centred by rows and columns; dCor is its root. Debiased, the
    matrices are U-centred, and the value is dCor² itself.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order.
    debiased : bool
        The bias-corrected square, which is 0 on average for independent representations.

    Returns
    -------
    array ()
        In [0, 1], debiased in [-1, 1]; 1 only for representations that are equal up to rotation,
        scale and offset. NaN if either is constant or not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 2 (4 when debiased).

    Notes
    -----
    Invariant to translation, scaling and rotation. O(n² (d + d_y)). It is the root of CKA with the
    negative distance as kernel.

    References
    ----------
    Székely, Rizzo and Bakirov 2007, Measuring and testing dependence by correlation of distances;
    Székely and Rizzo 2014, Partial distance correlation with methods for dissimilarities
    (debiased).

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import distance_correlation
    >>> x = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    >>> round(float(distance_correlation(x, x**2)), 3)  # uncorrelated, but not independent
    0.516
    """
    pair = matched(x, y, least=4 if debiased else 2)
    return _distance_correlation(*pair, bool(debiased))


def riemannian_distance(x: Any, y: Any, *, shrinkage: float = DEFAULT_SHRINKAGE) -> jax.Array:
    """Affine-invariant Riemannian distance between the Gram matrices of two representations.

    √(Σ_i log² λ_i(K⁻¹ L)), with K = (1 - s) (n - 1) X Xᵀ / tr(X Xᵀ) + s I for centred X, L
    likewise, and s the shrinkage, without which Gram matrices of more examples than units have no
    inverse.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order.
    shrinkage : float
        s, above 0 and below 1.

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
        If `shrinkage` is not between 0 and 1.

    Notes
    -----
    Invariant to translation, scaling and rotation. O(n² (d + d_y) + n³). rsatoolbox's
    ``neg_riem_dist`` also fits scale and noise of one matrix to the other; this one is symmetric.

    References
    ----------
    Shahbazi, Shirali, Aghajan and Nili 2021, Using distance on the Riemannian manifold to compare
    representations in brain and in models.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import riemannian_distance
    >>> x = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]])
    >>> float(riemannian_distance(x, 3 * x[:, ::-1] + 1)), bool(riemannian_distance(x, x**2) > 1)
    (0.0, True)
    """
    check_shrinkage(shrinkage)
    return _riemannian(*matched(x, y, least=2), float(shrinkage))


def check_shrinkage(shrinkage: float) -> None:
    """Raise `OptionError` unless ``0 < shrinkage < 1``."""
    check_between("shrinkage", shrinkage, 0, 1)


@jitted(2)
def _distance_correlation(x: jax.Array, y: jax.Array, debiased: bool) -> jax.Array:
    state = state_of(Examples(capacity=x.shape[0]), x, y)
    return distance_correlation_score(state, debiased=debiased).value


@jitted(2)
def _riemannian(x: jax.Array, y: jax.Array, shrinkage: float) -> jax.Array:
    state = state_of(Examples(capacity=x.shape[0]), x, y)
    return riemannian_score(state, shrinkage=shrinkage).value


def distance_correlation_score(state: ExamplesState, *, debiased: bool) -> Score:
    """`distance_correlation` of the examples that were kept."""
    present = state.present.astype(state.x.dtype)
    both = present[:, None] * present[None, :]
    rows = (varying(moderate(z), present) for z in (state.x, state.y))
    far = [jnp.where(both > 0, distances(z, "euclidean"), 0) for z in rows]
    value = alignment_of(far[0], far[1], present, debiased, low=-1.0 if debiased else 0.0)
    value = value if debiased else jnp.sqrt(value)
    return score(
        value,
        finite=state.finite(),
        enough=present.sum() >= (4 if debiased else 2),
        constant=jnp.isnan(value),
    )


def riemannian_score(state: ExamplesState, *, shrinkage: float) -> Score:
    """`riemannian_distance` of the examples that were kept."""
    n, dtype = state.x.shape[0], state.x.dtype
    present = state.present.astype(dtype)
    eye = jnp.eye(n, dtype=dtype)
    finite = state.finite()
    grams, constant = [], jnp.zeros((), bool)
    for z in (state.x, state.y):
        rows = scaled_to_one(centred_rows(moderate(jnp.where(finite, z, 0)), present))
        total = jnp.square(rows).sum()
        constant = constant | (total == 0)
        scale = (present.sum() - 1) / jnp.where(total > 0, total, 1)
        # What is absent, and the direction of the mean, are the same in both: log 1 = 0.
        grams.append((1 - shrinkage) * scale * product(rows, rows.T) + shrinkage * eye)
    # Small eigenvalues are rounding beside large ones; they are large ones of the inverse.
    logs = jnp.concatenate([_large_logs(*grams), _large_logs(*grams[::-1])])
    rounding = 64 * float(np.finfo(dtype).eps) / shrinkage
    logs = jnp.where(logs <= rounding, 0, logs)
    value = jnp.where(constant, jnp.nan, jnp.sqrt(jnp.square(logs).sum()))
    return score(value, finite=finite, enough=present.sum() >= 2, constant=constant)


def _large_logs(a: jax.Array, b: jax.Array) -> jax.Array:
    """Logarithms of the eigenvalues of a⁻¹ b; 0 for those below 1."""
    factor = cholesky(a)
    half = solve_lower(factor, b)
    ratio = solve_lower(factor, half.T)
    return jnp.log(jnp.maximum(eigvalsh((ratio + ratio.T) / 2), 1))
