"""Where features lie in a representation: angles between them, and to the principal components."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_count
from probekit._rounding import reciprocal
from probekit._sums import product
from probekit.measures._arguments import jitted, matched
from probekit.measures._linalg import svd
from probekit.measures._scale import (
    largest_or_1,
    moderate,
    moderating_power,
    scaled_to_one,
)
from probekit.measures._status import Score, score
from probekit.measures.columns import Columns
from probekit.measures.spectrum import components as principal_components
from probekit.statistics import Moments, MomentsState, state_of

DEFAULT_COMPONENTS = 1


def feature_angles(x: Any, y: Any) -> jax.Array:
    """Angles between the directions of features in a representation.

    The direction of a feature is its covariance with the units, Xᵀ y for centred X and y; of a
    Boolean feature that is the difference between the means of its two classes.

    Parameters
    ----------
    x : array (example, unit)
        The representation.
    y : array (example,) or (example, k)
        The features, one a column.

    Returns
    -------
    array (k, k)
        In degrees, from 0 (one direction) over 90 (independent) to 180 (opposite). NaN where a
        feature has no direction, and if the input is not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 2.

    Notes
    -----
    Invariant to translation, scaling and rotation. O(n d k + d k²).

    References
    ----------
    Bernardi et al. 2020, The geometry of abstraction in the hippocampus and prefrontal cortex
    (coding directions).

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import feature_angles
    >>> y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> np.round(feature_angles(np.stack([y[:, 0], y[:, 0] + y[:, 1]], axis=1), y)).tolist()
    [[0.0, 45.0], [45.0, 0.0]]
    """
    return _angles(*matched(x, y, least=2))


def component_alignment(x: Any, y: Any, *, components: int = DEFAULT_COMPONENTS) -> jax.Array:
    """Share of a feature's direction that lies in the leading principal components.

    Σ_{j ≤ components} (v_j · f)² / ‖f‖², with f = Xᵀ y the direction of the feature (see
    `feature_angles`) and v_j the eigenvectors of the covariance.

    Parameters
    ----------
    x : array (example, unit)
        The representation.
    y : array (example,) or (example, k)
        The feature; of several columns, the squared lengths are added up.
    components : int

    Returns
    -------
    array ()
        In [0, 1]; `components` / d on average for a direction at random. NaN if the feature has no
        direction, or the input is not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 2.
    OptionError
        If `components` is less than 1.

    Notes
    -----
    Invariant to translation, scaling and rotation. Where two eigenvalues are equal their order is
    arbitrary, and so is the score between them. O(n d² + d³).

    References
    ----------
    Bernardi et al. 2020, The geometry of abstraction in the hippocampus and prefrontal cortex
    (coding directions).

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import component_alignment
    >>> y = np.array([0, 0, 1, 1])
    >>> x = np.stack([y, [0, 5, 0, 5]], axis=1)
    >>> round(float(component_alignment(x, y)), 4), round(float(component_alignment(x, x)), 3)
    (0.0, 0.998)
    """
    check_count("components", components, 1)
    return _alignment(*matched(x, y, least=2), components)


@jitted()
def _angles(x: jax.Array, y: jax.Array) -> jax.Array:
    state = state_of(Moments(xx="diagonal", yy="diagonal"), moderate(x), moderate(y))
    return angles_score(state, tuple((column,) for column in range(y.shape[1]))).value


@jitted(2)
def _alignment(x: jax.Array, y: jax.Array, components: int) -> jax.Array:
    state = state_of(Moments(yy="diagonal"), moderate(x), moderate(y))
    return alignment_score(state, components=components).value


def angles_score(state: MomentsState, columns: Columns) -> Score:
    """`feature_angles` from moments; needs `xy` and the diagonals of the others.

    Features of several columns, as of classes, span a plane: of these it is the smallest angle
    between the planes, of which a feature of one column is a line.
    """
    directions = _directions(state)
    parts = [directions.of(group) for group in columns]
    planes = [part.rows if len(part.rows) == 1 else _spanning(part) for part in parts]
    missing = jnp.stack([(plane == 0).all() for plane in planes])
    undefined = missing[:, None] | missing[None, :]
    value = jnp.stack([jnp.stack([_angle(a, b) for b in planes]) for a in planes])
    value = jnp.where(undefined, jnp.nan, jnp.rad2deg(value))
    return score(
        jnp.clip(value, 0, 180),
        finite=state.finite(),
        enough=state.count >= 2,
        constant=undefined,
    )


def alignment_score(state: MomentsState, *, components: int) -> Score:
    """`component_alignment` from moments; needs `xx` in full and the diagonal of `yy`."""
    assert state.xx is not None
    assert state.xy is not None
    directions, missing, _ = _directions(state)
    total = state.x_squares.sum()
    _, vectors = principal_components(state.xx / jnp.where(total > 0, total, 1))
    length = jnp.sqrt(jnp.square(state.xy).sum(axis=0))
    weight = jnp.square(length / jnp.where(length.max() > 0, length.max(), 1))
    weight = jnp.where(missing, 0, weight)
    each = jnp.square(product(directions, vectors[:, :components])).sum(axis=1)
    value = (weight * each).sum() * reciprocal(weight.sum())
    constant = missing.all()
    return score(
        jnp.where(constant, jnp.nan, jnp.clip(value, 0, 1)),
        finite=state.finite(),
        enough=state.count >= 2,
        constant=constant,
    )


class _Directions(NamedTuple):
    """Where columns of features lie in a representation.

    Attributes
    ----------
    rows : array (column, unit)
        Of length 1, or 0.
    missing : array (column,)
        Whether it has none.
    rounding : array (column,)
        Length of what rounding may have added to each row.
    """

    rows: jax.Array
    missing: jax.Array
    rounding: jax.Array

    def of(self, columns: tuple[int, ...]) -> "_Directions":
        """Return those of some columns."""
        chosen = jnp.array(columns)
        return _Directions(*(field[chosen] for field in self))


def _directions(state: MomentsState) -> _Directions:
    """Direction of each column of `y`.

    It has none if all its correlations with units are rounding: that would be the direction.
    """
    assert state.xy is not None
    x_length, y_length = (jnp.sqrt(squares) for squares in (state.x_squares, state.y_squares))
    rounding = 4 * float(np.finfo(x_length.dtype).eps) * x_length[:, None] * y_length[None, :]
    constant = state.x_constant[:, None] | state.y_constant[None, :]
    constant = constant | (jnp.abs(state.xy) <= rounding).all(axis=0)[None, :]
    cross = jnp.where(constant | ~jnp.isfinite(state.xy), 0, state.xy).T
    power = moderating_power(cross, axis=1)
    rounding = rounding.T * power / largest_or_1(cross * power, axis=1)
    cross = scaled_to_one(cross, axis=1)
    squares = jnp.square(cross).sum(axis=1)
    inverse = jnp.sqrt(reciprocal(squares))
    missing = squares == 0
    rounding = jnp.where(missing[:, None], 0, rounding)
    blurred = jnp.sqrt(jnp.square(rounding).sum(axis=1)) * inverse
    return _Directions(cross * inverse[:, None], missing, blurred)


def _spanning(directions: _Directions) -> jax.Array:
    """Orthonormal rows that span these directions, and rows of zeros.

    Those of classes add up to nothing, which leaves a row that is rounding: it must not count.
    """
    _, sizes, rows = svd(directions.rows)
    blurred = jnp.sqrt(jnp.square(directions.rounding).sum())
    return jnp.where((sizes > blurred)[:, None], rows, 0)


def _angle(a: jax.Array, b: jax.Array) -> jax.Array:
    """Angle between two directions, or the smallest one between two planes, in radians."""
    if a.shape[0] == b.shape[0] == 1:
        # Not by arccos, which would lose half of the digits near 0 and 180 degrees.
        apart, together = (jnp.sqrt(jnp.square(z).sum()) for z in (a - b, a + b))
        return 2 * jnp.arctan2(apart, together)
    left, cosines, _ = svd(product(a, b.T))
    nearest = product(left[:, 0], a)  # of the first plane to the second, and what of it is outside
    outside = nearest - product(product(nearest, b.T), b)
    sine, cosine = jnp.sqrt(jnp.square(outside).sum()), jnp.clip(cosines[0], 0, 1)
    return jnp.where(cosine > 0.5, jnp.arctan2(sine, cosine), jnp.arccos(cosine))
