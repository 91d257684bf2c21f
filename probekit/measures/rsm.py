"""How far two matrices of similarities or distances between examples are apart."""

from typing import Any, Literal, get_args

import jax
import jax.numpy as jnp

from probekit._checks import check_choice
from probekit._sums import product
from probekit.measures._arguments import jitted, matched
from probekit.measures._linalg import eigvalsh
from probekit.measures._scale import largest_or_1, moderating_power
from probekit.measures._status import Score, score
from probekit.measures.gram import varying
from probekit.measures.rdm import distances
from probekit.statistics import Examples, ExamplesState, state_of

RSM = Literal["euclidean", "squared_euclidean", "correlation", "cosine", "inner_product"]
RSMS: tuple[RSM, ...] = get_args(RSM)
Norm = Literal["frobenius", "spectral"]
NORMS: tuple[Norm, ...] = get_args(Norm)
_POWERS = {"euclidean": 1, "squared_euclidean": 2, "inner_product": 2}
"""With which power of the scale of a representation the entries grow, if they do."""


def rsm_norm_difference(
    x: Any, y: Any, *, rsm: RSM = "euclidean", norm: Norm = "frobenius"
) -> jax.Array:
    """Norm of the difference of two representational similarity matrices: ‖S_x - S_y‖.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order.
    rsm : {"euclidean", "squared_euclidean", "correlation", "cosine", "inner_product"}
        What stands in the matrices: distances, as in `rdm`, or x_i · x_j, which makes the Frobenius
        norm the pairwise inner product loss. Of 1 - r and r the differences are the same.
    norm : {"frobenius", "spectral"}
        The root of the sum of squares of all entries, or the largest singular value.

    Returns
    -------
    array ()
        At least 0; 0 for equal matrices. It is in units of the entries and grows with the number of
        examples: divide by it for the root mean square (frobenius). NaN if either is constant or
        not finite, or an entry is undefined.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 2.
    OptionError
        If an option is not among its choices.

    Notes
    -----
    Invariant to whatever leaves the entries as they are: with euclidean distances translation,
    rotation and permutation of units, but not scaling. O(n² (d + d_y)), spectral O(n³) more.

    References
    ----------
    Yin and Shen 2018, On the dimensionality of word embedding (pairwise inner product loss);
    Klabunde, Schumacher, Strohmaier and Lemmerich 2025, Similarity of neural network models.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import rsm_norm_difference
    >>> x = np.array([[0.0], [1.0]])
    >>> round(float(rsm_norm_difference(x, 4 * x)), 5)  # entries 1 and 4, twice
    4.24264
    """
    check_rsm(rsm, norm)
    return _rsm_norm_difference(*matched(x, y, least=2), rsm, norm)


def check_rsm(rsm: RSM, norm: Norm) -> None:
    """Raise `OptionError` unless the options are among their choices."""
    check_choice("rsm", rsm, RSMS)
    check_choice("norm", norm, NORMS)


@jitted(2, 3)
def _rsm_norm_difference(x: jax.Array, y: jax.Array, rsm: RSM, norm: Norm) -> jax.Array:
    state = state_of(Examples(capacity=x.shape[0]), x, y)
    return rsm_norm_difference_score(state, rsm=rsm, norm=norm).value


def rsm_norm_difference_score(state: ExamplesState, *, rsm: RSM, norm: Norm) -> Score:
    """`rsm_norm_difference` of the examples that were kept."""
    present = state.present
    both = present[:, None] & present[None, :]
    kept = [jnp.where(present[:, None], z, 0) for z in (state.x, state.y)]
    # Of entries that do not grow with a representation, each has a scale of its own.
    together = [jnp.concatenate(kept, axis=1)] * 2 if rsm in _POWERS else kept
    powers = [moderating_power(z) for z in together]
    kept = [z * power for z, power in zip(kept, powers, strict=True)]
    own = [varying(z, present.astype(z.dtype)) for z in kept]
    constant = jnp.stack([(z == 0).all() for z in own]).any()
    if rsm in ("euclidean", "squared_euclidean"):
        kept = own
    scale = jnp.ones((), kept[0].dtype)
    if rsm in _POWERS:  # a power of two, which takes no digit off large values that differ little
        scale = jnp.ldexp(scale, jnp.frexp(largest_or_1(jnp.concatenate(kept, axis=1)))[1])
    a, b = (_matrix(z / scale, rsm) for z in kept)
    undefined = constant | ((jnp.isnan(a) | jnp.isnan(b)) & both).any()
    difference = jnp.where(both & ~undefined, a - b, 0)
    far = _size(difference, norm)
    for _ in range(_POWERS.get(rsm, 0)):  # not at once: a square may be too large where `far` fits
        far = far * scale / powers[0]
    return score(
        jnp.where(undefined, jnp.nan, far),
        finite=state.finite(),
        enough=present.sum() >= 2,
        constant=undefined,
    )


def _matrix(z: jax.Array, rsm: RSM) -> jax.Array:
    return product(z, z.T) if rsm == "inner_product" else distances(z, rsm)


def _size(difference: jax.Array, norm: Norm) -> jax.Array:
    scale = largest_or_1(difference)
    difference = difference / scale
    if norm == "spectral":
        return scale * jnp.abs(eigvalsh(difference)).max()
    return scale * jnp.sqrt(jnp.square(difference).sum())
