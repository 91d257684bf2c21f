"""How far the predictions of two models are apart, example by example."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit._sums import accumulator_dtype, present_rows
from probekit.errors import ShapeError
from probekit.statistics._protocol import ShapeDtype, Statistic


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class OutputsState:
    """Sums over examples of what two predictions differ by; NaN where one is no prediction.

    Attributes
    ----------
    count : array ()
        Sum of the weights.
    disagreeing : array ()
        Of examples for which the likeliest classes are not the same.
    divergence : array ()
        Of the Jensen-Shannon divergences, in bits.
    distance : array ()
        Of their square roots.
    """

    count: jax.Array
    disagreeing: jax.Array
    divergence: jax.Array
    distance: jax.Array


@dataclasses.dataclass(frozen=True, kw_only=True)
class OutputDifferences(Statistic[OutputsState]):
    """Disagreement and Jensen-Shannon divergence of two predictions of the same examples.

    `x` and `y` hold a column for each class, or one column alone, of the numbers of the classes,
    from 0, as labels do. An example counts NaN if one of its predictions is not finite, is no
    number of a class, or, of probabilities, is negative or 0 for all classes.

    Parameters
    ----------
    probabilities : bool
        Whether the columns are probabilities, which are divided by their sum, or logits, of which
        the softmax is taken.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.statistics import OutputDifferences, state_of
    >>> x, y = np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([[0.6, 0.4], [1.0, 0.0]])
    >>> float(state_of(OutputDifferences(probabilities=True), x, y).disagreeing)
    1.0
    """

    probabilities: bool = False

    def init(self, x: ShapeDtype, y: ShapeDtype) -> OutputsState:
        """Return the state of no examples, or raise `ShapeError` if the classes do not match."""
        check_classes(x, y)
        zero = jnp.zeros((), accumulator_dtype(x, y))
        return OutputsState(zero, zero, zero, zero)

    def update(
        self,
        state: OutputsState,
        x: jax.Array,
        y: jax.Array,
        *,
        weight: jax.Array,
        index: jax.Array,
    ) -> OutputsState:
        """Return the state that has also seen this batch; the order of examples is irrelevant."""
        del index
        weight, x, y = present_rows(state.count.dtype, weight, x, y)
        if x.shape[1] == y.shape[1] == 1:
            same = x[:, 0] == y[:, 0]
            known = _is_class(x[:, 0]) & _is_class(y[:, 0])
            disagreeing = divergence = jnp.where(known, jnp.where(same, 0.0, 1.0), jnp.nan)
        else:
            classes = max(x.shape[1], y.shape[1])
            p, q = (distribution(z, classes, probabilities=self.probabilities) for z in (x, y))
            known = jnp.isfinite(p).all(axis=1) & jnp.isfinite(q).all(axis=1)
            unequal = _likeliest(x) != _likeliest(y)
            disagreeing = jnp.where(known, jnp.where(unequal, 1.0, 0.0), jnp.nan)
            divergence = divergence_in_bits(p, q)

        def total(values: jax.Array) -> jax.Array:
            return jnp.where(weight > 0, weight * values, 0).sum()

        seen = OutputsState(
            weight.sum(), total(disagreeing), total(divergence), total(jnp.sqrt(divergence))
        )
        return self.merge(state, seen)

    def merge(self, a: OutputsState, b: OutputsState) -> OutputsState:
        """Return the state of the examples of both."""
        merged: OutputsState = jax.tree.map(jnp.add, a, b)
        return merged


def check_classes(x: Any, y: Any) -> None:
    """Raise `ShapeError` unless both have the same classes, or one column of their numbers."""
    classes, others = x.shape[1], y.shape[1]
    if classes != others and 1 not in (classes, others):
        raise ShapeError(
            f"y: {others} classes; x has {classes}. Give predictions of the same classes, or one "
            "column with the numbers of the classes."
        )


def distribution(z: jax.Array, classes: int, *, probabilities: bool) -> jax.Array:
    """Probabilities ``(example, class)`` of a prediction; NaN for what is none."""
    if z.shape[1] == 1 != classes:
        known = _is_class(z) & (z < classes)
        return jnp.where(
            known, (z == jnp.arange(classes, dtype=z.dtype)[None, :]).astype(z.dtype), jnp.nan
        )
    if not probabilities:
        return jnp.where(jnp.isfinite(z).all(axis=1, keepdims=True), jax.nn.softmax(z), jnp.nan)
    largest = z.max(axis=1, keepdims=True)
    # Beyond 2¹²⁶ the reciprocal, by which XLA multiplies instead of dividing, is 0.
    power = jnp.where(largest > 1, 2.0**-64, 1.0).astype(z.dtype)
    z, largest = z * power, largest * power
    known = jnp.isfinite(z).all(axis=1, keepdims=True) & (z >= 0).all(axis=1, keepdims=True)
    shares = jnp.where(known, z / jnp.where(largest > 0, largest, 1), jnp.nan)
    return shares / shares.sum(axis=1, keepdims=True)  # NaN if all are 0


def divergence_in_bits(p: jax.Array, q: jax.Array) -> jax.Array:
    """Jensen-Shannon divergence of each row.

    With m the mean of p and q and t = (p - q) / (p + q), a class adds m g(t) / 2, where
    g(t) = (1 + t) ln(1 + t) + (1 - t) ln(1 - t) is never negative: so nothing is lost where p and q
    are nearly equal, and terms of either sign would cancel.
    """
    both = p + q
    t = (p - q) / jnp.where(both > 0, both, 1)
    squares = jnp.square(t)
    series = squares * (1 + squares * (1 / 6 + squares * (1 / 15 + squares / 28)))
    exact = jax.scipy.special.xlog1py(1 + t, t) + jax.scipy.special.xlog1py(1 - t, -t)
    near = (45 * float(np.finfo(t.dtype).eps)) ** 0.125  # the next term, t⁸ / 45, is rounding
    each = both * jnp.where(jnp.abs(t) < near, series, exact)
    return jnp.clip(each.sum(axis=1) / float(4 * np.log(2)), 0, 1)


def _likeliest(z: jax.Array) -> jax.Array:
    """Return the number of the likeliest class, as a float: the first of several."""
    return z[:, 0] if z.shape[1] == 1 else z.argmax(axis=1).astype(z.dtype)


def _is_class(numbers: jax.Array) -> jax.Array:
    return jnp.isfinite(numbers) & (numbers >= 0) & (numbers == jnp.floor(numbers))
