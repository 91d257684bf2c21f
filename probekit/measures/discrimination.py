"""How well single units tell a class from the rest: sensitivity index, area under the ROC curve."""

import jax
import jax.numpy as jnp

from probekit._rounding import reciprocal, rounding_of_squares
from probekit._sums import product
from probekit.measures._status import Score, score
from probekit.measures.class_means import ClassMeans
from probekit.measures.ranks import weighted_ranks
from probekit.measures.regression import MultiOutput
from probekit.statistics import ExamplesState, GroupMomentsState


def sensitivity_score(
    state: GroupMomentsState, *, multioutput: MultiOutput, threshold: float | None = None
) -> Score:
    """d′ of `class_selectivity` from moments of groups; needs the scatter within each.

    Infinite for a unit that does not vary within a class nor within the rest, but between them.
    """
    assert state.within is not None, "the scatter within each group was not asked for"
    means = ClassMeans.of(state, each=True)
    there = means.there[:, None]
    noise = rounding_of_squares(state.count[:, None], state.mean)
    within = jnp.where(there & (state.within > noise), state.within, 0)
    total = means.counts.sum()

    def of_class(number: jax.Array) -> jax.Array:
        own = jnp.arange(len(means.counts), dtype=number.dtype) == number
        count, others = means.counts[number], jnp.where(own, 0, means.counts)
        share = (others * reciprocal(total - count))[:, None]
        rest = (share * means.mean).sum(axis=0)
        apart = jnp.where(own[:, None], 0, means.mean - rest[None, :])
        spread = jnp.where(own[:, None], 0, within).sum(axis=0) * reciprocal(total - count)
        spread = spread + (share * jnp.square(apart)).sum(axis=0)
        deviation = jnp.sqrt((spread + within[number] * reciprocal(count)) / 2)
        gap = means.mean[number] - rest
        found = jnp.where(gap == 0, 0, gap / deviation)
        return jnp.where(means.there[number], found, -jnp.inf)

    # One after the other: all pairs of classes at once would take much memory.
    numbers = jnp.arange(len(means.counts), dtype=jnp.int32)
    best = jnp.maximum(jax.lax.map(of_class, numbers).max(axis=0), 0)
    return of_units(
        best,
        multioutput=multioutput,
        threshold=threshold,
        finite=means.finite,
        enough=total >= 2,
        one_class=means.classes < 2,
    )


def area_score(
    state: ExamplesState, *, groups: int, multioutput: MultiOutput, threshold: float | None = None
) -> Score:
    """Area under the ROC curve of `class_selectivity`, of examples whose `y` is their group."""
    group = jnp.where(state.y_finite[0], state.y[:, 0], 0).astype(jnp.int32)
    member = group[:, None] == jnp.arange(groups, dtype=jnp.int32)[None, :]
    share = jnp.where(member, state.weight[:, None], 0) * reciprocal(state.weight.sum())
    own = share.sum(axis=0)
    there = own > 0
    pairs = own * (1 - own)

    def of_unit(column: jax.Array) -> jax.Array:
        rank = weighted_ranks(column, state.weight) * reciprocal(state.weight.sum())
        # Pairs within the class are half of their square, whatever the ranks are.
        above = product(rank, share) - jnp.square(own) / 2
        return jnp.where(there, above * reciprocal(pairs), -jnp.inf).max()

    present = jnp.where(state.present[:, None], state.x, 0)
    best = jax.lax.map(of_unit, present.T)
    return of_units(
        # The classes' areas have 1/2 for their mean.
        jnp.clip(best, 0.5, 1),
        multioutput=multioutput,
        threshold=threshold,
        finite=state.finite(),
        enough=state.present.sum() >= 2,
        one_class=there.sum() < 2,
    )


def of_units(
    each: jax.Array,
    *,
    multioutput: MultiOutput,
    threshold: float | None,
    finite: jax.Array,
    enough: jax.Array,
    one_class: jax.Array,
) -> Score:
    """Score of all units, or their mean, or the fraction of them that reach the threshold."""
    if threshold is not None:
        value, endless = (each >= threshold).astype(each.dtype).mean(), jnp.zeros((), bool)
    elif multioutput == "raw_values":
        value, endless = each, jnp.isinf(each)
    else:
        value, endless = each.mean(), jnp.isinf(each).any()
    undefined = endless | one_class
    return score(
        jnp.where(undefined, jnp.nan, value), finite=finite, enough=enough, constant=undefined
    )
