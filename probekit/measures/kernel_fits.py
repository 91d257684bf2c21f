"""Ridge regression on features through kernels: Gram matrices, folds, fits and their scores.

On the host in float64. Smooth kernels have eigenvalues of every size down to nothing; in float32
what is below 1e-6 of the largest is rounding, and a small penalty makes predictions of it.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice, check_count, check_positive, shape_text
from probekit.errors import OptionError, ShapeError
from probekit.measures._scale import moderating_power
from probekit.measures._status import Score
from probekit.measures._threads import one_thread
from probekit.measures.banded import averaged_shares, simplex_points
from probekit.measures.columns import Columns
from probekit.measures.penalties import Options, best_of_candidates
from probekit.measures.probes import Labelled, numeric
from probekit.measures.regression import averaged, correlations, explained
from probekit.statistics import ExamplesState, Moments, MomentsState
from probekit.statistics.folds import fold_of

RidgeKernel = Literal["linear", "rbf", "polynomial"]
RIDGE_KERNELS: tuple[RidgeKernel, ...] = get_args(RidgeKernel)
_SYMMETRIC = 1e-4
"""Of the largest entry: what a kernel that counts in float32 may be off."""

_DEFINITE = 1e-2
"""Of the largest eigenvalue: what may be negative, as of sigmoid kernels, and is taken for 0."""

AnyRidgeKernel = RidgeKernel | Callable[[np.ndarray], Any]


class Kernels(NamedTuple):
    """Which kernel each group of features has.

    Attributes
    ----------
    names : tuple of str or callable
        One for each group.
    columns : tuple of tuple of int
        Those of each group.
    bandwidth : float
    degree : int
    candidates : int
        How many ways to weight the kernels are tried.
    """

    names: tuple[AnyRidgeKernel, ...]
    columns: Columns
    bandwidth: float
    degree: int
    candidates: int = 1


class KernelRidge(NamedTuple):
    """Score of all groups together, the share of it that each has, and what was chosen.

    Attributes
    ----------
    total : Score () or (unit,)
    shares : Score (group,) or (group, unit)
    penalty : array (unit,)
        NaN if the score is undefined.
    """

    total: Score
    shares: Score
    penalty: np.ndarray


def check_kernel(argument: str, kernel: Any, bandwidth: float, degree: int) -> None:
    """Raise `OptionError` unless there is such a kernel."""
    if not callable(kernel):
        check_choice(argument, kernel, RIDGE_KERNELS)
    check_positive("bandwidth", bandwidth)
    check_count("degree", degree, 1)


def kernel_ridge_score(
    fit: ExamplesState, held_out: ExamplesState, kernels: Kernels, options: Options
) -> KernelRidge:
    """Score of the examples that were kept, by ridge on those of them that are fitted."""
    apart = options.multioutput != "variance_weighted"
    fit, held_out = _moderated(fit, held_out, apart=apart)
    statistic = Moments(xx="diagonal", xy=False, yy="diagonal")
    every, scored = (
        statistic.of(*map(jnp.asarray, (state.y, state.x)), weight=jnp.asarray(state.weight))
        for state in (fit, held_out)
    )
    finite = fit.finite() & held_out.finite() & every.finite() & scored.finite()
    if bool(finite) and bool(every.count >= 2) and bool(scored.count >= 2):
        with one_thread():
            parts, penalty = _predicted_parts(fit, numeric(held_out), every, kernels, options)
    else:
        units = fit.x.shape[1]
        parts = np.zeros((len(kernels.names), int(held_out.present.sum()), units))
        penalty = np.full(units, np.nan)
    each, constant, shares = _scores(parts, held_out, every, scored, options.scoring)
    total = averaged(each, constant, every, scored, finite=finite, multioutput=options.multioutput)
    shared = averaged_shares(shares, constant, scored, total, options.multioutput)
    return KernelRidge(total, shared, penalty)


def _moderated(
    fit: ExamplesState, held_out: ExamplesState, *, apart: bool
) -> tuple[ExamplesState, ExamplesState]:
    """Both representations on one moderate scale, or each unit on its own.

    A kernel may depend on the scale of the features, which is left.
    """
    present = jnp.asarray(fit.present)[:, None]
    power = moderating_power(jnp.where(present, fit.x, 0), axis=0 if apart else None)
    first, second = (dataclasses.replace(state, x=state.x * power) for state in (fit, held_out))
    return first, second


def _predicted_parts(
    fit: ExamplesState,
    asked: Labelled,
    every: MomentsState,
    kernels: Kernels,
    options: Options,
) -> tuple[np.ndarray, np.ndarray]:
    """Return what each group adds to the fitted mean, ``(group, example, unit)``, and penalties."""
    known = numeric(fit)
    fold = np.asarray(fold_of(jnp.asarray(fit.index), options.folds))[np.asarray(fit.present)]
    grams = np.stack(
        [
            _normalised(known, asked, list(columns), kernel, kernels)
            for kernel, columns in zip(kernels.names, kernels.columns, strict=True)
        ]
    )  # (group, example, fitted example)
    inside, across = np.split(grams, [len(known.x)], axis=1)
    choices = np.array(options.penalties)
    points = simplex_points(len(grams), kernels.candidates)
    errors = np.stack(
        [_left_out_errors(np.tensordot(point, inside, 1), known, fold, choices) for point in points]
    )  # (candidate, penalty, unit)
    # What does not fit in what sums are kept in is no choice, and is not to overflow there.
    errors = np.minimum(errors, np.finfo(np.asarray(every.y_squares).dtype).max)
    candidate, best = map(np.asarray, best_of_candidates(errors, every, options.per_target))
    penalty = choices[best]
    parts = np.zeros((*across.shape[:2], known.x.shape[1]))
    for number in np.unique(candidate):
        point, units = points[number], candidate == number
        path = _path_of(np.tensordot(point, inside, 1), known)
        dual = path.dual @ path.weights(penalty)[:, units]
        parts[:, :, units] = point[:, None, None] * (across @ dual)
    return parts, penalty


def _normalised(
    known: Labelled,
    asked: Labelled,
    columns: list[int],
    kernel: AnyRidgeKernel,
    kernels: Kernels,
) -> np.ndarray:
    """Gram matrix ``(example, fitted example)``, centred, with a mean diagonal of 1.

    The mean is over the fitted examples; 0 everywhere if the features do not change there.
    """
    fitted, weight = len(known.x), known.weight
    y = np.concatenate([known.label, asked.label])[:, columns]
    k = _gram(y, weight, kernel, kernels)
    rounding = 8 * np.finfo(k.dtype).eps * np.abs(k[:fitted]).max()
    k = _centred(k, weight)
    if callable(kernel):
        _check_definite(k[:fitted], weight, rounding)
    mean = np.average(k[:fitted].diagonal(), weights=weight)
    return k / mean if mean > rounding else np.zeros_like(k)


def _gram(
    y: np.ndarray, weight: np.ndarray, kernel: AnyRidgeKernel, kernels: Kernels
) -> np.ndarray:
    """Gram matrix ``(example, fitted example)`` of the examples, of which the fitted come first."""
    from scipy.spatial.distance import cdist

    fitted = len(weight)
    if callable(kernel):
        own = np.asarray(kernel(y), np.float64)
        if own.shape != (len(y), len(y)):
            raise ShapeError(
                f"kernel: returned {shape_text(own)} for {len(y)} examples; "
                "a Gram matrix (example, example) is needed."
            )
        _check_gram(own)
        return own[:, :fitted]
    y = y - y[0]  # exactly 0 where a column is constant
    y = y - np.average(y[:fitted], axis=0, weights=weight)
    # What never changed when fitted tells nothing of what it does where it does.
    y = y * (np.ptp(y[:fitted], axis=0) > 0)
    square = np.average((y[:fitted] ** 2).sum(axis=1), weights=weight)
    y = y / np.sqrt(square) if square > 0 else y
    if kernel == "rbf":
        apart = cdist(y, y[:fitted], "sqeuclidean")
        pairs = np.sqrt(apart[:fitted][np.triu_indices(fitted, 1)])
        width = kernels.bandwidth * np.median(pairs[pairs > 0]) if square > 0 else 1.0
        powers: np.ndarray = np.exp(-apart / (2 * width**2))
        return powers
    products: np.ndarray = y @ y[:fitted].T
    return products if kernel == "linear" else (1 + products) ** kernels.degree


def _check_gram(k: np.ndarray) -> None:
    """Raise `OptionError` unless a Gram matrix is finite and symmetric."""
    if not np.isfinite(k).all():
        raise OptionError(
            "kernel: returned values that are not finite; give one that is finite for all examples."
        )
    if np.abs(k - k.T).max() > _SYMMETRIC * np.abs(k).max():
        raise OptionError(
            "kernel: returned a matrix that is not symmetric; k(a, b) and k(b, a) must be the same."
        )


def _check_definite(k: np.ndarray, weight: np.ndarray, rounding: float) -> None:
    """Raise `OptionError` if a centred Gram matrix has eigenvalues that are clearly negative.

    What lies along them is left out of the regression: it may be no more than a trifle.
    """
    root = np.sqrt(weight)
    values = np.linalg.eigvalsh(k * root[:, None] * root[None, :])
    largest = np.abs(values).max()
    if np.abs(k).max() > rounding and values[0] < -_DEFINITE * largest:
        raise OptionError(
            f"kernel: its Gram matrix has an eigenvalue of {values[0] / largest:.2g} of the "
            "largest; ridge regression needs a kernel that is positive semi-definite. "
            "Give another, e.g. exp(-distance) in place of a distance."
        )


def _centred(k: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Gram matrix of differences to the weighted mean of the fitted examples, which come first."""
    rows = np.average(k, axis=1, weights=weight)
    own = rows[: len(weight)]
    centred: np.ndarray = k - rows[:, None] - own[None, :] + np.average(own, weights=weight)
    return centred


