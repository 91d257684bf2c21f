"""The sums of fourth order that the debiased HSIC of linear kernels needs."""

import dataclasses

import jax
import jax.numpy as jnp

from probekit._sums import (
    accumulator_dtype,
    inner,
    present_rows,
    product,
)
from probekit.statistics._protocol import ShapeDtype, Statistic
from probekit.statistics.moments import Moments, MomentsState

_MOMENTS = Moments()


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class CrossKernelState:
    """Moments, and sums with the squared lengths k_i = ‖x_i - x̄‖² and l_i = ‖y_i - ȳ‖².

    Attributes
    ----------
    moments : MomentsState
        All blocks in full.
    kk, kl, ll : array ()
        Σ w k², Σ w k l, Σ w l².
    xk, xl : array (unit,)
        Σ w k (x - x̄), Σ w l (x - x̄).
    yk, yl : array (k,)
        Σ w k (y - ȳ), Σ w l (y - ȳ).
    """

    moments: MomentsState
    kk: jax.Array
    kl: jax.Array
    ll: jax.Array
    xk: jax.Array
    xl: jax.Array
    yk: jax.Array
    yl: jax.Array


@dataclasses.dataclass(frozen=True, kw_only=True)
class CrossKernel(Statistic[CrossKernelState]):
    """What the debiased HSIC (and CKA) of linear kernels needs, exactly and over any batches.

    The unbiased estimator leaves the pairs of an example with itself out of the Gram matrices, so
    besides the moments it takes sums with the squared length of each example. All are kept about
    the mean of what was seen and moved exactly when the mean moves; about zero they would lose
    every digit to a large mean.

    References
    ----------
    Song, Smola, Gretton, Bedo and Borgwardt 2012, Feature selection via dependence maximization.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.statistics import CrossKernel, state_of
    >>> state = state_of(CrossKernel(), np.array([[0.0], [2.0], [1.0], [1.0]]), np.zeros((4, 1)))
    >>> float(state.moments.xx[0, 0]), float(state.kk)
    (2.0, 2.0)
    """

    def init(self, x: ShapeDtype, y: ShapeDtype) -> CrossKernelState:
        """Return the state of no examples."""
        dtype = accumulator_dtype(x, y)
        zero = jnp.zeros((), dtype)
        by_unit, by_column = jnp.zeros(x.shape[1], dtype), jnp.zeros(y.shape[1], dtype)
        return CrossKernelState(
            _MOMENTS.init(x, y), zero, zero, zero, by_unit, by_unit, by_column, by_column
        )

    def update(
        self,
        state: CrossKernelState,
        x: jax.Array,
        y: jax.Array,
        *,
        weight: jax.Array,
        index: jax.Array | None = None,
    ) -> CrossKernelState:
        """Return the state that has also seen this batch; the order of examples is irrelevant."""
        return self.merge(state, self.of(x, y, weight=weight, index=index))

    def of(
        self, x: jax.Array, y: jax.Array, *, weight: jax.Array, index: jax.Array | None = None
    ) -> CrossKernelState:
        """Return the state of one batch alone.

        Not merged with that of no examples: in a compiled `vmap` its sums are zeros that XLA knows
        of, and what it (jaxlib 0.10.2, on CPUs) makes of products with such zeros is not 0 but
        memory that nobody has written to.
        """
        del index
        moments = _MOMENTS.of(x, y, weight=weight)
        weight, x, y = present_rows(moments.count.dtype, weight, x, y)
        x = (x - moments.x_mean[None, :]) - moments.x_rest[None, :]
        y = (y - moments.y_mean[None, :]) - moments.y_rest[None, :]
        k, m = jnp.square(x).sum(axis=1), jnp.square(y).sum(axis=1)
        kernels = jnp.stack([weight * k, weight * m], axis=1)
        squares = inner(kernels, jnp.stack([k, m], axis=1))
        by_x, by_y = inner(kernels, x), inner(kernels, y)
        return CrossKernelState(
            moments=moments,
            kk=squares[0, 0],
            kl=squares[0, 1],
            ll=squares[1, 1],
            xk=by_x[0],
            xl=by_x[1],
            yk=by_y[0],
            yl=by_y[1],
        )

    def merge(self, a: CrossKernelState, b: CrossKernelState) -> CrossKernelState:
        """Return the state of the examples of both."""
        count = a.moments.count + b.moments.count
        share = b.moments.count / jnp.where(count > 0, count, 1)
        x_step, y_step = a.moments.steps(b.moments)
        a = _moved(a, x_step * share, y_step * share)
        b = _moved(b, x_step * (share - 1), y_step * (share - 1))
        return CrossKernelState(
            moments=_MOMENTS.merge(a.moments, b.moments),
            kk=a.kk + b.kk,
            kl=a.kl + b.kl,
            ll=a.ll + b.ll,
            xk=a.xk + b.xk,
            xl=a.xl + b.xl,
            yk=a.yk + b.yk,
            yl=a.yl + b.yl,
        )


def _moved(state: CrossKernelState, x_by: jax.Array, y_by: jax.Array) -> CrossKernelState:
    """Take the sums about a point that lies `x_by`, `y_by` away from the means.

    There k' = k - 2 x·δ + ‖δ‖² and l' = l - 2 y·ε + ‖ε‖²; first-order sums about the mean vanish.
    """
    xx, xy, yy = state.moments.blocks()
    n, k, m = state.moments.count, state.moments.x_squares.sum(), state.moments.y_squares.sum()
    x_far, y_far = jnp.square(x_by).sum(), jnp.square(y_by).sum()
    xx_by, xy_by = product(xx, x_by), product(xy, y_by)
    yx_by, yy_by = product(x_by, xy), product(yy, y_by)
    return CrossKernelState(
        moments=state.moments,
        kk=state.kk + 4 * ((xx_by - state.xk) * x_by).sum() + 2 * x_far * k + n * jnp.square(x_far),
        kl=state.kl
        + (4 * xy_by * x_by).sum()
        - 2 * ((state.yk * y_by).sum() + (state.xl * x_by).sum())
        + (y_far * k + x_far * m)
        + n * x_far * y_far,
        ll=state.ll + 4 * ((yy_by - state.yl) * y_by).sum() + 2 * y_far * m + n * jnp.square(y_far),
        xk=state.xk - 2 * xx_by - x_by * (k + n * x_far),
        xl=state.xl - 2 * xy_by - x_by * (m + n * y_far),
        yk=state.yk - 2 * yx_by - y_by * (k + n * x_far),
        yl=state.yl - 2 * yy_by - y_by * (m + n * y_far),
    )
