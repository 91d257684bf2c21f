"""The variance that features explain together, divided among them: Shapley shares and their kin."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit._sums import product
from probekit.measures._arguments import Splits, jitted
from probekit.measures._linalg import eigh
from probekit.measures._status import Score, divide, score
from probekit.measures.columns import Columns, in_order
from probekit.measures.commonality import check_features
from probekit.measures.partition import (
    BY_UNIT,
    checked_averaged,
    each_column,
    part_of,
    r2_of_sets,
    states_by_unit,
)
from probekit.measures.regression import Averaged, MultiOutput
from probekit.statistics import MomentsState


def shapley_r2(
    x: Any,
    y: Any,
    *,
    held_out: tuple[Any, Any] | None = None,
    multioutput: Averaged = "uniform_average",
) -> jax.Array:
    """Shapley share of each feature in the variance that all explain: LMG, or general dominance.

    φ(f) = Σ_{S ∌ f} |S|! (k - |S| - 1)! / k! · (R²(S and f) - R²(S)): what f adds to R², as in
    `linear_r2`, averaged over all orders in which the k features can be taken up.

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
    array (k,)
        In [0, 1] on the examples that were fitted. Their sum is R²(all), but for what the mean of
        the fitted examples alone explains: something of others, and constant units, which count 0
        here. Undefined as `linear_r2` is.

    Raises
    ------
    ShapeError
        If numbers of examples or columns differ, there are fewer than 2 examples, or `y` has more
        columns than there are examples to fit on.
    OptionError
        If `multioutput` is neither of the two, or there are more than 10 features.

    Notes
    -----
    It is what `commonality` gives to sets of features, each part shared equally by those in the
    set; of two features, the mean of what one explains alone and of its `unique_r2`. As ``lmg`` of
    the R package relaimpo. Invariant to translation, scaling and permutation of units; weighted by
    variance also to rotation.
    O(n (d k + k²) + 2^k (k³ + d k²)).

    References
    ----------
    Lindeman, Merenda and Gold 1980, Introduction to bivariate and multivariate analysis; Budescu
    1993, Dominance analysis; Grömping 2007, Estimators of relative importance in linear regression
    based on variance decomposition.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import shapley_r2
    >>> y = np.array([[0, 0], [0, 1], [1, 1], [1, 1]])
    >>> np.round(np.asarray(shapley_r2(y[:, 0], y), float), 3).tolist()  # alone 1 and 1/3
    [0.833, 0.167]
    """
    given = checked_averaged(x, y, held_out, multioutput)
    check_features(given.fit[1].shape[1])
    return _shapley(given, multioutput)


def relative_weights(x: Any, y: Any, *, multioutput: Averaged = "uniform_average") -> jax.Array:
    """Relative weight of each feature in the variance that all explain of a representation.

    ε_f = Σ_g Λ_fg² β_g² with Λ = R^(1/2) and β = R^(-1/2) r, where R are the correlations of the
    features with each other and r those with a unit: the unit is regressed on the orthogonal
    variables that are closest to the features, and what these explain is shared out by their
    squared correlations with the features.

    Parameters
    ----------
    x : array (example, unit)
        The representation.
    y : array (example,) or (example, k)
        The features, one a column.
    multioutput : {"uniform_average", "variance_weighted"}
        How the units' weights are averaged.

    Returns
    -------
    array (k,)
        In [0, 1]; their sum is R² of all features on these examples. A constant unit counts 0. NaN
        if the input is not finite or every unit is constant.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, there are fewer than 2, or `y` has more columns.
    OptionError
        If `multioutput` is neither of the two.

    Notes
    -----
    Mostly close to `shapley_r2`, for any number of features at no cost; of examples that were not
    fitted it says nothing. Invariant to translation, scaling and permutation of units; weighted by
    variance also to rotation. O(n (d k + k²) + k³ + d k²).

    References
    ----------
    Johnson 2000, A heuristic method for estimating the relative weight of predictor variables in
    multiple regression.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import relative_weights
    >>> y = np.array([[0, 0], [0, 1], [1, 1], [1, 1]])
    >>> np.round(np.asarray(relative_weights(y[:, 0], y), float), 3).tolist()
    [0.833, 0.167]
    """
    return _relative(*checked_averaged(x, y, None, multioutput).fit, multioutput)


@jitted(1)
def _shapley(given: Splits, multioutput: MultiOutput) -> jax.Array:
    columns = each_column(given.fit[1])
    return shapley_score(
        *states_by_unit(given, multioutput), columns, multioutput=multioutput
    ).value


@jitted(2)
def _relative(x: Any, y: Any, multioutput: MultiOutput) -> jax.Array:
    state, _ = states_by_unit(Splits((x, y), None), multioutput)
    return relative_weights_score(state, each_column(y), multioutput=multioutput).value


def shapley_score(
    fit: MomentsState, held_out: MomentsState, columns: Columns, *, multioutput: MultiOutput
) -> Score:
    """`shapley_r2` from moments; needs `yy` in full and the diagonal of `xx`."""
    k = len(columns)
    sets = np.arange(2**k)
    members = (sets[:, None] >> np.arange(k)) & 1 == 1
    found = r2_of_sets(fit, held_out, columns, members, multioutput)
    sizes = members.sum(axis=1)
    orders = [math.factorial(s) * math.factorial(k - s - 1) / math.factorial(k) for s in range(k)]

    def share(feature: int) -> jax.Array:
        without = sets[~members[:, feature]]
        gains = found.value[without | 1 << feature] - found.value[without]
        return (jnp.asarray(np.array(orders)[sizes[without]], gains.dtype) * gains).sum()

    shares = jnp.stack([share(feature) for feature in range(k)])
    last = Score(found.value[-1:], found.status[-1:])  # of all features
    return part_of(shares, last)


def relative_weights_score(
    state: MomentsState, columns: Columns, *, multioutput: MultiOutput
) -> Score:
    """`relative_weights` from moments; needs `yy` in full and the diagonal of `xx`."""
    order, owner = in_order(columns)
    chosen = BY_UNIT.select(state, y=order)
    each, short = _weights_of_columns(chosen)
    constant = state.x_constant
    if multioutput == "uniform_average":
        averages = each.mean(axis=1)
    else:
        total = jnp.where(constant, 0, state.x_squares)
        averages = divide(product(each, total), total.sum())
    member = owner[None, :] == np.arange(len(columns))[:, None]
    value = jnp.minimum(product(jnp.asarray(member, averages.dtype), averages), 1)
    return score(
        jnp.where(constant.all(), jnp.nan, value),
        finite=state.finite(),
        enough=state.count >= 2,
        constant=constant.any(),
        deficient=short,
    )


def _weights_of_columns(state: MomentsState) -> tuple[jax.Array, jax.Array]:
    """Relative weight of each column of `y` for each unit, ``(k, unit)``; 0 for constant ones.

    And whether columns are short of full rank.
    """
    _, xy, yy = state.blocks()
    finite = state.finite()
    x_scale = _to_length_1(state.x_squares, state.x_constant)
    y_scale = _to_length_1(state.y_squares, state.y_equal)
    correlations = jnp.where(finite, yy, 0) * y_scale[:, None] * y_scale[None, :]
    along = jnp.where(finite, xy.T, 0) * y_scale[:, None] * x_scale[None, :]
    values, vectors = eigh(correlations)
    # A feature that is a combination of others adds no orthogonal variable, and shares in theirs.
    kept = values > values.shape[0] * float(np.finfo(values.dtype).eps) * values[-1]
    roots = jnp.sqrt(jnp.where(kept, values, 1))
    loadings = product(vectors * jnp.where(kept, roots, 0)[None, :], vectors.T)
    slopes = product(vectors * jnp.where(kept, 1 / roots, 0)[None, :], product(vectors.T, along))
    return product(jnp.square(loadings), jnp.square(slopes)), ~kept.all()


def _to_length_1(squares: jax.Array, constant: jax.Array) -> jax.Array:
    return jnp.where(constant, 0, jax.lax.rsqrt(jnp.where(constant, 1, squares)))
