"""How sure it is what a model of dissimilarity matrices scores on others: a bootstrap around it."""

import zlib
from typing import Any, Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice, check_confidence, check_count
from probekit.errors import OptionError, ShapeError
from probekit.inference import Bootstrap
from probekit.measures._arguments import jitted
from probekit.measures.comparisons import Comparison
from probekit.measures.rdm_ceilings import part_ceiling
from probekit.measures.rdm_draws import Draws, Kind, Plan, counts_of, divided, of_drawn
from probekit.measures.rdm_fitting import Model
from probekit.measures.rdm_models import DEFAULT_FOLDS, checked
from probekit.measures.rdm_parts import Part, Recipe, fitted_weights, held_out_score
from probekit.measures.rdm_spread import RDMBootstrap, summary

Resample = Literal["both", "conditions", "subjects", "dual"]
RESAMPLES: tuple[Resample, ...] = get_args(Resample)


def bootstrap_rdm_model(
    candidates: Any,
    targets: Any,
    *,
    model: Model = "nonnegative",
    comparison: Comparison = "pearson",
    penalty: float = 0.0,
    folds: int = DEFAULT_FOLDS,
    subject_folds: int = 1,
    repeats: int = 2,
    resample: Resample | None = None,
    resamples: int = 1000,
    confidence: float = 0.95,
    groups: Any = None,
    subject_groups: Any = None,
    seed: int = 0,
) -> RDMBootstrap:
    """Score of a model of dissimilarities on other conditions and subjects, and how sure it is.

    Conditions and subjects are drawn with replacement, and on each resample the model is fitted and
    scored as `evaluate_rdm_model` does it. All copies of a condition, or of a subject, are in one
    fold; pairs of copies of one condition, or in other copies of one group, do not count.

    Parameters
    ----------
    candidates : array (candidate, example, example)
    targets : array (example, example) or (subject, example, example)
        Matrices of subjects, runs, seeds.
    model, comparison, penalty
        As in `fit_rdm_weights`.
    folds, subject_folds : int
        Into how many folds conditions and subjects are drawn; 1: all, to fit and to score. Both are
        1 for the model ``fixed`` alone.
    repeats : int
        How often each resample is divided into folds. Of two and more it is known how much variance
        the drawing of folds adds, and that is taken off.
    resample : {"both", "conditions", "subjects", "dual"}, optional
        What is drawn: to generalise to other conditions, or subjects, or both. ``both`` counts the
        variance of measurements twice; ``dual`` draws both, and each alone, and has the variance
        from all three. Unless given ``dual`` where there are several subjects, and otherwise
        ``conditions``.
    resamples : int
    confidence : float
        Of the interval, between 0 and 1.
    groups : array (example,), optional
        Conditions that are drawn together, and are in one fold.
    subject_groups : array (subject,), optional
        Matrices that are drawn together, such as runs of a subject.
    seed : int

    Returns
    -------
    RDMBootstrap
        The ``score`` of the data, its ``standard_error``, ``interval`` and ``p_value`` (that it is
        not above 0), the ``ceiling`` and ``p_ceiling`` (that it is the lower ceiling), and what was
        found on each resample. Resamples with fewer than 3 unlike conditions, or no subject, in a
        fold are NaN and left out; if they are more than a tenth, all but score and ceiling is NaN.
        Of one subject there is no ceiling.

    Raises
    ------
    ShapeError
        As `fit_rdm_weights`; or if a fold of the data itself has fewer than 3 conditions or no
        subject, or groups are not one each.
    OptionError
        As `fit_rdm_weights`; or if a number is too small, there is one fold in all for a model that
        is fitted, or a single subject, or group, shall be resampled.

    Notes
    -----
    Invariances and costs are those of `evaluate_rdm_model`, which is repeated; one program for all
    resamples. On the host but for that. Models that are given the same options have the same
    resamples: `rdm_model_difference` compares them. Resamples have fewer unlike conditions to be
    fitted on, so that weights with many candidates score less there than on the data; the interval
    lies about the score of the data, where rsatoolbox's is about the mean of resamples. The lower
    ceiling is that of other subjects, or of other folds of subjects if there are several, on the
    conditions of each fold; the upper one is that of all subjects.

    References
    ----------
    Schütt et al. 2023, Statistical inference on representational geometries (dual bootstrap, and
    the correction for the drawing of folds).

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import bootstrap_rdm_model, rdm
    >>> x = np.random.default_rng(0).normal(size=(15, 2))
    >>> first, second, both = (
    ...     rdm(z, metric="squared_euclidean") for z in (x[:, :1], x[:, 1:], x * [2, 1])
    ... )
    >>> found = bootstrap_rdm_model([first, second], both, resamples=20)
    >>> round(found.score, 4), round(found.standard_error, 4)
    (1.0, 0.0)
    """
    squares, targets = checked(candidates, targets, model, comparison, penalty)
    plan = _plan(folds, subject_folds, repeats, model)
    check_confidence(confidence)
    options = drawings(resamples, groups, subject_groups, seed)
    sizes = (squares.shape[1], len(targets))
    counts = group_counts(options, sizes)
    kinds = _kinds(resample, counts)
    draws = divided(*counts_of(*options, kinds, sizes), *options, plan)
    _check_folds(draws, sizes, plan)
    recipe = Recipe(model, comparison, float(penalty))
    found = evaluated(squares, targets, draws, recipe, plan)
    each, bounds = (np.asarray(z, float) for z in found)
    whole, shape = slice(plan.repeats), (len(kinds), resamples, plan.repeats)
    return summary(
        float(each[whole].mean()),
        bounds[whole].mean(axis=0),
        each[plan.repeats :].reshape(shape),
        bounds[plan.repeats :].reshape(*shape, 2),
        sizes=of_drawn(kinds[0], *counts),
        confidence=float(confidence),
        drawn=zlib.crc32(b"".join(np.asarray(z).tobytes() for z in draws)),
    )


