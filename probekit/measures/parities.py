"""The parts of a Boolean feature: parities of its bits, and how a representation holds them."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice
from probekit._sums import product
from probekit.errors import OptionError
from probekit.measures._arguments import Splits, jitted, matched, splits
from probekit.measures._moments import states_of
from probekit.measures._status import Score, divide
from probekit.measures.regression import (
    AVERAGED,
    Averaged,
    MultiOutput,
    coefficients,
    weights_score,
)
from probekit.statistics import MomentsState, ParityMoments
from probekit.statistics.parities import MOST_BITS, signs_of


def subfeatures(feature: Any, bits: Any) -> jax.Array:
    """Split the variance of a Boolean feature over all parities of its bits (Walsh, Fourier).

    Share of the set S of bits: f̂(S)² / Var f, with f̂(S) = mean_i (f_i - f̄) χ_S(i) and
    χ_S = Π_{j ∈ S} (1 - 2 b_j), 1 where an even number of the bits in S is set and -1 where an odd
    one is.

    Parameters
    ----------
    feature : array (example,)
        The feature, Boolean or of any numbers.
    bits : array (example, bit)
        What it is computed from; a bit is set where the number is above 0. At most 12.

    Returns
    -------
    array (2^bits - 1,)
        In [0, 1]; entry s - 1 belongs to the bits that are set in s: first {0}, then {1}, {0, 1},
        {2}, … They add up to 1 if every combination of bits is equally frequent and the feature is
        computed from them. NaN if the feature is constant, or the input is not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 2.
    OptionError
        If there are more than 12 bits.

    Notes
    -----
    Invariant to a change of sign of feature and bits. O(n 2^bits).

    References
    ----------
    O'Donnell 2014, Analysis of Boolean functions (chapter 1: Fourier expansion, Parseval).

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import subfeatures
    >>> bits = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> np.round(np.asarray(subfeatures(bits[:, 0] & bits[:, 1], bits), float), 3).tolist()
    [0.333, 0.333, 0.333]
    >>> np.asarray(subfeatures(bits[:, 0] ^ bits[:, 1], bits), float).tolist()
    [0.0, 0.0, 1.0]
    """
    f, b = matched(feature, bits, least=2, names=("feature", "bits"))
    if f.shape[1] != 1:
        raise OptionError(f"feature: {f.shape[1]} columns; one is needed. Give them one by one.")
    check_bits(b.shape[1])
    return _subfeatures(f[:, 0], b)


def parity_r2(
    x: Any,
    bits: Any,
    *,
    held_out: tuple[Any, Any] | None = None,
    multioutput: Averaged = "uniform_average",
) -> jax.Array:
    """Share of a representation's variance along each parity of the bits of its inputs.

    R² as in `linear_r2` of the representation on χ_S alone, for each set S of bits as in
    `subfeatures`: what a layer holds of a hard feature's parts, beside the feature.

    Parameters
    ----------
    x : array (example, unit)
        The representation.
    bits : array (example, bit)
        A bit is set where the number is above 0. At most 12.
    held_out : tuple of array, optional
        Representation and bits of the examples that are scored.
    multioutput : {"uniform_average", "variance_weighted"}
        How the units' R² are averaged.

    Returns
    -------
    array (2^bits - 1,)
        At most 1, in the order of `subfeatures`. If every combination of bits is equally frequent
        they add up to what all combinations explain together. Undefined as `linear_r2` is.

    Raises
    ------
    ShapeError
        If numbers of examples or columns differ, or there are fewer than 2 examples.
    OptionError
        If there are more than 12 bits, or `multioutput` is neither of the two.

    Notes
    -----
    Invariant to translation, scaling and permutation of units; weighted by variance also to
    rotation. O(n d 2^bits).

    References
    ----------
    O'Donnell 2014, Analysis of Boolean functions.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import parity_r2
    >>> bits = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> x = np.stack([bits[:, 0], bits[:, 0] ^ bits[:, 1]], axis=1)
    >>> np.asarray(parity_r2(x, bits), float).tolist()
    [0.5, 0.0, 0.5]
    """
    check_choice("multioutput", multioutput, AVERAGED)
    given = splits(x, bits, held_out, least=2)
    check_bits(given.fit[1].shape[1])
    return _parity_r2(given, multioutput)


def check_bits(bits: int, name: str = "bits") -> None:
    """Raise `OptionError` if there are too many bits to look at all their parities."""
    if bits > MOST_BITS:
        raise OptionError(f"{name}: {bits}; at most {MOST_BITS} have few enough parities.")


@jitted()
def _subfeatures(feature: jax.Array, bits: jax.Array) -> jax.Array:
    n = feature.shape[0]
    largest = jnp.abs(feature).max()
    centred = feature - feature.mean()
    constant = jnp.abs(centred).max() <= 8 * float(np.finfo(feature.dtype).eps) * largest
    finite = jnp.isfinite(feature).all() & jnp.isfinite(bits).all()
    variance = jnp.where(constant, 0, jnp.square(centred).mean())
    shares = divide(jnp.square(product(centred, signs_of(bits)) / n), variance)
    return jnp.where(finite, jnp.clip(shares, 0, 1), jnp.nan)


@jitted(1)
def _parity_r2(given: Splits, multioutput: MultiOutput) -> jax.Array:
    apart = multioutput != "variance_weighted"
    states = states_of(ParityMoments(), given, x_apart=apart)
    return parity_score(*states, multioutput=multioutput).value


def parity_score(fit: MomentsState, held_out: MomentsState, *, multioutput: MultiOutput) -> Score:
    """`parity_r2` from moments with parities."""

    def of_parity(place: jax.Array) -> Score:
        one = ParityMoments().moments
        known, asked = (one.select(state, y=place[None]).swapped() for state in (fit, held_out))
        # Of a single column, the sum of squares is the whole block.
        known, asked = (
            dataclasses.replace(state, xx=state.x_squares[:, None]) for state in (known, asked)
        )
        weights, _ = coefficients(known, 0.0)
        return weights_score(known, asked, weights, multioutput=multioutput)

    parities = jnp.arange(fit.y_mean.shape[0], dtype=jnp.int32)
    found: Score = jax.vmap(of_parity)(parities)
    return found
