"""How alike single examples are, after the best rotation of one representation to the other."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit._sums import inner, product
from probekit.measures._arguments import Splits, jitted, splits
from probekit.measures._linalg import svd
from probekit.measures._scale import largest_or_1, moderate, moderating_power, scaled_to_one
from probekit.measures._status import Score, divide, score
from probekit.measures.gram import centred_rows
from probekit.statistics import Examples, ExamplesState, state_of

_UNDETERMINED = 1e-2
"""How much of the score may depend on a rotation that the data does not determine."""


def aligned_cosine(
    x: Any, y: Any, *, centred: bool = False, held_out: tuple[Any, Any] | None = None
) -> jax.Array:
    """Mean cosine of examples after the best rotation: Σ_i cos(Qᵀ x_i, y_i) / n.

    Q is the orthogonal map that minimises ‖X Q - Y‖, as in `procrustes_distance`, where the long
    examples count more; here each counts the same.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order; the narrower is filled up with zeros.
    centred : bool
        Subtract the means of the units first. Without, a mean far from 0 is most of the cosine.
    held_out : tuple of array, optional
        Representations ``(x2, y2)`` of the examples that are scored, by the rotation of those that
        are fitted, and if `centred` by their means; those themselves, unless given.

    Returns
    -------
    array ()
        In [-1, 1]; 1 for examples that are equal up to a rotation and a positive scale each.
        Examples that are 0 in all units (centred: that are the mean) are left out. NaN if either is
        constant or not finite, or if more than 0.01 of the score would depend on what Q does where
        nothing determines it: in directions of `x` that have nothing in common with `y`, as far as
        `y` has such directions too. Of held out examples the mean of all such Q counts there, as in
        `shape_metric`, and estimators report ``rank_deficient`` beside it.

    Raises
    ------
    ShapeError
        If the numbers of examples or units differ, or there are fewer than 2 examples.

    Notes
    -----
    Invariant to scaling, rotation and permutation of units; centred also to translation.
    O(n d d_y + d d_y min(d, d_y)).

    References
    ----------
    Hamilton, Leskovec and Jurafsky 2016, Diachronic word embeddings reveal statistical laws of
    semantic change; Klabunde, Schumacher, Strohmaier and Lemmerich 2025, Similarity of neural
    network models (aligned cosine similarity).

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import aligned_cosine
    >>> x = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 2.0], [-1.0, 3.0]])
    >>> round(float(aligned_cosine(x, 3 * x[:, ::-1])), 5)
    1.0
    """
    return _aligned_cosine(splits(x, y, held_out, least=2), bool(centred))


@jitted(1)
def _aligned_cosine(given: Splits, centred: bool) -> jax.Array:
    fit, scored = given.each(lambda x, y: state_of(Examples(capacity=x.shape[0]), x, y))
    if given.held_out is None:
        return aligned_cosine_score(scored, centred=centred).value
    return transferred_cosine_score(fit, scored, centred=centred).value


def aligned_cosine_score(state: ExamplesState, *, centred: bool) -> Score:
    """`aligned_cosine` of the examples that were kept."""
    finite, weight = state.finite(), state.present.astype(state.x.dtype)
    kept = (moderate(jnp.where(state.present[:, None] & finite, z, 0)) for z in (state.x, state.y))
    about = [(_differences(z, weight), z) for z in kept]
    constant = jnp.stack([(differences == 0).all() for differences, _ in about]).any()
    x, y = (scaled_to_one(differences if centred else z) for differences, z in about)
    turn = _turn_of(x, y)
    x_turned, y_turned = product(_of_length_1(x), turn.left), product(_of_length_1(y), turn.right)
    lengths = [_is_there(z) for z in (x, y)]
    parts = _parts(lengths, (x_turned, y_turned), turn.known)
    both = lengths[0] * lengths[1]
    value = jnp.clip(_mean((x_turned * y_turned).sum(axis=1), both), -1, 1)
    undetermined = ~(_mean(parts[0] * parts[1], both) <= _UNDETERMINED)
    return score(
        jnp.where(constant | undetermined, jnp.nan, value),
        finite=finite,
        enough=state.present.sum() >= 2,
        constant=constant,
        deficient=undetermined,
    )


def transferred_cosine_score(
    fit: ExamplesState, held_out: ExamplesState, *, centred: bool
) -> Score:
    """`aligned_cosine` of examples other than those the rotation is fitted on."""
    weight = fit.present.astype(fit.x.dtype)
    finite = fit.finite() & held_out.finite()
    fitted, scored, constant = [], [], []
    for z, other in ((fit.x, held_out.x), (fit.y, held_out.y)):
        z, other = _both_moderate(z, other, fit.present, held_out.present, finite)
        about = _differences(z, weight)
        other_about = _about_the_mean(other, z, about, fit.present)
        constant += [(about == 0).all(), _is_constant(other, held_out.present)]
        one, two = (about, other_about) if centred else (z, other)
        fitted.append(scaled_to_one(one))
        scored.append(scaled_to_one(jnp.where(held_out.present[:, None], two, 0)))
    turn = _turn_of(*fitted)
    lengths, scored = [_is_there(z) for z in scored], [_of_length_1(z) for z in scored]
    turned = (product(scored[0], turn.left), product(scored[1], turn.right))
    parts = _parts(lengths, turned, turn.known)
    both = lengths[0] * lengths[1]
    known = jnp.where(turn.known, turned[0] * turned[1], 0).sum(axis=1)
    value = jnp.clip(_mean(known, both), -1, 1)
    undefined = jnp.stack(constant).any() | jnp.isnan(value)
    return score(
        jnp.where(undefined, jnp.nan, value),
        finite=finite,
        enough=(fit.present.sum() >= 2) & (held_out.present.sum() >= 2),
        constant=undefined,
        deficient=~(_mean(parts[0] * parts[1], both) <= _UNDETERMINED),
    )


def _both_moderate(
    z: jax.Array, other: jax.Array, present: jax.Array, others: jax.Array, finite: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Both splits of one representation, by what brings that which is fitted to a moderate size."""
    z, other = (
        jnp.where(there[:, None] & finite, array, 0)
        for array, there in ((z, present), (other, others))
    )
    power = moderating_power(z)
    return z * power, other * power