def _plan(folds: int, subject_folds: int, repeats: int, model: Model) -> Plan:
    """Return how resamples are divided, or raise if that cannot be."""
    for name, count in (("folds", folds), ("subject_folds", subject_folds), ("repeats", repeats)):
        check_count(name, count, 1)
    if folds * subject_folds == 1:
        if model != "fixed":
            raise OptionError("folds: 1 in all; give at least 2 of conditions or of subjects.")
        repeats = 1  # there is nothing to divide
    return Plan(int(folds), int(subject_folds), int(repeats))


def drawings(
    resamples: int, groups: Any, subject_groups: Any, seed: int
) -> tuple[Bootstrap, Bootstrap]:
    """Return how conditions and subjects are drawn, independently."""
    check_count("seed", seed, 0)
    other = int(np.random.SeedSequence((seed, 1)).generate_state(1)[0])
    return (
        Bootstrap(resamples=resamples, groups=groups, seed=seed),
        Bootstrap(resamples=resamples, groups=subject_groups, seed=other),
    )


def group_counts(options: tuple[Bootstrap, Bootstrap], sizes: tuple[int, int]) -> tuple[int, int]:
    """Return how many groups of conditions and of subjects there are to draw from."""
    conditions, subjects = (
        int(bootstrap.places(size).max()) + 1
        for bootstrap, size in zip(options, sizes, strict=True)
    )
    return conditions, subjects


def check_drawn(resample: Resample, counts: tuple[int, int]) -> None:
    """Raise `OptionError` if there is but one group of what is to be resampled."""
    for things, count in zip(("conditions", "subjects"), counts, strict=True):
        if resample in (things, "both", "dual") and count < 2:
            raise OptionError(
                f"resample={resample!r}: {count} group of {things}; at least 2 are needed to "
                "resample them."
            )


def _kinds(resample: Resample | None, counts: tuple[int, int]) -> tuple[Kind, ...]:
    """Return the bootstraps that are needed, or raise if there is nothing to draw from."""
    resample = resample or ("dual" if counts[1] > 1 else "conditions")
    check_choice("resample", resample, RESAMPLES)
    check_drawn(resample, counts)
    return ("both", "subjects", "conditions") if resample == "dual" else (resample,)


def _check_folds(draws: Draws, sizes: tuple[int, ...], plan: Plan) -> None:
    """Raise `ShapeError` unless the data itself, the first of what is drawn, can be divided."""
    if not draws.possible[: plan.repeats].all():
        raise ShapeError(
            f"folds, subject_folds: {sizes[0]} conditions in {plan.folds} folds, {sizes[1]} "
            f"subjects in {plan.subject_folds}; each, and what is left without it, must have at "
            "least 3 conditions and 1 subject. Give fewer folds."
        )


@jitted(3, 4, 5)
def evaluated(
    squares: jax.Array,
    targets: jax.Array,
    draws: Draws,
    recipe: Recipe,
    plan: Plan,
    scored: int | None = None,
) -> tuple[jax.Array, jax.Array]:
    """Scores ``(draw,)`` and ceilings ``(draw, bound)``, means over folds, or the first of them."""

    def one(draw: Draws) -> tuple[jax.Array, jax.Array]:
        candidates = _taken(squares, draw.rows)
        wanted = _taken(targets[jnp.maximum(draw.subjects, 0)], draw.rows)
        fold = jnp.arange(scored or plan.folds * plan.subject_folds)
        scores, bounds = jax.lax.map(
            lambda number: _scored(candidates, wanted, draw, number, recipe, plan), fold
        )
        possible = draw.possible
        return (
            jnp.where(possible, scores.mean(), jnp.nan),
            jnp.where(possible, bounds.mean(axis=0), jnp.nan),
        )

    scores, bounds = jax.lax.map(one, draws)
    return scores, bounds


def _taken(squares: jax.Array, rows: jax.Array) -> jax.Array:
    """Rows and columns of matrices; as rows are in order, what lies above the diagonal stays so."""
    rows = jnp.maximum(rows, 0)
    return squares[:, rows][:, :, rows]


def _scored(
    squares: jax.Array,
    targets: jax.Array,
    draw: Draws,
    number: jax.Array,
    recipe: Recipe,
    plan: Plan,
) -> tuple[jax.Array, jax.Array]:
    """Score and ceiling of one of the folds of a resample."""
    left_out = _copies(draw)
    sides = []
    for fold_of, folds, fold in (
        (draw.folds, plan.folds, number % plan.folds),
        (draw.subject_folds, plan.subject_folds, number // plan.folds),
    ):
        there = fold_of >= 0
        sides.append((there, there & (fold_of == fold), there & ((fold_of != fold) | (folds == 1))))
    (_, scored, fitted), (everyone, who, others) = sides
    part = Part(scored, who, left_out)
    weights = fitted_weights(squares, targets, Part(fitted, others, left_out), recipe)
    groups = draw.subject_groups if plan.subject_folds == 1 else draw.subject_folds
    return (
        held_out_score(squares, targets, part, weights, recipe.comparison),
        part_ceiling(targets, part, everyone, groups, recipe.comparison),
    )


def _copies(draw: Draws) -> jax.Array:
    """Pairs of copies of one condition, or in other copies of one group, ``(place, place)``."""
    rows, groups, copies = (z[:, None] == z[None, :] for z in (draw.rows, draw.groups, draw.copies))
    return groups & (rows | ~copies)
