"""How the weights of a sum of dissimilarity matrices are searched for that predicts an order.

Ranks of a sum are steps in its weights: their slope is 0 wherever there is one, so that what
follows slopes stays where it begins. A direct search does not need any. It begins at the least
squares that come closest to the ranks of the targets, and draws nothing: the same data has the same
weights. Where there are few pairs it then tries every order that another weight of one candidate
can make.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from probekit._sums import product
from probekit.measures.comparisons import Comparison, compared_vectors
from probekit.measures.order_changes import are_few, best_angle
from probekit.measures.ranks import centred, mean_ranks
from probekit.measures.rdm_fitting import Model, Sides, fitted

# Where ranks are few, the value has many small hills: it was within 0.003, mostly 0.001, of what
# differential evolution found in some ten times as many tries.
_STEPS = tuple(2.0**-power for power in range(1, 10))
_FEW_STEPS = tuple(2.0**-power for power in range(3, 8, 2))
_MOST_ROUNDS = 16
_STARTS = 3
_GRIDS = (129, 33)
"""How many mixtures are tried: over the whole quarter of a circle, then about the best of them."""

Objective = Callable[[jax.Array], jax.Array]


def searched(
    candidates: Sides,
    targets: jax.Array,
    subjects: jax.Array,
    counted: jax.Array,
    model: Model,
    comparison: Comparison,
) -> jax.Array:
    """Return weights of candidates of length 1 whose sum orders the pairs as the targets do.

    Parameters
    ----------
    candidates : Sides
        Of ``pearson``, ``(candidate, pair)``.
    targets : array (subject, pair)
        Finite.
    subjects, counted : array of bool
        Which targets, and which pairs, count.
    model : {"nonnegative", "linear", "interpolate"}
    comparison : {"spearman", "kendall", "kendall_tau_b", "rho_a"}

    Returns
    -------
    array (candidate,)
        0 throughout if the model is ``nonnegative`` and no such sum has a comparison above 0.
    """
    rows = candidates.vectors
    order = _mean_order(targets, subjects, counted, comparison)

    def near(weights: jax.Array) -> jax.Array:
        """Mean of Spearman's, or of what it is a constant times: ranks of targets once for all."""
        ranks = centred(mean_ranks(product(weights, rows), counted), counted)
        length = jnp.sqrt(jnp.square(ranks).sum())
        along = (ranks * order).sum()
        along = along if comparison == "rho_a" else along / jnp.where(length > 0, length, 1)
        return jnp.where(length > 0, along, -jnp.inf)

    def asked(weights: jax.Array) -> jax.Array:
        prediction = product(weights, rows)
        each = jax.vmap(lambda v: compared_vectors(prediction, v, counted, comparison))(targets)
        mean = jnp.where(subjects, each, 0).sum() / subjects.sum()
        return jnp.where(jnp.isnan(mean), -jnp.inf, mean)

    by_pairs = comparison in ("kendall", "kendall_tau_b")
    if model == "interpolate":
        return _mixture(candidates, asked if by_pairs else near)
    starts = _begun(candidates, order, counted, model, near)
    climbed = jax.lax.map(lambda start: _climbed(start, near, model, _STEPS), starts)
    if are_few(rows.shape[1]):
        value = asked if by_pairs else near
        climbed, reached = jax.lax.map(lambda w: _turned(w, value, candidates, model), climbed)
        found = climbed[jnp.argmax(reached)]
    else:
        found = climbed[jnp.argmax(jax.lax.map(near, climbed))]
        if by_pairs:  # which takes ten times as long: the rest of the way alone
            found = _climbed(found, asked, model, _FEW_STEPS)
    silent = ((asked if by_pairs else near)(found) <= 0) & (model == "nonnegative")
    return _of_length_1(jnp.where(silent | (candidates.lengths == 0), 0, found))


def _mean_order(
    targets: jax.Array, subjects: jax.Array, counted: jax.Array, comparison: Comparison
) -> jax.Array:
    """Mean of the targets' ranks, ``(pair,)``, of length 1 each but for rho-a."""
    ranks = jax.vmap(lambda v: centred(mean_ranks(v, counted), counted))(targets)
    lengths = jnp.sqrt(jnp.square(ranks).sum(axis=1))
    if comparison == "rho_a":  # divided by one length for all, that of ranks without ties
        lengths = jnp.full_like(lengths, lengths.max())
    shares = jnp.where(subjects & (lengths > 0), 1 / jnp.where(lengths > 0, lengths, 1), 0)
    mean: jax.Array = product(shares, ranks) / subjects.sum()
    return mean


def _begun(
    candidates: Sides, order: jax.Array, counted: jax.Array, model: Model, near: Objective
) -> jax.Array:
    """Return the best few of: least squares, the same of ranks, and each candidate alone."""
    ranks = jax.vmap(lambda v: centred(mean_ranks(v, counted), counted))(candidates.vectors)
    lengths = jnp.sqrt(jnp.square(ranks).sum(axis=1))
    of_ranks = ranks / jnp.where(lengths > 0, lengths, 1)[:, None]
    nearest = jax.lax.map(
        lambda vectors: fitted(Sides(vectors, candidates.lengths), order, model, 0.0).weights,
        jnp.stack([candidates.vectors, of_ranks]),
    )
    every = jnp.concatenate([nearest, jnp.eye(len(lengths), dtype=order.dtype)])
    every = jax.vmap(_of_length_1)(every)
    return every[jax.lax.top_k(jax.lax.map(near, every), _STARTS)[1]]


