"""How much more a unit is active for one class than for the others."""

from typing import Any

import jax
import jax.numpy as jnp

from probekit._checks import check_choice
from probekit.measures._arguments import jitted, matched
from probekit.measures._scale import moderate
from probekit.measures._status import Score, score
from probekit.measures.class_means import ClassMeans, codes_of
from probekit.measures.regression import MultiOutput
from probekit.statistics import GroupMoments, GroupMomentsState, state_of

OVER_UNITS: tuple[MultiOutput, ...] = ("uniform_average", "raw_values")


def class_selectivity(x: Any, y: Any, *, multioutput: MultiOutput = "uniform_average") -> jax.Array:
    """Class selectivity index: how much more units are active for one class than for the others.

    (a - b) / (|a| + |b|) of each unit, with a its largest mean in a class and b the mean of its
    means in the other classes; averaged over units.

    Parameters
    ----------
    x : array (example, unit)
        The representation. The index is made for activations of at least 0, such as rates; of
        others it says little, being 1 as soon as a is above 0 and b below.
    y : array (example,) or (example, k)
        The class of each example: any numbers, equal for equal classes. With several columns, each
        different row is a class.
    multioutput : {"uniform_average", "raw_values"}
        The mean over units, or each unit on its own.

    Returns
    -------
    array () or (unit,)
        From 0 (as active for all classes) to 1 (for one class alone). Units that are silent for all
        classes are not selective, 0. NaN if there is one class, or the input is not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 2.
    OptionError
        If `multioutput` is neither of the two.

    Notes
    -----
    Invariant to scaling and permutation of units. Not under ``jit``, as classes are counted first.
    O(n d C).

    References
    ----------
    Morcos, Barrett, Rabinowitz and Botvinick 2018, On the importance of single directions for
    generalization; Leavitt and Morcos 2020, Selectivity considered harmful.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import class_selectivity
    >>> x = np.array([[3.0, 1.0], [3.0, 1.0], [0.0, 1.0], [2.0, 1.0]])
    >>> class_selectivity(x, [0, 0, 1, 1], multioutput="raw_values").tolist()
    [0.5, 0.0]
    """
    check_choice("multioutput", multioutput, OVER_UNITS)
    x, y = matched(x, y, least=2)
    classes, codes = codes_of(y)
    if not bool(jnp.isfinite(y).all()):
        shape = (x.shape[1],) if multioutput == "raw_values" else ()
        return jnp.full(shape, jnp.nan, x.dtype)
    return _selectivity(x, jnp.asarray(codes, x.dtype), classes, multioutput)


@jitted(2, 3)
def _selectivity(
    x: jax.Array, codes: jax.Array, classes: int, multioutput: MultiOutput
) -> jax.Array:
    state = state_of(GroupMoments(groups=classes, within="none"), moderate(x), codes)
    return class_selectivity_score(state, multioutput=multioutput).value


def class_selectivity_score(state: GroupMomentsState, *, multioutput: MultiOutput) -> Score:
    """`class_selectivity` from moments of groups; needs no scatter."""
    means = ClassMeans.of(state)
    there = means.there[:, None]
    activity = jnp.where(there, state.mean + state.rest, -jnp.inf).max(axis=0)
    # From differences of means, which are exact also where all are far from 0.
    most = jnp.where(there, means.mean, -jnp.inf).max(axis=0)
    apart = jnp.where(there, most - means.mean, 0).sum(axis=0)
    apart = apart / jnp.maximum(means.classes - 1, 1).astype(apart.dtype)
    size = jnp.abs(activity) + jnp.abs(activity - apart)
    one_class = means.classes < 2
    each = jnp.where(size > 0, apart / jnp.where(size > 0, size, 1), 0)
    each = jnp.where(one_class, jnp.nan, jnp.clip(each, 0, 1))
    if multioutput != "raw_values":
        each = each.mean()
    return score(each, finite=means.finite, enough=means.counts.sum() >= 2, constant=one_class)
