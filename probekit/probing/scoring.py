"""`probe`: how strongly each feature is represented in each layer of one model."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from probekit.errors import OptionError
from probekit.estimators import Estimator, resolve
from probekit.extractors import Extractor
from probekit.probing.labelling import dataset_of, warn_of_undefined
from probekit.probing.plan import Features, Plan, Scores
from probekit.probing.readout import scores_of
from probekit.probing.stream import collect

if TYPE_CHECKING:
    import xarray as xr


def probe(
    extractor: Extractor,
    inputs: Any,
    features: Any,
    *,
    held_out: tuple[Any, Any] | None = None,
    estimators: str | Estimator | Iterable[str | Estimator] = ("linear_r2",),
    batch_size: int = 4096,
    weight: Any = None,
) -> "xr.Dataset":
    """Estimate how strongly each feature is represented in each layer.

    Parameters
    ----------
    extractor : Extractor
        Of `probekit.extractors`: the model and the layers to read.
    inputs : pytree of array (example, …)
        What the model is given; None for `probekit.extractors.arrays`.
    features : mapping of array (example,) or (example, k), or xarray.Dataset
        Labelled properties of the inputs.
    held_out : (inputs, features), optional
        Other examples, to score on what was fitted on the first; without them probes are scored on
        the examples that they were fitted on. Geometry and similarity look at the held-out examples
        alone. In place of the inputs may stand an extractor that holds its examples itself.
    estimators : names or instances
        ``probekit list estimators`` shows the names.
    batch_size : int
        At most so many examples are taken through the model at a time. Scores do not depend on it.
    weight : array (example,), optional
        Weight of each of the first examples; 0 for an absent one.

    Returns
    -------
    xarray.Dataset
        One variable per estimator, dims ``(layer, feature)``, or ``(layer,)`` for geometry, and
        beside each its status, ``<name>_status``.

    Raises
    ------
    OptionError, ShapeError, UnknownNameError
        If an argument does not fit; before anything is computed.

    Warns
    -----
    ScoreWarning
        Once per layer with undefined scores (NaN): which, and why.

    Examples
    --------
    >>> import numpy as np
    >>> import probekit as pk
    >>> bits = np.random.default_rng(0).integers(0, 2, (100, 3)).astype(np.float32)
    >>> extractor = pk.extractors.arrays({"input": bits})
    >>> ds = pk.probe(extractor, None, {"first": bits[:, 0]})
    >>> ds.linear_r2.dims, bool(ds.linear_r2 > 0.3)
    (('layer', 'feature'), True)
    """
    chosen = resolve(estimators)
    table = Features.of(features)
    plan = Plan(chosen, table.names, table.widths)
    other = _held_out(extractor, held_out, table)
    fit = collect(plan, extractor, inputs, table.values, batch_size=batch_size, weight=weight)
    if other is None:
        scored = fit
    else:
        other_extractor, other_inputs, values = other
        scored = collect(plan, other_extractor, other_inputs, values, batch_size=batch_size)
    order = layer_order(extractor, inputs)
    dataset = dataset_of(plan, in_order(scores_of(plan, fit, scored), order))
    warn_of_undefined(dataset)
    return dataset


def layer_order(extractor: Extractor, inputs: Any) -> list[str]:
    """Return the layers in forward order, which compiled functions forget."""
    some = np.zeros(1, np.int32) if extractor.indexed else jax.tree.map(lambda a: a[:1], inputs)
    return list(extractor.layers(some))


def in_order(scores: Scores, order: Iterable[str]) -> Scores:
    """Return the scores with their layers in this order."""
    return {layer: scores[layer] for layer in order}


def _held_out(
    extractor: Extractor, held_out: tuple[Any, Any] | None, table: Features
) -> tuple[Extractor, Any, np.ndarray] | None:
    """Return extractor, inputs and features of the held-out examples, checked."""
    if held_out is None:
        return None
    if not isinstance(held_out, tuple | list) or len(held_out) != 2:
        raise OptionError(f"held_out: a {type(held_out).__name__}; give (inputs, features).")
    inputs, features = held_out
    other = Features.of(features, "held_out features")
    if (other.names, other.widths) != (table.names, table.widths):
        raise OptionError(
            f"held_out: features {other.names} of widths {other.widths}; "
            f"those to fit on are {table.names} of widths {table.widths}. Give the same."
        )
    if getattr(inputs, "indexed", False):
        return inputs, None, other.values
    return extractor, inputs, other.values
