"""What there is in a model: its layers, how large they are, how many parameters make them."""

import dataclasses
import inspect
from typing import Any

import jax.numpy as jnp
import numpy as np

from probekit.extractors._protocol import Extractor


@dataclasses.dataclass(frozen=True, kw_only=True)
class LayerInfo:
    """What is known of a layer without running the model.

    Attributes
    ----------
    path : str
        Its name, as ``layers=`` takes it.
    shape : tuple of int
        Of its activations, the examples as they were given first.
    dtype : numpy.dtype
    parameters : int or None
        How many numbers the module holds that gives the layer out, its submodules included; of one
        copy, where there are several. None where that is not known, and for what a module was
        given (``:in``), which is not of its making.
    """

    path: str
    shape: tuple[int, ...]
    dtype: np.dtype
    parameters: int | None = None


def describe(extractor: Extractor, inputs: Any) -> tuple[LayerInfo, ...]:
    """Describe the layers that an extractor gives, in forward order, without running the model.

    Parameters
    ----------
    extractor : Extractor
        One that has a method ``parameters(inputs) -> {layer: int or None}`` is asked.
    inputs : pytree of array or `jax.ShapeDtypeStruct` (example, …)
        As the extractor takes them; None for `arrays`.

    Returns
    -------
    tuple of LayerInfo

    Examples
    --------
    >>> from probekit.extractors import arrays
    >>> describe(arrays({"hidden": np.zeros((10, 4), np.float32)}), None)
    (LayerInfo(path='hidden', shape=(10, 4), dtype=dtype('float32'), parameters=None),)
    """
    shapes = extractor.layers(inputs)
    count = getattr(extractor, "parameters", None)
    # Many an extractor has a field of that name, which holds parameters and counts none.
    parameters = count(inputs) if inspect.ismethod(count) else {}
    return tuple(
        LayerInfo(
            path=layer,
            shape=tuple(shape.shape),
            dtype=jnp.dtype(shape.dtype),
            parameters=parameters.get(layer),
        )
        for layer, shape in shapes.items()
    )
