"""In how many ways conditions can be told apart by planes."""

import functools
import itertools
import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_count, check_positive, check_seed
from probekit._sums import product
from probekit.errors import OptionError
from probekit.measures._arguments import Splits, jitted, splits
from probekit.measures._scale import about_mean
from probekit.measures._status import Score, divide, score
from probekit.measures.classification import both_states, largest_products, ridge_weights
from probekit.measures.regression import DEFAULT_PENALTY
from probekit.statistics import ExamplesState

DEFAULT_DICHOTOMIES = 64
MOST_CONDITIONS = 64
SET = (float(np.finfo(np.float32).tiny),)
"""Where a Boolean column is set: above 0."""

Edges = tuple[tuple[float, ...], ...]


class Shattering(NamedTuple):
    """Options of `shattering_dimensionality`, as they have been checked; hashable.

    Attributes
    ----------
    edges : tuple of tuple of float
        Of each column of the features where classes begin, but for the first.
    """

    edges: Edges
    dichotomies: int
    seed: int
    penalty: float

    @property
    def conditions(self) -> int:
        """How many combinations of classes there can be."""
        return math.prod(len(column) + 1 for column in self.edges)


def shattering_dimensionality(
    x: Any,
    y: Any,
    *,
    held_out: tuple[Any, Any] | None = None,
    dichotomies: int = DEFAULT_DICHOTOMIES,
    seed: int = 0,
    penalty: float = DEFAULT_PENALTY,
) -> jax.Array:
    """Shattering dimensionality: how well a plane divides conditions, however they are divided.

    A dichotomy puts half of the conditions on one side and half on the other (of an odd number, one
    more). The score is the mean over dichotomies of the accuracy of a linear classifier: a ridge
    regression on -1 and 1 in which every condition has the same weight, with the threshold halfway
    between the means of the sides. Accuracy is the mean over sides of that of the conditions.

    Parameters
    ----------
    x : array (example, unit)
        The representation.
    y : array (example,) or (example, k)
        The condition of each example: any numbers, equal for equal conditions. With several
        columns, as of Boolean features, each different row is a condition. At most 64.
    held_out : tuple of array, optional
        Representation and conditions ``(x2, y2)`` of the examples that are scored; those that are
        fitted, unless given.
    dichotomies : int
        At most how many; if there are more, so many different ones are drawn.
    seed : int
        Of the draw.
    penalty : float
        Strength of the squared penalty on the weights, as a fraction of the mean unit's variance.

    Returns
    -------
    array ()
        In [0, 1]; 1 if conditions can be divided in every way, as when each has a direction of its
        own, and about 1/2 if in none. Conditions without fitted examples are left out. NaN if fewer
        than two are left, none is scored on either side, or the input is not finite.

    Raises
    ------
    ShapeError
        If numbers of examples or columns differ, or there are fewer than 2 examples to fit.
    OptionError
        If there are more than 64 conditions, `dichotomies` or `seed` is out of its range, or
        `penalty` is not positive.

    Notes
    -----
    Invariant to translation, scaling, rotation and permutation of units. Not under ``jit``, as
    conditions are counted first. O(n d min(n, d) + t n d) for t dichotomies. Bernardi et al. take
    support vector machines and all dichotomies: 35 of 8 conditions, but 6435 of 16.

    References
    ----------
    Bernardi et al. 2020, The geometry of abstraction in the hippocampus and prefrontal cortex;
    Rigotti et al. 2013, The importance of mixed selectivity in complex cognitive tasks.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import shattering_dimensionality
    >>> y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> mixed = np.column_stack([y, y[:, 0] * y[:, 1]])
    >>> float(shattering_dimensionality(mixed, y))
    1.0
    >>> round(float(shattering_dimensionality(y, y)), 3)  # exclusive or is at chance
    0.833
    """
    given = splits(x, y, held_out, least=2)
    coded, conditions = _numbered(given)
    edges = (tuple(map(float, range(1, max(2, conditions)))),)
    options = shattering_options(edges, dichotomies, seed, penalty, "y")
    return _shattering(*both_states(coded), options)


def shattering_options(
    edges: Edges, dichotomies: int, seed: int, penalty: float, name: str
) -> Shattering:
    """Return the options, or raise `OptionError` unless they are possible; `name` has the edges."""
    check_count("dichotomies", dichotomies, 1)
    check_seed(seed)
    check_positive("penalty", penalty)
    options = Shattering(edges, int(dichotomies), int(seed), float(penalty))
    if options.conditions > MOST_CONDITIONS:
        raise OptionError(
            f"{name}: {options.conditions} conditions; at most {MOST_CONDITIONS} can be divided. "
            "Give fewer features, or of fewer values."
        )
    return options


def _numbered(given: Splits) -> tuple[Splits, int]:
    """Return the splits with the number of its condition for each example, and how many of them."""
    pairs = [pair for pair in given if pair is not None]
    labels = np.concatenate([np.asarray(y) for _, y in pairs])
    finite = np.isfinite(labels).all(axis=1)
    values, codes = np.unique(labels[finite], axis=0, return_inverse=True)
    numbers = np.full((len(labels), 1), np.nan)
    numbers[finite, 0] = codes.reshape(-1)
    parts = np.split(numbers, [len(pairs[0][1])])
    coded = [(x, jnp.asarray(part, x.dtype)) for (x, _), part in zip(pairs, parts, strict=False)]
    return Splits(coded[0], coded[1] if len(coded) > 1 else None), len(values)


