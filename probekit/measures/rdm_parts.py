"""Sums of dissimilarity matrices on a part of the data: of these examples, for these subjects.

Parts are masks and not slices, so that one program serves all folds.
"""

import jax
import jax.numpy as jnp
import numpy as np

from probekit.measures._arguments import jitted
from probekit.measures.comparisons import Comparison, compared
from probekit.measures.rdm_fitting import (
    FITTABLE,
    Model,
    fitted,
    of_the_given,
    sides,
    weighted_sum,
)


@jitted(4, 5, 6)
def fitted_weights(
    squares: jax.Array,
    targets: jax.Array,
    examples: jax.Array,
    subjects: jax.Array,
    model: Model,
    comparison: Comparison,
    penalty: float,
) -> jax.Array:
    """Weights of the candidates as given, fitted to these examples and subjects."""
    if comparison in FITTABLE:
        weights = _fitted(squares, targets, examples, subjects, model, comparison, penalty)
    else:
        weights = _unfitted(squares, targets, examples, subjects, model, comparison)
    defined = _finite(squares, examples).all() & (_finite(targets, examples) | ~subjects).all()
    return jnp.where(defined, weights, jnp.nan)


def _fitted(
    squares: jax.Array,
    targets: jax.Array,
    examples: jax.Array,
    subjects: jax.Array,
    model: Model,
    comparison: Comparison,
    penalty: float,
) -> jax.Array:
    candidates, wanted = (sides(part, examples, comparison) for part in (squares, targets))
    # The mean comparison is that with the mean of the targets, each of length 1.
    mean = jnp.where(subjects[:, None], wanted.vectors, 0).sum(axis=0) / subjects.sum()
    weights = of_the_given(
        fitted(candidates, mean, model, penalty).weights, candidates.lengths, model
    )
    # Constant matrices have no comparison with anything.
    constant = (subjects & (wanted.lengths == 0)).any() | (candidates.lengths == 0).all()
    return jnp.where(constant, jnp.nan, weights)


def _finite(squares: jax.Array, examples: jax.Array) -> jax.Array:
    """Whether each matrix is finite above the diagonal, between these examples."""
    upper = np.triu(np.ones(squares.shape[1:], bool), 1)
    counted = upper & examples[:, None] & examples[None, :]
    return (jnp.isfinite(squares) | ~counted).all(axis=(1, 2))


def _unfitted(
    squares: jax.Array,
    targets: jax.Array,
    examples: jax.Array,
    subjects: jax.Array,
    model: Model,
    comparison: Comparison,
) -> jax.Array:
    """Weights of models that need no least squares, for comparisons that have none."""
    if model == "fixed":
        return jnp.ones(len(squares), squares.dtype)
    each = jnp.stack(
        [_mean_comparison(square, targets, examples, subjects, comparison) for square in squares]
    )
    best = jnp.argmax(jnp.where(jnp.isnan(each), -jnp.inf, each))
    chosen = jax.nn.one_hot(best, len(squares), dtype=squares.dtype)
    return jnp.where(jnp.isnan(each).all(), jnp.nan, chosen)


def _mean_comparison(
    square: jax.Array,
    targets: jax.Array,
    examples: jax.Array,
    subjects: jax.Array,
    comparison: Comparison,
) -> jax.Array:
    """Mean comparison of a matrix with those of these subjects, over pairs of these examples."""
    each = jax.vmap(lambda target: compared(square, target, examples, comparison))(targets)
    return jnp.where(subjects, each, 0).sum() / subjects.sum()


@jitted(5)
def held_out_score(
    squares: jax.Array,
    targets: jax.Array,
    examples: jax.Array,
    subjects: jax.Array,
    weights: jax.Array,
    comparison: Comparison,
) -> jax.Array:
    """Mean comparison of the weighted sum with the matrices of these subjects; 0 if it is 0."""
    prediction = weighted_sum(squares, weights)
    value = _mean_comparison(prediction, targets, examples, subjects, comparison)
    if comparison not in FITTABLE:
        return value
    defined = _finite(targets, examples) & (sides(targets, examples, comparison).lengths > 0)
    silent = (weights == 0).all() & (defined | ~subjects).all() & _finite(squares, examples).all()
    return jnp.where(silent, 0, value)
