"""Mutual information of single units and features, from units cut into bins."""

from typing import Any, Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice, check_count
from probekit._rounding import reciprocal
from probekit._sums import product
from probekit.measures._arguments import jitted, matched
from probekit.measures._scale import moderate
from probekit.measures._status import Score, score
from probekit.measures.ranks import weighted_ranks
from probekit.statistics import Examples, ExamplesState, state_of

Binning = Literal["equal_width", "equal_frequency"]
BINNINGS: tuple[Binning, ...] = get_args(Binning)
DEFAULT_BINS = 20


def mutual_information(
    x: Any,
    y: Any,
    *,
    bins: int = DEFAULT_BINS,
    binning: Binning = "equal_width",
    feature_bins: int | None = None,
) -> jax.Array:
    """Mutual information of each unit and each feature, in bits.

    I(u, f) = Σ_bc p(b, c) log₂ p(b, c) / (p(b) p(c)), with p the shares of examples of which the
    unit is in bin b and the feature in class c: the plug-in estimate.

    Parameters
    ----------
    x : array (example, unit)
        The representation.
    y : array (example,) or (example, k)
        The features, one a column.
    bins : int
        Into how many bins a unit is cut.
    binning : {"equal_width", "equal_frequency"}
        Bins of one width from the unit's smallest value to its largest; or of ranks, so that each
        has as many examples as the next, but for equal values, which have the rank in their middle.
    feature_bins : int, optional
        A feature of at most so many different values has a class for each of them; one of more is
        cut into so many bins, as units are. As many as `bins`, unless given.

    Returns
    -------
    array (unit, k)
        From 0 to the lesser entropy of the two; 0 of a unit or a feature that is constant. NaN if
        the unit or the feature is not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 2.
    OptionError
        If `bins` or `feature_bins` is less than 2, or `binning` neither of the two.

    Notes
    -----
    Invariant to translation and scaling of each unit; with ``equal_frequency`` to every increasing
    function of it. Values within rounding of an edge, 16 ε of the unit's range (2e-6 in float32),
    belong to the bin above: in units that are multiples of each other that is the same example in
    all. Of n examples it is too large by some (B - 1) (C - 1) / (2 n ln 2) bits where units and
    features are unrelated, with B bins and C classes. O(n d k B C); to make bins equally frequent
    takes some d n log n steps more.

    References
    ----------
    Chen, Li, Grosse and Duvenaud 2018, Isolating sources of disentanglement in variational
    autoencoders; Locatello et al. 2019, Challenging common assumptions in the unsupervised learning
    of disentangled representations (20 bins of equal width); Panzeri et al. 2007, Correcting for
    the sampling bias problem in spike train information measures.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import mutual_information
    >>> y = np.array([0, 1, 2, 3])
    >>> mutual_information(np.stack([y, y > 1, y * 0], axis=1), y).tolist()
    [[2.0], [1.0], [0.0]]
    """
    x, y = matched(x, y, least=2)
    return _information(x, y, *checked_bins(bins, binning, feature_bins))


def checked_bins(bins: int, binning: Binning, feature_bins: int | None) -> tuple[int, Binning, int]:
    """Return the options with the number of bins of a feature, or raise `OptionError`."""
    check_count("bins", bins, 2)
    check_choice("binning", binning, BINNINGS)
    if feature_bins is None:
        return int(bins), binning, int(bins)
    check_count("feature_bins", feature_bins, 2)
    return int(bins), binning, int(feature_bins)


@jitted(2, 3, 4)
def _information(
    x: jax.Array, y: jax.Array, bins: int, binning: Binning, feature_bins: int
) -> jax.Array:
    state = state_of(Examples(capacity=x.shape[0]), x, y)
    found, _ = information_and_entropy(state, bins=bins, binning=binning, feature_bins=feature_bins)
    finite = state.x_finite[:, None] & state.y_finite[None, :]
    return jnp.where(finite, found, jnp.nan)


def information_score(
    state: ExamplesState, *, bins: int, binning: Binning, feature_bins: int, average: bool
) -> Score:
    """`mutual_information` of the columns of one feature, their mean: of each unit, or of all."""
    found, entropy = information_and_entropy(
        state, bins=bins, binning=binning, feature_bins=feature_bins
    )
    each = found.mean(axis=1)
    constant = (entropy == 0).any() | units_constant(state).all()
    value = each.mean() if average else each
    return score(
        jnp.where(constant, jnp.nan, value),
        finite=state.finite(),
        enough=state.present.sum() >= 2,
        constant=constant,
    )


