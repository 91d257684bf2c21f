"""Dissimilarities of conditions from pairs of examples, where some units of some are missing."""

from typing import Any, Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice
from probekit._sums import inner, product
from probekit.errors import OptionError
from probekit.measures._arguments import jitted
from probekit.measures.rdm import Prior, rates_of
from probekit.measures.unbalanced import Places, distances_of_pairs

Missing = Literal["undefined", "omit"]
MISSING: tuple[Missing, ...] = get_args(Missing)
UNIT_BY_UNIT = ("crossnobis", "squared_euclidean", "poisson", "poisson_cv")
"""Metrics that are sums over units, each by itself: of any units that two examples have."""


def check_missing(missing: Missing, metric: str, unbalanced: bool, precision: Any) -> None:
    """Raise `OptionError` if values are to be left out where that is no distance."""
    check_choice("missing", missing, MISSING)
    if missing == "undefined":
        return
    if metric not in UNIT_BY_UNIT:
        raise OptionError(
            f"missing='omit': metric {metric!r} is of all units; {', '.join(UNIT_BY_UNIT)} are not."
        )
    if metric == "crossnobis" and not (isinstance(precision, str) and precision == "identity"):
        raise OptionError("missing='omit': crossnobis is then of precision='identity'; give that.")
    if metric != "squared_euclidean" and not unbalanced:
        raise OptionError("missing='omit': is of pairs of examples; give unbalanced=True.")


class _Sums(NamedTuple):
    """Sums over the examples of a cell, ``(cell, unit)``: two factors, their product, how many."""

    first: jax.Array
    second: jax.Array
    own: jax.Array
    seen: jax.Array


@jitted(3, 4, 5)
def without_missing(
    x: jax.Array,
    cell: jax.Array,
    places: Places,
    conditions: int,
    metric: str,
    prior: Prior,
) -> jax.Array:
    """K_aa + K_bb - 2 K_ab, with K a mean over pairs of examples and the units that both have.

    Times the number of all units, but for rates. Pairs are in two folds if the metric is crossed.
    """
    there = ~jnp.isnan(x)
    unknown = jnp.zeros(len(x), bool)
    count = jnp.maximum(there.sum(axis=0), 1)

    def about_mean(values: jax.Array) -> jax.Array:
        mean = jnp.where(there, values, 0).sum(axis=0) / count
        return jnp.where(there, values - mean, 0)

    of_rates = metric.startswith("poisson")
    if of_rates:
        rates, logs = rates_of(x, prior)
        unknown = (jnp.isnan(logs) & there).any(axis=1)
        logs = jnp.where(jnp.isnan(logs), 0, logs)
        first, second = about_mean(rates), about_mean(logs)
    else:
        first = second = about_mean(x)
    member = (cell[:, None] == jnp.arange(len(places.fold))[None, :]).astype(x.dtype)
    columns = (first, second, first * second, there.astype(x.dtype))
    sums = _Sums(*(inner(member, part) for part in columns))
    apart = places.fold[:, None] != places.fold[None, :]
    apart = apart if metric in ("crossnobis", "poisson_cv") else jnp.ones_like(apart)
    across = product(sums.first, sums.second.T)
    if of_rates:
        alone = product(sums.own, sums.seen.T)
        total = (across + across.T - alone - alone.T) / 2
    else:
        total = across * x.shape[1]
    own = (places.condition[:, None] == jnp.arange(conditions)[None, :]).astype(x.dtype)
    far, _ = distances_of_pairs(total, product(sums.seen, sums.seen.T), apart, own)
    spoilt = product(own.T, inner(member, unknown[:, None].astype(x.dtype)))[:, 0] > 0
    undefined = spoilt[:, None] | spoilt[None, :] | jnp.isinf(x).any()
    return jnp.where(undefined | ~jnp.isfinite(far), jnp.nan, far)


def cells_of(condition: np.ndarray, fold: np.ndarray, conditions: int) -> tuple[np.ndarray, Places]:
    """Return the cell of each example, and of which condition and fold those cells are."""
    cells, codes = np.unique(condition + conditions * fold, return_inverse=True)
    places = Places(jnp.asarray(cells % conditions), jnp.asarray(cells // conditions))
    return codes.reshape(-1), places
