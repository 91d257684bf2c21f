"""Directions of examples, two at a time: of one representation, or of two of the same examples."""

from typing import Any

import jax
import jax.numpy as jnp

from probekit._checks import check_positive
from probekit._sums import product
from probekit.measures._arguments import jitted, matched, matrix
from probekit.measures._scale import moderate
from probekit.measures._status import Score, divide, score
from probekit.measures.cloud import directions
from probekit.measures.gram import centred_rows
from probekit.statistics import Examples, ExamplesState, state_of

DEFAULT_POWER = 2.0


def anisotropy(x: Any) -> jax.Array:
    """Mean cosine of two examples.

    Parameters
    ----------
    x : array (example, unit)

    Returns
    -------
    array ()
        From -1 / (n - 1) (all directions cancel) over 0 (isotropic) to 1 (all point one way). NaN
        if an example is 0 in all units, or `x` is not finite.

    Raises
    ------
    ShapeError
        If there are fewer than 2 examples.

    Notes
    -----
    Invariant to scaling, rotation and permutation of units. O(n d).

    References
    ----------
    Ethayarajh 2019, How contextual are contextualized word representations?

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import anisotropy
    >>> float(anisotropy(np.array([[3.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, 5.0]])))
    0.0
    """
    return _anisotropy(matrix("x", x, least=2))


def self_clustering(x: Any) -> jax.Array:
    """How much more alike the directions of two examples are than on a uniformly covered sphere.

    (c - 1/d) / (1 - 1/d), with c the mean squared cosine of two different examples of d units.

    Parameters
    ----------
    x : array (example, unit)

    Returns
    -------
    array ()
        1 if all lie on one line, 0 in the mean of directions at random, and somewhat below 0 if
        they are spread more evenly than these, -1 / (d - 1) at the least. NaN if an example is 0 in
        all units, `x` is not finite, or has one unit (``rank_deficient``).

    Raises
    ------
    ShapeError
        If there are fewer than 2 examples.

    Notes
    -----
    Invariant to scaling, rotation and permutation of units. O(n d²).

    References
    ----------
    Tsitsulin, Munkhoeva and Perozzi 2023, Unsupervised embedding quality evaluation.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import self_clustering
    >>> line = np.array([[1.0, 0.0], [-3.0, 0.0]])
    >>> float(self_clustering(line)), float(self_clustering(np.eye(2)))
    (1.0, -1.0)
    """
    return _self_clustering(matrix("x", x, least=2))


def pair_alignment(x: Any, y: Any, *, power: float = DEFAULT_POWER) -> jax.Array:
    """How far apart on the sphere two representations of the same example are: ‖u - v‖^power.

    Mean over examples, with u = x / ‖x‖ and v = y / ‖y‖: of two views of each example by one
    network, which are positive pairs, or of one layer at two times.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order, and the same units; units that the narrower lacks are 0
        in it.
    power : float
        Above 0.

    Returns
    -------
    array ()
        From 0 (equal directions) to 2^power (opposite ones); lower is more aligned. Examples that
        are 0 in all units in either are left out. NaN if there are no others, either is constant,
        or the input is not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 2.
    OptionError
        If `power` is not above 0 and finite.

    Notes
    -----
    Invariant to scaling of either, and to a rotation of both, but not of one: units of networks
    that were trained apart have nothing to do with each other, and `aligned_cosine` rotates them
    first. O(n d).

    References
    ----------
    Wang and Isola 2020, Understanding contrastive representation learning through alignment and
    uniformity on the hypersphere.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import pair_alignment
    >>> x = np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> float(pair_alignment(x, 3 * x)), round(float(pair_alignment(x, x[::-1])), 5)
    (0.0, 2.0)
    """
    check_power(power)
    return _pair_alignment(*matched(x, y, least=2), float(power))


def check_power(power: float) -> None:
    """Raise `OptionError` unless it is above 0."""
    check_positive("power", power)


@jitted()
def _anisotropy(x: Any) -> jax.Array:
    return anisotropy_score(state_of(Examples(capacity=x.shape[0]), x)).value


@jitted()
def _self_clustering(x: Any) -> jax.Array:
    return self_clustering_score(state_of(Examples(capacity=x.shape[0]), x)).value


@jitted()
def _pair_alignment(x: jax.Array, y: jax.Array, power: float) -> jax.Array:
    return pair_alignment_score(state_of(Examples(capacity=x.shape[0]), x, y), power=power).value


def anisotropy_score(state: ExamplesState) -> Score:
    """`anisotropy` of the examples that were kept."""
    rows, undefined = _directions(state.x, state.present)
    n = state.present.sum().astype(rows.dtype)
    # All products but those of each with itself, which are 1: the mean leaves few digits to lose.
    mean = rows.sum(axis=0) / jnp.maximum(n, 1)
    value = divide(n * jnp.square(mean).sum() - 1, n - 1)
    return _of_pairs(jnp.clip(value, -1, 1), state, undefined)


def self_clustering_score(state: ExamplesState) -> Score:
    """`self_clustering` of the examples that were kept."""
    rows, undefined = _directions(state.x, state.present)
    n, d = state.present.sum().astype(rows.dtype), rows.shape[1]
    # The sum of squares of all cosines is that of all second moments of the directions.
    moments = product(rows.T, rows) / jnp.maximum(n, 1)
    squared = divide(n * jnp.square(moments).sum() - 1, n - 1)
    value = (d * jnp.clip(squared, 0, 1) - 1) / max(d - 1, 1)
    return _of_pairs(value if d > 1 else jnp.full_like(value, jnp.nan), state, undefined, d == 1)


def pair_alignment_score(state: ExamplesState, *, power: float | jax.Array) -> Score:
    """`pair_alignment` of the examples that were kept."""
    present = state.present
    width = max(state.x.shape[1], state.y.shape[1])
    (a, counted), (b, too) = (directions(z, present) for z in (state.x, state.y))
    a, b = (jnp.pad(rows, ((0, 0), (0, width - rows.shape[1]))) for rows in (a, b))
    counted = counted & too & present
    far = jnp.clip(jnp.sqrt(jnp.square(a - b).sum(axis=1)), 0, 2)
    # The root of 0 has no slope, and its power no logarithm.
    each = jnp.where(counted & (far > 0), jnp.where(far > 0, far, 1) ** power, 0)
    value = divide(each.sum(), counted.sum().astype(a.dtype))
    weight = present.astype(a.dtype)
    constant = [
        (centred_rows(moderate(jnp.where(present[:, None], z, 0)), weight) == 0).all()
        for z in (state.x, state.y)
    ]
    undefined = constant[0] | constant[1] | ~counted.any()
    return score(
        jnp.where(undefined, jnp.nan, value),
        finite=state.finite(),
        enough=present.sum() >= 2,
        constant=undefined,
    )


def _directions(z: jax.Array, present: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return the examples scaled to length 1, and whether one of them has no direction."""
    rows, counted = directions(z, present)
    return rows, (present & ~counted).any()


def _of_pairs(
    value: jax.Array, state: ExamplesState, undefined: jax.Array, deficient: bool = False
) -> Score:
    return score(
        jnp.where(undefined, jnp.nan, value),
        finite=state.x_finite.all(),
        enough=state.present.sum() >= 2,
        constant=undefined,
        deficient=jnp.asarray(deficient),
    )
