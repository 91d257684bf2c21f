"""Stochastic shape distance: how far networks are apart whose responses are noisy."""

from typing import Any, Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_at_least, check_choice, check_count
from probekit.errors import OptionError
from probekit.measures._arguments import matched, on_host
from probekit.measures._double import kept_double
from probekit.measures._status import Score, score
from probekit.measures.rotations import best_gain, energy_step, gaussian_step, plane_of
from probekit.statistics import MomentsState

Ground = Literal["wasserstein", "energy"]
GROUNDS: tuple[Ground, ...] = get_args(Ground)


@kept_double
def stochastic_shape_distance(
    x: Any,
    y: Any,
    conditions: Any,
    *,
    conditions_y: Any = None,
    ground: Ground = "wasserstein",
    alpha: float = 1.0,
    restarts: int = 0,
) -> jax.Array:
    """Stochastic shape distance: how far two networks are apart that respond with noise.

    The root of the least mean over conditions z, over rotations Q, of

    ``wasserstein``: α ‖m_z - Q m'_z‖² + (2 - α) B²(S_z, Q S'_z Qᵀ), with the means m and
    covariances S (over r - 1) of the r responses to a condition, and
    B²(S, T) = tr S + tr T - 2 tr (S^½ T S^½)^½:
    for α = 1 the squared 2-Wasserstein distance of Gaussians with these moments;

    ``energy``: E‖X - Q Y‖ - E‖X - X'‖ / 2 - E‖Y - Y'‖ / 2, with X and X' two responses of one
    network to the condition, Y and Y' of the other: of responses of any distribution.

    The mean over conditions is taken off the responses of either.

    Parameters
    ----------
    x : array (example, unit)
        One response an example: each condition is presented again and again.
    y : array (example, unit_y)
        Of the other network; the narrower is filled up with zeros.
    conditions : array (example,)
        The condition of each example: any numbers.
    conditions_y : array (example_y,), optional
        Those of `y`, if it was presented with the same conditions in another order or number.
    ground : {"wasserstein", "energy"}
    alpha : float
        From 0 (covariances alone) to 2 (means alone: √2 `bures_metric` of the means); of
        ``wasserstein``.
    restarts : int
        The rotation is sought from three beginnings: the alignment of all responses, that of the
        means, and that of the principal axes; and from twice so many random ones.

    Returns
    -------
    array ()
        At least 0, in units of the representations (their root for ``energy``); a metric, as far as
        the best rotation is found. NaN if either is constant or not finite, or a condition is
        presented less than twice.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 2.
    OptionError
        If `alpha` is not within [0, 2], or not 1 for ``energy``, `ground` is unknown, or
        `conditions_y` are others.

    Notes
    -----
    Invariant to translation and rotation, not to scaling. What is found is at least the distance:
    there may be rotations that are better still, by some percent for networks with nothing in
    common. The covariances of few presentations are those of small samples, and add to it; for one
    rotation ``energy`` has no such bias, and is 0 where chance makes it negative, as it may of 3
    conditions that are presented 4 times each.
    netrep's ``GaussianStochasticMetric`` takes no mean off, begins with the means alone, and seeks
    with the weights α² and (2 - α)² what it scores with α and 2 - α: this one may be less. On the
    host, in float64, not under ``jit``. O(n d min(n, d) + t (n r k + c r³ + k³)) for t turns,
    c conditions presented r times, and k = min(n, d).

    References
    ----------
    Duong, Zhou, Nassar, Berman, Olieslagers and Williams 2023, Representational dissimilarity
    metric spaces for stochastic neural networks.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import stochastic_shape_distance
    >>> x, conditions = np.array([[0.0], [2.0], [5.0], [7.0]]), [0, 0, 1, 1]
    >>> float(stochastic_shape_distance(x, 4 - x, conditions))
    0.0
    >>> round(float(stochastic_shape_distance(x, x + [[1], [-1], [1], [-1]], conditions)), 4)  # √2
    1.4142
    """
    check_ground(ground, alpha, restarts)
    if conditions_y is None:
        x, y = matched(x, y, least=2)
        _, labels = matched(x, conditions, names=("x", "conditions"))
        labels_y = labels
    else:
        x, labels = matched(x, conditions, least=2, names=("x", "conditions"))
        y, labels_y = matched(y, conditions_y, least=2, names=("y", "conditions_y"))
    on_host(x, y, labels, labels_y)
    sides = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if not all(np.isfinite(z).all() for z in (*sides, labels, labels_y)):
        return jnp.full((), jnp.nan, x.dtype)
    if any((side == side[:1]).all() for side in sides):
        return jnp.full((), jnp.nan, x.dtype)
    codes = _codes(np.asarray(labels), np.asarray(labels_y))
    of_x, of_y = _groups(sides[0], codes[0]), _groups(sides[1], codes[1])
    if min(map(len, (*of_x, *of_y))) < 2:
        return jnp.full((), jnp.nan, x.dtype)
    if ground == "energy":
        return jnp.asarray(_energy(of_x, of_y, restarts=restarts), x.dtype)
    value = _of_groups(of_x, of_y, alpha=float(alpha), restarts=restarts)
    return jnp.asarray(value, x.dtype)


