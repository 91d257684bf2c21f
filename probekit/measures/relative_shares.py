"""What each group of features has of a prediction, by orthogonal variables nearest to its parts."""

from typing import Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np

from probekit._rounding import reciprocal
from probekit._sums import product
from probekit.measures._linalg import eigh

Sharing = Literal["product", "relative_weights"]
SHARINGS: tuple[Sharing, ...] = get_args(Sharing)


def relative_fractions(xx: jax.Array, weights: jax.Array, owner: np.ndarray) -> jax.Array:
    """Fractions ``(group, unit)`` of the squares of predictions by weights ``(column, unit)``.

    At least 0; of a unit they add up to 1, or are 0 if nothing is predicted of it.
    """
    member = owner[None, :] == np.arange(owner.max() + 1)[:, None]
    parts = jnp.where(member[:, :, None], weights[None, :, :], 0)  # (group, column, unit)
    seen = jax.vmap(lambda part: product(xx, part))(parts)
    gram = (parts[:, None, :, :] * seen[None, :, :, :]).sum(axis=2).transpose(2, 0, 1)
    trace = jnp.trace(gram, axis1=1, axis2=2)[:, None, None]
    gram = gram * reciprocal(trace)
    finite = jnp.isfinite(gram).all()
    fractions: jax.Array = jax.vmap(_of_unit)(jnp.where(finite, gram, 0)).T
    return jnp.where(finite, fractions, jnp.nan)


def _of_unit(gram: jax.Array) -> jax.Array:
    """From products of a unit's parts ``(group, group)`` to what each has of their sum."""
    values, vectors = eigh(gram)
    root = product(vectors * jnp.sqrt(jnp.maximum(values, 0)), vectors.T)
    squares = jnp.square(root)
    own = squares * reciprocal(squares.sum(axis=0))[None, :]
    along = jnp.square(root.sum(axis=1))
    return product(own, along) * reciprocal(along.sum())
