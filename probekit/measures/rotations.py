"""The rotation that brings the noisy responses of two networks closest; on the host, in float64.

For Gaussian responses what is sought is the rotation Q with the largest

    gain(Q) = a Σ_z m_zᵀ Q m'_z + b Σ_z ‖R_z Q R'_zᵀ‖_*

with the means m of the conditions z and roots R of their covariances, S = RᵀR; for the energy
distance that with the smallest mean distance of responses. Both are climbed by turns, as in the
paper: given Q, what each term is made of; given that, the best Q, the polar factor of a matrix.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from probekit.measures._threads import one_thread

MOST_TURNS = 500
_TOLERANCE = 1e-10
_TIE = 1e-8
"""How far a rotation that is not determined is drawn to that of the principal axes."""

_FLOOR = 1e-6
"""Distances of responses, in units of their size, from which on they weigh no more."""


class Plane(NamedTuple):
    """Two networks in coordinates along their own principal axes, and what to begin with.

    Attributes
    ----------
    x, y : array (unit, axis)
        The axes.
    paired : array (axis, axis_y)
        Products of responses that belong together.
    axes : array (axis, axis_y)
        The rotation that maps axis on axis; their directions follow `paired`.
    """

    x: np.ndarray
    y: np.ndarray
    paired: np.ndarray
    axes: np.ndarray


Step = Callable[[np.ndarray], tuple[float, np.ndarray]]
"""From a rotation: its gain, and the matrix whose polar factor is the next one."""


def plane_of(x: np.ndarray, y: np.ndarray, paired: np.ndarray) -> Plane:
    """Return the plane of the rows of `x` and `y`, ``(row, unit)``, whatever rotates them.

    Further axes, in which there is nothing, are left out, so that many units cost little.
    """
    axes_x, axes_y = _principal_axes(x), _principal_axes(y)
    paired = axes_x.T @ paired @ axes_y
    axes = np.zeros_like(paired)
    diagonal = range(min(paired.shape))
    axes[diagonal, diagonal] = np.where(paired.diagonal() < 0, -1, 1)
    return Plane(axes_x, axes_y, paired, axes)


def _principal_axes(rows: np.ndarray) -> np.ndarray:
    _, values, axes = np.linalg.svd(rows, full_matrices=False)
    rounding = max(rows.shape) * np.finfo(rows.dtype).eps
    kept: np.ndarray = axes[values > rounding * values.max(initial=0)]
    return kept.T


def best_gain(
    step: Step, plane: Plane, first: list[np.ndarray], *, size: float, restarts: int
) -> float:
    """Return the largest gain that is found, from several beginnings.

    Parameters
    ----------
    step : callable
    plane : Plane
    first : list of array (axis, axis_y)
        Matrices whose polar factors are begun with, beside those of the plane.
    size : float
        Of what order the gain is.
    restarts : int
        How many pairs of random rotations are begun with beside them.
    """
    begun = [plane.paired, *first, plane.axes, *_drawn(plane.paired.shape, restarts)]
    with one_thread():
        return max(climbed(step, polar(matrix, plane.axes), plane.axes, size) for matrix in begun)


def _drawn(shape: tuple[int, int], restarts: int) -> Iterator[np.ndarray]:
    """Yield random matrices, two a restart: those of exchanged networks are their transposes."""
    for number in range(restarts):
        yield np.random.default_rng(number).normal(size=shape)
        yield np.random.default_rng(number).normal(size=shape[::-1]).T


def climbed(step: Step, rotation: np.ndarray, axes: np.ndarray, size: float) -> float:
    """Climb by turns, with the momentum of Nesterov, which makes them some five times fewer.

    A turn without it never falls; one with it that does is taken back.
    """
    gain, matrix = step(rotation)
    before, pace = matrix, 1.0
    for _ in range(MOST_TURNS):
        next_pace = (1 + np.sqrt(1 + 4 * pace**2)) / 2
        pushed = matrix + (pace - 1) / next_pace * (matrix - before)
        next_gain, next_matrix = step(polar(pushed, axes))
        if next_gain < gain:
            next_pace = 1.0
            next_gain, next_matrix = step(polar(matrix, axes))
        if next_gain - gain <= _TOLERANCE * size:
            return max(gain, next_gain)
        before, matrix, gain, pace = matrix, next_matrix, next_gain, next_pace
    return gain


def polar(matrix: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Rotation Q with the largest ‖·‖ of tr Qᵀ matrix; where any will do, that nearest `axes`."""
    length = np.linalg.norm(matrix)
    matrix = axes if length == 0 else matrix / length + _TIE * axes
    left, _, right = np.linalg.svd(matrix, full_matrices=False)
    rotation: np.ndarray = left @ right
    return rotation


def gaussian_step(
    means: tuple[np.ndarray, np.ndarray],
    roots: tuple[np.ndarray, np.ndarray],
    weights: tuple[float, float],
) -> Step:
    """Return the step for means ``(condition, axis)`` and roots ``(condition, row, axis)``."""
    of_means = weights[0] * means[0].T @ means[1]

    def step(rotation: np.ndarray) -> tuple[float, np.ndarray]:
        gain, matrix = float((rotation * of_means).sum()), of_means
        if weights[1] > 0:
            inner = roots[0] @ rotation @ roots[1].transpose(0, 2, 1)
            left, values, right = np.linalg.svd(inner, full_matrices=False)
            gain += weights[1] * float(values.sum())
            turned = (left @ right) @ roots[1]
            matrix = matrix + weights[1] * np.tensordot(roots[0], turned, axes=((0, 1), (0, 1)))
        return gain, matrix

    return step


def energy_step(x: list[np.ndarray], y: list[np.ndarray], size: float) -> Step:
    """Return the step for responses ``(presentation, axis)`` of each condition.

    The gain is minus the mean distance; distances weigh by their inverse, anew at each turn.
    """
    from scipy.spatial.distance import cdist

    def step(rotation: np.ndarray) -> tuple[float, np.ndarray]:
        gain, matrix = 0.0, np.zeros_like(rotation)
        for a, b in zip(x, y, strict=True):
            far = cdist(a, b @ rotation.T)
            gain -= float(far.mean()) / len(x)
            matrix += a.T @ (1 / np.maximum(far, _FLOOR * size)) @ b / far.size
        return gain, matrix

    return step
