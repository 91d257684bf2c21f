"""LogME: the evidence of a linear model of the classes, at its best prior and noise."""

from typing import Any, Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice
from probekit._sums import product
from probekit.measures._arguments import jitted, matched
from probekit.measures._double import in_double
from probekit.measures._linalg import svd, svdvals
from probekit.measures._scale import moderate, moderating_power
from probekit.measures._status import Score, divide, score
from probekit.measures.class_means import codes_of
from probekit.statistics import GroupExamplesState

Targets = Literal["classes", "columns"]
TARGETS: tuple[Targets, ...] = get_args(Targets)

_GRIDS = (129, 33, 33)
"""How many ratios of prior and noise are tried: over the whole range, then about the best."""

_RANGE = (-28.0, 14.0)
"""Of the logarithm of the ratio, over the largest squared singular value."""


def logme(x: Any, y: Any, *, targets: Targets = "classes", centred: bool = False) -> jax.Array:
    """Logarithm of the maximum evidence that `x` predicts `y` linearly, in nats an example.

    Of a target column y it is log p(y | X) / n for y = X w + noise, with w normal of variance 1/α
    and the noise of 1/β, at the α and β for which it is largest; the mean over columns. With t for
    α / β, u_i and σ_i singular vectors and values of X, and E(t) = ‖y‖² - Σ_i (u_i · y)² σ_i² /
    (σ_i² + t), it is the maximum of (Σ_i log(t / (σ_i² + t)) - n log(2π e E(t) / n)) / 2n.

    Parameters
    ----------
    x : array (example, unit)
        The representation.
    y : array (example,) or (example, k)
        The class of each example, any numbers, or what is predicted.
    targets : {"classes", "columns"}
        Whether each class (different row of `y`) is a target, 1 for its examples and else 0; or
        each column of `y`.
    centred : bool
        Take the means off units and targets, which then have one example less. Without, as
        published, there is no intercept, and the score depends on where 0 is.

    Returns
    -------
    array ()
        Of any sign; the larger, the better is the prediction. NaN if there is one class, or a
        target is 0 throughout, or predicted without any rest from fewer directions than examples,
        so that there is no largest evidence; or if the input is not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 3.
    OptionError
        If `targets` is neither of the two.

    Notes
    -----
    Invariant to scaling, rotation and permutation of units; if centred also to translation. The
    largest evidence is searched for over all ratios t; the authors' fixed point stops after 11
    steps and adds 1e-5 to its denominators, and for more units than examples their later code
    leaves out log α of those that have no singular value. Not under ``jit``, as classes are counted
    first. In float64; an estimator, in float32, reports ``rank_deficient`` if rounding hides units
    that vary far less than others. O(n d min(n, d)).

    References
    ----------
    You, Liu, Wang and Long 2021, LogME: practical assessment of pre-trained models for transfer
    learning; You et al. 2022, Ranking and tuning pre-trained models.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import logme
    >>> labels = np.arange(24) % 2
    >>> noise = np.random.default_rng(0).normal(size=(24, 2))
    >>> bool(logme(noise + 3 * labels[:, None], labels) > logme(noise, labels))
    True
    """
    check_choice("targets", targets, TARGETS)
    x, y = matched(x, y, least=3)
    if not bool(jnp.isfinite(y).all()):
        return jnp.asarray(jnp.nan, x.dtype)
    if targets == "classes":
        classes, codes = codes_of(y)
        if classes < 2:
            return jnp.asarray(jnp.nan, x.dtype)
        y = jnp.asarray(codes == np.arange(classes), x.dtype)
    return in_double(_logme, x, y, centred=bool(centred))


def _logme(x: jax.Array, y: jax.Array, *, eps: float, centred: bool) -> jax.Array:
    return _evidence(x, y, eps, centred)


@jitted(2, 3)
def _evidence(x: jax.Array, y: jax.Array, eps: float, centred: bool) -> jax.Array:
    present, counted = jnp.ones(len(x), bool), jnp.ones(y.shape[1], bool)
    return evidence_score(x, y, present, counted, centred=centred, eps=eps).value


def logme_score(state: GroupExamplesState, *, centred: bool) -> Score:
    """`logme` of the examples that were kept of each class."""
    groups, places, units = state.x.shape
    member = jnp.eye(groups, dtype=state.x.dtype)[:, None, :] * state.present[:, :, None]
    present = state.present.reshape(-1)
    there = state.present[:, 0]
    x = jnp.where(present[:, None], state.x.reshape(-1, units), 0)
    y = member.reshape(groups * places, groups)
    found = evidence_score(x, y, present, there, centred=centred)
    alone = there.sum() < 2
    return score(
        jnp.where(alone, jnp.nan, found.value),
        finite=state.finite,
        enough=present.sum() >= 3,
        constant=alone | (found.status == 4),
        deficient=found.status == 2,
    )


