"""Similarity through Gram matrices: HSIC and centred kernel alignment (CKA)."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_between, check_choice, check_positive
from probekit.measures._arguments import jitted, matched
from probekit.measures._moments import pair_score, unit_scales
from probekit.measures._scale import near_one, near_one_and_exponent, scaled_to_one, with_exponent
from probekit.measures._status import Score, divide, score
from probekit.measures.gram import (
    KERNELS,
    AnyKernel,
    Kernel,
    centred_gram,
    centred_rows,
    gram,
    least_alignment,
    own_gram,
    u_centred,
)
from probekit.statistics import (
    CrossKernel,
    CrossKernelState,
    ExamplesState,
    Moments,
    MomentsState,
    state_of,
)

_FEW_EXAMPLES = 1024
"""Up to how many examples debiased linear CKA is of Gram matrices, whose digits cost little yet."""

_ROUNDINGS = 1024
"""A sum of fourth order must be so many roundings of its largest term: to about two in a hundred
it is right then."""


def cka(
    x: Any,
    y: Any,
    *,
    kernel: AnyKernel = "linear",
    debiased: bool = False,
    bandwidth: float = 1.0,
) -> jax.Array:
    """Centred kernel alignment: how alike two representations are up to rotation and scale.

    CKA(K, L) = HSIC(K, L) / √(HSIC(K, K) HSIC(L, L)) with K and L the Gram matrices. For the linear
    kernel that is ‖XᵀHY‖² / (‖XᵀHX‖ ‖YᵀHY‖), with H the centring matrix.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order; widths may differ.
    kernel : {"linear", "rbf", "laplace", "max"} or callable
        ``rbf``: exp(-‖x_i - x_j‖² / (2 σ²)); ``laplace``: exp(-‖x_i - x_j‖ / σ); ``max``: the
        largest product of two examples in one unit, max_u x_iu x_ju, of units of mean 0 and
        variance 1, constant ones left out: so units count as such, as in networks with ReLU. A
        function, of NumPy or JAX, is given a representation and returns its Gram matrix
        ``(example, example)``.
    debiased : bool
        Use the unbiased HSIC of Song et al., which does not grow with the number of units.
    bandwidth : float
        σ of the RBF and the Laplace kernel, in units of the median distance between different
        examples.

    Returns
    -------
    array ()
        In [0, 1]; in [-1, 1] if debiased, and with ``max`` or a function, whose Gram matrices may
        have negative eigenvalues. 1 for representations that are equal up to rotation, scale and
        offset. NaN if either is constant or not finite, or if, debiased, one example lies so far
        from the others that the rest is rounding.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 2 (4 when debiased).
    OptionError
        If `kernel` is none of these or `bandwidth` not positive and finite.

    Notes
    -----
    Invariant to rotation, scaling and translation, not to invertible linear maps; with ``max`` to
    permutation and to offset and positive scale of each unit, not to rotation. The linear kernel
    costs O(n d d_y) through sums of products or O(n² (d + d_y)) through Gram matrices, whichever is
    less; the others O(n² (d + d_y)).

    Biased linear CKA of normal units that have nothing in common is about √(d d_y / ((n + d) (n +
    d_y))), as much as a third of 1,000 examples of 500 units; debiased it is 0 in the mean.

    References
    ----------
    Kornblith, Norouzi, Lee and Hinton 2019, Similarity of neural network representations revisited;
    Song, Smola, Gretton, Bedo and Borgwardt 2012, for the unbiased HSIC; Godfrey, Brown, Emerson
    and Kvinge 2022, On the symmetries of deep learning models and their internal representations,
    for ``max``.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import cka
    >>> x = np.arange(12.0).reshape(6, 2) ** 2
    >>> round(float(cka(x, 5 - 3 * x[:, ::-1])), 5)
    1.0
    """
    if not callable(kernel):
        check_choice("kernel", kernel, KERNELS)
    check_bandwidth(bandwidth)
    x, y = matched(x, y, least=4 if debiased else 2)
    if callable(kernel):
        return _aligned(x, y, own_gram(x, kernel), own_gram(y, kernel), bool(debiased), -1.0)
    return _cka(x, y, kernel, bool(debiased), float(bandwidth))


def hsic(
    x: Any,
    y: Any,
    *,
    kernel: AnyKernel = "linear",
    debiased: bool = False,
    bandwidth: float = 1.0,
) -> jax.Array:
    """Hilbert-Schmidt independence criterion: how strongly two representations depend.

    tr(K H L H) / (n - 1)², or the unbiased estimator of Song et al., which leaves the diagonals of
    the Gram matrices K and L out.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order.
    kernel : {"linear", "rbf", "laplace", "max"} or callable
        As in `cka`.
    debiased : bool
        Use the unbiased estimator, which is 0 on average for independent representations.
    bandwidth : float
        σ of the RBF and the Laplace kernel, in units of the median distance between different
        examples.

    Returns
    -------
    array ()
        At least 0; of either sign if debiased, and with ``max`` or a function, as CKA is. NaN if
        the input is not finite, or the value is out of the range of its dtype.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 2 (4 when debiased).
    OptionError
        If `kernel` is none of these or `bandwidth` not positive and finite.

    Notes
    -----
    Invariant to rotation and translation; with the RBF and Laplace kernels, whose width follows the
    data, also to scaling; with ``max`` as in `cka`. O(n² (d + d_y)).

    References
    ----------
    Gretton, Bousquet, Smola and Schölkopf 2005, Measuring statistical dependence with
    Hilbert-Schmidt norms; Song et al. 2012, Feature selection via dependence maximization.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import hsic
    >>> x = np.array([0.0, 0.0, 1.0, 1.0])
    >>> round(float(hsic(x, x)), 4)
    0.1111
    """
    if not callable(kernel):
        check_choice("kernel", kernel, KERNELS)
    check_bandwidth(bandwidth)
    x, y = matched(x, y, least=4 if debiased else 2)
    if callable(kernel):
        return _criterion(x, y, own_gram(x, kernel), own_gram(y, kernel), 0, bool(debiased))
    return _hsic(x, y, kernel, bool(debiased), float(bandwidth))


def check_bandwidth(bandwidth: float) -> None:
    """Raise `OptionError` unless the bandwidth is above 0, and finite."""
    check_positive("bandwidth", bandwidth)
    check_between("bandwidth", bandwidth, 0, np.inf)


@jitted(2, 3, 4)
def _cka(x: jax.Array, y: jax.Array, kernel: Kernel, debiased: bool, bandwidth: float) -> jax.Array:
    (n, d), d_y = x.shape, y.shape[1]
    if kernel == "linear":
        x, y = near_one(x), near_one(y)
    by_units = d * d + d_y * d_y + d * d_y <= n * (d + d_y)
    # Gram matrices keep the digits that sums of fourth order lose to an example far from others.
    if kernel == "linear" and by_units and not (debiased and n <= _FEW_EXAMPLES):
        if debiased:
            return debiased_cka_score(state_of(CrossKernel(), x, y)).value
        return linear_cka_score(state_of(Moments(), x, y)).value
    present = jnp.ones(n, x.dtype)
    k, m = (gram(z, present, kernel, bandwidth) for z in (x, y))
    return _aligned(x, y, k, m, debiased, least_alignment(kernel, debiased))


@jitted(4, 5)
def _aligned(
    x: jax.Array, y: jax.Array, k: jax.Array, m: jax.Array, debiased: bool, low: float
) -> jax.Array:
    value = alignment_of(k, m, jnp.ones(x.shape[0], x.dtype), debiased, low=low)
    return _if_finite(value, x, y)


def _if_finite(value: jax.Array, x: jax.Array, y: jax.Array) -> jax.Array:
    """NaN unless both are finite: a kernel may leave out what is not, as that of maxima does."""
    return jnp.where(jnp.isfinite(x).all() & jnp.isfinite(y).all(), value, jnp.nan)


@jitted(2, 3, 4)
def _hsic(
    x: jax.Array, y: jax.Array, kernel: Kernel, debiased: bool, bandwidth: float
) -> jax.Array:
    present = jnp.ones(x.shape[0], x.dtype)
    exponent = jnp.zeros((), jnp.int32)
    if kernel == "linear":  # others do not grow with the scale
        (x, of_x), (y, of_y) = near_one_and_exponent(x), near_one_and_exponent(y)
        exponent = 2 * (of_x + of_y)
    k, m = (gram(z, present, kernel, bandwidth) for z in (x, y))
    return _criterion(x, y, k, m, exponent, debiased)


@jitted(5)
def _criterion(
    x: jax.Array,
    y: jax.Array,
    k: jax.Array,
    m: jax.Array,
    exponent: jax.Array | int,
    debiased: bool,
) -> jax.Array:
    """HSIC of two Gram matrices, times this power of two."""
    n = x.shape[0]
    total = _inner(k, m, jnp.ones(n, x.dtype), debiased)
    value = total / (n * (n - 3) if debiased else (n - 1) ** 2)
    return _if_finite(with_exponent(value, jnp.asarray(exponent, jnp.int32)), x, y)


def linear_cka_score(state: MomentsState) -> Score:
    """Biased linear CKA from moments; needs all blocks in full."""
    xx, xy, yy = state.blocks()
    x_scale, y_scale = unit_scales(state)
    cross = jnp.square(xy * x_scale * y_scale).sum()
    x_norm = jnp.sqrt(jnp.square(xx * x_scale * x_scale).sum())
    y_norm = jnp.sqrt(jnp.square(yy * y_scale * y_scale).sum())
    return pair_score(jnp.minimum(divide(cross, x_norm * y_norm), 1), state)


def debiased_cka_score(state: CrossKernelState) -> Score:
    """Debiased linear CKA from cross-kernel sums."""
    hsic_xx, hsic_xy, hsic_yy = _debiased_sums(state)
    norm = jnp.sqrt(hsic_xx) * jnp.sqrt(hsic_yy)
    value = jnp.clip(divide(hsic_xy, norm), -1, 1)
    return pair_score(value, state.moments, least=4, undefined=norm == 0)


def _debiased_sums(state: CrossKernelState) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Unbiased HSIC of x, of both and of y, times n (n - 3); 0 of one that is all rounding."""
    xx, xy, yy = state.moments.blocks()
    n = state.moments.count
    x_trace, y_trace = state.moments.x_squares.sum(), state.moments.y_squares.sum()

    def unbiased(block: jax.Array, squares: jax.Array, a: jax.Array, b: jax.Array) -> jax.Array:
        # About the mean, all rows of the full Gram matrices sum to zero, which leaves three terms.
        own = squares * (n / jnp.maximum(n - 2, 1))
        return jnp.square(block).sum() - own + a * b / jnp.maximum((n - 1) * (n - 2), 1)

    def known(block: jax.Array, squares: jax.Array, trace: jax.Array) -> jax.Array:
        # What an example shares with itself may outweigh all else, which is then rounding.
        value = unbiased(block, squares, trace, trace)
        noise = _ROUNDINGS * float(np.finfo(block.dtype).eps) * jnp.square(block).sum()
        return jnp.where(value > noise, value, 0)

    both = unbiased(xy, state.kl, x_trace, y_trace)
    return known(xx, state.kk, x_trace), both, known(yy, state.ll, y_trace)


