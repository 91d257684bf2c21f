"""Representational dissimilarity matrices: distances between all pairs of examples."""

import math
from typing import Any, Literal, NamedTuple, cast, get_args

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice, check_number
from probekit._sums import product
from probekit.errors import OptionError
from probekit.measures import whole_numbers
from probekit.measures._arguments import jitted, matrix
from probekit.measures._scale import (
    largest_or_1,
    moderate,
    moderating_power,
    restored,
    scaled_to_one,
)
from probekit.measures.precision import root_of_precision

Metric = Literal["correlation", "euclidean", "squared_euclidean", "cosine", "poisson"]
METRICS: tuple[Metric, ...] = get_args(Metric)
MeasuredMetric = Literal[Metric, "mahalanobis", "squared_mahalanobis"]
DEGREES: dict[Metric, int] = {"euclidean": 1, "squared_euclidean": 2}
"""How often the scale of a representation is in a distance, of those in which it is."""

MEASURED = ("mahalanobis", "squared_mahalanobis")
"""Metrics by a precision matrix, which has to be given."""

FEW_UNITS = 16
NEARLY_PARALLEL = 2.0**-6
PARALLEL = 2.0**-18
"""One minus the cosine below which rows of length 1 have lost what sets them apart."""

NEARLY_EQUAL = 2.0**-12
"""Share of their squares about the mean below which two rows are compared unit by unit.

Above it a distance is off by 5e-4 of itself at most, and by 1e-7 of the largest one; clusters of
trained networks stay above it, and so cost no more than a product."""


class Prior(NamedTuple):
    """The rate that is expected before anything is seen, and its weight beside what was seen."""

    rate: float = 1.0
    weight: float = 0.1


DEFAULT_PRIOR = Prior()


def rdm(
    x: Any,
    *,
    metric: MeasuredMetric = "correlation",
    precision: Any = None,
    prior_lambda: float = DEFAULT_PRIOR.rate,
    prior_weight: float = DEFAULT_PRIOR.weight,
) -> jax.Array:
    """Representational dissimilarity matrix: the distance between each pair of examples.

    ``correlation``: 1 - r(x_i, x_j), Pearson over units; ``euclidean``: ‖x_i - x_j‖;
    ``squared_euclidean``: ‖x_i - x_j‖²; ``cosine``: 1 - x_i·x_j / (‖x_i‖ ‖x_j‖); ``poisson``, for
    spike counts and firing rates: Σ_u (r_iu - r_ju) (log r_iu - log r_ju) / d, the symmetric
    Kullback-Leibler divergence of Poisson distributions whose rates r = (x + w λ) / (1 + w) are
    drawn a little to λ, so that silent units have a logarithm; ``squared_mahalanobis``: (x_i -
    x_j)ᵀ P (x_i - x_j), with P the precision; ``mahalanobis``: its root.

    Parameters
    ----------
    x : array (example, unit)
        The representation; not negative for ``poisson``.
    metric : {"correlation", "euclidean", "squared_euclidean", "cosine", "poisson", \
            "mahalanobis", "squared_mahalanobis"}
    precision : array (unit, unit), optional
        P, for Mahalanobis distances, which need it: the inverse covariance of what is noise. Of
        conditions, `condition_rdm` finds it. The covariance of the examples that are compared is
        none: with more units than examples it makes all distances equal. `noise_precision` finds
        one of residuals.
    prior_lambda, prior_weight : float
        λ and w, for ``poisson``: the rate that is expected of a unit, and its weight beside what
        was seen. Rates on another scale than spike counts want another λ.

    Returns
    -------
    array (example, example)
        Symmetric, zero on the diagonal; correlation and cosine distances lie in [0, 2]. NaN in rows
        and columns of examples that have no such distance: all units equal (correlation), all zero
        (cosine), a unit below 0 (poisson; or at 0, without a prior), not finite; throughout if the
        precision has a negative eigenvalue or is not finite.

    Raises
    ------
    ShapeError
        If `x` holds no numbers, or `precision` is not (unit, unit).
    OptionError
        If `metric` is none of the seven, `precision` is given for another or missing for a
        Mahalanobis distance, or the prior is negative or not finite.

    Notes
    -----
    Invariant to permutation of units; euclidean distances also to rotation and translation, cosine
    to rotation and scaling, correlation to scaling and to a constant added to all units of an
    example; Mahalanobis distances to translation. Of float32, correlation and cosine distances that
    differ from 2 by less than 1e-7 are equal, as of rows that are all but opposite beside one unit
    far larger than the others: their ranks are tied. Of rows of whole numbers, or of multiples of
    1/2 or another power of two (whose squares then sum to less than 2²⁴; for correlation d times
    that), distances that are equal are equal numbers, as ranks need it; of others rounding decides,
    though not in `rsa`, to which distances are equal that differ by their rounding alone.
    O(n² d), and O(n d² + d³) for a precision, which is taken apart on the host.

    References
    ----------
    Kriegeskorte, Mur and Bandettini 2008, Representational similarity analysis; Schütt et al.
    2023, Statistical inference on representational geometries (poisson, with that prior); Walther
    et al. 2016, Reliability of dissimilarity measures for multi-voxel pattern analysis.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import rdm
    >>> rdm(np.array([[0, 0], [3, 4], [0, 1]]), metric="squared_euclidean").tolist()
    [[0.0, 25.0, 1.0], [25.0, 0.0, 18.0], [1.0, 18.0, 0.0]]
    """
    check_choice("metric", metric, (*METRICS, *MEASURED))
    prior = prior_of(prior_lambda, prior_weight)
    x = matrix("x", x)
    if metric not in MEASURED:
        if precision is not None:
            raise OptionError(f"precision: metric {metric!r} uses none; leave it out.")
        known = cast(Metric, metric)
        return _of_any_size(x, known) if known in DEGREES else distances(x, known, prior)
    if precision is None:
        raise OptionError(
            f"precision: missing for metric {metric!r}; give the inverse covariance of the noise, "
            "or take condition_rdm, which finds it within conditions."
        )
    return _measured(x, root_of_precision(precision, x), metric == "squared_mahalanobis")


