"""How the weights of a sum of dissimilarity matrices are fitted to another one."""

from typing import Any, Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice
from probekit._sums import inner, product
from probekit.errors import OptionError
from probekit.measures._linalg import cholesky, eigh, solve_cholesky
from probekit.measures._scale import largest_or_1, scaled_to_one
from probekit.measures._status import divide
from probekit.measures.comparisons import WHITENED, Comparison
from probekit.measures.ranks import centred
from probekit.measures.rdm import pairs
from probekit.measures.whitening import whitened

Model = Literal["nonnegative", "linear", "interpolate", "select", "fixed"]
MODELS: tuple[Model, ...] = get_args(Model)
WEIGHTED = ("nonnegative", "linear", "interpolate")
"""Models whose weights depend on what is fitted, and are not those of one candidate."""
FITTABLE = ("pearson", "cosine", *WHITENED)
"""Comparisons that are cosines of linear functions of the matrices: least squares maximise them."""


def check_model(model: str, comparison: str, penalty: float) -> None:
    """Raise `OptionError` unless there is the model, and it has a penalty if one is given."""
    check_choice("model", model, MODELS)
    if not 0 <= penalty < float("inf"):
        raise OptionError(f"penalty={penalty!r}: must be at least 0.")
    if penalty and model not in ("nonnegative", "linear"):
        raise OptionError(
            f"penalty={penalty!r}: the model {model!r} has none; give 0, or another model."
        )
    if penalty and comparison not in FITTABLE:
        raise OptionError(
            f"penalty={penalty!r}: comparison={comparison!r} has none, as ranks do not depend on "
            f"the length of the weights; give 0, or one of {', '.join(FITTABLE)}."
        )


class Sides(NamedTuple):
    """Matrices as vectors of length 1, whose inner products are their comparisons.

    Attributes
    ----------
    vectors : array (matrix, entry)
        0 where the matrix is constant.
    lengths : array (matrix,)
        By what the matrices were divided.
    """

    vectors: jax.Array
    lengths: jax.Array


def sides(
    squares: jax.Array,
    present: jax.Array,
    comparison: Comparison,
    *,
    left_out: jax.Array | None = None,
    root: jax.Array | None = None,
) -> Sides:
    """Return matrices ``(matrix, example, example)`` as vectors, over pairs of present examples.

    But for those that are left out; `root` is that of `whitening.root_of_noise`.
    """
    both = present[:, None] & present[None, :]
    both = both if left_out is None else both & ~left_out

    def one(square: jax.Array) -> tuple[jax.Array, jax.Array]:
        square = jnp.where(both, square, 0)
        upper = pairs(square)
        largest = jnp.abs(upper).max()
        if comparison in WHITENED:
            centre = comparison == "whitened_correlation"
            rows = whitened(square, present, centre=centre, left_out=left_out, root=root)
            vector = rows.reshape(-1)
        else:
            vector = scaled_to_one(upper)
            vector = centred(vector, pairs(both)) if comparison == "pearson" else vector
        length = jnp.sqrt(jnp.square(vector).sum())
        return vector / jnp.where(length > 0, length, 1), length * largest

    return Sides(*jax.vmap(one)(squares))


class Fit(NamedTuple):
    """Weights of candidates scaled to length 1, and whether others would do as well."""

    weights: jax.Array
    deficient: jax.Array


def fitted(candidates: Sides, target: jax.Array, model: Model, penalty: float) -> Fit:
    """Return the weights ``(candidate,)`` with which candidates come closest to the target."""
    # Of features of few values distances are few values as well, as `inner` is made for.
    gram = inner(candidates.vectors.T, candidates.vectors.T)
    along = inner(candidates.vectors.T, target[:, None])[:, 0]
    there = candidates.lengths > 0
    none = jnp.zeros((), bool)
    if model == "fixed":
        return Fit(candidates.lengths, none)
    if model == "select":
        best = jnp.argmax(jnp.where(there, along, -jnp.inf))
        return Fit(jax.nn.one_hot(best, along.shape[0], dtype=along.dtype), none)
    if model == "interpolate":
        return Fit(_between_neighbours(gram, along, candidates.lengths), none)
    gram = gram + penalty * jnp.eye(gram.shape[0], dtype=gram.dtype)
    if model == "linear":
        return _least_squares(gram, along, there)
    return _nonnegative(gram, along)


def _least_squares(gram: jax.Array, along: jax.Array, there: jax.Array) -> Fit:
    """Weights of least squares, the shortest of them; of constant candidates 0."""
    values, vectors = eigh(jnp.where(jnp.isfinite(gram), gram, 0))
    count = gram.shape[0]
    least = jnp.maximum(values[-1], 1) * 8 * count * float(np.finfo(gram.dtype).eps)
    counted = values > least
    inverse = jnp.where(counted, 1 / jnp.where(counted, values, 1), 0)
    weights = product(vectors, inverse * product(vectors.T, along))
    return Fit(jnp.where(there, weights, 0), counted.sum() < there.sum())


