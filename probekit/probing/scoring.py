"""`probe`: how strongly each feature is represented in each layer of one model."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from probekit.estimators import Estimator, resolve_for
from probekit.extractors import Extractor
from probekit.inference import Uncertainty, warn_of_few_resamples, warn_of_few_shuffles
from probekit.probing.biased import warn_of_biased
from probekit.probing.labelling import (
    add_uncertainty,
    dataset_of,
    largest_family,
    merged,
    stack_resamples,
)
from probekit.probing.optimistic import warn_of_optimism
from probekit.probing.prepared import Probe, begin, probe_set_of
from probekit.probing.uncertainty import resample
from probekit.probing.undefined import warn_of_undefined

if TYPE_CHECKING:
    import xarray as xr


def probe(
    extractor: Extractor,
    inputs: Any = None,
    features: Any = None,
    *,
    held_out: tuple[Any, Any] | None = None,
    estimators: str | Estimator | Iterable[str | Estimator] | None = None,
    batch_size: int = 4096,
    weight: Any = None,
    uncertainty: Uncertainty | None = None,
) -> "xr.Dataset":
    """Estimate how strongly each feature is represented in each layer.

    Parameters
    ----------
    extractor : Extractor
        Of `probekit.extractors`: the model and the layers to read.
    inputs : pytree of array (example, …)
        What the model is given; None for `probekit.extractors.arrays`.
    features : mapping of array (example,) or (example, k), xarray.Dataset or pandas.DataFrame
        Labelled properties of the inputs; each column of a frame is one. Texts are labels of
        classes, of which each becomes a column of 0 and 1. Numbers are quantities to
        whatever fits a line: of classes that are numbered give ``numbers.astype(str)``. Estimators
        of geometry look at representations alone and need none.
    held_out : (inputs, features), optional
        Other examples, to score on what was fitted on the first; without them probes are scored on
        the examples that they were fitted on. Geometry and similarity look at the held-out examples
        alone, but for an alignment with ``align_on="fit"``. In place of the inputs may stand an
        extractor that holds its examples itself; without features it is (inputs, None).
    estimators : names or instances
        ``probekit list estimators`` shows the names. Unless given ``linear_r2``, and without
        features numbers of geometry: total variance, participation ratio and effective rank.
    batch_size : int
        At most so many examples are taken through the model at a time. Scores do not depend on it.
    weight : array (example,), optional
        How often each of the first examples counts, fractions too; 0 for an absent one. Shares that
        add up to 1 would count as one example in all, and are refused. Estimators that compare
        pairs of examples or neighbours, such as ``rsa``, or take some examples of each class, such
        as ``transrate``, and ``aligned_cosine``, ``coherence`` and ``pair_alignment``, look only at
        whether an example is there; so do probes whose `fit` takes no ``sample_weight``, such as
        ``knn``, when they are fitted. Folds and bounds between conditions are found without
        weights.
    uncertainty : Bootstrap, Permutation or CrossValidation, optional
        Of `probekit`: how sure the scores are, in further variables such as ``<name>_ci`` or
        ``<name>_p``. The model is still run once, but its activations are kept in memory.

    Returns
    -------
    xarray.Dataset
        One variable per estimator, dims ``(layer, feature)``, or ``(layer,)`` for geometry, and
        beside each its status, ``<name>_status``.

    Raises
    ------
    OptionError, ShapeError, UnknownNameError
        If an argument does not fit, or an estimator needs features and there are none; before
        anything is computed.

    Warns
    -----
    ScoreWarning
        Once per layer with undefined scores (NaN): which, and why; and once with scores that are
        means over units of which some are constant.
    OptimismWarning
        If the examples that were fitted are scored, and a feature drawn by lot would be explained
        to more than a tenth: by as many units of a layer, say, as a tenth of the examples.
    ProbekitWarning
        If a bootstrap has too few resamples for its intervals, or fewer than 10 examples or groups
        to draw from; if percentile intervals do not hold the score that they are of; or if a
        permutation has too few for a corrected p of 0.05.

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
    chosen = resolve_for(estimators, features=features is not None)
    prepared = probe_set_of(
        chosen, inputs, features, held_out, batch_size=batch_size, weight=weight
    ).counted(extractor)
    if uncertainty is None:
        scores = begin(prepared.parts(extractor), prepared.layer_order(extractor))()
        dataset = dataset_of(prepared.plan, scores)
    else:
        prepared.check(uncertainty, extractor)
        drawn, count = prepared.drawn_by(uncertainty)
        warn_of_few_resamples(drawn, examples=count)
        dataset = scored_with(uncertainty, prepared, extractor)
        warn_of_few_shuffles(uncertainty, largest_family(dataset))
        warn_of_biased(dataset, uncertainty)
    warn_of_optimism(prepared, extractor, uncertainty)
    warn_of_undefined(dataset)
    return dataset


def scored_with(uncertainty: Uncertainty, probe_set: Probe, extractor: Extractor) -> "xr.Dataset":
    """Return the scores of a probe set that was counted and checked, and how sure they are."""
    extractor, held = probe_set.in_memory(extractor)
    parts, layers = held.parts(extractor), held.layer_order(extractor)
    dataset = dataset_of(held.plan, begin(parts, layers)())
    found = merged(
        resample(part.plan, *part.samples(source), uncertainty) for part, source in parts
    )
    every = stack_resamples({layer: found[layer] for layer in layers})
    return add_uncertainty(dataset, every, uncertainty, examples=held.scored_count)
