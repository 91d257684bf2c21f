"""Whether classes that look near, or mixed, in one representation are so in another."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit._sums import product
from probekit.measures._arguments import Splits, jitted, matched
from probekit.measures._double import splits_in_double
from probekit.measures._scale import moderate
from probekit.measures._status import divide
from probekit.measures.class_means import codes_of
from probekit.measures.neighbour_ranks import NeighbourMetric, Ranked, check_nearness
from probekit.measures.trust import DEFAULT_TRUSTED


class ClassTrust(NamedTuple):
    """How far a picture of a representation can be trusted in what it shows of classes.

    Attributes
    ----------
    trustworthiness : array ()
        Whether classes are no more mixed, or no better apart, than they look.
    continuity : array ()
        Whether classes look no more apart, or no more mixed, than they are.
    """

    trustworthiness: jax.Array
    continuity: jax.Array


def class_trustworthiness(
    x: Any,
    y: Any,
    classes: Any,
    *,
    neighbours: int = DEFAULT_TRUSTED,
    metric: NeighbourMetric = "euclidean",
) -> ClassTrust:
    """Class-aware trustworthiness and continuity of `y` as a picture of `x`.

    As `trustworthiness`, of which neighbours in `y` that are none in `x` lower it, but only those
    of another class than the example count; and the continuity, with neighbours in `x` that are
    none in `y`, of which only those of the same class count.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order.
    classes : array (example,) or (example, k)
        The class of each example: any numbers, equal for equal classes. With several columns, each
        different row is a class.
    neighbours : int
        k; less than half of the examples, or the most that is.
    metric : {"euclidean", "cosine"}
        What is near. Among equally near examples a fixed random order decides.

    Returns
    -------
    ClassTrust
        Each from 0 to 1, and at least the `trustworthiness` that counts all. NaN if either is
        constant or not finite, or (cosine) an example is 0 in all units.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 3.
    OptionError
        If `neighbours` is below 1, or `metric` is neither of the two.

    Notes
    -----
    Invariant to scaling, rotation and permutation of units; euclidean also to translation.
    O(n² (d + d_y + log n)).

    References
    ----------
    Colange, Peltonen, Aupetit, Dutykh and Lespinats 2020, Steering distortions to preserve classes
    and neighbors in supervised dimensionality reduction.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import class_trustworthiness
    >>> x = np.arange(12.0)[:, None]
    >>> apart = x + 50 * (x > 5)  # what was torn apart is of two classes
    >>> [round(float(value), 3) for value in class_trustworthiness(x, apart, x > 5, neighbours=2)]
    [1.0, 1.0]
    """
    check_nearness(neighbours, metric)
    x, y = matched(x, y, least=3)
    _, labels = matched(x, classes, names=("x", "classes"))
    return ClassTrust(*_class_trust(x, y, labels, int(neighbours), metric))


def label_trustworthiness(x: Any, y: Any, classes: Any) -> ClassTrust:
    """Label-trustworthiness and label-continuity of `y` as a picture of `x`.

    1 - mean over pairs of classes of max(0, c - c'), and of max(0, c' - c), with c the share of
    their examples that lie nearer to the mean of their own class than to that of the other
    (distance consistency) in `x`, and c' in `y`.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order.
    classes : array (example,) or (example, k)
        The class of each example: any numbers, equal for equal classes. With several columns, each
        different row is a class.

    Returns
    -------
    ClassTrust
        Each from 0 to 1. ``trustworthiness`` is lower where classes that are apart in `x` overlap
        in `y`; ``continuity`` where such that overlap in `x` are apart in `y`. NaN if there is one
        class, or either is constant or not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 3.

    Notes
    -----
    Invariant to translation, scaling, rotation and permutation of units. Examples that lie in the
    middle count a half. Not under ``jit``, as classes are counted first. O(n (d + d_y) C).

    References
    ----------
    Jeon, Kuo, Aupetit, Ma and Seo 2024, Classes are not clusters: improving label-based evaluation
    of dimensionality reduction.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import label_trustworthiness
    >>> x = np.array([[0.0], [1.0], [5.0], [6.0]])
    >>> mixed = x[[0, 2, 1, 3]]
    >>> [round(float(value), 2) for value in label_trustworthiness(x, mixed, [0, 0, 1, 1])]
    [0.5, 1.0]
    """
    x, y = matched(x, y, least=3)
    _, labels = matched(x, classes, names=("x", "classes"))
    count, codes = codes_of(labels)
    member = codes == np.arange(count)[None, :]
    finite = jnp.isfinite(labels).all()
    # In float64: beside an example far out, means would round away what classes differ by.
    found = splits_in_double(_label_trust_in, Splits((x, y), None), member=member)
    return ClassTrust(*(jnp.where(finite, value, jnp.nan) for value in found))


@jitted(4)  # one program for any number of neighbours
def _class_trust(
    x: jax.Array, y: jax.Array, labels: jax.Array, neighbours: int, metric: NeighbourMetric
) -> tuple[jax.Array, jax.Array]:
    finite = jnp.isfinite(x).all() & jnp.isfinite(y).all() & jnp.isfinite(labels).all()
    present = jnp.ones(len(x), bool)
    x, y = (jnp.where(jnp.isfinite(z), z, 0) for z in (x, y))
    a, b = (Ranked.of(z, present, metric) for z in (x, y))
    same = (labels[:, None, :] == labels[None, :, :]).all(axis=2)
    apart = ~np.eye(len(x), dtype=bool)
    n = len(x)
    k = jnp.minimum(neighbours, max((n - 1) // 2, 1))
    worst = k * (2 * n - 3 * k - 1) / 2

    def trust(near: Ranked, ranked: Ranked, counted: jax.Array) -> jax.Array:
        intruding = apart & counted & (near.ranks <= k) & (ranked.ranks > k)
        # As shares of n: ranks of all pairs added up would pass 2²⁴.
        too_far = jnp.where(intruding, (ranked.ranks - k) / n, 0).sum(axis=1)
        return jnp.clip(1 - divide(too_far.sum(), worst.astype(too_far.dtype)), 0, 1)

    undefined = a.undefined | b.undefined | ~finite
    found = (trust(b, a, ~same), trust(a, b, same))
    return tuple(jnp.where(undefined, jnp.nan, value) for value in found)  # type: ignore[return-value]


def _label_trust_in(given: Splits, *, eps: float, member: jax.Array) -> tuple[jax.Array, jax.Array]:
    del eps  # what is nearer is a matter of differences
    return _label_trust(*given.fit, member)


@jitted()
def _label_trust(x: jax.Array, y: jax.Array, member: jax.Array) -> tuple[jax.Array, jax.Array]:
    consistent = [_consistency(moderate(z), member) for z in (x, y)]
    pairs = np.triu(np.ones((member.shape[1], member.shape[1]), bool), 1)
    step = jnp.where(pairs, consistent[0] - consistent[1], 0)
    count = int(pairs.sum())
    if not count:
        return jnp.full((), jnp.nan, x.dtype), jnp.full((), jnp.nan, x.dtype)
    return 1 - jnp.maximum(step, 0).sum() / count, 1 - jnp.maximum(-step, 0).sum() / count


def _consistency(z: jax.Array, member: jax.Array) -> jax.Array:
    """Return the distance consistency of each pair of classes; NaN of what is constant."""
    about = z - z.mean(axis=0)
    constant = ~(jnp.abs(about).max() > 8 * np.finfo(z.dtype).eps * jnp.abs(z).max())
    own = member.astype(z.dtype)
    size = own.sum(axis=0)
    means = product(own.T, about) / size[:, None]
    # Nearer to a mean is higher here: less the half of its squared length.
    height = product(about, means.T) - jnp.square(means).sum(axis=1) / 2
    mine = (height * own).sum(axis=1, keepdims=True)
    nearer = product(own.T, jnp.where(mine == height, 0.5, mine > height).astype(z.dtype))
    found = (nearer + nearer.T) / (size[:, None] + size[None, :])
    return jnp.where(constant, jnp.nan, found)
