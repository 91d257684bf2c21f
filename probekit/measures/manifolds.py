"""Capacity of manifolds: how many classes of examples a linear readout can tell apart."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_count, check_number, check_seed
from probekit._sums import product
from probekit.errors import OptionError
from probekit.measures._arguments import jitted, matched
from probekit.measures._cones import nearest_in_cone
from probekit.measures._linalg import svd
from probekit.measures._status import Score, divide, score
from probekit.measures.class_clouds import ClassClouds
from probekit.measures.class_means import codes_of
from probekit.statistics import GroupExamples, GroupExamplesState, state_of

DEFAULT_DIRECTIONS = 200

_THINNEST = 1024
"""How many times as far as in a dimension that counts a class may vary in its widest one.

What rounding leaves where it does not vary must be none, at any precision: one dimension of two
less changes ``dimension`` by a fifth, however thin it is.
"""

_NARROWEST = 2.0**-16
"""Size of a class, in units of the length of its centre, below which it is taken as smaller still.

Its dimension, and its radius in units of its size, are then those of the limit to four digits.
"""


class Draws(NamedTuple):
    """What is drawn at random, and how far the last coordinate is moved: as `manifold_capacity`."""

    directions: int
    margin: float | jax.Array
    seed: int | jax.Array


class ManifoldCapacity(NamedTuple):
    """How separable classes are, and their geometry that decides it.

    Attributes
    ----------
    capacity : array () or (class,)
        How many classes a unit is worth.
    radius : array () or (class,)
        How wide a class is, in distances of its centre from the mean of all.
    dimension : array () or (class,)
        In how many directions it is.
    correlation : array ()
        How far the centres are from being orthogonal.
    """

    capacity: jax.Array
    radius: jax.Array
    dimension: jax.Array
    correlation: jax.Array


def manifold_capacity(
    x: Any,
    y: Any,
    *,
    margin: float = 0.0,
    directions: int = DEFAULT_DIRECTIONS,
    seed: int = 0,
    per_class: bool = False,
) -> ManifoldCapacity:
    """Manifold capacity, radius and dimension of classes, by mean field theory.

    Of a class, s_i are its examples less their mean, in units of the distance of that mean from the
    mean of all examples, in the r dimensions in which they vary. With C the cone of (s_i, 1) in
    r + 1 dimensions, (t, t₀) a normal vector there, p the point of C that is nearest to (t, t₀ + κ)
    and the anchor point s̃ = p_s / p_0 (or, if p is 0, the s_i with the largest t · s_i):
    ``capacity`` is 1 / ⟨‖p‖²⟩, ``radius`` √⟨‖s̃ - ⟨s̃⟩‖²⟩ and ``dimension`` r ⟨t · s̃ / ‖t‖ ‖s̃‖⟩²,
    with ⟨⟩ the mean over vectors; of the dimension, t and r leave out those dimensions in which the
    class varies by less than 1/1024 of its widest. ``correlation`` is the mean of |cos| over pairs
    of the classes' means less the mean of these.

    Parameters
    ----------
    x : array (example, unit)
        The representation.
    y : array (example,) or (example, k)
        The class of each example: any numbers, equal for equal classes. With several columns, each
        different row is a class.
    margin : float
        κ, at least 0: by how much classes are to be separated.
    directions : int
        How many normal vectors are drawn, at least 2. Without a margin the standard error of the
        capacity α of a class is at most 2 √(α / directions) of it.
    seed : int
        Of the vectors.
    per_class : bool
        Give the first three for each class, in the order of its value; else the harmonic mean of
        the capacities and the mean of the others.

    Returns
    -------
    ManifoldCapacity
        ``capacity`` is above 0 and at most 2, which is that of points without a margin; the others
        are at least 0, and ``correlation`` at most 1 and always 1 of two classes. A class of one
        example, or of equal ones, is a point, of radius and dimension 0. All are NaN if there is
        one class, no class has two examples, the mean of a class is that of all (or less than
        1/1024 as far from it as an example is from the mean of its class) or the input is not
        finite. ``correlation`` is also NaN if the mean of a class is the mean of the means.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 3.
    OptionError
        If `margin` is negative, or `directions` or `seed` are out of their range.

    Notes
    -----
    Invariant to translation, scaling, rotation and permutation of units; for vectors are drawn in
    the space of each class, by the numbers of its examples: rows in another order have other ones.
    t₀ takes evenly spaced quantiles, so that the capacity of points is 2 for any seed. More
    examples of a class fill more of its hull: compare classes and layers of as many examples.

    The authors' code (Stephenson et al.) first takes out the directions in which centres are
    correlated, which it searches for; here centres are as they are, as in the theory. Its r is the
    number of examples of a class, or of units if these are fewer. Its dimension, which is given
    here, has the square of a mean where the theory has the mean square of t · s̃ / ‖s̃‖. Nearest
    points are found to within rounding; where that fails all are NaN. Not under ``jit``, as classes
    are counted first. O(C directions m min(d, m)) a step for classes of m examples, and some m
    steps at most: 0.4 s for 10 classes of 50 examples.

    References
    ----------
    Chung, Lee and Sompolinsky 2018, Classification and geometry of general perceptual manifolds,
    eqs. 16, 17 and 28; Cohen, Chung, Lee and Sompolinsky 2020, Separability and geometry of object
    manifolds in deep neural networks; Stephenson et al. 2019, Untangling in invariant speech
    recognition.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import manifold_capacity
    >>> labels = np.arange(24) % 3
    >>> points = np.eye(3)[labels]
    >>> [round(float(value), 3) for value in manifold_capacity(points, labels)]
    [2.0, 0.0, 0.0, 0.5]
    >>> spread = points + np.random.default_rng(0).normal(size=(24, 3))
    >>> bool(manifold_capacity(spread, labels).capacity < 1)
    True
    """
    check_draws(margin, directions, seed)
    x, y = matched(x, y, least=3)
    classes, codes = codes_of(y)
    if not bool(jnp.isfinite(y).all()):
        shape = (classes,) if per_class else ()
        each = jnp.full(shape, jnp.nan, x.dtype)
        return ManifoldCapacity(each, each, each, jnp.asarray(jnp.nan, x.dtype))
    most = int(np.bincount(codes[:, 0]).max())
    return _capacity(
        x,
        jnp.asarray(codes, x.dtype),
        jnp.asarray(margin, x.dtype),
        jnp.asarray(int(seed), jnp.uint32),
        GroupExamples(groups=classes, capacity=most),
        int(directions),
        per_class,
    )


def check_draws(margin: float, directions: int, seed: int) -> None:
    """Raise `OptionError` unless the options are within their ranges."""
    check_number("margin", margin)
    if not 0 <= margin < float("inf"):
        raise OptionError(f"margin={margin!r}: must be at least 0, and finite.")
    check_count("directions", directions, 2)
    check_seed(seed)


@jitted(4, 5, 6)
def _capacity(
    x: jax.Array,
    codes: jax.Array,
    margin: jax.Array,
    seed: jax.Array,
    statistic: GroupExamples,
    directions: int,
    per_class: bool,
) -> ManifoldCapacity:
    state = state_of(statistic, x, codes)
    draws = Draws(directions, margin, seed)
    scores = manifold_scores(state, draws=draws, per_class=per_class)
    return ManifoldCapacity(*(found.value for found in scores))


def manifold_scores(
    state: GroupExamplesState, *, draws: Draws, per_class: bool = False
) -> tuple[Score, Score, Score, Score]:
    """`manifold_capacity` of the examples that were kept of each class."""
    clouds = ClassClouds.of(state)
    normal = _normal(state.index, draws).astype(clouds.deviations.dtype)
    parts = (*clouds.parts(), normal)
    manifolds = jax.lax.map(lambda one: _manifold(*one, margin=draws.margin), parts)
    there, classes = clouds.there, clouds.there.sum()
    together = (there & (clouds.scale == 0)).any()
    alone = (classes < 2) | together
    lost = (there & ~manifolds.reached).any() & ~together
    reasons = {
        "finite": state.finite & jnp.isfinite(clouds.deviations).all(),
        "enough": (classes > 0) & ((clouds.counts > 1).any() | (classes < 2)),
        "deficient": lost,
    }

    def scored(values: jax.Array) -> Score:
        undefined = alone | lost | (~there if per_class else False)
        return score(jnp.where(undefined, jnp.nan, values), **reasons, constant=alone)

    def mean(values: jax.Array) -> jax.Array:
        return divide(jnp.where(there, values, 0).sum(), classes.astype(values.dtype))

    squares, radius, dimension = manifolds[:3]
    correlation, undirected = clouds.correlation()
    of_all = (squares, radius, dimension) if per_class else map(mean, (squares, radius, dimension))
    squares, radius, dimension = of_all
    return (
        scored(jnp.minimum(divide(jnp.ones((), squares.dtype), squares), 2)),
        scored(radius),
        scored(dimension),
        score(
            jnp.where(alone | undirected, jnp.nan, correlation),
            finite=reasons["finite"],
            enough=reasons["enough"],
            constant=alone | undirected,
        ),
    )


class _Manifold(NamedTuple):
    """Of one class ⟨‖p‖²⟩, radius and dimension, and whether all nearest points are known."""

    squares: jax.Array
    radius: jax.Array
    dimension: jax.Array
    reached: jax.Array


def _manifold(
    points: jax.Array, present: jax.Array, normal: jax.Array, *, margin: float | jax.Array
) -> _Manifold:
    """Return the measures of the points of one class, about their centre, in its own units."""
    eps = float(np.finfo(points.dtype).eps)
    finite = jnp.isfinite(points).all()
    left, sizes, _ = svd(jnp.where(finite, points, 0))
    varies = sizes > max(points.shape) * eps * sizes[0]
    left = jnp.where(varies[None, :], left, 0)
    places = left * jnp.where(varies, sizes, 0)[None, :]
    # Uᵀ z is normal in the space of the class, and turns and flips as its coordinates do.
    t = product(normal.T, left)
    last = _quantiles(len(t), points.dtype) + margin
    generators = jnp.concatenate([places, jnp.ones_like(places[:, :1])], axis=1)
    lengths = jnp.sqrt(jnp.square(generators).sum(axis=1))
    generators = jnp.where(present[:, None], generators / lengths[:, None], 0)
    targets = jnp.concatenate([t, last[:, None]], axis=1)
    weights, reached = nearest_in_cone(generators, targets)
    nearest = product(weights, generators)
    anchors = _anchors(weights / lengths[None, :], places, t, present)
    about = anchors - anchors.mean(axis=0)
    counted = sizes * _THINNEST > sizes[0]
    t = jnp.where(counted[None, :], t, 0)
    along = (t * anchors).sum(axis=1)
    sides = jnp.sqrt(jnp.square(t).sum(axis=1) * jnp.square(anchors).sum(axis=1))
    cosine = jnp.where(sides > 0, along / jnp.where(sides > 0, sides, 1), 0).mean()
    return _Manifold(
        jnp.square(nearest).sum(axis=1).mean(),
        jnp.sqrt(jnp.square(about).sum(axis=1).mean()),
        counted.sum().astype(cosine.dtype) * jnp.square(cosine),
        (reached & _is_nearest(generators, targets, nearest)).all(),
    )


def _normal(index: jax.Array, draws: Draws) -> jax.Array:
    """Return the normal numbers that each example has by its own, with the axis of directions."""
    key = jax.random.key(jnp.asarray(draws.seed, jnp.uint32), impl="threefry2x32")

    def of_one(number: jax.Array) -> jax.Array:
        own = jax.random.fold_in(key, number)
        return jax.random.normal(own, (draws.directions,), jnp.float32)

    found: jax.Array = jax.vmap(of_one)(index.reshape(-1))
    return found.reshape(*index.shape, draws.directions)


def _quantiles(count: int, dtype: Any) -> jax.Array:
    """Evenly spaced quantiles of a normal distribution, of mean square 1."""
    values = jax.scipy.special.ndtri((jnp.arange(count, dtype=dtype) + 0.5) / count)
    return values / jnp.sqrt(jnp.square(values).mean())


def _anchors(shares: jax.Array, places: jax.Array, t: jax.Array, present: jax.Array) -> jax.Array:
    """Return the point of the hull at which each direction meets the class."""
    height = jnp.where(present[None, :], product(t, places.T), -jnp.inf)
    highest = jnp.argmax(height, axis=1)[:, None] == jnp.arange(len(places))[None, :]
    total = shares.sum(axis=1, keepdims=True)
    # Of a class that is all but a point the cone is so narrow that rounding decides where it is
    # met, but the narrower it is the more surely that is where the highest example is.
    met = (total > 0) & (jnp.square(places).sum(axis=1).max() > _NARROWEST**2)
    shares = jnp.where(met, shares / jnp.where(met, total, 1), highest)
    return product(shares, places)


def _is_nearest(generators: jax.Array, targets: jax.Array, nearest: jax.Array) -> jax.Array:
    """Whether nothing is left of a target along the cone, or along what is nearest to it."""
    left = targets - nearest
    size = jnp.square(targets).sum(axis=1)
    slope = product(left, generators.T).max(axis=1)
    along = jnp.abs((left * nearest).sum(axis=1))
    return (slope <= 1e-3 * jnp.sqrt(size)) & (along <= 1e-3 * size)
