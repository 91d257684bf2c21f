"""Decoding from few units: how local a representation of classes is."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_count, check_positive
from probekit._rounding import reciprocal, rounding_of_squares
from probekit._sums import product
from probekit.measures._arguments import jitted, splits
from probekit.measures._scale import moderate
from probekit.measures._status import Score
from probekit.measures.classification import both_states, ridge_accuracy_score
from probekit.measures.regression import DEFAULT_PENALTY
from probekit.statistics import ExamplesState

DEFAULT_UNITS = 1


def sparse_decoding_accuracy(
    x: Any,
    y: Any,
    *,
    held_out: tuple[Any, Any] | None = None,
    units: int = DEFAULT_UNITS,
    penalty: float = DEFAULT_PENALTY,
) -> jax.Array:
    """How often a linear classifier of the few best units names the right class.

    The units are those of whose variance, among fitted examples, classes explain the largest share,
    η² = Σ_i (x̄_c(i) - x̄)² / Σ_i (x_i - x̄)²; the classifier is the ridge of `decoding_accuracy`.

    Parameters
    ----------
    x : array (example, unit)
        The representation.
    y : array (example,) or (example, k)
        The class of each example: any numbers, equal for equal classes. With several columns, each
        different row is a class.
    held_out : tuple of array, optional
        Representation and classes ``(x2, y2)`` of the examples that are scored; those that are
        fitted, unless given.
    units : int
        How many units; all, if there are no more.
    penalty : float
        Strength of the squared penalty on the weights, as a fraction of the mean unit's variance.

    Returns
    -------
    array ()
        In [0, 1]; beside `decoding_accuracy` it says how much of what can be read out is in so few
        units. NaN if the input is not finite, also in other units, if only one class occurs in the
        fitted examples, or if none occurs twice.

    Raises
    ------
    ShapeError
        If numbers of examples or columns differ, or there are fewer than 2 examples to fit.
    OptionError
        If `units` is less than 1 or `penalty` is not positive.

    Notes
    -----
    Invariant to translation, scaling and permutation of units. Of units that are equally good
    but for rounding, the first is taken. O(n² d).

    References
    ----------
    Gurnee et al. 2023, Finding neurons in a haystack: case studies with sparse probing.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import sparse_decoding_accuracy
    >>> y = np.array([0, 0, 1, 1])
    >>> x = np.stack([[5, -4, 5, -4], 2 * y, [0, 0, 0, 1]], axis=1)
    >>> float(sparse_decoding_accuracy(x, y)), float(sparse_decoding_accuracy(x[:, ::2], y))
    (1.0, 0.75)
    """
    check_count("units", units, 1)
    check_positive("penalty", penalty)
    states = both_states(splits(x, y, held_out, least=2))
    return _sparse(*states, min(int(units), states[0].x.shape[1]), float(penalty))


@jitted(2, 3)
def _sparse(fit: ExamplesState, held_out: ExamplesState, units: int, penalty: float) -> jax.Array:
    return sparse_accuracy_score(fit, held_out, units=units, penalty=penalty).value


def sparse_accuracy_score(
    fit: ExamplesState, held_out: ExamplesState, *, units: int, penalty: float
) -> Score:
    """`sparse_decoding_accuracy` of the examples that were kept."""
    best = _in_order(_explained(fit))[: min(units, fit.x.shape[1])]
    # What was noted of all units stays: one that is not finite makes the score undefined.
    fit, held_out = (dataclasses.replace(state, x=state.x[:, best]) for state in (fit, held_out))
    return ridge_accuracy_score(fit, held_out, penalty=penalty)


def _in_order(share: jax.Array) -> jax.Array:
    """Return units from the best on; those with one share but for rounding in their own order."""
    order = jnp.argsort(-share)
    less = jnp.diff(share[order]) < -32 * float(np.finfo(share.dtype).eps)
    group = jnp.cumsum(jnp.pad(less, (1, 0)))
    _, ordered = jax.lax.sort((group, order), num_keys=2)
    return ordered


def _explained(state: ExamplesState) -> jax.Array:
    """Share of each unit's variance that the classes explain; -1 if it is constant.

    The classes need not be counted: row i of their means is that of the class of example i.
    """
    present = state.present
    x = moderate(jnp.where(present[:, None], state.x, 0), axis=0)
    weight = state.weight * reciprocal(state.weight.sum())
    origin = product(weight, x)
    x = jnp.where(present[:, None], x - origin[None, :], 0)
    x = x - product(weight, x)[None, :]
    same = (state.y[:, None, :] == state.y[None, :, :]).all(axis=2) & present[None, :]
    share = jnp.where(same, weight[None, :], 0)
    means = product(share, x) * reciprocal(share.sum(axis=1))[:, None]
    total = (weight[:, None] * jnp.square(x)).sum(axis=0)
    between = (weight[:, None] * jnp.square(means)).sum(axis=0)
    varies = total > rounding_of_squares(jnp.ones(()), origin)
    found = jnp.where(varies, between / jnp.where(varies, total, 1), -1)
    return jnp.where(jnp.isfinite(found), found, -1)