class _Path(NamedTuple):
    """Kernel ridge regression for any penalty.

    Attributes
    ----------
    mean : array (unit,)
    dual : array (fitted example, component)
        Eigenvectors of the Gram matrix, in the weights of examples.
    values : array (component,)
    along : array (component, unit)
        What the targets hold along the eigenvectors.
    """

    mean: np.ndarray
    dual: np.ndarray
    values: np.ndarray
    along: np.ndarray

    def weights(self, penalty: Any) -> np.ndarray:
        """Weights ``(component, unit)`` for one penalty, or one for each unit."""
        weights: np.ndarray = self.along / (self.values[:, None] + penalty)
        return weights


def _path_of(k: np.ndarray, known: Labelled) -> _Path:
    """Diagonalise a Gram matrix that is centred by the examples' weights."""
    root, mean = np.sqrt(known.weight), np.average(known.x, axis=0, weights=known.weight)
    values, vectors = np.linalg.eigh(k * root[:, None] * root[None, :])
    along = vectors.T @ ((known.x - mean) * root[:, None])
    return _Path(mean, vectors * root[:, None], np.maximum(values, 0), along)


def _left_out_errors(
    k: np.ndarray, known: Labelled, fold: np.ndarray, choices: np.ndarray
) -> np.ndarray:
    """Sum over folds of the squared errors of ridge fitted on the others, ``(penalty, unit)``."""
    total = np.zeros((len(choices), known.x.shape[1]))
    for number in np.unique(fold):
        inside, outside = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        if len(inside) == 0:  # nothing to fit on, so that no choice is better than another
            continue
        rest, own = known.take(inside), known.take(outside)
        ordered = _centred(k[np.concatenate([inside, outside])][:, inside], rest.weight)
        path = _path_of(ordered[: len(inside)], rest)
        reach = ordered[len(inside) :] @ path.dual
        for place, penalty in enumerate(choices):
            off = own.x - path.mean - reach @ path.weights(penalty)
            total[place] += own.weight @ off**2
    return total