def units_constant(state: ExamplesState) -> jax.Array:
    """Whether each unit is the same in all examples that were kept, within rounding."""
    x = moderate(_present_alone(state.x, state), axis=0)
    return x.max(axis=0) - x.min(axis=0) <= _rounding(x)


def information_and_entropy(
    state: ExamplesState, *, bins: int, binning: Binning, feature_bins: int
) -> tuple[jax.Array, jax.Array]:
    """Information ``(unit, k)`` and the entropy of each feature ``(k,)``, both in bits.

    Of the examples that were kept; what is not finite gives any numbers.
    """
    x, y = (moderate(_present_alone(part, state), axis=0) for part in (state.x, state.y))
    weight, k = state.weight, y.shape[1]
    classes = jax.vmap(
        lambda column: _classes(column, weight, feature_bins, binning), in_axes=1, out_axes=1
    )(y)
    member = jax.nn.one_hot(classes, feature_bins, dtype=weight.dtype)
    rows = (member * weight[:, None, None]).reshape(len(weight), k * feature_bins)

    def of_unit(column: jax.Array) -> jax.Array:
        code = _cut(column, weight, bins, binning)
        counts = product(jax.nn.one_hot(code, bins, dtype=weight.dtype).T, rows)
        return _bits(counts.reshape(bins, k, feature_bins).transpose(1, 0, 2))

    # One after the other: the bins of all units at once would be so many copies of the examples.
    information = jax.lax.map(of_unit, x.T)
    return information, _entropy(rows.sum(axis=0).reshape(k, feature_bins))


def _present_alone(columns: jax.Array, state: ExamplesState) -> jax.Array:
    """Columns whose empty places hold the first example, so that they have no part in a range."""
    return jnp.where(state.present[:, None], columns, columns[:1])  # empty places come last


def _rounding(x: jax.Array) -> jax.Array:
    """Return what rounding may have done to the values of a column."""
    return 4 * float(np.finfo(x.dtype).eps) * jnp.abs(x).max(axis=0)


def _classes(column: jax.Array, weight: jax.Array, most: int, binning: Binning) -> jax.Array:
    """Class of each example: one for each value or, of too many values, for each bin."""
    ordered = jnp.sort(column)
    new = jnp.concatenate([jnp.zeros(1, jnp.int32), (jnp.diff(ordered) > 0).astype(jnp.int32)])
    number = jnp.cumsum(new)
    own = number[jnp.searchsorted(ordered, column)]
    return jnp.where(number[-1] < most, own, _cut(column, weight, most, binning))


def _cut(column: jax.Array, weight: jax.Array, bins: int, binning: Binning) -> jax.Array:
    """Return the bin of each example, from 0: the number of inner edges that it reaches."""
    along = column - column.min()
    along = jnp.where(along.max() > _rounding(column), along, 0)
    whole = along.max()
    if binning == "equal_frequency":
        # Equal values have the rank in their middle: rare ones stay apart from frequent ones.
        along, whole = weighted_ranks(along, weight), weight.sum()
    # Multiplied rather than divided: whole numbers that lie on an edge do so exactly, and what
    # rounding took off others makes no difference.
    edges = jnp.arange(1, bins, dtype=along.dtype) * whole
    slack = 16 * float(np.finfo(along.dtype).eps) * bins * whole
    reached = along[:, None] * bins >= (edges - slack)[None, :]
    return reached.sum(axis=1, dtype=jnp.int32)


def _entropy(counts: jax.Array) -> jax.Array:
    """Entropy from counts ``(…, class)``: 0, and nothing else, where one class is there."""
    share = counts * reciprocal(counts.sum(axis=-1, keepdims=True))
    there = counts > 0
    terms = share * jnp.log2(jnp.where(there, share, 1))
    return jnp.where(there.sum(axis=-1) > 1, -terms.sum(axis=-1), 0)


def _bits(counts: jax.Array) -> jax.Array:
    """Mutual information from counts ``(…, bin, class)``."""
    total = counts.sum(axis=(-2, -1), keepdims=True)
    expected = counts.sum(axis=-1, keepdims=True) * counts.sum(axis=-2, keepdims=True)
    there = counts > 0
    # Equal products give exactly 1: of a constant unit nothing is left.
    ratio = jnp.where(there, counts * total / jnp.where(there, expected, 1), 1)
    terms = counts * jnp.log2(ratio)
    return jnp.maximum(terms.sum(axis=(-2, -1)) * reciprocal(total[..., 0, 0]), 0)
