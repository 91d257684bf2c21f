"""Kernel alignment of near neighbours: CKA among the examples that are close on both sides."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_count
from probekit._sums import product
from probekit.measures._arguments import jitted, matched
from probekit.measures._scale import moderate, scaled_to_one
from probekit.measures._status import Score, divide, score
from probekit.measures.gram import centred_gram, centred_rows
from probekit.measures.neighbour_ranks import neighbour_ranks
from probekit.measures.neighbours import DEFAULT_NEIGHBOURS
from probekit.measures.rdm import cosine_distances
from probekit.measures.rounding_of_distances import rounding_of_distances
from probekit.statistics import Examples, ExamplesState, state_of


def cknna(
    x: Any, y: Any, *, neighbours: int = DEFAULT_NEIGHBOURS, debiased: bool = False
) -> jax.Array:
    """Centred kernel nearest-neighbour alignment: CKA of pairs that are neighbours in both.

    Σ α_ij K_ij L_ij / √(Σ β_ij K_ij² Σ γ_ij L_ij²), with K and L the cosines of examples, centred
    by rows and columns, and β_ij 1 where j is among the k nearest others of i in `x`, γ_ij in `y`,
    α_ij in both, and else 0.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order.
    neighbours : int
        k; all others, if there are fewer. Among equally near examples a fixed random order decides.
    debiased : bool
        The unbiased HSIC of α K and α L, divided by the root of those of β K and γ L, K and L not
        being centred, as the authors' code has it. With all others as neighbours that is debiased
        CKA with cosines as kernel.

    Returns
    -------
    array ()
        In [-1, 1]; 1 for a representation with itself. Debiased, it may be more where there are few
        examples, and is not symmetric: α is not. NaN if either is constant or not finite, an
        example is 0 in all units, or the neighbours of one leave nothing to divide by.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 4.
    OptionError
        If `neighbours` is below 1.

    Notes
    -----
    Invariant to scaling, rotation and permutation of units. A single unit has no angles; its kernel
    is the product of what it differs from its mean. O(n² (d + d_y + log n)).

    References
    ----------
    Huh, Cheung, Wang and Isola 2024, The Platonic representation hypothesis.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import cknna
    >>> x = np.arange(12.0).reshape(6, 2) ** 2 + 1
    >>> round(float(cknna(x, 3 * x[:, ::-1], neighbours=2)), 5)
    1.0
    """
    check_count("neighbours", neighbours, 1)
    return _cknna(*matched(x, y, least=4), int(neighbours), bool(debiased))


@jitted(3)
def _cknna(x: jax.Array, y: jax.Array, neighbours: int, debiased: bool) -> jax.Array:
    state = state_of(Examples(capacity=x.shape[0]), x, y)
    return cknna_score(state, neighbours=neighbours, debiased=debiased).value


def cknna_score(state: ExamplesState, *, neighbours: int | jax.Array, debiased: bool) -> Score:
    """`cknna` of the examples that were kept."""
    a, b = (_near(z, state.present, neighbours, centring=not debiased) for z in (state.x, state.y))
    present = state.present.astype(a.cosines.dtype)
    aligned = _unbiased if debiased else _centred
    mutual = a.near & b.near
    own = [aligned(z.cosines, z.cosines, z.near, present) for z in (a, b)]
    norm = jnp.sqrt(jnp.prod(jnp.stack([jnp.where(z > 0, z, 0) for z in own])))
    value = divide(aligned(a.cosines, b.cosines, mutual, present), norm)
    value = value if debiased else jnp.clip(value, -1, 1)
    undefined = a.undefined | b.undefined
    return score(
        jnp.where(undefined, jnp.nan, value),
        finite=state.finite(),
        enough=state.present.sum() >= 4,
        constant=undefined,
        deficient=~(norm > 0),
    )


class _Near(NamedTuple):
    """One representation: cosines of its examples, and who is near whom.

    Attributes
    ----------
    cosines : array (example, example)
        0 where one of the two is absent; less 1 if they are going to be centred.
    near : array (example, example)
        Whether the second is among the nearest of the first.
    undefined : array ()
        Whether it is constant, or an example has no direction.
    """

    cosines: jax.Array
    near: jax.Array
    undefined: jax.Array


def _near(
    z: jax.Array, present: jax.Array, neighbours: int | jax.Array, *, centring: bool
) -> _Near:
    both = present[:, None] & present[None, :]
    weight = present.astype(z.dtype)
    z = moderate(jnp.where(present[:, None], z, 0))
    centred = centred_rows(z, weight)
    if z.shape[1] > 1:
        far = cosine_distances(z)
        # Centring takes off what all have in common, and with it what rounding has left of it.
        cosines = -far if centring else 1 - far
        rounding = rounding_of_distances(z, far, "cosine")
    else:
        rows = scaled_to_one(centred)
        cosines = product(rows, rows.T)
        far = -cosines
        rounding = 2 * float(np.finfo(z.dtype).eps) * jnp.abs(far)
    undefined = (centred == 0).all() | (jnp.isnan(cosines) & both).any()
    cosines = jnp.where(both & ~undefined, cosines, 0)
    apart = both & ~np.eye(len(present), dtype=bool)
    near = (neighbour_ranks(far, rounding, present) <= neighbours) & apart
    return _Near(cosines, near, undefined)


def _centred(k: jax.Array, m: jax.Array, counted: jax.Array, present: jax.Array) -> jax.Array:
    """Inner product of centred kernels over the pairs that are counted."""
    k, m = centred_gram(k, present), centred_gram(m, present)
    return jnp.where(counted, k * m, 0).sum()


def _unbiased(k: jax.Array, m: jax.Array, counted: jax.Array, present: jax.Array) -> jax.Array:
    """Unbiased HSIC of kernels that are 0 but for the pairs that are counted, times n (n - 3).

    The kernels are not symmetric then; the order of indices is that of the authors' code.
    """
    n = present.sum()
    k, m = jnp.where(counted, k, 0), jnp.where(counted, m, 0)
    return (
        (k * m.T).sum()
        + k.sum() * m.sum() / ((n - 1) * (n - 2))
        - 2 / (n - 2) * (k.sum(axis=0) * m.sum(axis=1)).sum()
    )
