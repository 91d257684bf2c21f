"""Whether the geometry of a representation is in all of its units."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_count, check_seed
from probekit.errors import ShapeError
from probekit.measures._arguments import jitted, matrix
from probekit.measures._status import Score, score
from probekit.measures.comparisons import Comparison, compared
from probekit.measures.rdm import Metric
from probekit.measures.similarity import Both, check_rsa
from probekit.statistics import Examples, ExamplesState, state_of

DEFAULT_HALVES = 32


def unit_split_rsa(
    x: Any,
    *,
    halves: int = DEFAULT_HALVES,
    seed: int = 0,
    rdm: Metric = "cosine",
    comparison: Comparison = "spearman",
) -> jax.Array:
    """How alike the dissimilarities of examples are in two random halves of the units.

    The units are put in a random order, `halves` times; the first d/2 are one half and the next d/2
    the other (an odd number leaves one out). The score is the mean `rsa` of the two.

    Parameters
    ----------
    x : array (example, unit)
        Of at least 2 units.
    halves : int
        How many times the units are divided.
    seed : int
        Of the orders.
    rdm : {"cosine", "correlation", "euclidean", "squared_euclidean", "poisson"}
        Distance between examples.
    comparison : str
        How the two matrices are compared, as in `rsa`.

    Returns
    -------
    array ()
        In [-1, 1]: 1 if any half of the units has the geometry of all, 0 if halves have nothing in
        common. NaN if there is no such distance in one of the halves, as between examples that are
        0 in all of its units, or `x` is not finite.

    Raises
    ------
    ShapeError
        If there are fewer than 3 examples or 2 units.
    OptionError
        If an option is none of its choices, or out of its range.

    Notes
    -----
    Invariant to scaling; euclidean also to translation. Not to rotation, which hands the geometry
    round among the units, and to permutation on average alone. As split-half reliability it is that
    of half of the units. O(halves n² (d + log n)).

    References
    ----------
    Raju 2026, Geometric stability: the missing axis of representations (feature split).

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import unit_split_rsa
    >>> plane = np.random.default_rng(0).normal(size=(30, 2))
    >>> wide = plane @ np.random.default_rng(1).normal(size=(2, 60))
    >>> bool(unit_split_rsa(wide) > 0.95), bool(abs(unit_split_rsa(plane)) < 0.5)
    (True, True)
    """
    check_halves(halves, seed, rdm, comparison)
    x = matrix("x", x, least=3)
    if x.shape[1] < 2:
        raise ShapeError("x: 1 unit; at least 2 can be divided.")
    return _halves(x, int(halves), int(seed), rdm, comparison)


def check_halves(halves: int, seed: int, rdm: Metric, comparison: Comparison) -> None:
    """Raise `OptionError` unless the options are possible."""
    check_count("halves", halves, 1)
    check_seed(seed)
    check_rsa(rdm, None, comparison)


@jitted(1, 2, 3, 4)
def _halves(x: jax.Array, halves: int, seed: int, rdm: Metric, comparison: Comparison) -> jax.Array:
    state = state_of(Examples(capacity=len(x)), x)
    return halves_score(state, halves=halves, seed=seed, rdm=rdm, comparison=comparison).value


def halves_score(
    state: ExamplesState, *, halves: int, seed: int, rdm: Metric, comparison: Comparison
) -> Score:
    """`unit_split_rsa` of the examples that were kept; NaN of one unit."""
    units = state.x.shape[1]
    half, both = units // 2, Both(rdm, rdm)
    # This generator draws the same with every version of NumPy.
    generator = np.random.RandomState(seed)
    orders = np.array([generator.permutation(units)[: 2 * half] for _ in range(halves)])

    def alike(places: jax.Array) -> jax.Array:
        a, b = both.distances(state.x[:, places[0]], state.x[:, places[1]])
        return compared(a, b, state.present, comparison)

    value = jnp.full((), jnp.nan, state.x.dtype)
    if half:
        value = jax.lax.map(alike, jnp.asarray(orders.reshape(halves, 2, half), jnp.int32)).mean()
    return score(
        value,
        finite=state.x_finite.all(),
        enough=state.present.sum() >= 3,
        constant=jnp.isnan(value),
    )
