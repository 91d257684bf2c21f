"""How alike the dynamics of two systems are, whatever coordinates they run in (DSA)."""

from typing import Any, Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice, check_count
from probekit.errors import ShapeError
from probekit.measures._arguments import on_host
from probekit.measures._double import kept_double
from probekit.measures._trajectories import trajectories
from probekit.measures.conjugation import largest_trace, matched_eigenvalues

DynamicalDistance = Literal["angular", "wasserstein"]

DEFAULT_RESTARTS = 8


class _Delays(NamedTuple):
    """How many places of a trajectory are looked at together, and how far apart they are."""

    places: int
    interval: int

    @property
    def span(self) -> int:
        """Steps from the first of them to the last."""
        return (self.places - 1) * self.interval

    def embedded(self, x: np.ndarray) -> np.ndarray:
        """Return ``(trajectory, time, delay × unit)`` of ``(trajectory, time, unit)``."""
        times = x.shape[1] - self.span
        starts = range(self.span, -1, -self.interval)
        return np.concatenate([x[:, start : start + times] for start in starts], axis=2)


@kept_double
def dynamical_distance(
    x: Any,
    y: Any,
    *,
    delays: int = 1,
    interval: int = 1,
    components: int | None = None,
    distance: DynamicalDistance = "angular",
    restarts: int = DEFAULT_RESTARTS,
) -> jax.Array:
    """How far the dynamics of two systems are apart, whatever coordinates they run in (DSA).

    Places of a trajectory at `delays` times, `interval` steps apart, are put side by side; V are
    the r leading principal components of all of them, as a matrix with orthonormal columns, and A
    is the map for which v_{t+1} ≈ A v_t in the sense of least squares. With A and B those of `x`
    and `y`:

    - ``angular``: arccos of max tr(Aᵀ C B Cᵀ) / (‖A‖ ‖B‖) over orthogonal C.
    - ``wasserstein``: the root of the mean of |λ_i - μ_π(i)|² with the eigenvalues λ of A and μ of
      B, and π the matching for which it is the smallest. For normal matrices of norm 1 the former
      is a function of it.

    Parameters
    ----------
    x : array (trajectory, time, unit)
        Or ``(time, unit)`` of a single trajectory.
    y : array (trajectory, time, unit)
        Of any number of trajectories, times and units: what is compared is where they go.
    delays : int
        With more, what units do not show at a time is seen in where they come from, and dynamics
        that are not linear become nearly so.
    interval : int
    components : int, optional
        r; all that both have, unless given or if there are fewer.
    distance : {"angular", "wasserstein"}
    restarts : int
        Of ``angular``: from how many random C the search begins beside those that eigenvectors
        suggest.

    Returns
    -------
    array ()
        ``angular`` from 0 to π, ``wasserstein`` at least 0; 0 of the same dynamics. NaN if either
        is not finite, or does not move from 0.

    Raises
    ------
    ShapeError
        If an array has neither 2 nor 3 axes, trajectories are too short for the delays, or there
        are not more steps than components, so that any map would fit.
    OptionError
        If an option is none of its choices, or out of its range.

    Notes
    -----
    Invariant to scaling and rotation, and with all components to any invertible linear map; not to
    translation: take means off where the place of 0 has no meaning. On the host, in float64. The
    search may end in an optimum that is not the best one: ``angular`` is an upper bound, which is
    the distance if A and B are normal, as of what turns without shearing. With m rows and d columns
    of what is put side by side, and t turns: O(m d min(m, d) + (restarts + 3) t r³).

    References
    ----------
    Ostrow, Eisen, Kozachkov and Fiete 2023, Beyond geometry: comparing the temporal structure of
    computation in neural circuits with dynamical similarity analysis; Redman et al. 2024,
    Identifying equivalent training dynamics (wasserstein).

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import dynamical_distance
    >>> angle = 2 * np.pi * np.arange(60) / 60
    >>> slow, fast = (np.stack([np.cos(w * angle), np.sin(w * angle)], axis=1) for w in (2, 7))
    >>> mixed = slow @ [[2, 1, 0], [0, 1, 3]]  # the same dynamics in three other units
    >>> [round(float(dynamical_distance(slow, other)), 2) for other in (mixed, fast)]
    [0.0, 0.52]
    """
    check_choice("distance", distance, get_args(DynamicalDistance))
    for name, value, least in (("delays", delays, 1), ("interval", interval, 1)):
        check_count(name, value, least)
    check_count("restarts", restarts, 0)
    if components is not None:
        check_count("components", components, 1)
    window = _Delays(int(delays), int(interval))
    why = f" for delays={window.places} and interval={window.interval}"
    a, b = (
        trajectories(name, z, least=window.span + 2, what=why) for name, z in (("x", x), ("y", y))
    )
    dtype = jnp.promote_types(a.dtype, b.dtype)
    bases = [_basis(window.embedded(np.asarray(z, np.float64))) for z in on_host(a, b)]
    rank = min(basis.shape[2] for basis in bases)
    rank = rank if components is None else min(rank, components)
    for name, basis in zip("xy", bases, strict=True):
        _check_steps(name, basis, rank)
    if rank == 0:
        return jnp.asarray(jnp.nan, dtype)
    first, second = (_map(basis[:, :, :rank]) for basis in bases)
    return jnp.asarray(_apart(first, second, distance, restarts), dtype)


def _basis(rows: np.ndarray) -> np.ndarray:
    """Orthonormal coordinates of all rows along their principal axes; none if not finite."""
    flat = rows.reshape(-1, rows.shape[2])
    if not np.isfinite(flat).all():
        return rows[:, :, :0]
    left, values, _ = np.linalg.svd(flat, full_matrices=False)
    # The input is float32: what is smaller is its rounding.
    kept = values > max(flat.shape) * np.finfo(np.float32).eps * values.max(initial=0)
    return left[:, kept].reshape(*rows.shape[:2], -1)


def _check_steps(argument: str, basis: np.ndarray, rank: int) -> None:
    steps = basis.shape[0] * (basis.shape[1] - 1)
    if steps <= rank:
        raise ShapeError(
            f"{argument}: {steps} steps and {rank} components; any map would fit. Give longer "
            f"trajectories, fewer delays, or components={max(1, steps - 1)} at most."
        )


def _map(basis: np.ndarray) -> np.ndarray:
    """Return the map that takes every place to the next."""
    before, after = (z.reshape(-1, basis.shape[2]) for z in (basis[:, :-1], basis[:, 1:]))
    fitted, *_ = np.linalg.lstsq(before, after, rcond=None)
    found: np.ndarray = fitted.T
    return found


def _apart(a: np.ndarray, b: np.ndarray, distance: DynamicalDistance, restarts: int) -> float:
    if distance == "wasserstein":
        far, *_ = matched_eigenvalues(a, b)
        return float(np.sqrt(far.mean()))
    size = np.linalg.norm(a) * np.linalg.norm(b)
    if size == 0:
        return float("nan")
    trace = largest_trace(a, b, restarts=restarts)
    return float(np.arccos(np.clip(trace / size, -1, 1)))
