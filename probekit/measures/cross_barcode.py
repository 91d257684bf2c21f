"""How differently two sets of examples hang together, in the same units."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit.measures._double import kept_double
from probekit.measures._status import Score, score
from probekit.measures.coverage import two_sets
from probekit.measures.topology import first_homology
from probekit.statistics import Examples, ExamplesState, state_of


@kept_double
def manifold_topology_divergence(x: Any, x2: Any) -> jax.Array:
    """Manifold topology divergence (MTop-Div) of two sets of examples in the same units.

    The total length of the bars of Cross-Barcode₁(x, x2): of the first persistent homology of the
    Vietoris-Rips filtration of all examples, with 0 for the distances within `x2`. A bar is there
    at the scales at which a loop that leads through `x` is filled neither there nor by `x2`.

    Parameters
    ----------
    x : array (example, unit)
    x2 : array (example_2, unit)
        Other examples, in the same units.

    Returns
    -------
    array ()
        At least 0, in units of `x`; 0 if the first are among the second. It grows with the number
        of examples in `x`. NaN if the input is not finite.

    Raises
    ------
    ShapeError
        If the numbers of units differ, or there are fewer than 2 examples in either.
    MissingExtraError
        If gudhi, which computes the homology, is not installed (``probekit[topology]``).

    Notes
    -----
    Invariant to translation and rotation, of both alike; not to scaling: compare layers after
    dividing by the root of `total_variance`. Not symmetric. The authors take the mean over draws of
    1,000 and 10,000 examples. On the host, in float64, not under ``jit``. O((n + m)² d + (n + m)³)
    in practice, far more at worst.

    References
    ----------
    Barannikov, Trofimov, Sotnikov, Trimbach, Korotin, Filippov and Burnaev 2021, Manifold topology
    divergence: a framework for comparing data manifolds.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import manifold_topology_divergence
    >>> circle = np.stack([np.cos(np.arange(12) * np.pi / 6), np.sin(np.arange(12) * np.pi / 6)], 1)
    >>> half = circle[:7]  # its ends count as one place, and the other half makes a loop
    >>> float(manifold_topology_divergence(half, circle))
    0.0
    >>> round(float(manifold_topology_divergence(circle, half)), 3)
    0.897
    """
    a, b = two_sets(x, x2)
    states = [jax.device_get(state_of(Examples(capacity=len(rows)), rows)) for rows in (a, b)]
    return cross_barcode_score(*states).value


def cross_barcode_score(fit: ExamplesState, held_out: ExamplesState) -> Score:
    """`manifold_topology_divergence` of the examples that were kept, on the host."""
    from scipy.spatial.distance import cdist

    finite = bool(np.asarray(fit.x_finite).all() and np.asarray(held_out.x_finite).all())
    clouds = [
        np.asarray(state.x, np.float64)[np.asarray(state.present)] for state in (fit, held_out)
    ]
    enough, value = min(map(len, clouds)) >= 2, np.nan
    if finite and enough:
        first, rows = len(clouds[0]), np.concatenate(clouds)
        rows = rows - rows.mean(axis=0)
        far = cdist(rows, rows)
        far[first:, first:] = 0
        # What is equal within rounding is: else the same examples twice had bars of that length.
        far[far < 1e-6 * far[:first].mean()] = 0
        bars = first_homology(far)
        value = float((bars[:, 1] - bars[:, 0]).sum()) if len(bars) else 0.0
    return score(
        jnp.asarray(value, jnp.asarray(fit.x).dtype), finite=jnp.asarray(finite), enough=enough
    )
