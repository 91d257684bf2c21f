"""Models of dissimilarity matrices: sums of candidates, fitted and scored on other conditions."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice, check_count, check_rank, shape_text
from probekit.errors import OptionError, ShapeError
from probekit.measures._arguments import matrix
from probekit.measures.comparisons import COMPARISONS, Comparison, noise_root
from probekit.measures.rdm_fitting import Model, check_model
from probekit.measures.rdm_parts import Part, Recipe, fitted_weights, held_out_score

_LEAST = 3  # conditions: of two there is a single dissimilarity, and nothing to compare
DEFAULT_FOLDS = 2


class RDMEvaluation(NamedTuple):
    """How well a model predicts dissimilarities that it was not fitted to.

    Attributes
    ----------
    score : array ()
        Mean over folds.
    scores : array (fold,)
    weights : array (fold, candidate)
        Fitted without the fold.
    conditions : array (fold, example)
        Which conditions the fold is scored on.
    subjects : array (fold, subject)
        Which subjects the fold is scored on.
    """

    score: jax.Array
    scores: jax.Array
    weights: jax.Array
    conditions: np.ndarray
    subjects: np.ndarray


def fit_rdm_weights(
    candidates: Any,
    target: Any,
    *,
    model: Model = "nonnegative",
    comparison: Comparison = "pearson",
    penalty: float = 0.0,
    noise_covariance: Any = None,
) -> jax.Array:
    """Weights of candidate dissimilarity matrices whose sum is most like another matrix.

    ``nonnegative``: argmax_w compare(Σ_i w_i C_i, D) for w_i ≥ 0; ``linear``: for any w;
    ``interpolate``: for mixtures w C_i + (1 - w) C_i+1 of two that follow each other;
    ``select``: the one best candidate; ``fixed``: 1 each. Of several targets the mean comparison is
    maximised. With a penalty it is min_w ‖Σ_i w_i c_i - d‖² + penalty ‖w‖² for vectors c and d of
    length 1 whose inner products are the comparisons. Comparisons of ranks are maximised by a
    direct search.

    Parameters
    ----------
    candidates : array (candidate, example, example)
        Only what lies above the diagonals is read.
    target : array (example, example) or (subject, example, example)
    model : {"nonnegative", "linear", "interpolate", "select", "fixed"}
    comparison : str
        As in `compare_rdms`. For the first three models least squares maximise ``pearson``,
        ``cosine``, ``whitened_cosine`` and ``whitened_correlation``.
    penalty : float
        Of ridge regression, for the first two models and these four comparisons.
    noise_covariance : array (example,) or (example, example), optional
        For ``whitened_…``, as in `compare_rdms`.

    Returns
    -------
    array (candidate,)
        Of length 1, as only their ratios matter; with a sum of 1 for ``interpolate``, and 1 each
        for ``fixed``. 0 for constant candidates, and throughout if no weight of at least 0 is of
        use. If candidates depend on each other, the shortest (``linear``). NaN if the input is not
        finite, the target constant, or every candidate, or the covariance of noise is singular.

    Raises
    ------
    ShapeError
        If these are not square matrices of one size, of at least 3 examples; or there are fewer
        than 2 candidates to interpolate.
    OptionError
        If an option is not among its choices, there is a penalty of a model or a comparison that
        has none, or it is negative.

    Notes
    -----
    Invariant to the scale of the targets; to the scale of each candidate up to its own weight, but
    for ``fixed``. O((k + s) n² + k² n² + k⁴) for k candidates and s subjects.

    With ranks it is the estimator of monotone index models, and with kendall's the maximum rank
    correlation estimator: a function of steps, of which no slope tells anything. The search begins
    at the least squares of mean ranks, and at the best candidates, and changes one weight at a time
    as long as that helps: at most O(k) times some 900 comparisons, as a rule a tenth of it, of
    O(n² log n) each, for kendall's of each subject. It draws nothing. As rsatoolbox follows slopes,
    its ``fit_optimize`` returns the best of the places where it begins.

    References
    ----------
    Khaligh-Razavi and Kriegeskorte 2014, Deep supervised, but not unsupervised, models may explain
    IT cortical representation; Jozwik, Kriegeskorte and Mur 2016, Visual features as stepping
    stones toward semantics (non-negative); Schütt et al. 2023, Statistical inference on
    representational geometries; Lawson and Hanson 1974, Solving least squares problems; Han 1987,
    Non-parametric analysis of a generalized regression model: the maximum rank correlation
    estimator; Cavanagh and Sherman 1998, Rank estimators for monotonic index models; Hooke and
    Jeeves 1961, "Direct search" solution of numerical and statistical problems.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import fit_rdm_weights, rdm
    >>> x = np.random.default_rng(0).normal(size=(9, 2))
    >>> first, second, both = (
    ...     rdm(z, metric="squared_euclidean") for z in (x[:, :1], x[:, 1:], x * [2, 1])
    ... )
    >>> np.asarray(fit_rdm_weights([first, second], both) * 17**0.5, float).round(3).tolist()
    [4.0, 1.0]
    """
    squares, targets = checked(candidates, target, model, comparison, penalty)
    every = np.ones(squares.shape[1], bool)
    part = _part((every, np.ones(len(targets), bool)), noise_covariance, comparison)
    return fitted_weights(squares, targets, part, Recipe(model, comparison, float(penalty)))


def evaluate_rdm_model(
    candidates: Any,
    targets: Any,
    *,
    model: Model = "nonnegative",
    comparison: Comparison = "pearson",
    penalty: float = 0.0,
    folds: Any = DEFAULT_FOLDS,
    subject_folds: Any = 1,
    seed: int = 0,
    noise_covariance: Any = None,
) -> RDMEvaluation:
    """How well a sum of candidate matrices predicts matrices of other conditions and subjects.

    For each fold of conditions and each of subjects: weights as `fit_rdm_weights` finds them for
    the others, then the mean comparison of Σ_i w_i C_i with the matrices of the fold's subjects,
    over the pairs of the fold's conditions. Pairs of a fitted and a held out condition are not
    used.

    Parameters
    ----------
    candidates : array (candidate, example, example)
    targets : array (example, example) or (subject, example, example)
        Matrices of subjects, runs, seeds.
    model, comparison, penalty, noise_covariance
        As in `fit_rdm_weights`.
    folds : int or array (example,)
        Into how many folds the conditions are drawn, or the fold of each. 1: all conditions, to fit
        and to score, which needs several folds of subjects, or the model ``fixed``.
    subject_folds : int or array (subject,)
        The same of subjects. 1: the matrices of all subjects, to fit and to score.
    seed : int
        Of what is drawn.

    Returns
    -------
    RDMEvaluation
        ``score`` in [-1, 1]; ``scores``, ``weights``, and which ``conditions`` and ``subjects``
        each fold was scored on, as for its ceiling: `probekit.inference.noise_ceiling` of
        ``targets[:, c][:, :, c]``. A score is 0 if all weights are (a model that says nothing) and
        NaN where a comparison is undefined.

    Raises
    ------
    ShapeError
        As `fit_rdm_weights`; or if a fold, or what is left without it, has fewer than 3 conditions
        or no subject, or labels of folds are not one each.
    OptionError
        As `fit_rdm_weights`; or if there is one fold in all, but for the model ``fixed``.

    Notes
    -----
    Invariant to the scale of the targets. O(f ((k + s) n² + k² n² + k⁴)) for f folds, k candidates
    and s subjects; ranks cost O(n² log n) each.

    References
    ----------
    Schütt et al. 2023, Statistical inference on representational geometries (folds of conditions
    and of subjects).

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import evaluate_rdm_model, rdm
    >>> x = np.random.default_rng(0).normal(size=(9, 2))
    >>> first, second, both = (
    ...     rdm(z, metric="squared_euclidean") for z in (x[:, :1], x[:, 1:], x * [2, 1])
    ... )
    >>> evaluate_rdm_model([first, second], both).scores.round(4).tolist()
    [1.0, 1.0]
    """
    squares, targets = checked(candidates, targets, model, comparison, penalty)
    check_count("seed", seed, 0)
    of_examples = _folds("folds", folds, squares.shape[1], _LEAST, "conditions", seed)
    of_subjects = _folds("subject_folds", subject_folds, len(targets), 1, "subjects", seed)
    if len(of_examples) * len(of_subjects) == 1 and model != "fixed":
        raise OptionError("folds: 1 in all; give at least 2 of conditions or of subjects.")
    recipe = Recipe(model, comparison, float(penalty))
    both = [(examples, subjects) for subjects in of_subjects for examples in of_examples]
    scores, weights = [], []
    for inside in both:
        outside = tuple(side if side.all() else ~side for side in inside)
        part = _part(inside, noise_covariance, comparison)
        rest = _part(outside, noise_covariance, comparison)
        weights.append(fitted_weights(squares, targets, rest, recipe))
        scores.append(held_out_score(squares, targets, part, weights[-1], comparison))
    each = jnp.stack(scores)
    conditions, subjects = (np.stack(side) for side in zip(*both, strict=True))
    return RDMEvaluation(each.mean(), each, jnp.stack(weights), conditions, subjects)


def _part(inside: tuple[np.ndarray, ...], noise_covariance: Any, comparison: Comparison) -> Part:
    """Return the part of these examples and subjects, whose noise has this covariance."""
    examples, subjects = inside
    root = noise_root(noise_covariance, comparison, examples)
    return Part(jnp.asarray(examples), jnp.asarray(subjects), root=root)


def checked(
    candidates: Any, target: Any, model: Model, comparison: Comparison, penalty: float
) -> tuple[jax.Array, jax.Array]:
    """Return both as floating arrays ``(matrix, example, example)``, or raise."""
    check_choice("comparison", comparison, COMPARISONS)
    check_model(model, comparison, penalty)
    squares, targets = _stacked("candidates", candidates), _stacked("target", target)
    if squares.shape[1:] != targets.shape[1:]:
        raise ShapeError(
            f"target: {targets.shape[1]} examples; candidates have {squares.shape[1]}. "
            "Give the same examples in the same order."
        )
    if model == "interpolate" and len(squares) < 2:
        raise ShapeError("candidates: 1; at least 2 are needed to interpolate.")
    return squares, targets


def _stacked(argument: str, array: Any) -> jax.Array:
    """Return matrices ``(matrix, example, example)``, or raise unless there are such."""
    array = array if hasattr(array, "shape") else np.asarray(array)
    check_rank(argument, array, least=2, most=3)
    array = array[None] if len(array.shape) == 2 else array
    if array.shape[1] != array.shape[2] or array.shape[1] < _LEAST or not len(array):
        raise ShapeError(
            f"{argument}: {shape_text(array)}; square matrices of at least {_LEAST} examples "
            "are needed."
        )
    return matrix(argument, array).reshape(array.shape)


def _folds(argument: str, folds: Any, count: int, least: int, things: str, seed: int) -> np.ndarray:
    """Return for each fold which of the things are in it, boolean ``(fold, thing)``."""
    if np.ndim(folds) == 0:
        if folds != int(folds) or folds < 1:
            raise OptionError(f"{argument}={folds!r}: must be a whole number, at least 1.")
        labels = np.random.default_rng(seed).permutation(count) % int(folds)
    else:
        labels = np.asarray(folds)
        if labels.shape != (count,):
            raise ShapeError(
                f"{argument}: shape {labels.shape}; there are {count} {things}. Give a label each."
            )
    inside: np.ndarray = labels[None, :] == np.unique(labels)[:, None]
    sizes, asked = inside.sum(axis=1), len(inside) if np.ndim(folds) else int(folds)
    fewest = min(sizes.min(), count - sizes.max()) if len(inside) > 1 else count
    if len(inside) < asked or fewest < least:
        raise ShapeError(
            f"{argument}: {count} {things} in {asked} folds; each, and what is left without it, "
            f"must have at least {least}. Give fewer folds."
        )
    return inside
