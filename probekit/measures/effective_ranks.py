"""How many directions a representation has, by how its variance is spread over them."""

from typing import Any, Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice
from probekit._rounding import reciprocal
from probekit.measures._arguments import jitted, matrix
from probekit.measures._linalg import eigh, svdvals
from probekit.measures._narrowing import narrowed
from probekit.measures._scale import moderate
from probekit.measures._status import Score, divide, score
from probekit.measures.spectrum import COVARIANCE, most_ranks, of_total, relative_covariance
from probekit.statistics import MomentsState, state_of

SpectralValues = Literal["eigenvalues", "singular_values"]
SPECTRAL_VALUES: tuple[SpectralValues, ...] = get_args(SpectralValues)

_ROUNDING = 4.0
"""Eigenvalues of directions without variance, in units of the largest one's last digit, at most.

Of 8 to 1,000 units they were 0.5 to 2.5; which of them are rounding is not asked one by one.
"""

_LOST_AT_MOST = 0.01
"""By how much the logarithm of an effective rank may be too small."""


def effective_rank(
    x: Any, *, values: SpectralValues = "eigenvalues", centred: bool = True
) -> jax.Array:
    """Effective rank: exp(-Σ_j p_j log p_j) with p_j the share of eigenvalue j of the covariance.

    Parameters
    ----------
    x : array (example, unit)
    values : {"eigenvalues", "singular_values"}
        Or the share of singular value j of the centred `x`, the root of the eigenvalue times n, as
        Roy and Vetterli have it.
    centred : bool
        Whether means of units are taken off. RankMe is that of singular values without.

    Returns
    -------
    array ()
        From 1 (all variance in one direction) to the number of units (equal in all). NaN if `x` is
        constant (not centred: 0) or not finite, or if values that may be rounding could together
        make it more than 1 % larger (``rank_deficient``): singular values below 3e-4 of the largest
        are lost in float32, many of which count.

    Raises
    ------
    ShapeError
        If there are fewer than 2 examples.
    OptionError
        If `values` is neither of the two.

    Notes
    -----
    Invariant to scaling, rotation and permutation of units; centred also to translation.
    O(n d² + d³).

    References
    ----------
    Roy and Vetterli 2007, The effective rank: a measure of effective dimensionality; Garrido,
    Balestriero, Najman and LeCun 2023, RankMe: assessing the downstream performance of pretrained
    self-supervised representations by their rank.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import effective_rank
    >>> x = np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])
    >>> round(float(effective_rank(x)), 4), round(float(effective_rank(x[:, :1])), 4)
    (2.0, 1.0)
    """
    check_choice("values", values, SPECTRAL_VALUES)
    x = narrowed(matrix("x", x, least=2), centred=bool(centred))
    return _effective_rank(x, values, bool(centred))


def stable_rank(x: Any, *, centred: bool = True) -> jax.Array:
    """Stable rank: Σ_j λ_j / λ_1, with λ the eigenvalues of the covariance, the largest first.

    Parameters
    ----------
    x : array (example, unit)
    centred : bool
        Whether means of units are taken off; else it is ‖x‖² / ‖x‖₂² of `x` as it is, Frobenius
        over spectral norm. Centred it is also known as NESum.

    Returns
    -------
    array ()
        From 1 (all variance in one direction) to the number of units (equal in all). NaN if `x` is
        constant (not centred: 0) or not finite.

    Raises
    ------
    ShapeError
        If there are fewer than 2 examples.

    Notes
    -----
    Invariant to scaling, rotation and permutation of units; centred also to translation.
    O(n d² + d³).

    References
    ----------
    Rudelson and Vershynin 2007, Sampling from large matrices; Tsitsulin, Munkhoeva and Perozzi
    2023, Unsupervised embedding quality evaluation; He and Ozay 2022, Exploring the gap between
    collapsed and whitened features in self-supervised learning (NESum).

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import stable_rank
    >>> x = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]])
    >>> float(stable_rank(x))
    1.25
    """
    return _stable_rank(narrowed(matrix("x", x, least=2), centred=bool(centred)), bool(centred))


@jitted(1, 2)
def _effective_rank(x: Any, values: SpectralValues, centred: bool) -> jax.Array:
    state = state_of(COVARIANCE, moderate(x))
    return effective_rank_score(state, values=values, centred=centred).value


