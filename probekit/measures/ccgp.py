"""Whether a readout that was learned in some contexts serves in another."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_positive
from probekit._sums import product
from probekit.errors import OptionError
from probekit.measures._arguments import jitted, splits
from probekit.measures._scale import about_mean
from probekit.measures._status import Score, divide, score
from probekit.measures.classification import both_states, largest_products, ridge_weights
from probekit.measures.regression import DEFAULT_PENALTY
from probekit.statistics import ExamplesState

MOST_FEATURES = 8


def ccgp(
    x: Any,
    y: Any,
    *,
    held_out: tuple[Any, Any] | None = None,
    penalty: float = DEFAULT_PENALTY,
) -> jax.Array:
    """Cross-condition generalisation performance: each feature read out in a context left out.

    A context is a combination of the other features. For each context, a linear classifier is
    fitted on all others and tested in it; the score is the mean accuracy over contexts. Classifiers
    are ridge regressions on -1 and 1 in which either side has half of the weight, and every
    condition of a side, its examples in one context, as much as the next; the accuracy in a context
    is the mean of that on either side.

    Parameters
    ----------
    x : array (example, unit)
        The representation.
    y : array (example, k)
        The features, one a column; one is set where the number is above 0. At least 2 are needed
        for a score, and at most 8 are possible.
    held_out : tuple of array, optional
        Representation and features ``(x2, y2)`` of the examples that are scored; those that are
        fitted, unless given: no example is then scored by a classifier that has seen it.
    penalty : float
        Strength of the squared penalty on the weights, as a fraction of the mean unit's variance.

    Returns
    -------
    array (k,)
        In [0, 1]: 1 where a feature is coded by itself, 1/2 by chance, and 0 where contexts turn
        its code round. Contexts without scored examples on both sides are left out, and those
        without which a side has no examples to fit. NaN if none is left, or the input is not
        finite.

    Raises
    ------
    ShapeError
        If numbers of examples or columns differ, or there are fewer than 4 examples to fit.
    OptionError
        If there are more than 8 features, or `penalty` is not positive.

    Notes
    -----
    Invariant to translation, scaling, rotation and permutation of units. O(k 2^k n d min(n, d)).
    Bernardi et al. take support vector machines.

    References
    ----------
    Bernardi et al. 2020, The geometry of abstraction in the hippocampus and prefrontal cortex.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import ccgp
    >>> y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> ccgp(3 * y, y).tolist()
    [1.0, 1.0]
    >>> ccgp(y[:, :1] ^ y[:, 1:], y).tolist()  # exclusive or
    [0.0, 0.0]
    """
    check_positive("penalty", penalty)
    given = splits(x, y, held_out, least=4)
    check_features(given.fit[1].shape[1], "y")
    return _ccgp(*both_states(given), float(penalty))


def check_features(features: int, name: str) -> None:
    """Raise `OptionError` if there are too many features to leave out each of their contexts."""
    if features > MOST_FEATURES:
        raise OptionError(f"{name}: {features}; at most {MOST_FEATURES} have few enough contexts.")


@jitted(2)
def _ccgp(fit: ExamplesState, held_out: ExamplesState, penalty: float) -> jax.Array:
    return ccgp_score(fit, held_out, penalty=penalty).value


def ccgp_score(fit: ExamplesState, held_out: ExamplesState, *, penalty: float) -> Score:
    """`ccgp` of the examples that were kept."""
    features = fit.y.shape[1]
    codes = np.arange(2**features)
    # One program for all: each feature, with each combination in which it is not set.
    tried = np.array([(f, c) for f in range(features) for c in codes if not c >> f & 1])
    x, asked = about_mean(fit, held_out)
    code, asked_code = _code(fit), _code(held_out)
    alike = jnp.where(code[:, None] == code[None, :], fit.weight[None, :], 0).sum(axis=1)
    share = jnp.where(fit.present, fit.weight / jnp.where(fit.present, alike, 1), 0).astype(x.dtype)

    def left_out(pair: jax.Array) -> tuple[jax.Array, jax.Array]:
        feature, context = pair
        side, elsewhere = code >> feature & 1, (code & ~(1 << feature)) != context
        sides = (side[None, :] == jnp.arange(2)[:, None]) & elsewhere[None, :]
        weights = jnp.where(sides, share[None, :], 0)
        known = (weights.sum(axis=1) > 0).all()
        weight = divide(weights, 2 * weights.sum(axis=1, keepdims=True)).sum(axis=0)
        weight = jnp.where(known, weight, 0)
        mean = product(weight, x)
        root = jnp.sqrt(weight)[:, None]
        target = (2 * side - 1).astype(x.dtype)[:, None]
        vector = ridge_weights((x - mean[None, :]) * root, target * root, penalty)[:, 0]
        predicted = product(asked - mean[None, :], vector)
        size = largest_products(asked - mean[None, :], vector[:, None])[:, 0]
        between = jnp.abs(predicted) <= 8 * float(np.finfo(x.dtype).eps) * size
        right = jnp.where(between, 0.5, (predicted > 0) == (asked_code >> feature & 1))
        asked_of = asked_code[None, :] == context + (jnp.arange(2)[:, None] << feature)
        tested = jnp.where(asked_of, held_out.weight[None, :], 0)
        accuracy = divide((tested * right[None, :]).sum(axis=1), tested.sum(axis=1)).mean()
        counted = known & (tested > 0).any(axis=1).all()
        return jnp.where(counted, accuracy, 0).astype(x.dtype), counted

    accuracy, counted = jax.lax.map(left_out, jnp.asarray(tried, jnp.int32))
    contexts = counted.reshape(features, -1).sum(axis=1)
    value = divide(accuracy.reshape(features, -1).sum(axis=1), contexts.astype(x.dtype))
    finite = fit.finite() & held_out.finite()
    return score(value, finite=finite, enough=contexts > 0)


def _code(state: ExamplesState) -> jax.Array:
    """Return the combination of each example: bit f is set where feature f is above 0."""
    return (state.y > 0).astype(jnp.int32) @ (1 << np.arange(state.y.shape[1], dtype=np.int32))
