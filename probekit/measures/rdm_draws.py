"""Resamples of conditions and subjects, divided into folds in which no copy is on both sides."""

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit.inference import Bootstrap

_LEAST = 3  # unlike conditions: of two there is a single dissimilarity

Kind = Literal["both", "conditions", "subjects"]


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


def divided(
    of_conditions: np.ndarray,
    of_subjects: np.ndarray,
    conditions: Bootstrap,
    subjects: Bootstrap,
    plan: Plan,
) -> Draws:
    """Return resamples that are given as counts, divided `plan.repeats` times each."""
    length = int(of_conditions.sum(axis=1).max())
    places = conditions.places(of_conditions.shape[1])
    subject_places = subjects.places(of_subjects.shape[1])
    subject_length = int(of_subjects.sum(axis=1).max())
    found = []
    for number, counts in enumerate(zip(of_conditions, of_subjects, strict=True)):
        rows, copies = _repeated(counts[0], length)
        who, _ = _repeated(counts[1], subject_length)
        groups, who_groups = (
            np.where(z >= 0, place[z], -1) for z, place in ((rows, places), (who, subject_places))
        )
        for repeat in range(plan.repeats):
            generator = np.random.default_rng((conditions.seed, number, repeat))
            folds = _dealt(groups, plan.folds, generator)
            who_folds = _dealt(who_groups, plan.subject_folds, generator)
            possible = _enough(rows, folds, plan.folds, _LEAST) and _enough(
                who, who_folds, plan.subject_folds, 1
            )
            found.append((rows, groups, copies, folds, who, who_groups, who_folds, possible))
    return Draws(*(jnp.asarray(np.stack(column)) for column in zip(*found, strict=True)))


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
    places, subject_places = (
        option.places(counts.shape[1])
        for option, counts in ((conditions, of_conditions), (subjects, of_subjects))
    )
    possible = [
        _enough(*of_one[:2], plan.folds, _LEAST) and _enough(*of_one[2:], plan.subject_folds, 1)
        for of_one in zip(rows, folds, who, who_folds, strict=True)
    ]
    groups, who_groups = (
        np.where(z >= 0, place[z], -1) for z, place in ((rows, places), (who, subject_places))
    )
    found = (rows, groups, copies, folds, who, who_groups, who_folds, np.array(possible))
    return Draws(*map(jnp.asarray, found))


def _in_and_out(counts: np.ndarray, folds: int) -> tuple[np.ndarray, ...]:
    """Return what is there, the numbers of copies, and the folds, ``(draw, place)`` each."""
    length = int(counts.sum(axis=1).max())
    drawn, copies = map(np.stack, zip(*(_repeated(row, length) for row in counts), strict=True))
    if folds == 1:
        return drawn, copies, np.where(drawn >= 0, 0, -1)
    rest, first = map(
        np.stack, zip(*(_repeated(row == 0, counts.shape[1]) for row in counts), strict=True)
    )
    fold_of = np.concatenate([np.where(drawn >= 0, 1, -1), np.where(rest >= 0, 0, -1)], axis=1)
    return np.concatenate([drawn, rest], axis=1), np.concatenate([copies, first], axis=1), fold_of


def _repeated(counts: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what was drawn, as often as it was, and the number of each copy; -1 after the last."""
    counts = counts.astype(int)
    rows, copies = np.full(length, -1), np.full(length, -1)
    rows[: counts.sum()] = np.repeat(np.arange(len(counts)), counts)
    copies[: counts.sum()] = np.concatenate([np.arange(count) for count in counts])
    return rows, copies


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