@jitted(1)
def _stable_rank(x: Any, centred: bool) -> jax.Array:
    return stable_rank_score(state_of(COVARIANCE, moderate(x)), centred=centred).value


def effective_rank_score(
    state: MomentsState, *, values: SpectralValues = "eigenvalues", centred: bool = True
) -> Score:
    """`effective_rank` from moments; needs `xx` in full."""
    spread = _spread(state, centred=centred)
    shares, left = spread.shares, spread.left
    lost = spread.lost
    if values == "singular_values":
        # No more than if all were as large as what is just kept, or shared the loss alike.
        lost = jnp.minimum(jnp.sqrt(lost * left), left * jnp.sqrt(spread.least))
        shares = jnp.sqrt(shares)
        lost = lost * reciprocal(lost + shares.sum())
    shares = shares * reciprocal(shares.sum())
    kept = shares > 0
    entropy = -jnp.where(kept, shares * jnp.log(jnp.where(kept, shares, 1)), 0).sum()
    # The most that what was lost could add: the same of it in all directions that are left.
    more = jnp.where((lost > 0) & (left > 0), -lost * jnp.log(lost / jnp.maximum(left, 1)), 0)
    constant = _nothing(state, centred=centred)
    deficient = more > _LOST_AT_MOST
    value = jnp.clip(jnp.exp(entropy), 1, shares.shape[0])
    return score(
        jnp.where(constant | deficient, jnp.nan, value),
        finite=state.x_finite(),
        enough=state.count >= 2,
        constant=constant,
        deficient=deficient,
    )


def stable_rank_score(state: MomentsState, *, centred: bool = True) -> Score:
    """`stable_rank` from moments; needs `xx` in full."""
    shares = _spread(state, centred=centred).shares
    largest = shares.max()
    value = jnp.clip(divide(jnp.ones_like(largest), largest), 1, len(state.x_mean))
    constant = _nothing(state, centred=centred)
    return score(
        jnp.where(constant, jnp.nan, value),
        finite=state.x_finite(),
        enough=state.count >= 2,
        constant=constant,
    )


class _Spread(NamedTuple):
    """How the sum of squares is spread over directions.

    Attributes
    ----------
    shares : array (direction,)
        Of the total; 0 where it may be rounding.
    lost : array ()
        What may have been lost as such.
    least : array ()
        The largest share that is taken for rounding.
    left : array ()
        How many directions may be among what was lost.
    """

    shares: jax.Array
    lost: jax.Array
    least: jax.Array
    left: jax.Array


def _spread(state: MomentsState, *, centred: bool) -> _Spread:
    """Return the eigenvalues of the second moments about the means, or about 0."""
    if centred:
        return _kept(of_total(state), state)
    trace, covariance = relative_covariance(state)
    values, vectors = eigh(covariance)
    spread = _kept(jnp.where(trace > 0, values[::-1], 0), state)
    mean = (state.x_mean + state.x_rest) * jnp.sqrt(state.count)
    total = trace + jnp.square(mean).sum()
    scale = jax.lax.rsqrt(jnp.where(total > 0, total, 1))
    # The roots, one below the other: in sums of squares a large mean would cover all else.
    root = jnp.sqrt(spread.shares * trace)[:, None] * vectors[:, ::-1].T
    finite = jnp.isfinite(total)
    rows = jnp.concatenate([root, mean[None, :]]) * scale
    found = svdvals(jnp.where(finite, rows, 0))
    eps = float(np.finfo(found.dtype).eps)
    shares = jnp.where(found > 8 * eps * found[0], jnp.square(found), 0)
    share = jnp.where(trace > 0, divide(trace, total), 0)
    return _Spread(shares, spread.lost * share, spread.least * share, spread.left)


def _kept(found: jax.Array, state: MomentsState) -> _Spread:
    # Together many of them count: here the least is what rounding is, and not what it may be.
    least = _ROUNDING * float(np.finfo(found.dtype).eps) * found[0]
    kept = found > least
    shares = jnp.where(kept, found, 0)
    left = jnp.maximum(most_ranks(state) - kept.sum(), 0)
    return _Spread(shares, jnp.maximum(1 - shares.sum(), 0), least, left)


def _nothing(state: MomentsState, *, centred: bool) -> jax.Array:
    """Whether there is no direction: all units are constant or, not centred, 0."""
    constant = state.x_constant.all()
    return constant if centred else constant & (state.x_mean == 0).all()
