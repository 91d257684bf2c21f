"""Geometry score: how many loops a cloud of examples has, and over which part of its scales."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_count, check_positive
from probekit.errors import MissingExtraError
from probekit.measures._arguments import matched, matrix
from probekit.measures._double import kept_double
from probekit.measures._status import Score, score
from probekit.statistics import Examples, ExamplesState, state_of

DEFAULT_LANDMARKS = 32
DEFAULT_REACH = 0.125
DEFAULT_DRAWS = 32
DEFAULT_HOLES = 100


@kept_double
def geometry_score(
    x: Any,
    y: Any,
    *,
    landmarks: int = DEFAULT_LANDMARKS,
    reach: float = DEFAULT_REACH,
    draws: int = DEFAULT_DRAWS,
    holes: int = DEFAULT_HOLES,
) -> jax.Array:
    """Geometry score: how differently long two clouds of examples have so many loops.

    Σ_i (MRLT_x(i) - MRLT_y(i))², with the mean relative living times of i = 0, 1, … loops that
    `living_times` gives.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        As many examples; which of them belong together does not matter, but for the landmarks,
        which are the same ones in both: so clouds that are equal up to rotation differ by 0.
    landmarks, reach, draws, holes
        As in `living_times`.

    Returns
    -------
    array ()
        From 0 to 2. NaN if either is constant or not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 3.
    OptionError
        If an option is below 1, or `reach` not positive.
    MissingExtraError
        If gudhi, which computes the homology, is not installed (``probekit[topology]``).

    Notes
    -----
    Invariant to translation, scaling and rotation. The fewer draws, the more of the score is
    chance. On the host, in float64, not under ``jit``. O(draws n (d + landmarks³)) at most: 0.5 s
    for 128 examples of 20 units, 2 s for 256.

    References
    ----------
    Khrulkov and Oseledets 2018, Geometry score: a method for comparing generative adversarial
    networks.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import geometry_score
    >>> angle = np.arange(64)[:, None] * 2.4
    >>> ring = np.hstack([np.cos(angle), np.sin(angle)])
    >>> disc = ring * np.sqrt((np.arange(64)[:, None] + 0.5) / 64)
    >>> float(geometry_score(ring, 3 * ring[:, ::-1] + 1)) < 1e-6
    True
    >>> bool(geometry_score(ring, disc) > 0.1)
    True
    """
    check_living_times(landmarks, reach, draws, holes)
    x, y = matched(x, y, least=3)
    state = jax.device_get(state_of(Examples(capacity=x.shape[0]), x, y))
    of_x, of_y = (
        times_of(state, landmarks=landmarks, reach=reach, draws=draws, holes=holes, of_y=side)
        for side in (False, True)
    )
    return times_score(of_x, of_y).value


@kept_double
def living_times(
    x: Any,
    *,
    landmarks: int = DEFAULT_LANDMARKS,
    reach: float = DEFAULT_REACH,
    draws: int = DEFAULT_DRAWS,
    holes: int = DEFAULT_HOLES,
) -> jax.Array:
    """Mean relative living times: over which share of its scales a cloud has i loops.

    Of examples drawn as landmarks a witness complex is built: landmarks are joined at the scale a
    if some example lies, up to a, as near to them as to any other landmark. Over a from 0 to
    `reach` times the largest distance of an example to a landmark, this is the share for which the
    first Betti number, over Z/2, is i; the mean over all draws.

    Parameters
    ----------
    x : array (example, unit)
    landmarks : int
        How many examples are drawn, without replacement; all, if there are fewer.
    reach : float
        To which scale loops are followed.
    draws : int
        How many times landmarks are drawn: by a fixed seed, the same examples of all clouds.
    holes : int
        For so many numbers of loops, from 0; more are left out.

    Returns
    -------
    array (holes,)
        At least 0, and 1 in all, or less where there are more loops than are counted. NaN if `x` is
        constant or not finite.

    Raises
    ------
    ShapeError
        If there are fewer than 3 examples.
    OptionError
        If an option is below 1, or `reach` not positive.
    MissingExtraError
        If gudhi, which computes the homology, is not installed (``probekit[topology]``).

    Notes
    -----
    Invariant to translation, scaling and rotation. The defaults are those of the authors' example;
    their code takes 64 landmarks and n / 640 000 for `reach`, which is for thousands of examples,
    and draws with replacement. On the host, in float64, not under ``jit``.

    References
    ----------
    Khrulkov and Oseledets 2018, Geometry score: a method for comparing generative adversarial
    networks.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import living_times
    >>> angle = np.arange(64)[:, None] * 2.4
    >>> times = living_times(np.hstack([np.cos(angle), np.sin(angle)]), landmarks=16, holes=4)
    >>> int(np.argmax(times))  # a ring has one loop
    1
    """
    check_living_times(landmarks, reach, draws, holes)
    x = matrix("x", x, least=3)
    state = jax.device_get(state_of(Examples(capacity=x.shape[0]), x))
    return times_of(state, landmarks=landmarks, reach=reach, draws=draws, holes=holes).times


def check_living_times(landmarks: int, reach: float, draws: int, holes: int) -> None:
    """Raise `OptionError` unless the options are within their ranges."""
    check_count("landmarks", landmarks, 1)
    check_positive("reach", reach)
    check_count("draws", draws, 1)
    check_count("holes", holes, 1)


class Times(NamedTuple):
    """Living times of the examples that were kept of one representation.

    Attributes
    ----------
    times : array (holes,)
        NaN where they are undefined.
    finite : array ()
        Whether all of its examples are.
    enough : array ()
        Whether there are 3.
    """

    times: jax.Array
    finite: jax.Array
    enough: jax.Array


def times_of(
    state: ExamplesState,
    *,
    landmarks: int,
    reach: float,
    draws: int,
    holes: int,
    of_y: bool = False,
) -> Times:
    """`living_times` of the examples that were kept, on the host: of `x`, or of `y`."""
    z, finite = (state.y, state.y_finite) if of_y else (state.x, state.x_finite)
    cloud = np.asarray(z, np.float64)[np.asarray(state.present)]
    known, enough = bool(np.asarray(finite).all()), len(cloud) >= 3
    found = np.full(holes, np.nan)
    if known and enough and (cloud != cloud[:1]).any():
        cloud = cloud - cloud.mean(axis=0)
        cloud /= np.abs(cloud).max()
        drawn = [
            np.random.default_rng(draw).permutation(len(cloud))[:landmarks] for draw in range(draws)
        ]
        found = np.mean([_living_times(cloud, rows, reach, holes) for rows in drawn], axis=0)
    return Times(jnp.asarray(found, z.dtype), jnp.asarray(known), jnp.asarray(enough))


def times_score(a: Times, b: Times) -> Score:
    """`geometry_score` of two clouds."""
    value = jnp.square(a.times - b.times).sum()
    return score(
        value,
        finite=a.finite & b.finite,
        enough=a.enough & b.enough,
        constant=jnp.isnan(value),
    )


def _living_times(cloud: np.ndarray, rows: np.ndarray, reach: float, holes: int) -> np.ndarray:
    """Shares ``(holes,)`` of the scales at which there are so many loops, for these landmarks."""
    from scipy.spatial.distance import cdist

    far = cdist(cloud, cloud[rows])
    most = reach * far.max()
    bars = np.minimum(_loops(far, most), most)
    # The count changes where a loop begins or ends, and nowhere else.
    ends = np.unique(np.concatenate([[0.0, most], bars.ravel()]))
    middles = (ends[1:] + ends[:-1]) / 2
    alive = (bars[:, 0] <= middles[:, None]) & (middles[:, None] < bars[:, 1])
    count = alive.sum(axis=1)
    inside = count < holes
    return np.bincount(count[inside], np.diff(ends)[inside] / most, minlength=holes)


def _loops(far: np.ndarray, most: float) -> np.ndarray:
    """Bars ``(bar, 2)`` of the first homology of the witness complex of distances to landmarks."""
    try:
        from gudhi import WitnessComplex
    except ImportError as error:
        raise MissingExtraError(
            "gudhi", extra="topology", needed_for="living times of loops"
        ) from error
    order = np.argsort(far, axis=1, kind="stable")
    table = np.dstack([order, np.take_along_axis(far, order, axis=1)])
    tree = WitnessComplex(table).create_simplex_tree(max_alpha_square=most, limit_dimension=2)
    tree.compute_persistence(homology_coeff_field=2)
    bars = tree.persistence_intervals_in_dimension(1)
    return np.asarray(bars, np.float64).reshape(-1, 2)
