"""An extractor for models that are lists of functions."""

from collections.abc import Callable, Sequence

from jax.tree_util import Partial

import probekit


def stages(functions: Sequence[Callable], *, layers="**") -> probekit.extractors.Extractor:
    """Return the extractor of what each function makes of the output of the one before.

    Functions with parameters are `jax.tree_util.Partial` objects: new parameters compile nothing.
    """
    parts = tuple(map(_partial, functions))
    return probekit.extractors.function(Partial(_outputs, parts), layers=layers)


def _partial(function):
    return function if isinstance(function, Partial) else Partial(function)


def _outputs(functions, inputs):
    outputs, x = {}, inputs
    for number, function in enumerate(functions):
        x = outputs[f"stage_{number}"] = function(x)
    return outputs
