"""Decoding classes from a representation: how often a linear classifier is right."""

from typing import Any, Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice, check_positive
from probekit._rounding import reciprocal
from probekit._sums import product
from probekit.measures._arguments import Splits, jitted, splits
from probekit.measures._linalg import cholesky, solve_cholesky
from probekit.measures._scale import moderating_power
from probekit.measures._status import Score, divide, score
from probekit.measures.regression import DEFAULT_PENALTY
from probekit.statistics import Examples, ExamplesState, state_of

Method = Literal["ridge", "logistic"]
METHODS: tuple[Method, ...] = get_args(Method)


def decoding_accuracy(
    x: Any,
    y: Any,
    *,
    held_out: tuple[Any, Any] | None = None,
    method: Method = "ridge",
    penalty: float = DEFAULT_PENALTY,
) -> jax.Array:
    """How often a linear classifier of the representation names the right class.

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
    method : {"ridge", "logistic"}
        Ridge regression on indicators of the classes, the largest prediction wins (closed form); or
        multinomial logistic regression, by scikit-learn, not under ``jit``.
    penalty : float
        Strength of the squared penalty on the weights, as a fraction of the mean unit's variance,
        so that the scale of the representation is irrelevant: p of the mean unit's sum of squares
        for ridge; the mean log loss plus p ‖W‖² / 2 is least of units with a mean variance of 1,
        and of two classes W is a single column, of one against the other.

    Returns
    -------
    array ()
        In [0, 1]; compare it with the share of the most frequent class. NaN if the input is not
        finite, if only one class occurs in the fitted examples, or if none occurs twice.

    Raises
    ------
    ShapeError
        If numbers of examples or columns differ, or there are fewer than 2 examples to fit.
    OptionError
        If `method` is neither of the two or `penalty` is not positive.

    Notes
    -----
    Invariant to translation, scaling, rotation and permutation of units. Ridge costs
    O(n² min(n, d)).

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import decoding_accuracy
    >>> x = np.array([[0.0, 1.0], [0.2, 0.0], [1.0, 0.0], [0.9, 1.0]])
    >>> float(decoding_accuracy(x, [0, 0, 1, 1]))
    1.0
    """
    check_choice("method", method, METHODS)
    check_positive("penalty", penalty)
    states = both_states(splits(x, y, held_out, least=2))
    if method == "logistic":
        return logistic_accuracy_score(*states, penalty=float(penalty)).value
    return _ridge_accuracy(*states, float(penalty))


@jitted()
def both_states(given: Splits) -> tuple[ExamplesState, ExamplesState]:
    """All fitted and all scored examples."""
    return given.each(lambda x, y: state_of(Examples(capacity=len(x)), x, y))


@jitted(2)
def _ridge_accuracy(fit: ExamplesState, held_out: ExamplesState, penalty: float) -> jax.Array:
    return ridge_accuracy_score(fit, held_out, penalty=penalty).value


def ridge_accuracy_score(fit: ExamplesState, held_out: ExamplesState, *, penalty: float) -> Score:
    """Accuracy of ridge regression on indicators.

    There is one indicator for each fitted example, that of its class, so that classes need neither
    be counted nor named beforehand; those of equal classes are equal.
    """
    weight = fit.weight * reciprocal(fit.weight.sum())
    same = (fit.y[:, None, :] == fit.y[None, :, :]).all(axis=2)
    indicator = same.astype(weight.dtype)
    power = moderating_power(fit.x)  # the penalty is a share of the mean square, whatever that is
    x, asked = fit.x * power, held_out.x * power
    x_mean, y_mean = product(weight, x), product(weight, indicator)
    x, asked = x - x_mean[None, :], asked - x_mean[None, :]
    off = product(weight, x)  # far from zero the mean is rounded, by more than classes may differ
    root = jnp.sqrt(weight)[:, None]
    rows, targets = (x - off[None, :]) * root, (indicator - y_mean[None, :]) * root
    weights, asked = ridge_weights(rows, targets, penalty), asked - off[None, :]
    predicted = product(asked, weights) + y_mean[None, :]
    predicted = jnp.where(fit.present[None, :], predicted, -jnp.inf)
    # Of classes that are equally likely but for rounding the first, on all processors.
    most = predicted.max(axis=1, keepdims=True)
    size = largest_products(asked, weights).max(axis=1, keepdims=True) + jnp.abs(most)
    rounding = 4 * float(np.finfo(most.dtype).eps) * size
    winner = fit.y[jnp.argmax(predicted >= most - rounding, axis=1)]
    right = (winner == held_out.y).all(axis=1).astype(weight.dtype)
    return _accuracy(fit, held_out, right)