def sampled_cka_score(
    state: ExamplesState, *, kernel: Kernel, debiased: bool, bandwidth: float
) -> Score:
    """CKA of the examples that were kept."""
    present = state.present.astype(state.x.dtype)
    k, m = (gram(z, present, kernel, bandwidth) for z in (state.x, state.y))
    value = alignment_of(k, m, present, debiased, low=least_alignment(kernel, debiased))
    return score(
        value,
        finite=state.finite(),
        enough=present.sum() >= (4 if debiased else 2),
        constant=jnp.isnan(value),
    )


def linear_hsic_score(state: MomentsState) -> Score:
    """Biased linear HSIC from moments; needs `xy` and the diagonals of the others."""
    assert state.xy is not None
    n = state.count
    value = jnp.square(state.xy / jnp.maximum(n - 1, 1)).sum()
    return pair_score(value, state)


def debiased_hsic_score(state: CrossKernelState) -> Score:
    """Debiased linear HSIC from cross-kernel sums."""
    n = state.moments.count
    hsic_xx, total, hsic_yy = _debiased_sums(state)
    pairs_apart = jnp.where(n >= 4, n * (n - 3), 1)
    unknown = (hsic_xx == 0) | (hsic_yy == 0)
    return pair_score(total / pairs_apart, state.moments, least=4, undefined=unknown)


