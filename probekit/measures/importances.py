"""How concentrated the importance of units for features is: by unit, and by feature."""

from typing import Any, Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice, check_rank
from probekit.measures._arguments import jitted, matrix
from probekit.measures._scale import scaled_to_one
from probekit.measures._status import divide

Averaging = Literal["importance_weighted", "uniform_average", "raw_values"]
AVERAGINGS: tuple[Averaging, ...] = get_args(Averaging)


def disentanglement(
    importance: Any, *, multioutput: Averaging = "importance_weighted"
) -> jax.Array:
    """Disentanglement: how far each unit is important for one feature alone.

    1 - H(p_u) / log k of each unit, with p_uf = R_uf / Σ_f R_uf its shares of importance and H
    their entropy.

    Parameters
    ----------
    importance : array (unit, feature)
        R, at least 0: how important a unit is for a feature, as `dci` finds it; of any scale.
    multioutput : {"importance_weighted", "uniform_average", "raw_values"}
        Mean over units weighted by their importance for all features; mean over units; or each
        unit on its own.

    Returns
    -------
    array () or (unit,)
        From 0 (as important for every feature) to 1 (for one alone). Units without any importance
        are left out, and NaN on their own. NaN if no unit has any, for a single feature, and where
        importances are negative or not finite.

    Raises
    ------
    ShapeError
        If `importance` has not two axes.
    OptionError
        If `multioutput` is none of the three.

    Notes
    -----
    Invariant to scaling and permutation. O(d k).

    References
    ----------
    Eastwood and Williams 2018, A framework for the quantitative evaluation of disentangled
    representations.

    Examples
    --------
    >>> from probekit.measures import disentanglement
    >>> float(disentanglement([[1, 0], [0, 2], [3, 0]]))
    1.0
    >>> disentanglement([[1, 0], [2, 2]], multioutput="raw_values").tolist()
    [1.0, 0.0]
    """
    return _checked(importance, multioutput, "unit")


def completeness(importance: Any, *, multioutput: Averaging = "importance_weighted") -> jax.Array:
    """Completeness: how far each feature is told by one unit alone.

    1 - H(p_f) / log d of each feature, with p_uf = R_uf / Σ_u R_uf the shares of the units in its
    importances and H their entropy.

    Parameters
    ----------
    importance : array (unit, feature)
        R, at least 0: how important a unit is for a feature, as `dci` finds it; of any scale.
    multioutput : {"importance_weighted", "uniform_average", "raw_values"}
        Mean over features weighted by the importance of all units for them; mean over features; or
        each feature on its own.

    Returns
    -------
    array () or (feature,)
        From 0 (every unit is as important) to 1 (one alone is). Features without any importance
        are left out, and NaN on their own. NaN if no feature has any, for a single unit, and where
        importances are negative or not finite.

    Raises
    ------
    ShapeError
        If `importance` has not two axes.
    OptionError
        If `multioutput` is none of the three.

    Notes
    -----
    Invariant to scaling and permutation. O(d k).

    References
    ----------
    Eastwood and Williams 2018, A framework for the quantitative evaluation of disentangled
    representations.

    Examples
    --------
    >>> from probekit.measures import completeness
    >>> completeness([[1, 0], [0, 2], [1, 0], [0, 0]], multioutput="raw_values").tolist()
    [0.5, 1.0]
    """
    return _checked(importance, multioutput, "feature")


def _checked(importance: Any, multioutput: Averaging, of: str) -> jax.Array:
    check_choice("multioutput", multioutput, AVERAGINGS)
    importance = importance if hasattr(importance, "shape") else jnp.asarray(importance)
    check_rank("importance", importance, least=2, most=2)
    rows = matrix("importance", importance)
    return concentration(rows if of == "unit" else rows.T, multioutput)


@jitted(1)
def concentration(rows: jax.Array, multioutput: Averaging) -> jax.Array:
    """`disentanglement` of importances ``(unit, feature)``, and `completeness` of their transpose.

    In units of the logarithm of how many columns there are.
    """
    known = (jnp.isfinite(rows) & (rows >= 0)).all(axis=1) & (rows.shape[1] > 1)
    rows = scaled_to_one(jnp.where(known[:, None], rows, 0))
    total = rows.sum(axis=1)
    there = total > 0
    share = rows / jnp.where(there, total, 1)[:, None]
    entropy = -(share * jnp.log2(jnp.where(share > 0, share, 1))).sum(axis=1)
    each = jnp.clip(1 - entropy / float(np.log2(max(rows.shape[1], 2))), 0, 1)
    if multioutput == "raw_values":
        return jnp.where(there, each, jnp.nan)
    weight = total if multioutput == "importance_weighted" else there.astype(each.dtype)
    mean = divide((jnp.where(there, each, 0) * weight).sum(), weight.sum())
    return jnp.where(known.all(), jnp.minimum(mean, 1), jnp.nan)
