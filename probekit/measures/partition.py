"""What several features explain of a representation together, and what each of them adds."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice
from probekit.measures._arguments import Splits, jitted, splits
from probekit.measures._moments import states_of
from probekit.measures._status import Score, score
from probekit.measures.columns import Columns, in_order
from probekit.measures.regression import (
    AVERAGED,
    MULTIOUTPUT,
    Averaged,
    MultiOutput,
    check_columns,
    encoding_score,
    least_squares,
    weights_score,
)
from probekit.statistics import Moments, MomentsState

BY_UNIT = Moments(xx="diagonal")
"""All that the scores here need: of the units, each by itself."""

_ROUNDING = 1e-5
"""By how much a difference of R² on the fitted examples may be above 1."""


def joint_r2(
    x: Any,
    y: Any,
    *,
    held_out: tuple[Any, Any] | None = None,
    multioutput: MultiOutput = "uniform_average",
) -> jax.Array:
    """Share of a representation's variance that all features explain together.

    R²(all) = `linear_r2` of the representation on all columns of `y`.

    Parameters
    ----------
    x : array (example, unit)
        The representation.
    y : array (example,) or (example, k)
        The features.
    held_out : tuple of array, optional
        Representation and features of the examples that are scored.
    multioutput : {"uniform_average", "variance_weighted", "raw_values"}
        As in `linear_r2`.

    Returns
    -------
    array () or (unit,)
        At most 1; below 0 where the prediction is worse than the mean. Undefined as `linear_r2` is.

    Raises
    ------
    ShapeError
        If numbers of examples or columns differ, there are fewer than 2 examples, or `y` has more
        columns than there are examples to fit on.
    OptionError
        If `multioutput` is none of the three.

    Notes
    -----
    Invariant to translation, scaling and permutation of units; weighted by variance also to
    rotation. O(n (d k + k²) + k³).

    References
    ----------
    Lampinen, Chan and Hermann 2024, arXiv 2405.05847.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import joint_r2
    >>> y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> float(joint_r2(y @ np.array([[1, 2], [3, 4]]), y))
    1.0
    """
    check_choice("multioutput", multioutput, MULTIOUTPUT)
    given = splits(x, y, held_out, least=2)
    check_columns(given)
    return _joint(given, multioutput)


def unique_r2(
    x: Any,
    y: Any,
    *,
    held_out: tuple[Any, Any] | None = None,
    multioutput: Averaged = "uniform_average",
) -> jax.Array:
    """Variance of a representation that each feature explains and no other feature does.

    U(f) = R²(all features) - R²(all features but f), with R² as in `linear_r2`.

    Parameters
    ----------
    x : array (example, unit)
        The representation.
    y : array (example,) or (example, k)
        The features, one a column.
    held_out : tuple of array, optional
        Representation and features of the examples that are scored.
    multioutput : {"uniform_average", "variance_weighted"}
        How the units' R² are averaged.

    Returns
    -------
    array (k,)
        In [0, 1] on the examples that were fitted; on others it may be negative, or above 1 where
        the other features predict worse than the mean. Undefined as `linear_r2` is.

    Raises
    ------
    ShapeError
        If numbers of examples or columns differ, there are fewer than 2 examples, or `y` has more
        columns than there are examples to fit on.
    OptionError
        If `multioutput` is neither of the two.

    Notes
    -----
    Invariant to translation, scaling and permutation of units; weighted by variance also to
    rotation. O(n (d k + k²) + k (k³ + d k²)).

    References
    ----------
    Newton and Spurrell 1967, A development of multiple regression for the analysis of routine data;
    Seibold and McPhee 1979, Commonality analysis.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import unique_r2
    >>> y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> np.round(np.asarray(unique_r2(y[:, 0] + 2 * y[:, 1], y), float), 4).tolist()
    [0.2, 0.8]
    """
    return _parts(x, y, held_out, multioutput)[0]


def shared_r2(
    x: Any,
    y: Any,
    *,
    held_out: tuple[Any, Any] | None = None,
    multioutput: Averaged = "uniform_average",
) -> jax.Array:
    """Variance of a representation that a feature explains, but others could explain as well.

    S(f) = R²(f alone) - U(f), with U(f) as in `unique_r2`.

    Parameters
    ----------
    x : array (example, unit)
        The representation.
    y : array (example,) or (example, k)
        The features, one a column.
    held_out : tuple of array, optional
        Representation and features of the examples that are scored.
    multioutput : {"uniform_average", "variance_weighted"}
        How the units' R² are averaged.

    Returns
    -------
    array (k,)
        At most 1 on the examples that were fitted; negative where a feature explains more beside
        the others than alone (suppression). A constant unit that is predicted exactly counts 1, as
        in R²(f alone); it counts 0 in `unique_r2` and `commonality`. Undefined as `linear_r2` is.

    Raises
    ------
    ShapeError
        If numbers of examples or columns differ, there are fewer than 2 examples, or `y` has more
        columns than there are examples to fit on.
    OptionError
        If `multioutput` is neither of the two.

    Notes
    -----
    Invariant to translation, scaling and permutation of units; weighted by variance also to
    rotation. O(n (d k + k²) + k (k³ + d k²)).

    References
    ----------
    Newton and Spurrell 1967; Seibold and McPhee 1979, Commonality analysis.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import shared_r2
    >>> y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> x = y[:, 0] + 2 * y[:, 1]
    >>> bool((np.abs(shared_r2(x, y)) < 1e-5).all())  # independent features share nothing
    True
    >>> np.round(shared_r2(x, np.stack([x, x], axis=1)), 4).tolist()
    [1.0, 1.0]
    """
    return _parts(x, y, held_out, multioutput)[1]


def check_averaged(multioutput: MultiOutput) -> None:
    """Raise `OptionError` unless the units are averaged."""
    check_choice("multioutput", multioutput, AVERAGED)


def checked_averaged(x: Any, y: Any, held_out: Any, multioutput: MultiOutput) -> Splits:
    """Return both splits, or raise unless they match and the units are averaged."""
    check_averaged(multioutput)
    given = splits(x, y, held_out, least=2)
    check_columns(given)
    return given


def _parts(x: Any, y: Any, held_out: Any, multioutput: MultiOutput) -> tuple[jax.Array, jax.Array]:
    return _unique_and_shared(checked_averaged(x, y, held_out, multioutput), multioutput)


def each_column(y: Any) -> Columns:
    """Return the columns of each feature if each is a column."""
    return tuple((column,) for column in range(y.shape[1]))


def states_by_unit(given: Splits, multioutput: MultiOutput) -> tuple[MomentsState, MomentsState]:
    """Moments of both splits; scales of features do not matter, nor those of averaged units."""
    apart = multioutput != "variance_weighted"
    return states_of(BY_UNIT, given, x_apart=apart, y_apart=True)


@jitted(1)
def _joint(given: Splits, multioutput: MultiOutput) -> jax.Array:
    return encoding_score(*states_by_unit(given, multioutput), multioutput=multioutput).value


@jitted(1)
def _unique_and_shared(given: Splits, multioutput: MultiOutput) -> tuple[jax.Array, jax.Array]:
    columns = each_column(given.fit[1])
    states = states_by_unit(given, multioutput)
    unique, shared = unique_and_shared_score(*states, columns, multioutput=multioutput)
    return unique.value, shared.value


def unique_and_shared_score(
    fit: MomentsState, held_out: MomentsState, columns: Columns, *, multioutput: MultiOutput
) -> tuple[Score, Score]:
    """`unique_r2` and `shared_r2` of each feature; needs `yy` in full and the diagonal of `xx`."""
    k = len(columns)
    every, own = np.ones((1, k), bool), np.eye(k, dtype=bool)
    asked = np.concatenate([every, ~own, own])
    found = r2_of_sets(fit, held_out, columns, asked, multioutput)
    unique = found.value[0] - found.value[1 : k + 1]
    shared = found.value[k + 1 :] - unique
    return part_of(unique, found), part_of(shared, found)


def part_of(value: jax.Array, found: Score) -> Score:
    """Difference of scores, undefined where all features together are."""
    status = jnp.broadcast_to(found.status[0], value.shape)
    # Of other examples than the fitted ones it may be above 1, and not by rounding.
    value = jnp.where(value < 1 + _ROUNDING, jnp.minimum(value, 1), value)
    return Score(jnp.where(jnp.isnan(found.value[0]), jnp.nan, value), status)


def r2_of_sets(
    fit: MomentsState,
    held_out: MomentsState,
    columns: Columns,
    sets: np.ndarray,
    multioutput: MultiOutput,
) -> Score:
    """R² of the representation on each of a number of sets of features, ``(set, feature)``."""
    order, owner = in_order(columns)
    fit, held_out = (BY_UNIT.select(state, y=order).swapped() for state in (fit, held_out))
    xx, xy, _ = fit.blocks()
    absent = fit.x_equal

    # Whether a direction is lost, exactly or within rounding, in which columns hardly differ.
    short = least_squares(xx, xy, absent)[1]

    def of_set(chosen: jax.Array) -> Score:
        # A column that is left out is one that does not vary.
        weights, _ = least_squares(xx, xy, absent | ~chosen)
        return weights_score(fit, held_out, weights, multioutput=multioutput)

    found = jax.vmap(of_set)(jnp.asarray(sets[:, owner]))
    return score(
        found.value,
        finite=fit.finite() & held_out.finite(),
        enough=(fit.count >= 2) & (held_out.count >= 2),
        constant=held_out.y_constant.any(),
        deficient=short,
    )
