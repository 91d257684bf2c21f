"""Sums of dissimilarity matrices on a part of the data: of these examples, for these subjects.

Parts are masks and not slices, so that one program serves all folds.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from probekit.measures._arguments import jitted
from probekit.measures.comparisons import Comparison, compared
from probekit.measures.rank_fitting import searched
from probekit.measures.rdm import pairs
from probekit.measures.rdm_fitting import (
    FITTABLE,
    WEIGHTED,
    Model,
    Sides,
    fitted,
    of_the_given,
    sides,
    weighted_sum,
)


class Part(NamedTuple):
    """Which examples, and which subjects, boolean ``(example,)`` and ``(subject,)``.

    Attributes
    ----------
    left_out : array (example, example), optional
        Pairs that do not count, symmetric: those of copies of one example.
    root : array (example, example), optional
        Of `whitening.root_of_noise`, for these examples.
    """

    examples: jax.Array
    subjects: jax.Array
    left_out: jax.Array | None = None
    root: jax.Array | None = None

    @property
    def counted(self) -> jax.Array:
        """Which pairs count, ``(pair,)``."""
        both = self.examples[:, None] & self.examples[None, :]
        return pairs(both if self.left_out is None else both & ~self.left_out)

    def sides(self, squares: jax.Array, comparison: Comparison) -> Sides:
        """Return matrices as vectors of length 1, on this part."""
        return sides(squares, self.examples, comparison, left_out=self.left_out, root=self.root)

    def finite(self, squares: jax.Array) -> jax.Array:
        """Whether each matrix is finite above the diagonal, in pairs that count."""
        found = jax.vmap(lambda square: (jnp.isfinite(pairs(square)) | ~self.counted).all())(
            squares
        )
        return found if self.root is None else found & jnp.isfinite(self.root).all()

    def mean_comparison(
        self, square: jax.Array, targets: jax.Array, comparison: Comparison
    ) -> jax.Array:
        """Mean comparison of a matrix with those of the subjects, over pairs of the examples."""
        each = jax.vmap(
            lambda target: compared(
                square,
                target,
                self.examples,
                comparison,
                left_out=self.left_out,
                root=self.root,
            )
        )(targets)
        return mean_of_subjects(each, self.subjects)


class Recipe(NamedTuple):
    """How weights are fitted, and compared."""

    model: Model
    comparison: Comparison
    penalty: float


@jitted(3)
def fitted_weights(squares: jax.Array, targets: jax.Array, part: Part, recipe: Recipe) -> jax.Array:
    """Weights of the candidates as given, fitted to a part of the data."""
    if recipe.comparison in FITTABLE:
        fit = _fitted
    else:
        fit = _searched if recipe.model in WEIGHTED else _unfitted
    weights = fit(squares, targets, part, recipe)
    known = part.finite(targets) | ~part.subjects
    defined = part.finite(squares).all() & known.all()
    return jnp.where(defined, weights, jnp.nan)


def _fitted(squares: jax.Array, targets: jax.Array, part: Part, recipe: Recipe) -> jax.Array:
    candidates, wanted = (
        part.sides(matrices, recipe.comparison) for matrices in (squares, targets)
    )
    # The mean comparison is that with the mean of the targets, each of length 1.
    mean = mean_of_subjects(wanted.vectors, part.subjects)
    weights = fitted(candidates, mean, recipe.model, recipe.penalty).weights
    weights = of_the_given(weights, candidates.lengths, recipe.model)
    return jnp.where(_constant(candidates, wanted, part), jnp.nan, weights)


def _searched(squares: jax.Array, targets: jax.Array, part: Part, recipe: Recipe) -> jax.Array:
    """Weights for comparisons of ranks."""
    candidates, wanted = (part.sides(matrices, "pearson") for matrices in (squares, targets))
    given = (candidates, wanted.vectors, part.subjects, part.counted)
    weights = searched(*given, recipe.model, recipe.comparison)
    weights = of_the_given(weights, candidates.lengths, recipe.model)
    return jnp.where(_constant(candidates, wanted, part), jnp.nan, weights)


def _constant(candidates: Sides, wanted: Sides, part: Part) -> jax.Array:
    """Whether there is no comparison, as of constant matrices with anything."""
    return (part.subjects & (wanted.lengths == 0)).any() | (candidates.lengths == 0).all()


def _unfitted(squares: jax.Array, targets: jax.Array, part: Part, recipe: Recipe) -> jax.Array:
    """Weights of models that have none to fit, for comparisons of ranks."""
    if recipe.model == "fixed":
        return jnp.ones(len(squares), squares.dtype)
    each = jnp.stack(
        [part.mean_comparison(square, targets, recipe.comparison) for square in squares]
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
    value = part.mean_comparison(weighted_sum(squares, weights), targets, comparison)
    metric = comparison if comparison in FITTABLE else "pearson"
    defined = part.finite(targets) & (part.sides(targets, metric).lengths > 0)
    known = (defined | ~part.subjects).all() & part.finite(squares).all()
    silent = (weights == 0).all() & known
    return jnp.where(silent, 0, value)


def mean_of_subjects(each: jax.Array, subjects: jax.Array) -> jax.Array:
    """Mean over the first axis, of these subjects."""
    counted = subjects.reshape(-1, *[1] * (each.ndim - 1))
    return jnp.where(counted, each, 0).sum(axis=0) / subjects.sum()
