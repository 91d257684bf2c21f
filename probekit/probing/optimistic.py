"""Warnings of scores of the very examples that a probe was fitted to."""

import math
import warnings
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from probekit.errors import OptimismWarning
from probekit.extractors import Extractor
from probekit.inference import CrossValidation, Uncertainty
from probekit.probing.prepared import Probe

_MUCH = 0.1
"""What share of a feature drawn by lot a probe may explain before it is told of."""


class _Chance(NamedTuple):
    """What a probe explains of the examples that it is fitted to, whatever they are."""

    share: float
    layer: str
    predictors: int
    examples: int
    name: str


def warn_of_optimism(
    probe: Probe,
    extractor: Extractor,
    uncertainty: Uncertainty | None = None,
    *,
    stacklevel: int = 2,
) -> None:
    """Warn, once for all estimators, if scores are of what was fitted, and high by chance alone.

    Of n examples whose feature is drawn by lot, least squares with p predictors explain p / n of
    the variance in the mean; from p = n / 2 on they divide the examples as any two classes ask for
    (Cover 1965). Of a single predictor nothing is said: it is a correlation.

    Parameters
    ----------
    probe : Probe
        One that is `counted`. Nothing is said if other examples are scored.
    extractor : Extractor
    uncertainty : Uncertainty or None
        Nor of a `CrossValidation`: it scores others beside.
    stacklevel : int
        As `warnings.warn` takes it, counted from the caller.
    """
    if probe.held_out is not None or isinstance(uncertainty, CrossValidation):
        return
    chances = _chances(probe, extractor)
    much = [chance for chance in chances if chance.share > _MUCH and chance.predictors > 1]
    if not much:
        return
    most = max(much)
    names = dict.fromkeys(chance.name for chance in much)
    warnings.warn(
        f"{', '.join(names)}: of the examples that were fitted, where even a feature drawn by lot "
        f"would be explained up to {100 * min(most.share, 1):.0f} % (layer {most.layer!r}: "
        f"{most.predictors} predictors, {most.examples} examples). Give held_out, or "
        "uncertainty=CrossValidation() (--folds 5).",
        OptimismWarning,
        stacklevel=stacklevel + 1,
    )


def _chances(probe: Probe, extractor: Extractor) -> Iterator[_Chance]:
    """Yield what each estimator that fits a probe would explain of each layer."""
    plan, weight = probe.plan, probe.fit.weight
    columns = dict(zip(plan.names, plan.widths, strict=True))
    fitted = len(probe.fit.y) if weight is None else int(np.count_nonzero(weight))
    # Layers may be dear to list: not for estimators that fit nothing, whatever the layer.
    fitting = [e for e in plan.estimators if e.predictors(units=1, columns=columns) > 0]
    layers = probe.layer_shapes(extractor) if fitting else {}
    for layer, shape in layers.items():
        units = math.prod(shape.shape[1:])
        for estimator in fitting:
            kept = min(fitted, getattr(estimator.statistic, "capacity", fitted))
            predictors = estimator.predictors(units=units, columns=columns)
            yield _Chance(predictors / max(kept, 1), layer, predictors, kept, estimator.name)
