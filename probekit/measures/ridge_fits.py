"""Ridge regression from moments of folds: a path of penalties, the choice of one, its score."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit._sums import product
from probekit.measures._linalg import eigh
from probekit.measures._status import Score
from probekit.measures.penalties import Options, explained_outside
from probekit.measures.regression import Scored, weights_score
from probekit.statistics import MomentsState
from probekit.statistics.folds import others, whole

_ROUNDING = 4.0
"""Eigenvalues of directions without variance, in units of the largest one's last digit, at most."""


_VAGUE = 32.0
"""Those of directions that rounding may turn, in the same units."""


class Path(NamedTuple):
    """Ridge regression for any penalty: eigenvectors of M_xx and what `y` holds along them.

    Attributes
    ----------
    vectors : array (unit, component)
    values : array (component,)
        Eigenvalues in units of their mean.
    along : array (component, k)
    """

    vectors: jax.Array
    values: jax.Array
    along: jax.Array

    def weights(self, penalty: jax.Array) -> jax.Array:
        """Weights ``(unit, k)`` for one penalty, or one for each column."""
        return product(self.vectors, self._shrunk(penalty))

    def residual_squares(self, scored: Scored, penalties: jax.Array) -> jax.Array:
        """Sum of squared residuals for each of the penalties, ``(penalty, k)``."""
        units, targets = self.along.shape
        weights = self.weights
        # Along the eigenvectors weights need no product, which pays if there are many of them.
        if 2 * units < targets * (len(penalties) - 1):
            scored, weights = scored.along(self.vectors), self._shrunk
        squares: jax.Array = jax.lax.map(lambda p: scored.residual_squares(weights(p)), penalties)
        return squares

    def _shrunk(self, penalty: jax.Array) -> jax.Array:
        return self.along / (self.values[:, None] + penalty)


def path_of(xx: jax.Array, xy: jax.Array, scale: jax.Array | None = None) -> Path:
    """Diagonalise `xx`; unless `scale` is given, penalties are relative to its mean eigenvalue."""
    finite = jnp.isfinite(xx).all()
    mean = jnp.where(finite, xx, 0).diagonal().mean() if scale is None else scale
    mean = jnp.where(mean > 0, mean, 1)
    values, vectors = eigh(jnp.where(finite, xx, 0) / mean)
    along = product(vectors.T, xy) / mean
    # Where nothing varies, as where there are fewer examples than units, `y` has nothing either:
    # rounding over a small penalty would be something.
    varies = values > _ROUNDING * float(np.finfo(values.dtype).eps) * values[-1]
    return Path(vectors, jnp.maximum(values, 0), jnp.where(varies[:, None], along, 0))


def turned_by_rounding(path: Path, state: MomentsState, penalties: jax.Array | float) -> jax.Array:
    """Whether penalties ``(k,)`` let directions count that rounding hides or may have turned."""
    vague = _VAGUE * float(np.finfo(path.values.dtype).eps) * path.values[-1]
    most = jnp.minimum((~state.x_constant).sum(), state.count.astype(jnp.int32) - 1)
    lost: jax.Array = ((path.values > vague).sum() < most) & (penalties < vague)
    return lost


class RidgeFit(NamedTuple):
    """Ridge regression with the penalties that cross-validation chose.

    Attributes
    ----------
    weights : array (unit, k)
    penalties : array (k,)
    path : Path
        Of all folds together.
    """

    weights: jax.Array
    penalties: jax.Array
    path: Path


def ridge_fit(folds: MomentsState, options: Options) -> RidgeFit:
    """Fit `y` by `x` on all folds, with the penalty that predicts best what is left out."""
    every = whole(folds)
    choices = jnp.asarray(options.penalties, every.count.dtype)
    each = explained_outside(_left_out_errors(folds, choices), every, options.per_target)
    chosen = choices[jnp.argmax(each, axis=0)]
    path = _path_of_moments(every)
    return RidgeFit(path.weights(chosen[None, :]), chosen, path)


def _left_out_errors(folds: MomentsState, choices: jax.Array) -> jax.Array:
    """Sum over folds of the squared errors of ridge fitted on the others, ``(penalty, k)``."""

    def of_fold(total: jax.Array, parts: Any) -> tuple[jax.Array, None]:
        rest, fold = parts
        path = _path_of_moments(rest)
        return total + path.residual_squares(Scored.of(rest, fold), choices), None

    start = jnp.zeros((choices.shape[0], folds.y_mean.shape[1]), folds.y_mean.dtype)
    return jax.lax.scan(of_fold, start, (others(folds), folds))[0]


def _path_of_moments(state: MomentsState) -> Path:
    xx, xy, _ = state.blocks()
    return path_of(xx, xy)


class RidgeScore(NamedTuple):
    """A score and what it came from.

    Attributes
    ----------
    score : Score () or (k,)
    penalties : array (k,)
        Those chosen.
    doubtful : array ()
        Whether rounding could matter for the smallest that there was to choose.
    """

    score: Score
    penalties: jax.Array
    doubtful: jax.Array


def ridge_score(
    fit: MomentsState,
    held_out: MomentsState,
    options: Options,
    *,
    strict: bool = False,
) -> RidgeScore:
    """R² of predicting `y` from `x`, from the moments of folds.

    Needs `xx` in full and the diagonal of `yy`. `strict`: the status tells of rounding also if it
    matters for a penalty that was not chosen, perhaps for that reason.
    """
    every, scored = whole(fit), whole(held_out)
    weights, chosen, path = ridge_fit(fit, options)
    doubtful = turned_by_rounding(path, every, min(options.penalties))
    deficient = doubtful if strict else turned_by_rounding(path, every, chosen)
    found = weights_score(
        every,
        scored,
        weights,
        multioutput=options.multioutput,
        scoring=options.scoring,
        deficient=deficient if options.multioutput == "raw_values" else deficient.any(),
    )
    return RidgeScore(found, chosen, doubtful)
