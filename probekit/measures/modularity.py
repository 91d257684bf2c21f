"""Whether single units stand for single features: gap and modularity of their information."""

from typing import Any

import jax
import jax.numpy as jnp

from probekit.measures._arguments import jitted, matched
from probekit.measures._status import Score, divide, score
from probekit.measures.columns import Columns
from probekit.measures.mutual_information import (
    DEFAULT_BINS,
    Binning,
    checked_bins,
    information_and_entropy,
    units_constant,
)
from probekit.statistics import Examples, ExamplesState, state_of

_NOTHING = 1e-6
"""Bits of information that rounding alone may leave."""


def mutual_information_gap(
    x: Any,
    y: Any,
    *,
    bins: int = DEFAULT_BINS,
    binning: Binning = "equal_width",
    feature_bins: int | None = None,
) -> jax.Array:
    """Mutual information gap (MIG): how far one unit alone tells of a feature.

    (I(u₁, f) - I(u₂, f)) / H(f), with u₁ and u₂ the two units that tell most of the feature, I the
    `mutual_information` and H the entropy.

    Parameters
    ----------
    x : array (example, unit)
        The representation; at least 2 units.
    y : array (example,) or (example, k)
        The features, one a column.
    bins : int
        Into how many bins a unit is cut.
    binning : {"equal_width", "equal_frequency"}
        As of `mutual_information`.
    feature_bins : int, optional
        As of `mutual_information`.

    Returns
    -------
    array (k,)
        From 0 (two units tell as much) to 1 (one tells all and the next nothing). MIG is the mean.
        NaN if the feature is constant, or all units are; of one unit; and if the feature or any
        unit is not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 2.
    OptionError
        If `bins` or `feature_bins` is less than 2, or `binning` neither of the two.

    Notes
    -----
    Invariant to translation and scaling of each unit and to permutation. O(n d k B C) with B bins
    and C classes.

    References
    ----------
    Chen, Li, Grosse and Duvenaud 2018, Isolating sources of disentanglement in variational
    autoencoders.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import mutual_information_gap
    >>> y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> mutual_information_gap(3 * y, y).tolist()
    [1.0, 1.0]
    >>> mutual_information_gap(y @ [[1, 1], [1, -1]], y).tolist()  # turned
    [0.0, 0.0]
    """
    x, y = matched(x, y, least=2)
    return _gap(x, y, *checked_bins(bins, binning, feature_bins))


def modularity(
    x: Any,
    y: Any,
    *,
    bins: int = DEFAULT_BINS,
    binning: Binning = "equal_width",
    feature_bins: int | None = None,
) -> jax.Array:
    """Modularity: how far each unit tells of one feature alone.

    Mean over units of 1 - Σ_{f ≠ f₁} I(u, f)² / ((k - 1) I(u, f₁)²), with f₁ the feature of which
    the unit tells most and I the `mutual_information`.

    Parameters
    ----------
    x : array (example, unit)
        The representation.
    y : array (example, k)
        The features, one a column; at least 2.
    bins : int
        Into how many bins a unit is cut.
    binning : {"equal_width", "equal_frequency"}
        As of `mutual_information`.
    feature_bins : int, optional
        As of `mutual_information`.

    Returns
    -------
    array ()
        From 0 (units tell as much of every feature) to 1 (of one each). Units that tell nothing,
        such as constant ones, are left out. NaN if there are no others, for a single feature, if a
        feature is constant, and if the input is not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 2.
    OptionError
        If `bins` or `feature_bins` is less than 2, or `binning` neither of the two.

    Notes
    -----
    Invariant to translation and scaling of each unit and to permutation. The bias of
    `mutual_information` lowers it: the information of what a unit does not stand for never is 0.
    O(n d k B C) with B bins and C classes.

    References
    ----------
    Ridgeway and Mozer 2018, Learning deep disentangled embeddings with the F-statistic loss.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import modularity
    >>> y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> float(modularity(3 * y, y)), float(modularity(y @ [[1, 1], [1, -1]], y))
    (1.0, 0.0)
    """
    x, y = matched(x, y, least=2)
    return _modularity(x, y, *checked_bins(bins, binning, feature_bins))


@jitted(2, 3, 4)
def _gap(x: jax.Array, y: jax.Array, bins: int, binning: Binning, feature_bins: int) -> jax.Array:
    state = state_of(Examples(capacity=x.shape[0]), x, y)
    return gap_score(state, bins=bins, binning=binning, feature_bins=feature_bins).value


@jitted(2, 3, 4)
def _modularity(
    x: jax.Array, y: jax.Array, bins: int, binning: Binning, feature_bins: int
) -> jax.Array:
    state = state_of(Examples(capacity=x.shape[0]), x, y)
    return modularity_score(state, bins=bins, binning=binning, feature_bins=feature_bins).value


def gap_score(state: ExamplesState, **options: Any) -> Score:
    """`mutual_information_gap` of the examples that were kept, for each column of the features."""
    information, entropy = information_and_entropy(state, **options)
    undefined = (entropy == 0) | units_constant(state).all()
    if information.shape[0] < 2:
        gap, undefined = jnp.full_like(entropy, jnp.nan), jnp.ones_like(undefined)
    else:
        best, _ = jax.lax.top_k(information.T, 2)
        gap = jnp.clip(divide(best[:, 0] - best[:, 1], entropy), 0, 1)
    return score(
        jnp.where(undefined, jnp.nan, gap),
        finite=state.x_finite.all() & state.y_finite,
        enough=state.present.sum() >= 2,
        constant=undefined,
    )


def modularity_score(
    state: ExamplesState, *, columns: Columns | None = None, **options: Any
) -> Score:
    """`modularity` of the examples that were kept.

    Of a feature with several columns, the mean of the information of each counts.
    """
    information, entropy = information_and_entropy(state, **options)
    if columns is not None:
        parts = [information[:, jnp.array(group)].mean(axis=1) for group in columns]
        information = jnp.stack(parts, axis=1)
    most = information.max(axis=1)
    telling = most > _NOTHING
    # Shares of the largest first: their squares do not vanish.
    shares = information / jnp.where(telling, most, 1)[:, None]
    others = jnp.square(shares).sum(axis=1) - 1
    features = information.shape[1]
    each = jnp.clip(1 - others / max(features - 1, 1), 0, 1)
    value = divide(jnp.where(telling, each, 0).sum(), telling.sum().astype(each.dtype))
    undefined = (entropy == 0).any() | ~telling.any() | (features < 2)
    return score(
        jnp.where(undefined, jnp.nan, value),
        finite=state.finite(),
        enough=state.present.sum() >= 2,
        constant=undefined,
    )
