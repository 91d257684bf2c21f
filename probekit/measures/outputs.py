"""Functional similarity: how alike the predictions of two models are."""

from typing import Any

import jax
import jax.numpy as jnp

from probekit._checks import check_same_examples
from probekit.errors import ShapeError
from probekit.measures._arguments import jitted, matched, matrix
from probekit.measures._status import Score, divide, score
from probekit.statistics import state_of
from probekit.statistics.outputs import OutputDifferences, OutputsState, check_classes


def jensen_shannon_divergence(
    x: Any, y: Any, *, probabilities: bool = False, distance: bool = False
) -> jax.Array:
    """Mean Jensen-Shannon divergence of the predictions of two models, in bits.

    Σ_i JSD(p_i, q_i) / n with JSD(p, q) = H((p + q) / 2) - (H(p) + H(q)) / 2, where p_i and q_i are
    the predicted probabilities of the classes and H is the entropy in bits.

    Parameters
    ----------
    x : array (example, class)
        Logits of one model; or one column, of the numbers of the classes that it predicts.
    y : array (example, class)
        Those of the other, or labels in one column; the same examples in the same order.
    probabilities : bool
        Whether `x` and `y` are probabilities, which are divided by their sum, and not logits, of
        which the softmax is taken.
    distance : bool
        The mean of the square roots, Σ_i √JSD(p_i, q_i) / n.

    Returns
    -------
    array ()
        In [0, 1]; 0 for equal predictions, 1 if no class has a chance with both. Symmetric. The
        distance is a metric of predictions, with the triangle inequality, which the divergence is
        not. NaN if the input is not finite, or holds negative probabilities or what is no number of
        a class.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or those of classes.

    Notes
    -----
    Not of layers, but of outputs: a class is the same column in both. Invariant to adding a number
    to all logits of an example. ``JSD`` of resi. O(n k) for k classes.

    References
    ----------
    Lin 1991, Divergence measures based on the Shannon entropy; Endres and Schindelin 2003, A new
    metric for probability distributions; Klabunde, Schumacher, Strohmaier and Lemmerich 2023,
    Similarity of neural network models: a survey of functional and representational measures.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import jensen_shannon_divergence
    >>> x, y = np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([[0.0, 1.0], [0.5, 0.5]])
    >>> float(jensen_shannon_divergence(x, y, probabilities=True))
    0.5
    """
    a, b = _predictions(x, y)
    return _divergence(a, b, bool(probabilities), bool(distance))


def disagreement(x: Any, y: Any) -> jax.Array:
    """Disagreement: share of examples for which two models predict different classes.

    Σ_i [argmax x_i ≠ argmax y_i] / n.

    Parameters
    ----------
    x : array (example, class)
        Logits or probabilities of one model; or one column, of the numbers of the classes that it
        predicts.
    y : array (example, class)
        Those of the other, or labels in one column; the same examples in the same order.

    Returns
    -------
    array ()
        In [0, 1]. Symmetric, with the triangle inequality. With labels it is the error rate, 1
        minus the accuracy. Of classes equally likely the first is predicted. NaN if the input is
        not finite, or holds what is no number of a class.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or those of classes.

    Notes
    -----
    Not of layers, but of outputs: a class is the same column in both. Invariant to scaling and to
    adding a number to all logits of an example. ``Disagreement`` of resi. O(n k) for k classes.

    References
    ----------
    Skalak 1996, The sources of increased accuracy for two proposed boosting algorithms; Klabunde et
    al. 2023, Similarity of neural network models: a survey.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import disagreement
    >>> logits = np.array([[2.0, 1.0], [0.0, 3.0], [1.0, 0.0], [5.0, 4.0]])
    >>> float(disagreement(logits, logits[:, ::-1])), float(disagreement(logits, [0, 1, 1, 0]))
    (1.0, 0.25)
    """
    return _disagreement(*_predictions(x, y))


def accuracy_difference(x: Any, y: Any, labels: Any) -> jax.Array:
    """Absolute difference of the accuracies of two models.

    |Σ_i [argmax x_i = c_i] - Σ_i [argmax y_i = c_i]| / n, with c_i the true classes.

    Parameters
    ----------
    x, y : array (example, class)
        Logits or probabilities; or one column, of the numbers of the classes that are predicted.
    labels : array (example,)
        Numbers of the true classes, from 0.

    Returns
    -------
    array ()
        In [0, 1]; symmetric, with the triangle inequality. Never above their `disagreement`. NaN if
        the input is not finite or holds what is no number of a class.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or `labels` has several columns.

    Notes
    -----
    Invariant to whatever changes no prediction. The numbers of classes may differ, if the labels
    are classes of both. ``AbsoluteAccDiff`` of resi. O(n k) for k classes.

    References
    ----------
    Klabunde et al. 2023, Similarity of neural network models: a survey.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import accuracy_difference
    >>> x, y = np.eye(2)[[0, 0, 1, 1]], np.eye(2)[[0, 1, 1, 0]]
    >>> float(accuracy_difference(x, y, [0, 0, 1, 1]))
    0.5
    """
    a, b, c = matrix("x", x), matrix("y", y), matrix("labels", labels)
    check_same_examples("x", a, "y", b)
    check_same_examples("x", a, "labels", c)
    if c.shape[1] != 1:
        raise ShapeError(f"labels: {c.shape[1]} columns; one, of numbers of classes, is needed.")
    return jnp.abs(_disagreement(a, c) - _disagreement(b, c))


def _predictions(x: Any, y: Any) -> tuple[jax.Array, jax.Array]:
    a, b = matched(x, y)
    check_classes(a, b)
    return a, b


@jitted(2, 3)
def _divergence(x: Any, y: Any, probabilities: bool, distance: bool) -> jax.Array:
    state = state_of(OutputDifferences(probabilities=probabilities), x, y)
    return divergence_score(state, distance=distance).value


@jitted()
def _disagreement(x: Any, y: Any) -> jax.Array:
    return disagreement_score(state_of(OutputDifferences(), x, y)).value


def divergence_score(state: OutputsState, *, distance: bool) -> Score:
    """`jensen_shannon_divergence` from sums over examples."""
    return _mean(state.distance if distance else state.divergence, state.count)


def disagreement_score(state: OutputsState) -> Score:
    """`disagreement` from sums over examples."""
    return _mean(state.disagreeing, state.count)


def _mean(total: jax.Array, count: jax.Array) -> Score:
    value = jnp.minimum(divide(total, count), 1)
    return score(value, finite=jnp.isfinite(total), enough=count > 0)
