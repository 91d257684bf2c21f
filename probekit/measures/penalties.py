"""Penalties of a regression, among which cross-validation chooses: options, and what is best."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice, check_numbers, check_positive
from probekit.errors import OptionError
from probekit.measures.regression import MULTIOUTPUT, SCORING, MultiOutput, Scoring
from probekit.statistics import MomentsState
from probekit.statistics.folds import Folds, check_folds

DEFAULT_PENALTIES = (1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0, 1000.0)

_TIED = 16
"""Candidates are equal if what they explain, as R², differs by so many roundings."""


def check_penalties(penalties: Sequence[float]) -> None:
    """Raise `OptionError` unless there is a penalty and all are positive."""
    check_numbers("penalties", penalties)
    if len(penalties) == 0:
        raise OptionError("penalties=(): none to choose from; give at least one.")
    for penalty in penalties:
        check_positive("penalties", penalty)


def relative_to(penalties: tuple[float, ...], share: float) -> tuple[float, ...]:
    """Return penalties relative to the mean of a `share` of as many units."""
    return tuple(penalty * share for penalty in penalties)


class Options(NamedTuple):
    """What is chosen from, and how; hashable."""

    penalties: tuple[float, ...]
    folds: Folds
    per_target: bool
    multioutput: MultiOutput
    scoring: Scoring = "r2"


def checked_options(
    penalties: Sequence[float],
    folds: Folds,
    per_target: bool,
    multioutput: MultiOutput,
    scoring: Scoring,
) -> Options:
    """Return the options, or raise `OptionError`."""
    check_penalties(penalties)
    check_folds(folds)
    check_choice("multioutput", multioutput, MULTIOUTPUT)
    check_choice("scoring", scoring, SCORING)
    folds = folds if isinstance(folds, tuple) else int(folds)
    return Options(tuple(map(float, penalties)), folds, bool(per_target), multioutput, scoring)


def explained_outside(errors: Any, every: MomentsState, per_target: bool) -> jax.Array:
    """R² of each choice from its squared errors ``(choice, k)``; the mean of all unless per target.

    Each is in the column of every target, so that the best is found in it.
    """
    each = 1 - errors / jnp.where(every.y_constant, 1, every.y_squares)
    each = jnp.where(every.y_constant, 0, each)
    if per_target:
        return each
    return jnp.broadcast_to(each.mean(axis=1, keepdims=True), each.shape)


def best_of_candidates(
    errors: Any, every: MomentsState, per_target: bool
) -> tuple[jax.Array, jax.Array]:
    """Return which candidate and which penalty are best for each target, by number.

    Of candidates that are equal but for rounding the first: groups that predict alike would else
    have shares by chance. `errors` are squared, ``(candidate, penalty, k)``.
    """
    flat = errors.reshape(-1, errors.shape[2])
    explained = explained_outside(flat, every, per_target).reshape(errors.shape)
    of_candidate = explained.max(axis=1)
    most = of_candidate.max(axis=0)
    rounding = _TIED * np.finfo(explained.dtype).eps * (1 + jnp.abs(most))
    candidate = jnp.argmax(of_candidate >= most - rounding, axis=0)
    own = jnp.take_along_axis(explained, candidate[None, None, :], axis=0)[0]
    return candidate, jnp.argmax(own, axis=0)