def check_ground(ground: Ground, alpha: float, restarts: int) -> None:
    """Raise `OptionError` unless the options are possible."""
    check_choice("ground", ground, GROUNDS)
    check_at_least("alpha", alpha, 0)
    if alpha > 2:
        raise OptionError(f"alpha={alpha!r}: must be at most 2.")
    if ground == "energy" and alpha != 1:
        raise OptionError(f"alpha={alpha!r}: of ground 'wasserstein' only; leave it out.")
    check_count("restarts", restarts, 0)


def _codes(labels: np.ndarray, labels_y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of each example's condition, in both."""
    known, codes = np.unique(labels, axis=0, return_inverse=True)
    known_y, codes_y = np.unique(labels_y, axis=0, return_inverse=True)
    if known.shape != known_y.shape or (known != known_y).any():
        raise OptionError(
            f"conditions_y: {len(known_y)} conditions that are not the {len(known)} of conditions; "
            "present both networks with the same ones."
        )
    return codes.reshape(-1), codes_y.reshape(-1)


def _groups(rows: np.ndarray, codes: np.ndarray) -> list[np.ndarray]:
    """Responses to each condition, about the mean over conditions."""
    groups = [rows[codes == number] for number in range(codes.max() + 1)]
    middle = np.mean([group.mean(axis=0) for group in groups], axis=0)
    return [group - middle for group in groups]


class _Responses(NamedTuple):
    """Means ``(condition, unit)`` and roots of the covariances ``(condition, row, unit)``."""

    means: np.ndarray
    roots: np.ndarray

    def rows(self, weights: tuple[float, float]) -> np.ndarray:
        """All of them, weighted: what the distance is made of."""
        flat = self.roots.reshape(-1, self.roots.shape[2])
        return np.concatenate([np.sqrt(weights[0]) * self.means, np.sqrt(weights[1]) * flat])

    def along(self, axes: np.ndarray) -> "_Responses":
        """In coordinates along these axes."""
        return _Responses(self.means @ axes, self.roots @ axes)


def _of_groups(x: list[np.ndarray], y: list[np.ndarray], *, alpha: float, restarts: int) -> float:
    rounding = 64 * float(np.finfo(np.float64).eps)
    paired = _paired(x, y)
    return _wasserstein(
        _responses(x), _responses(y), paired, alpha=alpha, restarts=restarts, rounding=rounding
    )


def _responses(groups: list[np.ndarray]) -> _Responses:
    means = [group.mean(axis=0) for group in groups]
    roots = [_root_of_rows(group - mean) for group, mean in zip(groups, means, strict=True)]
    rows = max(map(len, roots))
    padded = [np.pad(root, [(0, rows - len(root)), (0, 0)]) for root in roots]
    return _Responses(np.stack(means), np.stack(padded))


def _root_of_rows(rows: np.ndarray) -> np.ndarray:
    """R with RᵀR the covariance of rows about 0, with as few rows as can be."""
    root: np.ndarray = np.linalg.qr(rows).R if len(rows) > rows.shape[1] else rows
    return root / np.float64(np.sqrt(len(rows) - 1))


def _paired(x: list[np.ndarray], y: list[np.ndarray]) -> np.ndarray:
    """Sum over conditions of the mean product of responses in the same place."""
    products = np.zeros((x[0].shape[1], y[0].shape[1]))
    for a, b in zip(x, y, strict=True):
        both = min(len(a), len(b))
        products += a[:both].T @ b[:both] / both
    return products


def _wasserstein(
    x: _Responses,
    y: _Responses,
    paired: np.ndarray,
    *,
    alpha: float,
    restarts: int,
    rounding: float,
) -> float:
    weights = (alpha, 2 - alpha)
    rows = x.rows(weights), y.rows(weights)
    size = sum(float(np.square(side).sum()) for side in rows)
    if size == 0:  # no noise, and that is all that counts; or one condition and means alone
        return 0.0
    plane = plane_of(*rows, paired)
    x, y = x.along(plane.x), y.along(plane.y)
    step = gaussian_step((x.means, y.means), (x.roots, y.roots), weights)
    first = [weights[0] * x.means.T @ y.means]
    squared = size - 2 * best_gain(step, plane, first, size=size, restarts=restarts)
    return float(np.sqrt(max(squared, 0) / len(x.means))) if squared > rounding * size else 0.0


def _energy(x: list[np.ndarray], y: list[np.ndarray], *, restarts: int) -> float:
    from scipy.spatial.distance import pdist

    plane = plane_of(np.concatenate(x), np.concatenate(y), _paired(x, y))
    if plane.x.shape[1] < plane.y.shape[1]:  # what is rotated must keep its length
        return _energy(y, x, restarts=restarts)
    x, y = [group @ plane.x for group in x], [group @ plane.y for group in y]
    size = float(np.sqrt(sum(np.square(g).mean(axis=0).sum() for g in (*x, *y)) / len(x)))
    of_means = np.zeros_like(plane.paired)
    for a, b in zip(x, y, strict=True):
        of_means += np.outer(a.mean(axis=0), b.mean(axis=0))
    step = energy_step(x, y, size)
    between = -best_gain(step, plane, [of_means], size=size, restarts=restarts)
    within = [float(np.mean([pdist(group).mean() for group in side])) for side in (x, y)]
    return float(np.sqrt(max(between - sum(within) / 2, 0)))


def stochastic_shape_score(state: MomentsState, *, alpha: float, restarts: int) -> Score:
    """`stochastic_shape_distance` from the moments of conditions, on the host."""
    dtype = np.dtype(state.count.dtype)
    finite = all(bool(np.isfinite(leaf).all()) for leaf in jax.tree.leaves(state))
    count = np.asarray(state.count, np.float64)
    enough = bool(count.min() > 1.5)
    value, constant = np.nan, False
    if finite and enough:
        x = _side(count, state.x_mean, state.x_rest, state.xx)
        y = _side(count, state.y_mean, state.y_rest, state.yy)
        constant = x is None or y is None
        if x is not None and y is not None:
            within = np.asarray(state.xy, np.float64) / count[:, None, None]
            paired = within.sum(axis=0) + x.means.T @ y.means
            # What rounding leaves of a variance has a root that is not small.
            rounding = 16 * float(np.finfo(dtype).eps) * float(np.sqrt(max(paired.shape)))
            value = _wasserstein(x, y, paired, alpha=alpha, restarts=restarts, rounding=rounding)
    return score(
        jnp.asarray(value, dtype), finite=jnp.asarray(finite), enough=enough, constant=constant
    )


def _side(count: np.ndarray, mean: Any, rest: Any, scatter: Any) -> _Responses | None:
    """Return what one network responds; None if that is constant within rounding."""
    eps = float(np.finfo(mean.dtype).eps)
    mean, rest, scatter = (np.asarray(part, np.float64) for part in (mean, rest, scatter))
    means = (mean - mean.mean(axis=0)) + (rest - rest.mean(axis=0))
    squares = scatter.diagonal(axis1=1, axis2=2) + count[:, None] * np.square(means)
    noise = count[:, None] * np.square(8 * eps * mean)
    if (squares.sum(axis=0) <= noise.sum(axis=0)).all():
        return None
    values, vectors = np.linalg.eigh(scatter / (count - 1)[:, None, None])
    kept = values > scatter.shape[1] * eps * values[:, -1:]
    roots = np.sqrt(np.where(kept, values, 0))[:, :, None] * vectors.transpose(0, 2, 1)
    # Values ascend; few presentations leave few of them.
    return _Responses(means, roots[:, kept.shape[1] - kept.sum(axis=1).max() :])