@jitted(2)
def _shattering(fit: ExamplesState, held_out: ExamplesState, options: Shattering) -> jax.Array:
    return shattering_score(fit, held_out, options).value


def shattering_score(fit: ExamplesState, held_out: ExamplesState, options: Shattering) -> Score:
    """`shattering_dimensionality` of the examples that were kept, whose classes `edges` tell."""
    member, asked = (_members(state, options) for state in (fit, held_out))
    there = member.any(axis=0)
    conditions = there.sum()
    tables, counts = _tables(options.conditions, options.dichotomies, options.seed)
    rank = jnp.maximum(jnp.cumsum(there) - 1, 0)
    sides = jnp.asarray(tables)[conditions][:, rank]
    drawn = jnp.arange(tables.shape[1]) < jnp.asarray(counts)[conditions]

    x, x2 = about_mean(fit, held_out)
    within = member / jnp.maximum(member.sum(axis=0), 1)
    weight = within.sum(axis=1) / jnp.maximum(conditions, 1)
    mean = product(weight, x)
    target = jnp.where(there[:, None], 2 * sides.T - 1, 0).astype(x.dtype)
    target = target - target.sum(axis=0) / jnp.maximum(conditions, 1)
    root = jnp.sqrt(weight)[:, None]
    each = product(member.astype(bool).astype(x.dtype), target)
    vectors = ridge_weights((x - mean) * root, each * root, options.penalty)

    # One more condition on a side draws the fit to it; halfway between the sides it does not.
    heights = product(product(within.T, x - mean), vectors)
    threshold = _over_sides(heights, sides, there)[0]
    above = product(x2 - mean, vectors) - threshold
    size = largest_products(x2 - mean, vectors) + jnp.abs(threshold)
    between = jnp.abs(above) <= 8 * float(np.finfo(x.dtype).eps) * size
    side = (asked @ sides.T.astype(x.dtype)) > 0
    right = jnp.where(between, 0.5, (above > 0) == side).astype(x.dtype)
    tested = there & asked.any(axis=0)
    share = asked / jnp.maximum(asked.sum(axis=0), 1)
    accuracy, both = _over_sides(product(share.T, right), sides, tested)
    counted = drawn & both
    value = divide(jnp.where(counted, accuracy, 0).sum(), counted.sum().astype(x.dtype))
    return score(
        value,
        finite=fit.finite() & held_out.finite(),
        enough=counted.any() | (conditions < 2),
        constant=conditions < 2,
    )


def _members(state: ExamplesState, options: Shattering) -> jax.Array:
    """Weight of each example in its own condition, ``(example, condition)``."""
    code = jnp.zeros(len(state.y), jnp.int32)
    for column, edges in enumerate(options.edges):
        reached = state.y[:, column, None] >= jnp.asarray(edges, state.y.dtype)
        code = code * (len(edges) + 1) + reached.sum(axis=1, dtype=jnp.int32)
    return jnp.where(code[:, None] == jnp.arange(options.conditions), state.weight[:, None], 0)


def _over_sides(
    of_conditions: jax.Array, sides: jax.Array, there: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Mean over both sides of the mean over their conditions, and whether both have any."""
    on = jnp.stack([~sides, sides]) & there
    size = on.sum(axis=2).astype(of_conditions.dtype)
    means = jnp.where(on, of_conditions.T, 0).sum(axis=2) / jnp.maximum(size, 1)
    return means.mean(axis=0), (size > 0).all(axis=0)


@functools.cache
def _tables(most_conditions: int, most: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Dichotomies of every number of conditions, and how many: how many are there is known late."""
    found = [dichotomies_of(count, most, seed) for count in range(most_conditions + 1)]
    longest = max(map(len, found))
    tables = np.zeros((len(found), longest, most_conditions), bool)
    for count, sides in enumerate(found):
        tables[count, : len(sides), :count] = sides
    return tables, np.array([len(sides) for sides in found])


def dichotomies_of(conditions: int, most: int, seed: int) -> np.ndarray:
    """Return all ways to divide conditions in halves, or as many as are asked for.

    Examples
    --------
    >>> dichotomies_of(4, 64, 0).astype(int).tolist()
    [[1, 1, 0, 0], [1, 0, 1, 0], [1, 0, 0, 1]]
    >>> len(dichotomies_of(16, 64, 0)), len(dichotomies_of(5, 64, 0))
    (64, 10)
    """
    if conditions < 2:
        return np.zeros((0, conditions), bool)
    half, even = conditions // 2, conditions % 2 == 0
    # Of an even number the first condition is always on one side: the sides have no names.
    chosen = {
        (0, *rest) if even else rest
        for rest in _choices(conditions - even, half - even, most, seed, first=int(even))
    }
    sides = np.zeros((len(chosen), conditions), bool)
    for row, members in zip(sides, sorted(chosen), strict=True):
        row[list(members)] = True
    return sides


def _choices(of: int, size: int, most: int, seed: int, *, first: int) -> set[tuple[int, ...]]:
    """Choose `size` of so many numbers, from `first` on: in all ways, or in `most` at random."""
    numbers = range(first, first + of)
    if math.comb(of, size) <= most:
        return set(itertools.combinations(numbers, size))
    # This generator draws the same with every version of NumPy.
    generator = np.random.RandomState(seed)
    chosen: set[tuple[int, ...]] = set()
    while len(chosen) < most:
        drawn = generator.permutation(of)[:size] + first
        chosen.add(tuple(sorted(drawn.tolist())))
    return chosen
