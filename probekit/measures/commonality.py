"""Commonality analysis: what each set of features explains of a representation in common."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit.errors import OptionError
from probekit.measures._arguments import Splits, jitted
from probekit.measures._status import Score
from probekit.measures.columns import Columns
from probekit.measures.partition import (
    checked_averaged,
    each_column,
    part_of,
    r2_of_sets,
    states_by_unit,
)
from probekit.measures.regression import Averaged, MultiOutput
from probekit.statistics import MomentsState

MOST_FEATURES = 10


def commonality(
    x: Any,
    y: Any,
    *,
    held_out: tuple[Any, Any] | None = None,
    multioutput: Averaged = "uniform_average",
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
        {0, 1}, {2}, … Their sum is R²(all), but for what the mean of the fitted examples alone
        explains: something of others, and constant units, which count 0 here; on the fitted ones
        each is at most 1. Those of several features may be negative. Undefined as `linear_r2` is.

    Raises
    ------
    ShapeError
        If numbers of examples or columns differ, there are fewer than 2 examples, or `y` has more
        columns than there are examples to fit on.
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


@jitted(1)
def _commonality(given: Splits, multioutput: MultiOutput) -> jax.Array:
    columns = each_column(given.fit[1])
    return commonality_score(
        *states_by_unit(given, multioutput), columns, multioutput=multioutput
    ).value


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
