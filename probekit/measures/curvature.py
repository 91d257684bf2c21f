"""How sharply trajectories turn."""

from typing import Any

import jax
import jax.numpy as jnp

from probekit.measures._arguments import jitted
from probekit.measures._scale import moderate
from probekit.measures._status import divide
from probekit.measures._trajectories import trajectories


def trajectory_curvature(x: Any) -> jax.Array:
    """Mean angle between a step of a trajectory and the next.

    The mean of arccos(⟨v_t, v_{t+1}⟩ / ‖v_t‖ ‖v_{t+1}‖) over trajectories and t, with
    v_t = x_{t+1} - x_t.

    Parameters
    ----------
    x : array (trajectory, time, unit)
        Of at least 3 times, as the tokens of sentences or the frames of films; or ``(time, unit)``
        of a single trajectory.

    Returns
    -------
    array ()
        In rad: from 0 (straight on) to π (back and forth), near π/2 for steps in unrelated
        directions, and near 2π/3 for places that are unrelated. Steps of length 0 have no direction
        and are left out with those beside them; NaN if no two are left, or `x` is not finite.

    Raises
    ------
    ShapeError
        If `x` has neither 2 nor 3 axes, or fewer than 3 times.

    Notes
    -----
    Invariant to translation, scaling, rotation and permutation of units. O(m t d) for m
    trajectories of t times.

    References
    ----------
    Hénaff, Goris and Simoncelli 2019, Perceptual straightening of natural videos; Hosseini and
    Fedorenko 2023, Large language models implicitly learn to straighten neural sentence
    trajectories; Skean et al. 2025, Layer by layer.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import trajectory_curvature
    >>> t = np.arange(30.0)
    >>> circle = np.stack([np.cos(0.2 * t), np.sin(0.2 * t)], axis=1)
    >>> round(float(trajectory_curvature(circle)), 3)
    0.2
    """
    return _curvature(trajectories("x", x, least=3))


@jitted()
def _curvature(x: jax.Array) -> jax.Array:
    steps = jnp.diff(moderate(x), axis=1)
    length = jnp.sqrt(jnp.square(steps).sum(axis=2, keepdims=True))
    unit = steps / jnp.where(length > 0, length, 1)
    before, after = unit[:, :-1], unit[:, 1:]
    # An arccos loses half of the digits near 0 and near π; chords do not.
    apart, together = (
        jnp.sqrt(jnp.square(z).sum(axis=2)) for z in (before - after, before + after)
    )
    moved = (length[:, :-1, 0] > 0) & (length[:, 1:, 0] > 0)
    angles = jnp.where(moved, 2 * jnp.arctan2(apart, together), 0)
    mean = divide(angles.sum(), moved.sum().astype(x.dtype))
    return jnp.where(jnp.isfinite(x).all(), mean, jnp.nan)
