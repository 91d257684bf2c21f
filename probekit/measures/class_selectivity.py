"""How much more a unit is active for one class than for the others."""

from typing import Any, Literal, get_args

import jax
import jax.numpy as jnp

from probekit._checks import check_choice
from probekit.errors import OptionError
from probekit.measures._arguments import jitted, matched
from probekit.measures._scale import moderate
from probekit.measures._status import Score
from probekit.measures.class_means import ClassMeans, codes_of
from probekit.measures.discrimination import area_score, of_units, sensitivity_score
from probekit.measures.regression import MultiOutput
from probekit.statistics import GroupMoments, GroupMomentsState, LabelledExamples, state_of

OverUnits = Literal["uniform_average", "raw_values"]
OVER_UNITS: tuple[OverUnits, ...] = get_args(OverUnits)
Index = Literal["contrast", "d_prime", "auc"]
INDICES: tuple[Index, ...] = get_args(Index)


def class_selectivity(
    x: Any,
    y: Any,
    *,
    index: Index = "contrast",
    multioutput: OverUnits = "uniform_average",
    threshold: float | None = None,
) -> jax.Array:
    """How much more units are active for one class than for the others, averaged over units.

    ``contrast``: the class selectivity index (a - b) / (|a| + |b|) of each unit, with a its largest
    mean in a class and b the mean of its means in the other classes; ``d_prime``: the sensitivity
    index (x̄_c - x̄_r) / √((s_c² + s_r²) / 2) of class c against the rest r of the examples, with s²
    the variances in both; ``auc``: the area under the ROC curve of c against the rest, the share of
    pairs in which the unit is more active for the former, with half of those in which it is as
    active. Of both the largest over classes counts.

    Parameters
    ----------
    x : array (example, unit)
        The representation. The contrast is made for activations of at least 0, such as rates; of
        others it says little, being 1 as soon as a is above 0 and b below; of units whose means in
        all classes are 0 it is made of rounding.
    y : array (example,) or (example, k)
        The class of each example: any numbers, equal for equal classes. With several columns, each
        different row is a class.
    index : {"contrast", "d_prime", "auc"}
    multioutput : {"uniform_average", "raw_values"}
        The mean over units, or each unit on its own.
    threshold : float, optional
        If given, the fraction of units of which the index is at least so much, in place of a mean.

    Returns
    -------
    array () or (unit,)
        Contrast from 0 (as active for all classes) to 1 (for one class alone); d′ from 0 upwards;
        AUC from 1/2 to 1. Units that are silent for all classes are at the lower end. NaN if there
        is one class, or the input is not finite; d′ also of a unit that varies between a class and
        the rest but within neither, and then their mean, though not a fraction.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 2.
    OptionError
        If `index` or `multioutput` is none of those, or `threshold` is given with ``"raw_values"``.

    Notes
    -----
    Invariant to scaling and permutation of units; d′ and AUC also to translation of each unit, and
    AUC to every increasing function of it. Variances are those of the examples, with n below, not
    n - 1. Not under ``jit``, as classes are counted first. O(n d C); d′ takes some d C² steps more,
    and AUC d n log n.

    References
    ----------
    Morcos, Barrett, Rabinowitz and Botvinick 2018, On the importance of single directions for
    generalization; Leavitt and Morcos 2020, Selectivity considered harmful; Green and Swets 1966,
    Signal detection theory and psychophysics; Hanley and McNeil 1982, The meaning and use of the
    area under a ROC curve.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import class_selectivity
    >>> x = np.array([[3.0, 1.0], [3.0, 1.0], [0.0, 1.0], [2.0, 1.0]])
    >>> class_selectivity(x, [0, 0, 1, 1], multioutput="raw_values").tolist()
    [0.5, 0.0]
    >>> class_selectivity(x, [0, 0, 1, 1], index="auc", multioutput="raw_values").tolist()
    [1.0, 0.5]
    """
    check_index(index, multioutput, threshold)
    x, y = matched(x, y, least=2)
    classes, codes = codes_of(y)
    if not bool(jnp.isfinite(y).all()):
        shape = (x.shape[1],) if multioutput == "raw_values" else ()
        return jnp.full(shape, jnp.nan, x.dtype)
    group = jnp.asarray(codes, x.dtype)
    return _selectivity(x, group, classes, index, multioutput, threshold)


def check_index(index: Index, multioutput: MultiOutput, threshold: float | None) -> None:
    """Raise `OptionError` unless the options go together."""
    check_choice("index", index, INDICES)
    check_choice("multioutput", multioutput, OVER_UNITS)
    if threshold is not None and multioutput == "raw_values":
        raise OptionError(
            f"threshold={threshold!r}: a fraction of units, and multioutput='raw_values' asks for "
            "each unit. Give one of them."
        )


@jitted(2, 3, 4, 5)
def _selectivity(
    x: jax.Array,
    codes: jax.Array,
    classes: int,
    index: Index,
    multioutput: MultiOutput,
    threshold: float | None,
) -> jax.Array:
    over_units: Any = {"multioutput": multioutput, "threshold": threshold}
    if index == "auc":
        kept = state_of(LabelledExamples(groups=classes, capacity=len(x)), x, codes)
        return area_score(kept, groups=classes, **over_units).value
    statistic = GroupMoments(groups=classes, within="each" if index == "d_prime" else "none")
    state = state_of(statistic, moderate(x), codes)
    score_of = sensitivity_score if index == "d_prime" else class_selectivity_score
    return score_of(state, **over_units).value


def class_selectivity_score(
    state: GroupMomentsState, *, multioutput: MultiOutput, threshold: float | None = None
) -> Score:
    """Contrast of `class_selectivity` from moments of groups; needs no scatter."""
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
    return of_units(
        jnp.clip(each, 0, 1),
        multioutput=multioutput,
        threshold=threshold,
        finite=means.finite,
        enough=means.counts.sum() >= 2,
        one_class=one_class,
    )
