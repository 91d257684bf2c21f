"""How well classes are separated in a representation."""

from typing import Any, Literal, get_args

import jax
import jax.numpy as jnp

from probekit._checks import check_choice
from probekit._sums import product
from probekit.measures._arguments import jitted, matched
from probekit.measures._scale import moderate
from probekit.measures._status import Score, divide, score
from probekit.measures.rdm import distances
from probekit.statistics import Examples, ExamplesState, state_of

SeparationMetric = Literal["euclidean", "squared_euclidean", "cosine"]
SEPARATION_METRICS: tuple[SeparationMetric, ...] = get_args(SeparationMetric)


def silhouette(x: Any, y: Any, *, metric: SeparationMetric = "euclidean") -> jax.Array:
    """Silhouette of the classes: how much nearer examples lie to their own class than to others.

    Mean over examples i of (b_i - a_i) / max(a_i, b_i), with a_i the mean distance to the others of
    its class and b_i that to the nearest other class; 0 for an example that is alone in its class.

    Parameters
    ----------
    x : array (example, unit)
        The representation.
    y : array (example,) or (example, k)
        The class of each example: any numbers, equal for equal classes. With several columns, each
        different row is a class.
    metric : {"euclidean", "squared_euclidean", "cosine"}
        The distance of two examples.

    Returns
    -------
    array ()
        From -1 over 0 (classes lie in one another) to 1 (each is a point far from the others). NaN
        if there is one class or none has two examples, if `x` is constant, the input is not
        finite, or (cosine) an example is 0 in all units.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 3.
    OptionError
        If `metric` is none of these.

    Notes
    -----
    Invariant to scaling, rotation and permutation of units; but for cosine also to translation.
    O(n² d + n³).

    References
    ----------
    Rousseeuw 1987, Silhouettes: a graphical aid to the interpretation and validation of cluster
    analysis.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import silhouette
    >>> round(float(silhouette(np.array([[0.0], [1.0], [9.0], [10.0]]), [0, 0, 1, 1])), 3)
    0.889
    """
    check_choice("metric", metric, SEPARATION_METRICS)
    return _silhouette(*matched(x, y, least=3), metric)


@jitted(2)
def _silhouette(x: jax.Array, y: jax.Array, metric: SeparationMetric) -> jax.Array:
    return silhouette_score(state_of(Examples(capacity=len(x)), x, y), metric=metric).value


def silhouette_score(state: ExamplesState, *, metric: SeparationMetric) -> Score:
    """`silhouette` of the examples that were kept."""
    present = state.present
    pairs = present[:, None] & present[None, :]
    far = distances(moderate(jnp.where(present[:, None], state.x, 0)), metric)
    undefined = (jnp.isnan(far) & pairs).any() | ~((far > 0) & pairs).any()
    far = jnp.where(pairs & jnp.isfinite(far), far, 0)
    same = (state.y[:, None, :] == state.y[None, :, :]).all(axis=2) & pairs
    member = same.astype(far.dtype)
    size = member.sum(axis=1)
    # Column j belongs to the class of example j, so that classes need not be counted beforehand.
    to_class = product(far, member) / jnp.maximum(size, 1)[None, :]
    own = (far * member).sum(axis=1) / jnp.maximum(size - 1, 1)
    nearest = jnp.where(pairs & ~same, to_class, jnp.inf).min(axis=1)
    most = jnp.maximum(own, nearest)
    counted = present & (size > 1) & (most > 0) & jnp.isfinite(nearest)
    each = jnp.where(counted, (nearest - own) / jnp.where(counted, most, 1), 0)
    examples = present.sum()
    value = divide(each.sum(), examples.astype(far.dtype))
    one_class, alone = same.sum() == examples * examples, same.sum() == examples
    return score(
        jnp.where(undefined | one_class | alone, jnp.nan, jnp.clip(value, -1, 1)),
        finite=state.finite(),
        enough=(examples >= 3) & ~alone,
        constant=undefined | one_class,
    )
