"""Maximum mean discrepancy: how far two sets of examples are apart, as a kernel sees them."""

from typing import Any, Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice, check_positive
from probekit._sums import product
from probekit.measures._arguments import jitted
from probekit.measures._status import Score, divide, score
from probekit.measures.coverage import two_sets
from probekit.measures.gram import gram
from probekit.statistics import Examples, ExamplesState, state_of

DiscrepancyKernel = Literal["rbf", "polynomial"]
DISCREPANCY_KERNELS: tuple[DiscrepancyKernel, ...] = get_args(DiscrepancyKernel)


def squared_mmd(
    x: Any, x2: Any, *, kernel: DiscrepancyKernel = "rbf", bandwidth: float = 1.0
) -> jax.Array:
    """Squared maximum mean discrepancy of two sets of examples in the same units, unbiased.

    The mean of k(x_i, x_j) over pairs i ≠ j, plus that of k(x2_i, x2_j), less twice the mean of
    k(x_i, x2_j) over all i and j.

    Parameters
    ----------
    x : array (example, unit)
    x2 : array (example_2, unit)
        Other examples, in the same units.
    kernel : {"rbf", "polynomial"}
        exp(-‖x - x'‖² / 2 σ²), with σ the median of the distances between all examples that
        are not 0; or (x·x' / d + 1)³, with which it is what KID is of images.
    bandwidth : float
        Of the former: factor of σ.

    Returns
    -------
    array ()
        0 on average for two draws from one distribution, and then below 0 half of the time; at most
        2 (``rbf``; ``polynomial``: not bounded). For the same examples twice it is not above 0. NaN
        if all lie in one place (``rbf``), or the input is not finite.

    Raises
    ------
    ShapeError
        If the numbers of units differ, or there are fewer than 2 examples in either.
    OptionError
        If `kernel` is none of these, or `bandwidth` not positive.

    Notes
    -----
    Invariant to rotation and permutation of units, of both alike; ``rbf`` also to translation and
    scaling, and it is 0 in the limit for equal distributions alone. O((n + m)² d).

    References
    ----------
    Gretton, Borgwardt, Rasch, Schölkopf and Smola 2012, A kernel two-sample test, eq. 3; Bińkowski,
    Sutherland, Arbel and Gretton 2018, Demystifying MMD GANs (KID).

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import squared_mmd
    >>> x, x2 = np.random.default_rng(0).normal(size=(2, 50, 3))
    >>> bool(abs(squared_mmd(x, x2)) < 0.05), bool(squared_mmd(x, x2 + 3) > 0.5)
    (True, True)
    """
    check_discrepancy(kernel, bandwidth)
    return _discrepancy(*two_sets(x, x2), kernel, float(bandwidth))


def check_discrepancy(kernel: DiscrepancyKernel, bandwidth: float) -> None:
    """Raise `OptionError` unless the options are possible."""
    check_choice("kernel", kernel, DISCREPANCY_KERNELS)
    check_positive("bandwidth", bandwidth)


@jitted(2)
def _discrepancy(
    x: jax.Array, x2: jax.Array, kernel: DiscrepancyKernel, bandwidth: float
) -> jax.Array:
    states = [state_of(Examples(capacity=len(rows)), rows) for rows in (x, x2)]
    return discrepancy_score(*states, kernel=kernel, bandwidth=bandwidth).value


def discrepancy_score(
    fit: ExamplesState,
    held_out: ExamplesState,
    *,
    kernel: DiscrepancyKernel,
    bandwidth: float | jax.Array,
) -> Score:
    """`squared_mmd` of the examples that were kept."""
    finite = fit.x_finite.all() & held_out.x_finite.all()
    present = jnp.concatenate([fit.present, held_out.present])
    rows = jnp.where((present & finite)[:, None], jnp.concatenate([fit.x, held_out.x]), 0)
    together = jnp.zeros((), bool)
    if kernel == "rbf":
        k = gram(rows, present.astype(rows.dtype), "rbf", bandwidth)  # type: ignore[arg-type]
        both = present[:, None] & present[None, :]
        together = ~((k < 1) & both).any()
    else:
        k = (product(rows, rows.T) / rows.shape[1] + 1) ** 3
    first = len(fit.x)
    own, other = slice(None, first), slice(first, None)
    value = (
        _mean(k[own, own], fit.present, fit.present, apart=True)
        + _mean(k[other, other], held_out.present, held_out.present, apart=True)
        - 2 * _mean(k[own, other], fit.present, held_out.present, apart=False)
    )
    return score(
        jnp.where(together, jnp.nan, value),
        finite=finite,
        enough=(fit.present.sum() >= 2) & (held_out.present.sum() >= 2),
        constant=together,
    )


def _mean(k: jax.Array, rows: jax.Array, columns: jax.Array, *, apart: bool) -> jax.Array:
    counted = rows[:, None] & columns[None, :]
    if apart:
        counted = counted & ~np.eye(len(k), dtype=bool)
    return divide(jnp.where(counted, k, 0).sum(), counted.sum().astype(k.dtype))
