"""How much better the best unit alone predicts a feature than the next best."""

from typing import Any

import jax
import jax.numpy as jnp

from probekit.measures._arguments import Splits, jitted, splits
from probekit.measures._moments import states_of
from probekit.measures._status import Score, score
from probekit.statistics import Moments, MomentsState

BY_PAIR = Moments(xx="diagonal", yy="diagonal")
"""Variances of units and of features, and the covariances between them."""


def separated_attribute_predictability(
    x: Any, y: Any, *, held_out: tuple[Any, Any] | None = None
) -> jax.Array:
    """Separated attribute predictability (SAP): lead of the unit that predicts a feature best.

    R²(u₁, f) - R²(u₂, f), with R²(u, f) that of predicting the feature by linear regression from
    unit u alone, at least 0, and u₁ and u₂ the two units that predict it best.

    Parameters
    ----------
    x : array (example, unit)
        The representation; at least 2 units.
    y : array (example,) or (example, k)
        The features, one a column; of classes an indicator each.
    held_out : tuple of array, optional
        Representation and features ``(x2, y2)`` of the examples that are scored; those that are
        fitted, unless given: R² are then squared correlations.

    Returns
    -------
    array (k,)
        From 0 (two units predict as well) to 1 (one predicts all and the next nothing). SAP is the
        mean. Constant units predict nothing. NaN if the feature is constant, or all units are; of
        one unit; and if the input is not finite.

    Raises
    ------
    ShapeError
        If numbers of examples or columns differ, or there are fewer than 2 examples.

    Notes
    -----
    Invariant to translation and scaling of each unit and to permutation. Of classes, Kumar et al.
    take the accuracy of a threshold on the unit. O(n d k).

    References
    ----------
    Kumar, Sattigeri and Balakrishnan 2018, Variational inference of disentangled latent concepts
    from unlabeled observations.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import separated_attribute_predictability
    >>> y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> separated_attribute_predictability(3 * y, y).tolist()
    [1.0, 1.0]
    >>> turned = y @ [[1, 1], [1, -1]]
    >>> separated_attribute_predictability(turned, y).tolist()
    [0.0, 0.0]
    """
    return _separated(splits(x, y, held_out, least=2))


@jitted()
def _separated(given: Splits) -> jax.Array:
    return separated_score(*states_of(BY_PAIR, given, x_apart=True, y_apart=True)).value


def separated_score(fit: MomentsState, held_out: MomentsState) -> Score:
    """`separated_attribute_predictability` from moments; needs `xy` and both diagonals."""
    each = jnp.clip(_predicted(fit, held_out), 0, 1)
    constant = fit.y_constant | held_out.y_constant | held_out.x_constant.all()
    if each.shape[0] < 2:
        lead, constant = jnp.full_like(each[0], jnp.nan), jnp.ones_like(constant)
    else:
        best, _ = jax.lax.top_k(each.T, 2)
        lead = best[:, 0] - best[:, 1]
    return score(
        jnp.where(constant, jnp.nan, lead),
        finite=fit.finite() & held_out.finite(),
        enough=(fit.count >= 2) & (held_out.count >= 2),
        constant=constant,
    )


def _predicted(fit: MomentsState, held_out: MomentsState) -> jax.Array:
    """R² of each feature from each unit ``(unit, k)``, by regression on the fitted examples."""
    assert fit.xy is not None, "xy was not asked for"
    assert held_out.xy is not None, "xy was not asked for"
    varies = ~fit.x_constant[:, None]
    slope = jnp.where(varies, fit.xy / jnp.where(varies, fit.x_squares[:, None], 1), 0)
    x_step, y_step = fit.steps(held_out)
    offset = y_step[None, :] - slope * x_step[:, None]
    within = held_out.y_squares[None, :] + slope * (
        slope * held_out.x_squares[:, None] - 2 * held_out.xy
    )
    residual = within + held_out.count * jnp.square(offset)
    constant = held_out.y_constant[None, :]
    return 1 - residual / jnp.where(constant, 1, held_out.y_squares[None, :])