def _nonnegative(gram: jax.Array, along: jax.Array) -> Fit:
    """Least squares with weights of at least 0: one more is let free while that helps.

    Lawson and Hanson's active set method, on products instead of vectors.
    """
    least = _LeastSquares(gram, along, 16 * float(np.finfo(gram.dtype).eps))
    count = along.shape[0]

    def bound(state: Any) -> Any:
        """Walk to the solution as far as no weight falls below 0; those that reach it stay."""
        weights, free, goal = state
        falling = free & (goal <= 0)
        way = weights - goal
        reach = jnp.where(falling & (way > 0), weights / jnp.where(way > 0, way, 1), 1)
        reach = jnp.where(falling, jnp.minimum(reach, 1), jnp.inf)
        weights = weights + reach.min() * (goal - weights)
        free = free & ~(falling & (reach <= reach.min()))
        weights = jnp.where(free, jnp.maximum(weights, 0), 0)
        return weights, free, least.solved(free)

    def step(state: Any) -> Any:
        weights, free, steps = state
        free = free.at[jnp.argmax(least.slopes(weights, free))].set(True)
        start = (weights, free, least.solved(free))
        _, free, goal = jax.lax.while_loop(lambda s: (s[1] & (s[2] <= 0)).any(), bound, start)
        return goal, free, steps + 1

    def unfinished(state: Any) -> Any:
        weights, free, steps = state
        return (least.slopes(weights, free) > 0).any() & (steps < 3 * count)

    start = (jnp.zeros_like(along), jnp.zeros(count, bool), jnp.zeros((), jnp.int32))
    state = jax.lax.while_loop(unfinished, step, start)
    return Fit(state[0], unfinished((state[0], state[1], 0)))


class _LeastSquares(NamedTuple):
    """Least squares in which some weights are free, and all others 0."""

    gram: jax.Array
    along: jax.Array
    slack: float

    def solved(self, free: jax.Array) -> jax.Array:
        """Return the best weights of those that are free."""
        both = free[:, None] & free[None, :]
        # A few roundings on the diagonal, or candidates that are all but alike have no root.
        ridge = jnp.eye(len(free), dtype=self.gram.dtype) * jnp.where(free, self.slack / 4, 1)
        root = cholesky(jnp.where(both, self.gram, 0) + ridge)
        found = solve_cholesky(root, jnp.where(free, self.along, 0))
        return jnp.where(free & jnp.isfinite(found), found, 0)

    def slopes(self, weights: jax.Array, free: jax.Array) -> jax.Array:
        """Return how much it would help to let each of the others go; 0 where it would not."""
        slope = self.along - product(self.gram, weights)
        return jnp.where(~free & (slope > self.slack), slope, 0)


def _between_neighbours(gram: jax.Array, along: jax.Array, lengths: jax.Array) -> jax.Array:
    """Weights of the best mixture of two candidates that follow each other; all others 0."""
    count = along.shape[0]
    first, second = np.arange(count - 1), np.arange(1, count)
    shared = gram[first, second]
    rest = (1 - shared) * (1 + shared)
    apart = rest > 8 * float(np.finfo(gram.dtype).eps)
    u = along[first] - shared * along[second]
    v = along[second] - shared * along[first]
    inside = apart & (u >= 0) & (v >= 0)
    one_is_better = along[first] >= along[second]
    u = jnp.where(inside, u, jnp.where(one_is_better, 1, 0))
    v = jnp.where(inside, v, jnp.where(one_is_better, 0, 1))
    there = (lengths[first] > 0) & (lengths[second] > 0)
    length = jnp.sqrt(u**2 + v**2 + 2 * u * v * shared)
    near = divide(u * along[first] + v * along[second], length)
    best = jnp.argmax(jnp.where(there & jnp.isfinite(near), near, -jnp.inf))
    return jnp.zeros_like(along).at[best].set(u[best]).at[best + 1].set(v[best])


def of_the_given(weights: jax.Array, lengths: jax.Array, model: Model) -> jax.Array:
    """Turn weights of candidates of length 1 into those of the candidates as they were given.

    Only their ratios matter: of length 1, or with a sum of 1 for interpolation and 1 each if fixed.
    """
    if model == "fixed":
        return jnp.ones_like(weights)
    shares = lengths / largest_or_1(lengths)
    weights = jnp.where(shares > 0, weights / jnp.where(shares > 0, shares, 1), 0)
    size = weights.sum() if model == "interpolate" else jnp.sqrt(jnp.square(weights).sum())
    return weights / jnp.where(size > 0, size, 1)


def weighted_sum(squares: jax.Array, weights: jax.Array) -> jax.Array:
    """Sum of matrices ``(matrix, example, example)``, each times its weight."""
    return (squares * weights[:, None, None]).sum(axis=0)
