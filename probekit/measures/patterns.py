"""What of single examples is averaged, where distances are those of no mean activation."""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp

from probekit._sums import product
from probekit.measures.rdm import Prior, centred_rows, rates_of, unit_rows

OF_CORRELATION = ("correlation", "correlation_cv")
OF_RATES = ("poisson", "poisson_cv")


@dataclasses.dataclass(frozen=True)
class PatternColumns:
    """What is averaged for a metric: a function of ``(example, unit)``, each row by itself.

    Of rates, these, their logarithms, and the sum of the products of both. Otherwise the pattern of
    the example, less its mean for correlations, and of length 1. The last column is 1 where an
    example has none of that, which is 0 then; what is not finite remains so.
    """

    metric: str
    prior: Prior

    def __call__(self, x: jax.Array) -> jax.Array:
        """Return the columns, ``(example, column)``."""
        finite = jnp.isfinite(x).all(axis=1)
        if self.metric in OF_RATES:
            rates, logs = rates_of(x, self.prior)
            columns = jnp.concatenate([rates, logs, (rates * logs).sum(axis=1)[:, None]], axis=1)
        else:
            columns = unit_rows(centred_rows(x) if self.metric in OF_CORRELATION else x)
        undefined = jnp.isnan(columns).any(axis=1) & finite
        columns = jnp.where(undefined[:, None], 0, columns)
        return jnp.concatenate([columns, undefined.astype(x.dtype)[:, None]], axis=1)


class MeanRates(NamedTuple):
    """Means of rates, of their logarithms, and of the products of both, summed over units."""

    rates: jax.Array
    logs: jax.Array
    own: jax.Array

    @classmethod
    def of(cls, mean: jax.Array, of_all: jax.Array) -> "MeanRates":
        """Take means of columns apart, which are about that of all, as the products become, too.

        But for a number that all products have in common.
        """
        d = mean.shape[1] // 2
        rates, logs = mean[:, :d], mean[:, d : 2 * d]
        # Σ (r - r₀) (l - l₀) from Σ r l; `own` is about its own mean, which is the number.
        own = mean[:, 2 * d] - product(logs, of_all[:d]) - product(rates, of_all[d : 2 * d])
        return cls(rates, logs, own)
