"""Sums of dissimilarity matrices on a part of the data: of these examples, for these subjects.

Parts are masks and not slices, so that one program serves all folds.
"""

from typing import NamedTuple

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


class Part(NamedTuple):
    """Which examples, and which subjects, boolean ``(example,)`` and ``(subject,)``."""

    examples: jax.Array
    subjects: jax.Array


class Recipe(NamedTuple):
    """How weights are fitted, and compared."""

    model: Model
    comparison: Comparison
    penalty: float


@jitted(3)
def fitted_weights(squares: jax.Array, targets: jax.Array, part: Part, recipe: Recipe) -> jax.Array:
    """Weights of the candidates as given, fitted to a part of the data."""
    fit = _fitted if recipe.comparison in FITTABLE else _unfitted
    weights = fit(squares, targets, part, recipe)
    known = _finite(targets, part.examples) | ~part.subjects
    defined = _finite(squares, part.examples).all() & known.all()
    return jnp.where(defined, weights, jnp.nan)


def _fitted(squares: jax.Array, targets: jax.Array, part: Part, recipe: Recipe) -> jax.Array:
    candidates, wanted = (
        sides(matrices, part.examples, recipe.comparison) for matrices in (squares, targets)
    )
    # The mean comparison is that with the mean of the targets, each of length 1.
    mean = _mean_of_subjects(wanted.vectors, part.subjects)
    weights = fitted(candidates, mean, recipe.model, recipe.penalty).weights
    weights = of_the_given(weights, candidates.lengths, recipe.model)
    # Constant matrices have no comparison with anything.
    constant = (part.subjects & (wanted.lengths == 0)).any() | (candidates.lengths == 0).all()
    return jnp.where(constant, jnp.nan, weights)


def _unfitted(squares: jax.Array, targets: jax.Array, part: Part, recipe: Recipe) -> jax.Array:
    """Weights of models that need no least squares, for comparisons that have none."""
    if recipe.model == "fixed":
        return jnp.ones(len(squares), squares.dtype)
    each = jnp.stack(
        [_mean_comparison(square, targets, part, recipe.comparison) for square in squares]
    )
    best = jnp.argmax(jnp.where(jnp.isnan(each), -jnp.inf, each))
    chosen = jax.nn.one_hot(best, len(squares), dtype=squares.dtype)
    return jnp.where(jnp.isnan(each).all(), jnp.nan, chosen)


@jitted(4)
def held_out_score(
    squares: jax.Array,
    targets: jax.Array,
    part: Part,
    weights: jax.Array,
    comparison: Comparison,
) -> jax.Array:
    """Mean comparison of the weighted sum with the matrices of a part; 0 if all weights are."""
    value = _mean_comparison(weighted_sum(squares, weights), targets, part, comparison)
    if comparison not in FITTABLE:
        return value
    examples, subjects = part
    defined = _finite(targets, examples) & (sides(targets, examples, comparison).lengths > 0)
    silent = (weights == 0).all() & (defined | ~subjects).all() & _finite(squares, examples).all()
    return jnp.where(silent, 0, value)


def _mean_comparison(
    square: jax.Array, targets: jax.Array, part: Part, comparison: Comparison
) -> jax.Array:
    """Mean comparison of a matrix with those of the subjects, over pairs of the examples."""
    each = jax.vmap(lambda target: compared(square, target, part.examples, comparison))(targets)
    return _mean_of_subjects(each, part.subjects)


def _mean_of_subjects(each: jax.Array, subjects: jax.Array) -> jax.Array:
    """Mean over the first axis, of these subjects."""
    counted = subjects.reshape(-1, *[1] * (each.ndim - 1))
    return jnp.where(counted, each, 0).sum(axis=0) / subjects.sum()


def _finite(squares: jax.Array, examples: jax.Array) -> jax.Array:
    """Whether each matrix is finite above the diagonal, between these examples."""
    upper = np.triu(np.ones(squares.shape[1:], bool), 1)
    counted = upper & examples[:, None] & examples[None, :]
    return (jnp.isfinite(squares) | ~counted).all(axis=(1, 2))
