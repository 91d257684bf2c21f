"""From two arrays to a score of their moments, compiled."""

from collections.abc import Callable
from typing import Any

import jax

from probekit.measures._arguments import jitted, matched
from probekit.measures._status import Score
from probekit.statistics import Moments, state_of


def from_moments(function: Callable[..., Score], x: Any, y: Any, **options: Any) -> jax.Array:
    """Return the value of ``function(moments of x and y, **options)``; options are hashable."""
    return _read(function, *matched(x, y, least=2), tuple(sorted(options.items())))


@jitted(0, 3)
def _read(
    function: Callable[..., Score], x: jax.Array, y: jax.Array, options: tuple[tuple[str, Any], ...]
) -> jax.Array:
    return function(state_of(Moments(), x, y), **dict(options)).value