def _about_the_mean(
    other: jax.Array, z: jax.Array, about: jax.Array, present: jax.Array
) -> jax.Array:
    """Differences of other examples to the mean of `z`, by way of those to one of its examples.

    Differences of neighbours are exact, where the mean of large numbers is rounded.
    """
    row = jnp.argmax(present)
    far = other - z[row] + about[row]
    return _without_rounding(far, z)


def _is_constant(z: jax.Array, present: jax.Array) -> jax.Array:
    """Whether all examples that are there are the same within rounding."""
    return (_differences(z, present.astype(z.dtype)) == 0).all()


class Turn(NamedTuple):
    """The best rotation Q = U Vᵀ: cos(Qᵀ x_i, y_i) is that of x_iᵀ U and y_iᵀ V.

    Zeros that the narrower is filled up with change neither.

    Attributes
    ----------
    left, right : array (unit, direction)
    known : array (1, direction)
        Whether the two have something in common there.
    """

    left: jax.Array
    right: jax.Array
    known: jax.Array


def _turn_of(x: jax.Array, y: jax.Array) -> Turn:
    cross = inner(x, y)
    left, values, right = svd(cross)
    sizes = jnp.sqrt(jnp.square(x).sum()) * jnp.sqrt(jnp.square(y).sum())
    noise = 16 * float(np.finfo(x.dtype).eps) * np.sqrt(max(cross.shape)) * sizes
    return Turn(left, right.T, (values > noise)[None, :])


def _parts(lengths: list[jax.Array], turned: Any, known: jax.Array) -> list[jax.Array]:
    """Length of what is left of each example where nothing determines the rotation."""
    return [
        jnp.sqrt(_rest(length, jnp.where(known, z, 0)))
        for length, z in zip(lengths, turned, strict=True)
    ]


def _of_length_1(z: jax.Array) -> jax.Array:
    """Rows of length 1: beside one far out, squares of the others vanish; 0 where a row is 0."""
    z = z / largest_or_1(z, axis=1)
    length = jnp.sqrt(jnp.square(z).sum(axis=1, keepdims=True))
    return z / jnp.where(length > 0, length, 1)


def _is_there(z: jax.Array) -> jax.Array:
    """1 for rows that have a direction, and 0 for others: their lengths in `_of_length_1`."""
    return (z != 0).any(axis=1).astype(z.dtype)


def _mean(each: jax.Array, both: jax.Array) -> jax.Array:
    """Mean over the examples that have a length in `both` of shares of it."""
    counted = both > 0
    shares = jnp.where(counted, each / jnp.where(counted, both, 1), 0)
    return divide(shares.sum(), counted.sum().astype(each.dtype))


def _differences(z: jax.Array, weight: jax.Array) -> jax.Array:
    """Differences to the mean; 0 for an example that has the mean's values within rounding."""
    return _without_rounding(centred_rows(z, weight), z)


def _without_rounding(far: jax.Array, z: jax.Array) -> jax.Array:
    """Differences of examples; 0 for those that are, in each unit, rounding of its values."""
    rounding = 8 * float(np.finfo(z.dtype).eps) * jnp.abs(z).max(axis=0)
    return jnp.where((jnp.abs(far) <= rounding).all(axis=1, keepdims=True), 0, far)


def _rest(length: jax.Array, part: jax.Array) -> jax.Array:
    """Squared length of what is left of each row without its part; 0 where that is rounding."""
    whole = jnp.square(length)
    rest = whole - jnp.square(part).sum(axis=1)
    rounding = 64 * float(np.finfo(whole.dtype).eps) * whole
    return jnp.where(rest > rounding, rest, 0)
