"""What single examples and units are like: sparsity, selectivity."""

from typing import Any, Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice, check_number
from probekit.errors import OptionError
from probekit.measures._arguments import jitted, matched, matrix
from probekit.measures._scale import moderate, scaled_to_one
from probekit.measures._status import RANK_DEFICIENT, Score, divide, score
from probekit.measures.regression import encoding_score
from probekit.statistics import Examples, ExamplesState, Moments, MomentsState, state_of

Sparsity = Literal["treves_rolls", "hoyer"]
SPARSITIES: tuple[Sparsity, ...] = get_args(Sparsity)
DEFAULT_THRESHOLD = 0.1


def sparsity(x: Any, *, measure: Sparsity = "treves_rolls") -> jax.Array:
    """Sparsity of the population: how few units carry each example, averaged over examples.

    ``treves_rolls``: (1 - a) / (1 - 1/d) with a = (Σ_u |x_u| / d)² / (Σ_u x_u² / d);
    ``hoyer``: (√d - Σ_u |x_u| / √Σ_u x_u²) / (√d - 1).

    Parameters
    ----------
    x : array (example, unit)
    measure : {"treves_rolls", "hoyer"}
        Treves and Rolls' in the normalised form of Vinje and Gallant, of absolute activations; or
        Hoyer's, from the ratio of the two norms.

    Returns
    -------
    array ()
        From 0 (all units alike) to 1 (one unit alone). Examples in which all units are 0 are left
        out. NaN if there are no others, for a single unit, and if `x` is not finite.

    Raises
    ------
    ShapeError
        If there are no examples.
    OptionError
        If `measure` is neither of the two.

    Notes
    -----
    Invariant to scaling and permutation of units. O(n d).

    References
    ----------
    Treves and Rolls 1991, What determines the capacity of autoassociative memories in the brain?;
    Vinje and Gallant 2000, Sparse coding and decorrelation in primary visual cortex during natural
    vision; Hoyer 2004, Non-negative matrix factorization with sparseness constraints.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import sparsity
    >>> float(sparsity(np.array([[0, 3, 0, 0]]))), float(sparsity(np.array([[2, -2, 2, 2]])))
    (1.0, 0.0)
    """
    check_choice("measure", measure, SPARSITIES)
    return _sparsity(matrix("x", x), measure)


def selectivity(x: Any, y: Any, *, threshold: float = DEFAULT_THRESHOLD) -> jax.Array:
    """Fraction of units that are selective to a feature: those of which it explains enough.

    Share of units u with R²_u at least `threshold`, where R²_u is that of `linear_r2` of the unit
    alone: its squared correlation with a feature of one column.

    Parameters
    ----------
    x : array (example, unit)
        The representation.
    y : array (example,) or (example, k)
        The feature.
    threshold : float
        Above 0 and at most 1.

    Returns
    -------
    array ()
        In [0, 1]; constant units are not selective. NaN if the feature or the representation is
        constant, or not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 2.
    OptionError
        If `threshold` is not above 0 and at most 1.

    Notes
    -----
    Invariant to translation, scaling and permutation of units. O(n (d k + k²)).

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import selectivity
    >>> y = np.array([0, 0, 1, 1])
    >>> float(selectivity(np.stack([3 * y, [0, 1, 0, 1]], axis=1), y))
    0.5
    """
    check_threshold(threshold)
    return _selectivity(*matched(x, y, least=2), float(threshold))


def check_threshold(threshold: float) -> None:
    """Raise `OptionError` unless ``0 < threshold <= 1``."""
    check_number("threshold", threshold)
    if not 0 < threshold <= 1:
        raise OptionError(f"threshold={threshold!r}: must be above 0 and at most 1.")


@jitted(1)
def _sparsity(x: Any, measure: Sparsity) -> jax.Array:
    return sparsity_score(state_of(Examples(capacity=x.shape[0]), x), measure=measure).value


@jitted(2)
def _selectivity(x: Any, y: Any, threshold: float) -> jax.Array:
    # The share of a unit that is explained does not depend on its scale.
    state = state_of(Moments(xx="diagonal"), moderate(x, axis=0), moderate(y, axis=0))
    return selectivity_score(state, state, threshold=threshold).value


def sparsity_score(state: ExamplesState, *, measure: Sparsity) -> Score:
    """`sparsity` of the examples that were kept."""
    size = jnp.abs(jnp.where(state.present[:, None], state.x, 0))
    d = size.shape[1]
    size = scaled_to_one(size, axis=1)
    total, squares = size.sum(axis=1), jnp.square(size).sum(axis=1)
    counted = state.present & (total > 0)
    if measure == "treves_rolls":
        spread = jnp.square(total) / jnp.where(counted, squares, 1) / d
        each = (1 - spread) / (1 - 1 / d) if d > 1 else jnp.full_like(total, jnp.nan)
    else:
        ratio = total / jnp.sqrt(jnp.where(counted, squares, 1))
        root = float(np.sqrt(d))
        each = (root - ratio) / (root - 1) if d > 1 else jnp.full_like(total, jnp.nan)
    weight = jnp.where(counted, state.weight, 0)
    mean = divide(jnp.where(counted, jnp.clip(each, 0, 1) * weight, 0).sum(), weight.sum())
    value = jnp.where(d > 1, jnp.clip(mean, 0, 1), jnp.nan)
    undefined = ~counted.any() | (d == 1)
    finite, enough = state.x_finite.all(), state.present.any()
    return score(value, finite=finite, enough=enough, constant=undefined)


def selectivity_score(fit: MomentsState, held_out: MomentsState, *, threshold: float) -> Score:
    """Compute `selectivity` from moments, fitted on one split and scored on the other.

    Needs `yy` in full and the diagonal of `xx`.
    """
    each, status = encoding_score(fit, held_out, multioutput="raw_values")
    selective = (each >= threshold) & ~held_out.x_constant
    constant = held_out.x_constant.all() | fit.y_equal.all() | held_out.y_equal.all()
    value = jnp.where(constant, jnp.nan, selective.astype(each.dtype).mean())
    finite = fit.finite() & held_out.finite()
    enough = (fit.count >= 2) & (held_out.count >= 2)
    return score(
        value,
        finite=finite,
        enough=enough,
        constant=constant,
        deficient=(status == RANK_DEFICIENT).any(),
    )