def sampled_hsic_score(
    state: ExamplesState, *, kernel: Kernel, debiased: bool, bandwidth: float
) -> Score:
    """HSIC of the examples that were kept."""
    present = state.present.astype(state.x.dtype)
    n = present.sum()
    constant = jnp.stack([(centred_rows(z, present) == 0).all() for z in (state.x, state.y)]).any()
    k, m = (gram(z, present, kernel, bandwidth) for z in (state.x, state.y))
    total = _inner(k, m, present, debiased)
    value = total / (n * (n - 3) if debiased else jnp.square(n - 1))
    value = jnp.maximum(value, 0) if least_alignment(kernel, debiased) == 0 else value
    value = jnp.where(constant, jnp.nan, value)
    least = 4 if debiased else 2
    return score(value, finite=state.finite(), enough=n >= least, constant=constant)


def alignment_of(
    k: jax.Array, m: jax.Array, present: jax.Array, debiased: bool, *, low: float
) -> jax.Array:
    """CKA of two Gram matrices, at least `low`; NaN where one is constant."""
    k, m = scaled_to_one(k), scaled_to_one(m)
    n = present.sum()
    # A kernel that is constant over examples leaves rounding of this size and nothing else.
    noise = jnp.square(8 * np.finfo(k.dtype).eps * n)
    own = [_inner(z, z, present, debiased) for z in (k, m)]
    norm = jnp.sqrt(jnp.prod(jnp.stack([jnp.where(z > noise, z, 0) for z in own])))
    return jnp.clip(divide(_inner(k, m, present, debiased), norm), low, 1)


def _inner(k: jax.Array, m: jax.Array, present: jax.Array, debiased: bool) -> jax.Array:
    """tr(K H L H), or n (n - 3) times the unbiased HSIC."""
    if not debiased:
        return (centred_gram(k, present) * m).sum()
    # The same as the sums of Song et al., without their differences of large terms.
    return (u_centred(k, present) * u_centred(m, present)).sum()
