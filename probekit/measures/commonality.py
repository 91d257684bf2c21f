"""What each of several features explains of a representation alone, and what only together."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice
from probekit.errors import OptionError
from probekit.measures._arguments import Splits, jitted, splits
from probekit.measures._moments import states_of
from probekit.measures._status import Score, score
from probekit.measures.regression import (
    MULTIOUTPUT,
    MultiOutput,
    encoding_score,
    least_squares,
    weights_score,
)
from probekit.statistics import Moments, MomentsState

Columns = tuple[tuple[int, ...], ...]
MOST_FEATURES = 10
BY_UNIT = Moments(xx="diagonal")
"""All that the scores here need: of the units, each by itself."""


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
        If numbers of examples or columns differ, or there are fewer than 2 examples.
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
    return _joint(splits(x, y, held_out, least=2), multioutput)


def unique_r2(
    x: Any,
    y: Any,
    *,
    held_out: tuple[Any, Any] | None = None,
    multioutput: MultiOutput = "uniform_average",
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
        In [0, 1] on the examples that were fitted; on others it may be negative. Undefined as
        `linear_r2` is.

    Raises
    ------
    ShapeError
        If numbers of examples or columns differ, or there are fewer than 2 examples.
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
    multioutput: MultiOutput = "uniform_average",
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
        At most 1; negative where a feature explains more beside the others than alone
        (suppression). Undefined as `linear_r2` is.

    Raises
    ------
    ShapeError
        If numbers of examples or columns differ, or there are fewer than 2 examples.
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


def commonality(
    x: Any,
    y: Any,
    *,
    held_out: tuple[Any, Any] | None = None,
    multioutput: MultiOutput = "uniform_average",
) -> jax.Array:
    """Commonality analysis: the explained variance split over all sets of features.

    C(S) = Σ_{T ⊆ S} (-1)^{|S| - |T|} (R²(all) - R²(all without T)): what the features in S explain
    in common and no feature outside S does.

    Parameters
    ----------
    x : array (example, unit)
        The representation.
    y : array (example,) or (example, k)
        The features, one a column; at most 10.
    held_out : tuple of array, optional
        Representation and features of the examples that are scored.
    multioutput : {"uniform_average", "variance_weighted"}
        How the units' R² are averaged.

    Returns
    -------
    array (2^k - 1,)
        Entry s - 1 belongs to the set of the features whose bits are set in s: first {0}, then {1},
        {0, 1}, {2}, … Their sum is R²(all); each is at most 1, those of several features may be
        negative. Undefined as `linear_r2` is.

    Raises
    ------
    ShapeError
        If numbers of examples or columns differ, or there are fewer than 2 examples.
    OptionError
        If `multioutput` is neither of the two, or there are more than 10 features.

    Notes
    -----
    Invariant to translation, scaling and permutation of units; weighted by variance also to
    rotation. O(n (d k + k²) + 2^k (k³ + d k²)).

    References
    ----------
    Seibold and McPhee 1979, Commonality analysis: a method for decomposing explained variance in
    multiple regression analyses.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import commonality
    >>> y = np.array([[0, 0], [0, 1], [1, 1], [1, 1]])
    >>> found = np.asarray(commonality(y[:, 0], y), float)
    >>> np.abs(np.round(found, 3)).tolist()  # the second alone explains a third
    [0.667, 0.0, 0.333]
    """
    given = checked_averaged(x, y, held_out, multioutput)
    check_features(given.fit[1].shape[1])
    return _commonality(given, multioutput)


def check_features(features: int) -> None:
    """Raise `OptionError` if there are too many features to look at all sets of them."""
    if features > MOST_FEATURES:
        raise OptionError(
            f"features: {features}; at most {MOST_FEATURES} can be split over all sets of them. "
            "Give fewer, or look at unique_r2."
        )


def subset_names(features: Sequence[str]) -> list[str]:
    """Return a name for each set of features, in the order of `commonality`.

    Where names of features hold a ``+`` themselves, sets could not be told apart: another sign
    joins them then, or their numbers stand in place of all names.

    Examples
    --------
    >>> subset_names(["a", "b"]), subset_names(["a", "a+"])
    (['a', 'b', 'a+b'], ['a', 'a+', 'a&a+'])
    """
    check_features(len(features))
    joins = (join for join in "+&|" if not any(join in name for name in features))
    join = next(joins, "")
    names = features if join else [str(place) for place in range(len(features))]
    return [
        (join or "+").join(name for place, name in enumerate(names) if subset >> place & 1)
        for subset in range(1, 2 ** len(names))
    ]


def check_averaged(multioutput: MultiOutput) -> None:
    """Raise `OptionError` unless the units are averaged."""
    check_choice("multioutput", multioutput, MULTIOUTPUT[:2])


def checked_averaged(x: Any, y: Any, held_out: Any, multioutput: MultiOutput) -> Splits:
    """Return both splits, or raise unless they match and the units are averaged."""
    check_averaged(multioutput)
    return splits(x, y, held_out, least=2)


def _parts(x: Any, y: Any, held_out: Any, multioutput: MultiOutput) -> tuple[jax.Array, jax.Array]:
    return _unique_and_shared(checked_averaged(x, y, held_out, multioutput), multioutput)


def each_column(y: Any) -> Columns:
    """Return the columns of each feature if each is a column."""
    return tuple((column,) for column in range(y.shape[1]))


@jitted(1)
def _joint(given: Splits, multioutput: MultiOutput) -> jax.Array:
    return encoding_score(*states_of(BY_UNIT, given), multioutput=multioutput).value


@jitted(1)
def _unique_and_shared(given: Splits, multioutput: MultiOutput) -> tuple[jax.Array, jax.Array]:
    columns = each_column(given.fit[1])
    states = states_of(BY_UNIT, given)
    unique, shared = unique_and_shared_score(*states, columns, multioutput=multioutput)
    return unique.value, shared.value


@jitted(1)
def _commonality(given: Splits, multioutput: MultiOutput) -> jax.Array:
    columns = each_column(given.fit[1])
    return commonality_score(*states_of(BY_UNIT, given), columns, multioutput=multioutput).value


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


def commonality_score(
    fit: MomentsState, held_out: MomentsState, columns: Columns, *, multioutput: MultiOutput
) -> Score:
    """`commonality` from moments; needs `yy` in full and the diagonal of `xx`."""
    k = len(columns)
    sets = np.arange(2**k)
    members = (sets[:, None] >> np.arange(k)) & 1 == 1
    found = r2_of_sets(fit, held_out, columns, ~members, multioutput)
    # Möbius inversion over the subsets T of S, one feature at a time.
    parts = (found.value[0] - found.value).reshape((2,) * k)
    for axis in range(k):
        without, with_it = jnp.split(parts, 2, axis=axis)
        parts = jnp.concatenate([without, with_it - without], axis=axis)
    return part_of(parts.reshape(-1)[1:], found)


def part_of(value: jax.Array, found: Score) -> Score:
    """Difference of scores, undefined where all features together are."""
    status = jnp.broadcast_to(found.status[0], value.shape)
    return Score(jnp.minimum(jnp.where(jnp.isnan(found.value[0]), jnp.nan, value), 1), status)


def r2_of_sets(
    fit: MomentsState,
    held_out: MomentsState,
    columns: Columns,
    sets: np.ndarray,
    multioutput: MultiOutput,
) -> Score:
    """R² of the representation on each of a number of sets of features, ``(set, feature)``."""
    order = jnp.array([column for group in columns for column in group])
    owner = np.repeat(np.arange(len(columns)), [len(group) for group in columns])
    fit, held_out = (BY_UNIT.select(state, y=order).swapped() for state in (fit, held_out))
    xx, xy, _ = fit.blocks()
    absent = fit.x_constant

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
    )
