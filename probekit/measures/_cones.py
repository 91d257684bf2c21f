"""Nearest points of a convex cone: least squares with weights of at least 0, of many at once.

Lawson and Hanson's active set method. One generator more is let free while that helps, and those
whose weights would fall below 0 are bound again. The generators that are free have a dual basis
(rows of their pseudo-inverse), which changes by a product of two vectors with each of these steps,
so that many targets take a step together, without a factorisation. What rounding does to the basis
is seen in the slopes of the generators that are free, which are to be 0, and mended where it is.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit._sums import product

_STEPS = (6, 32)
"""How many steps at most: so many for each dimension, and so many in any case. 2 are usual."""

_AT_ONCE = 1 << 23
"""How many numbers the bases of the targets that take their steps together have at most."""


class Nearest(NamedTuple):
    """The points of a cone that are nearest to some targets.

    Attributes
    ----------
    weights : array (target, generator)
        At least 0: the sum of the generators with these weights is the nearest point.
    reached : array (target,)
        Whether it is: no step helps any more, within rounding, in the number of steps that is
        allowed.
    """

    weights: jax.Array
    reached: jax.Array


class _State(NamedTuple):
    """Where the search of each target is.

    Attributes
    ----------
    weights : array (target, generator)
        At least 0.
    goal : array (target, generator)
        Least squares with the generators that are free, of any sign.
    basis : array (target, generator, coordinate)
        The dual basis of those that are free; 0 for others.
    free : array (target, generator)
    barred : array (target, generator)
        Those that depend on others that are free, within rounding, until these change.
    reached : array (target,)
    steps : array ()
    """

    weights: jax.Array
    goal: jax.Array
    basis: jax.Array
    free: jax.Array
    barred: jax.Array
    reached: jax.Array
    steps: jax.Array


class _Step(NamedTuple):
    """What is done next, of each target at most one: which generator, and whether what."""

    one: jax.Array
    bind: jax.Array
    release: jax.Array
    mend: jax.Array


def nearest_in_cone(generators: jax.Array, targets: jax.Array) -> Nearest:
    """Return the points of the cone that `generators` span that are nearest to `targets`.

    Parameters
    ----------
    generators : array (generator, coordinate)
        Of length 1, or 0 where there is none.
    targets : array (target, coordinate)
        Finite.

    Notes
    -----
    Under ``vmap`` each step costs as much as one that mends a basis. O(t g c) a step for t targets,
    g generators and c coordinates, and O(t g² c) for one that does.
    """
    count, size = len(targets), max(1, generators.size)
    together = min(count, max(1, _AT_ONCE // size))
    blocks = math.ceil(count / together)
    padded = jnp.pad(targets, [(0, blocks * together - count), (0, 0)])
    parts = padded.reshape(blocks, together, targets.shape[1])
    if blocks == 1:
        return _nearest(generators, targets)
    found = jax.lax.map(lambda part: _nearest(generators, part), parts)
    return Nearest(
        found.weights.reshape(-1, len(generators))[:count], found.reached.reshape(-1)[:count]
    )


def _nearest(generators: jax.Array, targets: jax.Array) -> Nearest:
    count, (places, coordinates) = len(targets), generators.shape
    most = _STEPS[0] * min(places, coordinates) + _STEPS[1]
    none = jnp.zeros((count, places), generators.dtype)
    nobody = jnp.zeros((count, places), bool)
    start = _State(
        weights=none,
        goal=none,
        basis=jnp.zeros((count, places, coordinates), generators.dtype),
        free=nobody,
        barred=nobody,
        reached=jnp.zeros(count, bool),
        steps=jnp.zeros((), jnp.int32),
    )
    end = jax.lax.while_loop(
        lambda state: ~state.reached.all() & (state.steps < most),
        lambda state: _one_step(state, generators, targets),
        start,
    )
    return Nearest(jnp.where(end.free, jnp.maximum(end.goal, 0), 0), end.reached)


def _one_step(state: _State, generators: jax.Array, targets: jax.Array) -> _State:
    slopes = product(targets - product(state.goal, generators), generators.T)
    rounding = float(np.finfo(generators.dtype).eps) * (
        jnp.sqrt(jnp.square(targets).sum(axis=1)) + jnp.abs(state.goal).sum(axis=1)
    )
    rough = jnp.where(state.free, jnp.abs(slopes), 0).max(axis=1) > 8 * rounding
    falling = state.free & (state.goal <= 0)
    bind = falling.any(axis=1) & ~rough
    helpful = jnp.where(state.free | state.barred, -jnp.inf, slopes)
    release = (helpful.max(axis=1) > 4 * rounding) & ~rough & ~bind
    weights, first = _walked(state, falling, bind)
    which = jnp.where(bind, first, jnp.argmax(helpful, axis=1))
    one = which[:, None] == jnp.arange(len(generators))[None, :]
    step = _Step(one, bind, release, rough & ~state.reached)
    weights = jnp.where(rough[:, None], state.weights, weights)
    basis = jax.lax.cond(
        step.mend.any(),
        lambda: jnp.where(step.mend[:, None, None], _mended(state, generators), state.basis),
        lambda: state.basis,
    )
    moved = _exchanged(state._replace(weights=weights, basis=basis), step, generators, targets)
    now = state.reached | ~(step.bind | step.release | step.mend)
    return moved._replace(
        goal=jnp.where(now[:, None], state.goal, moved.goal), reached=now, steps=state.steps + 1
    )


def _walked(state: _State, falling: jax.Array, bind: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Walk to the goal as far as no weight falls below 0; return weights, and who is first at 0."""
    way = state.weights - state.goal
    share = jnp.where(way > 0, state.weights / jnp.where(way > 0, way, 1), 0)
    share = jnp.where(falling, share, jnp.inf)
    reach = jnp.where(bind, jnp.minimum(share.min(axis=1), 1), 1)
    weights = state.weights + reach[:, None] * (state.goal - state.weights)
    return jnp.where(state.free, jnp.maximum(weights, 0), 0), jnp.argmin(share, axis=1)