def _climbed(
    start: jax.Array, value: Objective, model: Model, lengths: tuple[float, ...]
) -> jax.Array:
    """Change one weight after the other, by each of these steps, for as long as a round helps.

    After Hooke and Jeeves the last try of a round is its whole way once more. Shorter steps alone
    would end on the next small hill: a step of the sum's ranks is as good as any.
    """
    count, least = len(start), 0 if model == "nonnegative" else -jnp.inf
    steps = jnp.asarray([sign * length for length in lengths for sign in (1, -1)], start.dtype)

    def try_one(number: jax.Array, state: tuple[jax.Array, ...]) -> tuple[jax.Array, ...]:
        weights, best, begun = state
        one = jax.nn.one_hot(number // len(steps), count, dtype=weights.dtype)  # 0 of number -1
        alone = number < len(steps) * count
        way = jnp.where(alone, one * steps[number % len(steps)], weights - begun)
        other = _of_length_1(jnp.maximum(weights + way, least))
        found = value(other)
        better = found > best
        return jnp.where(better, other, weights), jnp.maximum(found, best), begun

    def one_round(state: tuple[jax.Array, ...]) -> tuple[jax.Array, ...]:
        weights, best, _, rounds = state
        tries = (-1, len(steps) * count + 1)
        further, reached, _ = jax.lax.fori_loop(*tries, try_one, (weights, best, weights))
        return further, reached, reached > best, rounds + 1

    def unfinished(state: tuple[jax.Array, ...]) -> jax.Array:
        return state[2] & (state[3] < _MOST_ROUNDS)

    nothing = jnp.asarray(-jnp.inf, start.dtype)
    begun: tuple[jax.Array, ...] = (start, nothing, jnp.array(True), jnp.zeros((), jnp.int32))
    found: jax.Array = jax.lax.while_loop(unfinished, one_round, begun)[0]
    return found


def _turned(
    start: jax.Array, value: Objective, candidates: Sides, model: Model
) -> tuple[jax.Array, jax.Array]:
    """Give one candidate after the other the best weight of all, for as long as a round helps."""
    rows, count = candidates.vectors, len(start)
    quarter = float(np.pi / 2)
    reach = (0.0, quarter) if model == "nonnegative" else (-quarter, 3 * quarter)

    def turn(number: jax.Array, state: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        weights, best = state
        one = jax.nn.one_hot(number, count, dtype=weights.dtype)
        others = _of_length_1(weights * (1 - one))

        def mixed(angle: jax.Array) -> jax.Array:
            return others * jnp.cos(angle) + one * jnp.sin(angle)

        sides = product(others, rows), rows[number]
        angle, found = best_angle(*sides, lambda a: value(mixed(a)), reach)
        better = found > best
        return jnp.where(better, mixed(angle), weights), jnp.where(better, found, best)

    def one_round(state: tuple[jax.Array, ...]) -> tuple[jax.Array, ...]:
        weights, best, _, rounds = state
        further, reached = jax.lax.fori_loop(0, count, turn, (weights, best))
        return further, reached, reached > best, rounds + 1

    def unfinished(state: tuple[jax.Array, ...]) -> jax.Array:
        return state[2] & (state[3] < _MOST_ROUNDS)

    begun: tuple[jax.Array, ...] = (start, value(start), jnp.array(True), jnp.zeros((), jnp.int32))
    weights, best, _, _ = jax.lax.while_loop(unfinished, one_round, begun)
    return weights, best


def _mixture(candidates: Sides, value: Objective) -> jax.Array:
    """Return the best mixture of two candidates that follow each other.

    Of all there are if there are few pairs, else of those on finer grids.
    """
    count = len(candidates.lengths)
    quarter = float(np.pi / 2)

    def weights_of(place: jax.Array, angle: jax.Array) -> jax.Array:
        mixed = jnp.zeros(count, candidates.vectors.dtype)
        return mixed.at[place].set(jnp.cos(angle)).at[place + 1].set(jnp.sin(angle))

    def of_neighbours(place: jax.Array) -> tuple[jax.Array, jax.Array]:
        if are_few(candidates.vectors.shape[1]):
            sides = candidates.vectors[place], candidates.vectors[place + 1]
            angle, best = best_angle(*sides, lambda a: value(weights_of(place, a)), (0.0, quarter))
        else:
            angle, best = on_grids(place)
        there = (candidates.lengths[place] > 0) & (candidates.lengths[place + 1] > 0)
        return jnp.where(there, best, -jnp.inf), weights_of(place, angle)

    def on_grids(place: jax.Array) -> tuple[jax.Array, jax.Array]:
        angle = jnp.asarray(quarter / 2, candidates.vectors.dtype)
        best, reach = jnp.asarray(-jnp.inf, angle.dtype), quarter / 2
        for grid in _GRIDS:
            around = jnp.clip(angle + jnp.linspace(-reach, reach, grid), 0, quarter)
            each = jax.lax.map(lambda a: value(weights_of(place, a)), around.astype(angle.dtype))
            better = each.max() > best
            angle = jnp.where(better, around[jnp.argmax(each)], angle).astype(angle.dtype)
            best = jnp.maximum(best, each.max())
            reach = 2 * reach / (grid - 1)
        return angle, best

    each, weights = jax.lax.map(of_neighbours, jnp.arange(count - 1))
    best: jax.Array = weights[jnp.argmax(each)]
    return best


def _of_length_1(weights: jax.Array) -> jax.Array:
    length = jnp.sqrt(jnp.square(weights).sum())
    return weights / jnp.where(length > 0, length, 1)