def prior_of(rate: Any, weight: Any) -> Prior:
    """Return the prior, or raise `OptionError` unless both are numbers from 0."""
    for name, value in (("prior_lambda", rate), ("prior_weight", weight)):
        check_number(name, value)
        if not (math.isfinite(value) and value >= 0):
            raise OptionError(f"{name}={value!r}: must be at least 0 and finite.")
    return Prior(float(rate), float(weight))


@jitted(1)
def _of_any_size(x: jax.Array, metric: Metric) -> jax.Array:
    """Distances that have the scale of `x`, which squares may not vanish or overflow on the way."""
    power = moderating_power(jnp.where(jnp.isfinite(x), x, 0))
    return restored(distances(x * power, metric), power, degree=DEGREES[metric])


@jitted(2)
def _measured(x: jax.Array, root: jax.Array, squared: bool) -> jax.Array:
    """Distances by a precision P = R Rᵀ: those between x R."""
    # About the mean, so that products lose nothing to an offset.
    finite = jnp.isfinite(x)
    x = x - jnp.where(finite, x, 0).mean(axis=0, keepdims=True)
    x = jnp.where(finite.all(axis=1, keepdims=True), x, jnp.nan)
    return distances(product(x, root), "squared_euclidean" if squared else "euclidean")


@jitted(1, 2)
def distances(x: jax.Array, metric: Metric, prior: Prior = DEFAULT_PRIOR) -> jax.Array:
    """Distances ``(example, example)`` between rows; see `rdm`."""
    if metric == "squared_euclidean":
        return squared_distances(x)
    if metric == "euclidean":
        return jnp.sqrt(squared_distances(x))
    if metric == "poisson":
        return poisson_distances(x, prior)
    if metric == "cosine":
        return cosine_distances(x)
    rows = centred_rows(x)
    before = _Before(_with_means(x, rows), centred=True)
    return _counted(x, _angular_distances(unit_rows(rows), before), centred=True)


class _Before(NamedTuple):
    """Rows before they had length 1: they have digits that rows of length 1 have lost.

    Attributes
    ----------
    rows : array (example, unit)
    centred : bool
        Whether their means were taken off, too; what is left of them has length 1 then.
    """

    rows: jax.Array
    centred: bool

    def lengths(self) -> jax.Array:
        """Those of the rows, without their means if these were taken off."""
        if self.centred:
            return jnp.ones(len(self.rows), self.rows.dtype)
        return jnp.sqrt(jnp.square(self.rows).sum(axis=1))


def cosine_distances(x: jax.Array) -> jax.Array:
    """One minus the cosines of rows."""
    before = _Before(moderate(x, axis=1), centred=False)
    return _counted(x, _angular_distances(unit_rows(x), before), centred=False)


