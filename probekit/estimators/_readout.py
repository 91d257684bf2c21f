"""How a score becomes what `Estimator.compute` returns."""

import jax

from probekit.measures import Score


def reported(name: str, score: Score) -> dict[str, jax.Array]:
    """Return the variable and its status code."""
    return {name: score.value, f"{name}_status": score.status}
