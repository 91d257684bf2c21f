"""Cosines of rows of whole numbers, as exact as it takes for equal ones to be equal.

p / √(q r) of whole numbers p, q and r is the same number for many of them, as 1 / √(2 · 8) is
2 / √(8 · 8); rounded on the way it is not, and ranks then tell apart by chance what is tied.
Boolean features, counts and labels are such rows, and few different cosines occur among them.
"""

import jax
import jax.numpy as jnp
import numpy as np

from probekit._sums import product

_EXACT = 2.0**24
"""Up to where float32 has all whole numbers."""


def grain(x: jax.Array) -> jax.Array:
    """Return the largest power of two of which all finite entries are multiples; 1 if all are 0.

    Over it multiples of a half are whole numbers too, and nothing is rounded.
    """
    information = np.finfo(x.dtype)
    kind = np.dtype(f"int{8 * x.dtype.itemsize}")
    sizes = jnp.abs(jax.lax.stop_gradient(jnp.where(jnp.isfinite(x), x, 0)))
    bits = jax.lax.bitcast_convert_type(sizes, kind)
    without_last = jax.lax.bitcast_convert_type(bits & (bits - 1), x.dtype)
    is_power = (bits & ((1 << information.nmant) - 1)) == 0
    last = jnp.where(is_power, sizes, sizes - without_last)
    least = jnp.where(sizes > 0, last, jnp.inf).min()
    usual = (least >= information.tiny) & jnp.isfinite(least)
    return jnp.where(usual, least, 1).astype(x.dtype)


def may_be_whole(x: jax.Array) -> jax.Array:
    """Whether the first row has few digits, as it has in rows of whole numbers over some grain.

    Of others nothing more need be asked, which takes far longer.
    """
    first = jnp.where(jnp.isfinite(x[:1]), x[:1], 0)
    return jnp.abs(first).max(initial=0) < _EXACT * grain(first)


def are_countable(x: jax.Array, *, centred: bool) -> jax.Array:
    """Whether the sums that `angular_distances` takes of these rows are whole and exact."""
    x = _shifted(jnp.where(jnp.isfinite(x), x, 0), centred)
    factor = x.shape[1] if centred else 1
    largest = factor * jnp.square(x).sum(axis=1).max(initial=0)
    return (x == jnp.round(x)).all() & (largest < _EXACT)


def next_to(mean: jax.Array, x: jax.Array) -> jax.Array:
    """Return the multiples of the `grain` of `x` next to its mean, if squares stay exact."""

    def whole() -> jax.Array:
        step = grain(x)
        near = jnp.round(mean / step) * step
        return jnp.where(jnp.square((x - near) / step).max() < _EXACT, near, mean)

    found: jax.Array = jax.lax.cond(may_be_whole(x), whole, lambda: mean)
    return found


def angular_distances(x: jax.Array, *, centred: bool) -> jax.Array:
    """One minus the cosines of countable rows, less their means if centred, rounded once.

    Off by 2⁻⁴⁴ before that, so that equal ones are but for one chance in a million. NaN where a row
    has no direction.
    """
    x = _shifted(x, centred)
    p = product(x, x.T)
    squares = jnp.square(x).sum(axis=1)
    if centred:  # times the number of units, to stay whole
        sums = x.sum(axis=1)
        p = x.shape[1] * p - sums[:, None] * sums[None, :]
        squares = x.shape[1] * squares - jnp.square(sums)
    squares = jnp.where(squares > 0, squares, jnp.nan)
    cosine = p / (jnp.sqrt(squares)[:, None] * jnp.sqrt(squares)[None, :])
    rest = _rest(p, cosine, squares)
    # XLA would make c of 1 - (1 - c), which says what was lost.
    whole: jax.Array = jax.lax.optimization_barrier(1 - cosine)  # type: ignore[no-untyped-call]
    return whole + (((1 - whole) - cosine) - rest)


def _shifted(x: jax.Array, centred: bool) -> jax.Array:
    """Rows less the whole number next to their mean, which keeps sums small, if centred."""
    return x - jnp.round(x.mean(axis=1, keepdims=True)) if centred else x


def _rest(p: jax.Array, cosine: jax.Array, squares: jax.Array) -> jax.Array:
    """Return what is missing of cosines p / √(q r): (p² - c² q r) / (2 c q r), a Newton step."""
    exact, exact_rest = _product(p, p)
    both, both_rest = _product(squares[:, None], squares[None, :])
    square, square_rest = _product(cosine, cosine)
    found, found_rest = _product(square, both)
    missing = (exact - found) + (exact_rest - found_rest - square * both_rest - square_rest * both)
    return jnp.where(cosine == 0, 0, missing / (2 * jnp.where(cosine == 0, 1, cosine) * both))


def _product(a: jax.Array, b: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Product and its rounding error: halves of the digits have exact products (Dekker)."""
    whole = a * b
    (a, a_rest), (b, b_rest) = _halves(a), _halves(b)
    rest = ((a * b - whole) + a * b_rest + a_rest * b) + a_rest * b_rest
    return whole, rest


def _halves(a: jax.Array) -> tuple[jax.Array, jax.Array]:
    information = np.finfo(a.dtype)
    upper = jax.lax.reduce_precision(a, information.iexp, information.nmant // 2)
    return upper, a - upper
