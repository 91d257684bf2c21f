"""`extract`: the activations themselves, in memory."""

from typing import Any

import jax
import numpy as np

from probekit._checks import check_count
from probekit.extractors import Extractor
from probekit.probing.stream import (
    count_examples,
    first_examples,
    given_to,
    layer_shapes,
    outputs_of,
)
from probekit.probing.updating import even_batch


def extract(extractor: Extractor, inputs: Any, *, batch_size: int = 4096) -> dict[str, np.ndarray]:
    """Return the activations of all examples.

    The model is compiled once and run batch by batch; the last batch is filled up with copies of
    the last example, which are dropped. Only the layers that the extractor was asked for are kept.

    Parameters
    ----------
    extractor : Extractor
    inputs : pytree of array (example, …)
        What the model is given; None for an extractor that holds its examples itself.
    batch_size : int
        At most so many examples are taken through the model at a time.

    Returns
    -------
    dict of {layer: array (example, …)}
        NumPy arrays in forward order, in the dtype of the model.

    Raises
    ------
    OptionError
        If `batch_size` is less than 1, or a layer that was asked for is not there.
    ShapeError
        If there are no examples, or inputs have unlike numbers of them.

    Warns
    -----
    ProbekitWarning
        Of what the extractor cannot give, once and not once a batch.

    Examples
    --------
    >>> import probekit as pk
    >>> extractor = pk.extractors.function(lambda x: {"double": 2 * x})
    >>> pk.extract(extractor, np.ones((5, 3), np.float32), batch_size=2)["double"].shape
    (5, 3)
    """
    check_count("batch_size", batch_size, 1)
    examples = count_examples(extractor, inputs)
    size = even_batch(examples, batch_size)
    shapes = layer_shapes(extractor, first_examples(extractor, inputs, min(size, examples)))
    whole = {
        layer: np.empty((examples, *shape.shape[1:]), shape.dtype)
        for layer, shape in shapes.items()
    }
    for start in range(0, examples, size):
        rows = np.minimum(np.arange(start, start + size, dtype=np.int32), examples - 1)
        outputs = outputs_of(extractor, given_to(extractor, inputs, rows))
        present = min(size, examples - start)
        for layer, array in jax.device_get(dict(outputs)).items():
            whole[layer][start : start + present] = np.asarray(array)[:present]
    return whole