def evidence_score(
    x: jax.Array,
    y: jax.Array,
    present: jax.Array,
    counted: jax.Array,
    *,
    centred: bool,
    eps: float | None = None,
) -> Score:
    """Mean over the targets that are counted, columns of `y`; absent examples are 0.

    `eps` is the rounding of what was given, unless that is of the dtype of the values.
    """
    finite = jnp.isfinite(x).all() & jnp.isfinite(y).all()
    x, y = (jnp.where(jnp.isfinite(z), z, 0) for z in (x, y))
    power = moderating_power(y)
    x, y = moderate(x), y * power
    count = present.sum().astype(x.dtype)
    if centred:
        x, y = (_without_mean(z, present, count) for z in (x, y))
        count = count - 1
    parts = _Parts.of(x, y)
    size = jnp.square(y).sum(axis=0)
    own = float(np.finfo(x.dtype).eps)
    rounding = (16 * (own if eps is None else eps)) ** 2 * count * size
    exact = (parts.rest <= rounding) & (parts.rank < count)
    empty = size == 0
    value = jax.vmap(lambda along, rest: _largest(parts.squares, along, rest, count))(
        parts.along.T, parts.rest
    )
    constant, deficient = (counted & empty).any(), (counted & exact & ~empty).any()
    mean = divide(jnp.where(counted, value, 0).sum(), counted.sum().astype(value.dtype))
    mean = mean + jnp.log(power)  # a density, of what it is of
    return score(
        jnp.where(constant | deficient, jnp.nan, mean),
        finite=finite,
        enough=count >= 2,
        constant=constant,
        deficient=deficient | _hidden(x, parts.rank, count),
    )


def _hidden(x: jax.Array, rank: jax.Array, count: jax.Array) -> jax.Array:
    """Whether units of little spread have directions that rounding of the others hides.

    There are none where the rank is full, which is told without a second decomposition.
    """

    def more() -> jax.Array:
        lengths = jnp.sqrt(jnp.square(x).sum(axis=0))
        sizes = svdvals(x / jnp.where(lengths > 0, lengths, 1))
        return (sizes > sizes[0] * _rounding_of(x)).sum() > rank

    full = rank >= jnp.minimum(count, x.shape[1])
    hidden: jax.Array = jax.lax.cond(full, lambda: jnp.zeros_like(full), more)
    return hidden


def _rounding_of(x: jax.Array) -> float:
    """Return the largest singular value that may be rounding, over the largest one."""
    return max(x.shape) * float(np.finfo(x.dtype).eps)


class _Parts(NamedTuple):
    """Squares of singular values over the largest, those of the targets along their vectors.

    Attributes
    ----------
    squares : array (direction,)
    along : array (direction, target)
    rest : array (target,)
        What no direction explains.
    rank : array ()
    """

    squares: jax.Array
    along: jax.Array
    rest: jax.Array
    rank: jax.Array

    @classmethod
    def of(cls, x: jax.Array, y: jax.Array) -> "_Parts":
        """Take the targets apart."""
        left, sizes, _ = svd(x)
        there = sizes > sizes[0] * _rounding_of(x)
        left = jnp.where(there[None, :], left, 0)
        relative = jnp.where(there, sizes / jnp.where(sizes[0] > 0, sizes[0], 1), 0)
        along = product(left.T, y)
        rest = y - product(left, along)
        rest = rest - product(left, product(left.T, rest))  # rounding of the first
        return cls(
            jnp.square(relative), jnp.square(along), jnp.square(rest).sum(axis=0), there.sum()
        )


def _largest(squares: jax.Array, along: jax.Array, rest: jax.Array, count: jax.Array) -> jax.Array:
    """Return the largest evidence an example over all ratios t, by ever finer grids."""

    def evidence(logarithm: jax.Array) -> jax.Array:
        shrunk = 1 / (1 + squares * jnp.exp(-logarithm))
        error = (along * shrunk).sum() + rest
        fit = jnp.log(jnp.where(error > 0, error / count, 1)) + float(np.log(2 * np.pi)) + 1
        # log(1 + σ²/t), also where t is small beside it
        ratios = jnp.where(squares > 0, jnp.logaddexp(jnp.log(squares) - logarithm, 0.0), 0)
        return -(ratios.sum() / count + fit) / 2

    low, high = _RANGE
    middle, reach = jnp.asarray((low + high) / 2, squares.dtype), (high - low) / 2
    best = jnp.asarray(-jnp.inf, squares.dtype)
    for grid in _GRIDS:
        around = middle + reach * jnp.linspace(-1, 1, grid, dtype=squares.dtype)
        each = jax.vmap(evidence)(around)
        middle = around[jnp.argmax(each)]
        best = jnp.maximum(best, each.max())
        reach = 2 * reach / (grid - 1)
    return best


def _without_mean(rows: jax.Array, present: jax.Array, count: jax.Array) -> jax.Array:
    first = rows[jnp.argmax(present)]
    rows = jnp.where(present[:, None], rows - first[None], 0)
    for _ in range(2):
        mean = rows.sum(axis=0) / jnp.maximum(count, 1)
        rows = jnp.where(present[:, None], rows - mean[None], 0)
    return rows