def _counted(x: jax.Array, far: jax.Array, *, centred: bool) -> jax.Array:
    """Distances, of whole numbers exact ones: of these many are equal, as ranks need it."""

    def of_whole() -> jax.Array:
        rows = x / whole_numbers.grain(x)

        def counted() -> jax.Array:
            exact = whole_numbers.angular_distances(rows, centred=centred)
            return jnp.where(far < PARALLEL, far, jnp.clip(exact, 0, 2))

        countable = whole_numbers.are_countable(rows, centred=centred)
        found: jax.Array = jax.lax.cond(countable, counted, lambda: far)
        return found

    found: jax.Array = jax.lax.cond(whole_numbers.may_be_whole(x), of_whole, lambda: far)
    return found


def _angular_distances(rows: jax.Array, before: _Before) -> jax.Array:
    """One minus the cosines of rows of length 1.

    Of rows that are nearly parallel, as with an offset that all share, a cosine differs from 1 by
    less than its rounding; half the squared distance says how far they are apart. With a larger
    offset, or beside one unit that is far larger than all others, rows of length 1 have lost what
    sets them apart: what of two rows is at right angles to both is then found from what they were
    `before`.
    """
    far = 1 - product(rows, rows.T)
    others = ~np.eye(rows.shape[0], dtype=bool)

    def mended() -> jax.Array:
        apart = jnp.where(far < NEARLY_PARALLEL, squared_distances(rows) / 2, far)
        parallel = (apart < PARALLEL) & others
        found: jax.Array = jax.lax.cond(
            parallel.any(),
            lambda: jnp.where(parallel, _turned(rows, before), apart),
            lambda: apart,
        )
        return found

    close = (far < NEARLY_PARALLEL) & others
    far = jax.lax.cond(close.any(), mended, lambda: far)
    return _without_diagonal(jnp.clip(far, 0, 2))


def _with_means(x: jax.Array, rows: jax.Array) -> jax.Array:
    """Rows as they are, over the length of what they are without their means."""
    x, largest = moderate(x, axis=1), largest_or_1(rows, axis=1)
    length = largest * jnp.sqrt(jnp.square(rows / largest).sum(axis=1, keepdims=True))
    return x / jnp.where(length > 0, length, jnp.nan)


def _turned(rows: jax.Array, before: _Before) -> jax.Array:
    """One minus the cosines of nearly parallel rows, from what of their difference is aside.

    That is (‖x‖ + ‖y‖)² (1 - cos) / 2 of rows x and y before they had length 1. 0 where it is
    rounding of the entries: most of that lies along the rows, which is left out.
    """
    lengths = before.lengths()

    def of_row(own: tuple[jax.Array, jax.Array, jax.Array]) -> jax.Array:
        row, own_whole, own_length = own
        both = rows + row
        length = jnp.square(both).sum(axis=1, keepdims=True)
        both = both * jax.lax.rsqrt(jnp.where(length > 0, length, 1))
        scale = 2 / jnp.square(lengths + own_length)
        aside = _aside(before.rows, own_whole, both, centred=before.centred)
        if before.centred:
            return scale * aside.squares
        # Rows of length 1 are rounded ones, but differ little along what they have in common.
        of_unit = _aside(rows, row, both, centred=False)
        better = of_unit.noise / 2 < scale * aside.lost
        return jnp.where(better, of_unit.squares / 2, scale * aside.squares)

    found: jax.Array = jax.lax.map(of_row, (rows, before.rows, lengths))
    return found


class _Aside(NamedTuple):
    """What of the differences of rows is at right angles to something.

    Attributes
    ----------
    squares : array (example,)
        Squared lengths; 0 if they may be rounding.
    noise : array (example,)
        Those of the rounding of the rows.
    lost : array (example,)
        Those of what rounding takes with the part that is along.
    """

    squares: jax.Array
    noise: jax.Array
    lost: jax.Array


def _aside(rows: jax.Array, row: jax.Array, along: jax.Array, *, centred: bool) -> _Aside:
    """Return how far rows are from one another aside of directions of length 1, one for each."""
    eps = float(np.finfo(rows.dtype).eps)
    free = 1 - 1 / rows.shape[1] if centred else 1.0
    step = rows - row
    lost = jnp.square(4 * eps) * jnp.square(step).sum(axis=1)
    step = step - step.mean(axis=1, keepdims=True) if centred else step
    step = step - (step * along).sum(axis=1, keepdims=True) * along
    errors = jnp.square(eps * (jnp.abs(rows) + jnp.abs(row)))
    noise = (errors * jnp.maximum(free - jnp.square(along), 0)).sum(axis=1)
    squares = jnp.square(step).sum(axis=1)
    return _Aside(jnp.where(squares <= noise + lost, 0, squares), noise, lost)