def _exchanged(state: _State, step: _Step, generators: jax.Array, targets: jax.Array) -> _State:
    """Let one generator free or bind it, and see where the goal is then.

    With b_i the dual basis and a the generator that is let free, its own is u / ‖u‖², with u what
    the others leave of a, and of these b_i - (b_i · a) u / ‖u‖². Of what is left when b_j is taken
    out it is b_i - (b_i · b_j) b_j / ‖b_j‖².
    """
    one, bind = step.one, step.bind[:, None]
    dtype = generators.dtype
    out = jnp.where(one[:, :, None], state.basis, 0).sum(axis=1)
    vector = jnp.where(bind, out, product(one.astype(dtype), generators))
    along = _along(state.basis, vector)
    rest = vector - product(along, generators)
    again = _least_squares(state, product(rest, generators.T))  # once more: rounding of the first
    rest = rest - product(again, generators)
    released = along + again
    length = jnp.square(rest).sum(axis=1)
    own = rest / jnp.where(length > 0, length, 1)[:, None]
    noise = 16 * float(np.finfo(dtype).eps) * (1 + jnp.abs(released).sum(axis=1))
    useful = (jnp.sqrt(length) > noise) & ((own * targets).sum(axis=1) > 0)
    changed = (step.bind | (step.release & useful))[:, None]
    squared = jnp.square(out).sum(axis=1)
    share = jnp.where(bind, along / jnp.where(squared > 0, squared, 1)[:, None], released)
    way = jnp.where(bind, out, own)
    new = jnp.where(one[:, :, None], jnp.where(bind, 0, own)[:, None, :], 0)
    kept = jnp.where(one[:, :, None], new, state.basis - share[:, :, None] * way[:, None, :])
    basis = jnp.where(changed[:, :, None], kept, state.basis)
    value = jnp.where(step.bind, jnp.where(one, state.goal, 0).sum(1), (own * targets).sum(axis=1))
    goal = jnp.where(one, jnp.where(bind, 0, value[:, None]), state.goal - share * value[:, None])
    free = jnp.where(changed & one, ~bind, state.free)
    moved = state._replace(
        weights=jnp.where(changed & one, 0, state.weights),
        goal=jnp.where(changed, goal, state.goal),
        basis=basis,
        free=free,
        barred=jnp.where(changed, False, state.barred | (one & step.release[:, None])),
    )
    left = product(targets - product(moved.goal, generators), generators.T)
    return moved._replace(goal=jnp.where(free, moved.goal + _least_squares(moved, left), 0))


def _along(basis: jax.Array, vectors: jax.Array) -> jax.Array:
    return (basis * vectors[:, None, :]).sum(axis=2)


def _least_squares(state: _State, slopes: jax.Array) -> jax.Array:
    """Return the weights that take the slopes of the generators that are free to 0.

    By B Bᵀ, the inverse of their products: of B alone what has left their span would stay.
    """
    inside = jnp.where(state.free, slopes, 0)[:, :, None]
    return _along(state.basis, (state.basis * inside).sum(axis=1))


def _mended(state: _State, generators: jax.Array) -> jax.Array:
    """Bring a basis back into the span of the generators, and nearer to being their dual."""
    high = jax.lax.Precision.HIGHEST
    inverse = jnp.einsum("tik,tjk->tij", state.basis, state.basis, precision=high)
    basis = jnp.einsum("tij,jk->tik", inverse, generators, precision=high)
    both = state.free[:, :, None] & state.free[:, None, :]
    unit = jnp.eye(len(generators), dtype=generators.dtype)[None]
    off = jnp.where(both, unit - jnp.einsum("tik,jk->tij", basis, generators, precision=high), 0)
    return basis + jnp.einsum("tij,tjk->tik", off, basis, precision=high)