def _scores(
    parts: np.ndarray,
    held_out: ExamplesState,
    every: MomentsState,
    scored: MomentsState,
    scoring: str,
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Score of each unit, whether it is constant, and the shares ``(group, unit)``."""
    asked = numeric(held_out)
    weight, x = asked.weight, asked.x - np.float64(every.y_mean) - np.float64(every.y_rest)
    total = max(weight.sum(), 1)
    truth, about = x - weight @ x / total, parts - (weight @ parts / total)[:, None, :]
    whole = about.sum(axis=0)

    def single(values: np.ndarray) -> jax.Array:
        with np.errstate(over="ignore"):  # what does not fit becomes infinite, and the score NaN
            return jnp.asarray(values.astype(scored.count.dtype))

    squares = single(weight @ whole**2)
    along = single(np.einsum("e,geu,eu->gu", weight, about, truth))
    if scoring == "correlation":
        value, constant = correlations(along.sum(axis=0), squares, scored)
        constant = constant | every.x_constant.all()
        length = jnp.sqrt(squares) * jnp.sqrt(scored.y_squares)
        return value, constant, along / jnp.where(constant, 1, length)
    residual = single(weight @ (x - parts.sum(axis=0)) ** 2)
    value, constant = explained(residual, every, scored)
    shares = 2 * along - single(np.einsum("e,geu,eu->gu", weight, about, whole))
    return value, constant, shares / jnp.where(constant, 1, scored.y_squares)
