"""Resamples of conditions and subjects, divided into folds in which no copy is on both sides."""

from typing import Literal, NamedTuple, TypeVar, get_args

import jax
import jax.numpy as jnp
import numpy as np

from probekit.inference import Bootstrap

_LEAST = 3  # unlike conditions: of two there is a single dissimilarity

Kind = Literal["both", "conditions", "subjects"]
KINDS: tuple[Kind, ...] = get_args(Kind)

T = TypeVar("T", int, float)


class Draws(NamedTuple):
    """What is in each resample, as arrays with that axis first; -1 stands for nothing.

    Attributes
    ----------
    rows : array (draw, place)
        Which condition; those of one draw are in order.
    groups : array (draw, place)
        The group of conditions that were drawn together.
    copies : array (draw, place)
        Number of the copy, from 0.
    folds : array (draw, place)
    subjects : array (draw, subject)
        Which subject.
    subject_groups : array (draw, subject)
    subject_folds : array (draw, subject)
    possible : array (draw,)
        Whether each fold, and what is left without it, has conditions and subjects enough.
    """

    rows: jax.Array
    groups: jax.Array
    copies: jax.Array
    folds: jax.Array
    subjects: jax.Array
    subject_groups: jax.Array
    subject_folds: jax.Array
    possible: jax.Array


class Plan(NamedTuple):
    """How resamples are divided: folds of conditions and of subjects, and how often anew."""

    folds: int
    subject_folds: int
    repeats: int


def counts_of(
    conditions: Bootstrap, subjects: Bootstrap, kinds: tuple[Kind, ...], sizes: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Return how often each condition and each subject is there, ``(resample, thing)`` both.

    First in the data itself, then in the resamples of each kind: of both, or of one alone. Those
    of one are the same in all kinds.
    """
    found = []
    for option, own, size in zip(
        (conditions, subjects), ("conditions", "subjects"), sizes, strict=True
    ):
        once = np.ones((option.resamples, size), np.float32)
        each = [option.weights(size) if kind in ("both", own) else once for kind in kinds]
        found.append(np.concatenate([once[:1], *each]))
    return found[0], found[1]


def of_drawn(kind: Kind, of_conditions: T, of_subjects: T) -> tuple[T | None, T | None]:
    """Return what is said of conditions and of subjects; None of those that are not drawn."""
    return (
        None if kind == "subjects" else of_conditions,
        None if kind == "conditions" else of_subjects,
    )


def divided(
    of_conditions: np.ndarray,
    of_subjects: np.ndarray,
    conditions: Bootstrap,
    subjects: Bootstrap,
    plan: Plan,
) -> Draws:
    """Return resamples that are given as counts, divided `plan.repeats` times each."""
    rows, copies = _repeated(of_conditions)
    who, _ = _repeated(of_subjects)
    groups = _groups(conditions, of_conditions, rows)
    who_groups = _groups(subjects, of_subjects, who)
    folds, who_folds = [], []
    for number, (of_rows, of_who) in enumerate(zip(groups, who_groups, strict=True)):
        for repeat in range(plan.repeats):
            generator = np.random.default_rng((conditions.seed, number, repeat))
            folds.append(_dealt(of_rows, plan.folds, generator))
            who_folds.append(_dealt(of_who, plan.subject_folds, generator))
    rows, groups, copies, who, who_groups = (
        np.repeat(each, plan.repeats, axis=0) for each in (rows, groups, copies, who, who_groups)
    )
    dealt, who_dealt = np.stack(folds), np.stack(who_folds)
    return _draws((rows, groups, copies, dealt), (who, who_groups, who_dealt), plan)


def bagged(
    of_conditions: np.ndarray,
    of_subjects: np.ndarray,
    conditions: Bootstrap,
    subjects: Bootstrap,
    plan: Plan,
) -> Draws:
    """Return resamples that are given as counts as fold 1, and all that was not drawn as fold 0.

    Where there is one fold of conditions or of subjects, it has all of them, as they were drawn.
    """
    rows, copies, folds = _in_and_out(of_conditions, plan.folds)
    who, _, who_folds = _in_and_out(of_subjects, plan.subject_folds)
    groups = _groups(conditions, of_conditions, rows)
    who_groups = _groups(subjects, of_subjects, who)
    return _draws((rows, groups, copies, folds), (who, who_groups, who_folds), plan)


def _draws(
    of_conditions: tuple[np.ndarray, ...], of_subjects: tuple[np.ndarray, ...], plan: Plan
) -> Draws:
    """Return what is in each resample, and whether that is enough; folds come last of either."""
    (rows, *_, folds), (who, *_, who_folds) = of_conditions, of_subjects
    possible = [
        _enough(*one[:2], plan.folds, _LEAST) and _enough(*one[2:], plan.subject_folds, 1)
        for one in zip(rows, folds, who, who_folds, strict=True)
    ]
    return Draws(*map(jnp.asarray, (*of_conditions, *of_subjects, np.array(possible))))


def _groups(option: Bootstrap, counts: np.ndarray, which: np.ndarray) -> np.ndarray:
    """Return the group of each thing, of those that were drawn together; -1 of nothing."""
    groups: np.ndarray = np.where(which >= 0, option.places(counts.shape[1])[which], -1)
    return groups


def _in_and_out(counts: np.ndarray, folds: int) -> tuple[np.ndarray, ...]:
    """Return what is there, the numbers of copies, and the folds, ``(draw, place)`` each."""
    drawn, copies = _repeated(counts)
    if folds == 1:
        return drawn, copies, np.where(drawn >= 0, 0, -1)
    rest, first = _repeated(counts == 0, counts.shape[1])
    fold_of = np.concatenate([np.where(drawn >= 0, 1, -1), np.where(rest >= 0, 0, -1)], axis=1)
    return np.concatenate([drawn, rest], axis=1), np.concatenate([copies, first], axis=1), fold_of


def _repeated(counts: np.ndarray, length: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return what was drawn, as often as it was, and the number of each copy; -1 after the last.

    Of all draws, ``(draw, place)`` both; as many places as the longest needs unless given.
    """
    counts = counts.astype(int)
    sizes = counts.sum(axis=1)
    shape = (len(counts), int(sizes.max()) if length is None else length)
    which, copies = np.full(shape, -1), np.full(shape, -1)
    for draw, (row, size) in enumerate(zip(counts, sizes, strict=True)):
        which[draw, :size] = np.repeat(np.arange(len(row)), row)
        copies[draw, :size] = np.concatenate([np.arange(count) for count in row])
    return which, copies


def _dealt(groups: np.ndarray, folds: int, generator: np.random.Generator) -> np.ndarray:
    """Return the fold of each place: copies, and groups, are in one fold."""
    there = np.unique(groups[groups >= 0])
    fold_of = np.full(groups.max() + 2, -1)  # the last is that of -1
    fold_of[generator.permutation(there)] = np.arange(len(there)) % folds
    dealt: np.ndarray = fold_of[groups]
    return dealt


def _enough(rows: np.ndarray, fold_of: np.ndarray, folds: int, least: int) -> bool:
    """Whether each fold, and all but each, has so many unlike things."""
    sizes = np.array([len(np.unique(rows[fold_of == fold])) for fold in range(folds)])
    rest = sizes.sum() - sizes.max() if folds > 1 else sizes.sum()
    return bool(min(sizes.min(), rest) >= least)
