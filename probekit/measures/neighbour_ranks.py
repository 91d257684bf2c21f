"""Who is how near to whom: the ranks that all comparisons of neighbourhoods are made of."""

from typing import Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice, check_count
from probekit.measures._scale import moderate
from probekit.measures._status import Score, score
from probekit.measures.rdm import distances
from probekit.measures.rounding_of_distances import rounding_of_distances
from probekit.statistics import ExamplesState

NeighbourMetric = Literal["cosine", "euclidean"]
NEIGHBOUR_METRICS: tuple[NeighbourMetric, ...] = get_args(NeighbourMetric)


def check_nearness(neighbours: int, metric: str) -> None:
    """Raise `OptionError` unless there can be so many neighbours, near by such a metric."""
    check_count("neighbours", neighbours, 1)
    check_choice("metric", metric, NEIGHBOUR_METRICS)


class Ranked(NamedTuple):
    """One representation: how far examples are apart, and in which order.

    Attributes
    ----------
    far : array (example, example)
    ranks : array (example, example)
        Of the second among the others of the first, nearest first, from 1.
    undefined : array ()
        Whether all are in one place, or an example has no direction.
    """

    far: jax.Array
    ranks: jax.Array
    undefined: jax.Array

    @classmethod
    def of(cls, z: jax.Array, present: jax.Array, metric: NeighbourMetric) -> "Ranked":
        """Rank the examples that are present.

        A single column has no angles but those of its signs: near is what differs little.
        """
        rows = moderate(jnp.where(present[:, None], z, 0))
        return cls.by(rows, present, metric if z.shape[1] > 1 else "euclidean")

    @classmethod
    def by(cls, rows: jax.Array, present: jax.Array, metric: NeighbourMetric) -> "Ranked":
        """Rank rows of moderate size by their distances."""
        far = distances(rows, metric)
        both = present[:, None] & present[None, :]
        undefined = (jnp.isnan(far) & both).any() | ~((far > 0) & both).any()
        rounding = rounding_of_distances(rows, far, metric)
        return cls(far, neighbour_ranks(far, rounding, present), undefined)


def neighbour_ranks(far: jax.Array, rounding: jax.Array, present: jax.Array) -> jax.Array:
    """Rank of each example among the others of each, from 1; its own and absent ones come last.

    Those whose distances differ by their `rounding` alone are equally far, and come in their own
    order: else processors, which round in their own ways, would each have another one.
    """
    examples = len(far)
    apart = present[None, :] & ~np.eye(examples, dtype=bool)
    far = jnp.where(apart & jnp.isfinite(far), far, jnp.inf)
    order = jnp.argsort(far, axis=1)
    rounding = jnp.where(jnp.isfinite(far), rounding, 0)
    far, rounding = (jnp.take_along_axis(z, order, axis=1) for z in (far, rounding))
    farther = jnp.diff(far, axis=1) > rounding[:, 1:] + rounding[:, :-1]
    group = jnp.cumsum(jnp.pad(farther, ((0, 0), (1, 0))), axis=1, dtype=jnp.uint32)
    order = jnp.sort(group * examples + order.astype(jnp.uint32), axis=1) % examples
    row, rank = np.ogrid[:examples, 1 : examples + 1]
    return jnp.zeros_like(order, jnp.int32).at[row, order].set(rank.astype(np.int32))


def score_of_ranks(value: jax.Array, state: ExamplesState, undefined: jax.Array) -> Score:
    """Return what was made of the ranks of examples: of 3 at least, or there is one other each."""
    return score(
        jnp.where(undefined, jnp.nan, value),
        finite=state.finite(),
        enough=state.present.sum() >= 3,
        constant=undefined,
    )