def largest_products(rows: jax.Array, weights: jax.Array) -> jax.Array:
    """Return the most that the product of rows and weights can be, ``(row, target)``.

    What is less than some roundings of it is nothing.
    """
    lengths = jnp.sqrt(jnp.square(rows).sum(axis=1)), jnp.sqrt(jnp.square(weights).sum(axis=0))
    return lengths[0][:, None] * lengths[1][None, :]


def ridge_weights(rows: jax.Array, targets: jax.Array, penalty: float) -> jax.Array:
    """Weights ``(unit, target)``, through the smaller of the two Gram matrices."""
    n, d = rows.shape
    mean_square = jnp.square(rows).sum() / d
    ridge = jnp.where(mean_square > 0, penalty * mean_square, 1)
    if d <= n:
        system = product(rows.T, rows) + ridge * jnp.eye(d, dtype=rows.dtype)
        return solve_cholesky(cholesky(system), product(rows.T, targets))
    system = product(rows, rows.T) + ridge * jnp.eye(n, dtype=rows.dtype)
    return product(rows.T, solve_cholesky(cholesky(system), targets))


def logistic_accuracy_score(
    fit: ExamplesState, held_out: ExamplesState, *, penalty: float
) -> Score:
    """Accuracy of logistic regression, on the host.

    The mean log loss plus ``penalty / 2`` times the squared weights is minimised, for units whose
    mean variance was made 1.
    """
    from sklearn.linear_model import LogisticRegression

    weight, x, y, x2, y2 = (
        np.asarray(part, np.float64) for part in (fit.weight, fit.x, fit.y, held_out.x, held_out.y)
    )
    present = weight > 0
    weight, x, y = weight[present], x[present], y[present]
    _, classes = np.unique(np.concatenate([y, y2]), axis=0, return_inverse=True)
    classes = classes.reshape(-1)
    target, truth = classes[: len(y)], classes[len(y) :]
    right = np.zeros(len(y2))
    if len(np.unique(target)) > 1 and bool(fit.finite()) and bool(held_out.finite()):
        mean = np.average(x, axis=0, weights=weight)
        variance = np.average((x - mean) ** 2, axis=0, weights=weight).mean()
        scale = np.sqrt(variance) if variance > 0 else 1.0
        model = LogisticRegression(C=1 / (penalty * weight.sum()), max_iter=10_000)
        model.fit((x - mean) / scale, target, sample_weight=weight)
        right = (model.predict((x2 - mean) / scale) == truth).astype(np.float64)
    return _accuracy(fit, held_out, jnp.asarray(right, fit.x.dtype))


def _accuracy(fit: ExamplesState, held_out: ExamplesState, right: jax.Array) -> Score:
    weight = jnp.asarray(held_out.weight)
    value = divide((weight * right).sum(), weight.sum())
    present = jnp.asarray(fit.present)
    y = jnp.asarray(fit.y)
    same = (y[:, None, :] == y[None, :, :]).all(axis=2) & present[:, None] & present[None, :]
    examples = present.sum()
    alone = same.sum() == examples  # no class has a second example
    one_class = same.sum() == examples * examples
    value = jnp.where(one_class | alone, jnp.nan, value)
    enough = (examples >= 2) & (weight.sum() > 0) & ~(alone & (examples > 1))
    finite = jnp.asarray(fit.finite()) & jnp.asarray(held_out.finite())
    return score(value, finite=finite, enough=enough, constant=one_class)
