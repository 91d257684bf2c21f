"""How alike single examples are, after the best rotation of one representation to the other."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit.measures._arguments import jitted, matched
from probekit.measures._linalg import svd
from probekit.measures._scale import moderate, scaled_to_one
from probekit.measures._status import Score, divide, score
from probekit.measures.gram import centred_rows
from probekit.statistics import Examples, ExamplesState, state_of
from probekit.statistics._arrays import inner, product

_UNDETERMINED = 1e-2
"""How much of the score may depend on a rotation that the data does not determine."""


def aligned_cosine(x: Any, y: Any, *, centred: bool = False) -> jax.Array:
    """Mean cosine of examples after the best rotation: Σ_i cos(Qᵀ x_i, y_i) / n.

    Q is the orthogonal map that minimises ‖X Q - Y‖, as in `procrustes_distance`, where the long
    examples count more; here each counts the same.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order; the narrower is filled up with zeros.
    centred : bool
        Subtract the means of the units first. Without, a mean far from 0 is most of the cosine.

    Returns
    -------
    array ()
        In [-1, 1]; 1 for examples that are equal up to a rotation and a positive scale each.
        Examples that are 0 in all units (centred: that are the mean) are left out. NaN if either is
        constant or not finite, or if more than 0.01 of the score would depend on what Q does where
        nothing determines it: in directions of `x` that have nothing in common with `y`, as far as
        `y` has such directions too.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 2.

    Notes
    -----
    Invariant to scaling, rotation and permutation of units; centred also to translation.
    O(n d d_y + d d_y min(d, d_y)).

    References
    ----------
    Hamilton, Leskovec and Jurafsky 2016, Diachronic word embeddings reveal statistical laws of
    semantic change; Klabunde, Schumacher, Strohmaier and Lemmerich 2025, Similarity of neural
    network models (aligned cosine similarity).

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import aligned_cosine
    >>> x = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 2.0], [-1.0, 3.0]])
    >>> round(float(aligned_cosine(x, 3 * x[:, ::-1])), 5)
    1.0
    """
    return _aligned_cosine(*matched(x, y, least=2), bool(centred))


@jitted(2)
def _aligned_cosine(x: jax.Array, y: jax.Array, centred: bool) -> jax.Array:
    state = state_of(Examples(capacity=x.shape[0]), x, y)
    return aligned_cosine_score(state, centred=centred).value


def aligned_cosine_score(state: ExamplesState, *, centred: bool) -> Score:
    """`aligned_cosine` of the examples that were kept."""
    finite, weight = state.finite(), state.present.astype(state.x.dtype)
    kept = (moderate(jnp.where(state.present[:, None] & finite, z, 0)) for z in (state.x, state.y))
    about = [(_differences(z, weight), z) for z in kept]
    constant = jnp.stack([(differences == 0).all() for differences, _ in about]).any()
    x, y = (scaled_to_one(differences if centred else z) for differences, z in about)
    lengths = [jnp.sqrt(jnp.square(z).sum(axis=1)) for z in (x, y)]
    cross = inner(x, y)
    left, values, right = svd(cross)
    # cos(Qᵀ x_i, y_i) with Q = U Vᵀ, as x_iᵀ U times y_iᵀ V: zeros to fill up with change neither.
    x_turned, y_turned = product(x, left), product(y, right.T)
    sizes = jnp.sqrt(jnp.square(x).sum()) * jnp.sqrt(jnp.square(y).sum())
    noise = 16 * float(np.finfo(x.dtype).eps) * np.sqrt(max(cross.shape)) * sizes
    known = (values > noise)[None, :]
    parts = [
        jnp.sqrt(_rest(length, jnp.where(known, turned, 0)))
        for length, turned in zip(lengths, (x_turned, y_turned), strict=True)
    ]
    both = lengths[0] * lengths[1]
    counted = both > 0
    count = counted.sum().astype(x.dtype)

    def mean(each: jax.Array) -> jax.Array:
        shares = jnp.where(counted, each / jnp.where(counted, both, 1), 0)
        return divide(shares.sum(), count)

    value = jnp.clip(mean((x_turned * y_turned).sum(axis=1)), -1, 1)
    undetermined = ~(mean(parts[0] * parts[1]) <= _UNDETERMINED)
    return score(
        jnp.where(constant | undetermined, jnp.nan, value),
        finite=finite,
        enough=state.present.sum() >= 2,
        constant=constant,
        deficient=undetermined,
    )


def _differences(z: jax.Array, weight: jax.Array) -> jax.Array:
    """Differences to the mean; 0 for an example that has the mean's values within rounding."""
    far = centred_rows(z, weight)
    rounding = 8 * float(np.finfo(z.dtype).eps) * jnp.abs(z).max()
    return jnp.where(jnp.abs(far).max(axis=1, keepdims=True) <= rounding, 0, far)


def _rest(length: jax.Array, part: jax.Array) -> jax.Array:
    """Squared length of what is left of each row without its part; 0 where that is rounding."""
    whole = jnp.square(length)
    rest = whole - jnp.square(part).sum(axis=1)
    rounding = 64 * float(np.finfo(whole.dtype).eps) * whole
    return jnp.where(rest > rounding, rest, 0)