def centred_rows(x: jax.Array) -> jax.Array:
    """Rows less their means, of moderate size; 0 where all units are equal."""
    x = moderate(x, axis=1)
    largest = jnp.abs(x).max(axis=1, keepdims=True)
    for _ in range(2):  # a mean far from zero is rounded; what it is off by is the mean of the rest
        x = x - x.mean(axis=1, keepdims=True)
    # What rounding of equal units leaves is no direction.
    rounding = 8 * np.finfo(x.dtype).eps * largest
    return jnp.where((jnp.abs(x) > rounding).any(axis=1, keepdims=True), x, 0)


def unit_rows(x: jax.Array) -> jax.Array:
    """Rows scaled to length 1; NaN where a row is 0 and has no direction."""
    x = scaled_to_one(x, axis=1)
    length = jnp.sqrt(jnp.square(x).sum(axis=1, keepdims=True))
    return x / jnp.where(length > 0, length, jnp.nan)


def squared_distances(x: jax.Array) -> jax.Array:
    """Squared euclidean distances between rows, exactly 0 between equal ones."""
    x = jnp.where(jnp.isfinite(x), x, jnp.nan)  # nothing is infinitely far: it is not known where
    if x.shape[1] <= FEW_UNITS:
        # Sums in one order for every pair: distances that are equal stay equal, as ranks need it.
        return jnp.square(x[:, None, :] - x[None, :, :]).sum(axis=2)
    finite = jnp.where(jnp.isfinite(x), x, 0)
    # About the mean little is lost. Rows of zeros have no part in it: they may stand for examples
    # that are absent, and with many of these it would lie far from all others.
    counted = (finite != 0).any(axis=1).sum()
    mean = finite.sum(axis=0, keepdims=True) / jnp.maximum(counted, 1)
    # Of whole numbers all sums are exact then, and equal distances equal, as ranks need it.
    mean = whole_numbers.next_to(mean, finite)
    about = x - mean
    squares = _squares(about)
    both = squares[:, None] + squares[None, :]
    squared = both - 2 * product(about, about.T)
    # Of rows that lie together far from the mean, as all but one beside one far out, that is
    # rounding; their differences are not.
    close = (squared < NEARLY_EQUAL * both) & ~np.eye(len(x), dtype=bool)
    squared = jax.lax.cond(
        close.any(),
        lambda: jnp.where(close, jax.lax.map(lambda row: _squares(x - row), x), squared),
        lambda: squared,
    )
    return _without_diagonal(squared)


def _squares(rows: jax.Array) -> jax.Array:
    return jnp.square(rows).sum(axis=1)


def poisson_distances(x: jax.Array, prior: Prior = DEFAULT_PRIOR) -> jax.Array:
    """Symmetric divergences of Poisson distributions, mean over units; see `rdm`."""
    rates, logs = rates_of(x, prior)
    if x.shape[1] <= FEW_UNITS:
        steps = [z[:, None, :] - z[None, :, :] for z in (rates, logs)]
        return (steps[0] * steps[1]).mean(axis=2)
    # Differences do not change about any point: about the means, products are small.
    known = jnp.where(jnp.isfinite(rates) & jnp.isfinite(logs), 1.0, 0.0)
    count = jnp.maximum(known.sum(axis=0), 1)
    rates, logs = (z - jnp.where(known > 0, z, 0).sum(axis=0) / count for z in (rates, logs))
    own = (rates * logs).sum(axis=1)
    both = jnp.abs(rates * logs).sum(axis=1)
    cross = product(rates, logs.T)
    far = own[:, None] + own[None, :] - cross - cross.T
    rounding = 8 * np.finfo(x.dtype).eps * (both[:, None] + both[None, :])
    return _without_diagonal(jnp.where(far <= rounding, 0, far)) / x.shape[1]


def rates_of(x: jax.Array, prior: Prior = DEFAULT_PRIOR) -> tuple[jax.Array, jax.Array]:
    """Rates drawn a little to that of the prior, and their logarithms; NaN where there is none."""
    rates = (x + prior.rate * prior.weight) / (1 + prior.weight)
    known = (x >= 0) & (rates > 0) & jnp.isfinite(x)
    return rates, jnp.where(known, jnp.log(rates), jnp.nan)


def _without_diagonal(square: jax.Array) -> jax.Array:
    """Put zeros on the diagonal, but where an example has no distance to anything."""
    own = jnp.where(jnp.isnan(square.diagonal()), jnp.nan, 0)
    return jnp.where(jnp.eye(square.shape[0], dtype=bool), own[:, None], square)


def pairs(square: jax.Array) -> jax.Array:
    """Entries above the diagonal, ``(pair,)``."""
    rows, columns = np.triu_indices(square.shape[0], k=1)
    return square[rows, columns]
