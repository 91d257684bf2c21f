"""From arrays to a labelled Dataset: the only place where scores get names.

One law of axes: library axes lead, in the order ``seed, epoch, layer, feature``; an estimator's own
axes trail. `probe`, the Recorder and a run label here, so that their Datasets are of one kind.
"""

import dataclasses
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from probekit.estimators import Estimator
from probekit.history import register_accessor, status_attributes
from probekit.history.schema import ALSO_CONSTANT, LEFT_OUT, UNCERTAINTY
from probekit.inference import (
    Bootstrap,
    Permutation,
    Uncertainty,
    acceleration_of,
    corrected,
    interval_of,
    max_corrected_p,
    p_value_of,
)
from probekit.probing.plan import Plan
from probekit.status import STATUS_SUFFIX, Status
from probekit.variables import LOWER_IS_BETTER, Variable

if TYPE_CHECKING:
    import xarray as xr

_Place = TypeVar("_Place", bound=Hashable)


def dataset_of(
    plan: Plan,
    scores: Mapping[str, Mapping[str, Any]],
    *,
    lead: Mapping[str, Any] | None = None,
) -> "xr.Dataset":
    """Label the scores of a plan.

    Parameters
    ----------
    plan : Plan
    scores : mapping
        ``{layer: {variable: array}}``; the axes are those of `lead`, then ``feature`` unless the
        estimator looks at the representation alone or at all features together, then its own.
    lead : mapping of coordinate
        Names and coordinates of the leading axes, for example ``{"seed": [0], "epoch": [0, 1]}``.

    Returns
    -------
    xarray.Dataset
        Representations of unlike width are filled up along ``unit`` with NaN, and so are features
        of unlike numbers of columns along ``k``.
    """
    import xarray as xr

    register_accessor()
    lead = dict(lead or {})
    variables = {}
    for estimator in plan.estimators:
        for variable in estimator.variables:
            for name, attributes in _reported(estimator, variable, scores):
                arrays = [np.asarray(scores[layer][name]) for layer in scores]
                dims = (*lead, "layer", *_own_dims(estimator, variable))
                variables[name] = (dims, stack_layers(arrays, axis=len(lead)), attributes)
    coords = {**lead, "layer": list(scores), "feature": list(plan.names)}
    for estimator in plan.estimators:
        coords |= {axis: list(labels) for axis, labels in estimator.labels(plan.names).items()}
    return xr.Dataset(variables, {dim: coords[dim] for dim in coords if _used(dim, variables)})


def _reported(
    estimator: Estimator, variable: Variable, scores: Mapping[Any, Mapping[str, Any]]
) -> list[tuple[str, dict[str, Any]]]:
    """Return name and attributes of a variable and, where there is one, of its status."""
    reported = [(variable.name, {**variable.attributes(), "estimator": repr(estimator)})]
    status = f"{variable.name}{STATUS_SUFFIX}"
    if any(status in layer for layer in scores.values()):
        about = status_attributes(
            variable.name, also_constant=variable.also_constant, also_few=variable.also_few
        )
        reported.append((status, about))
    return reported


def _own_dims(estimator: Estimator, variable: Variable) -> tuple[str, ...]:
    alone = estimator.joint or estimator.kind == "geometry"
    return variable.dims if alone else ("feature", *variable.dims)


def _used(dim: str, variables: Mapping[str, tuple[Any, ...]]) -> bool:
    return any(dim in dims for dims, *_ in variables.values())


def stack_layers(arrays: Sequence[np.ndarray], *, axis: int) -> np.ndarray:
    """Stack arrays along a new axis; shorter ones are filled up with NaN, or -1 for codes."""
    shape = tuple(np.max([array.shape for array in arrays], axis=0)) if arrays[0].ndim else ()
    filled = []
    for array in arrays:
        missing = [(0, most - size) for size, most in zip(array.shape, shape, strict=True)]
        fill = np.nan if array.dtype.kind == "f" else Status.NOT_RECORDED
        filled.append(
            np.pad(array, missing, constant_values=fill)
            if any(after for _, after in missing)
            else array
        )
    return np.stack(filled, axis=axis)


def dataset_of_pairs(
    estimators: Sequence[Estimator], scores: Mapping[tuple[str, str], Mapping[str, Any]]
) -> "xr.Dataset":
    """Label the scores ``{(layer_a, layer_b): {variable: array}}`` of two models."""
    import xarray as xr

    register_accessor()
    layers_a, layers_b = (list(dict.fromkeys(names)) for names in zip(*scores, strict=True))
    variables = {}
    for estimator in estimators:
        for variable in estimator.variables:
            for name, attributes in _reported(estimator, variable, scores):
                stacked = stack_layers([np.asarray(pair[name]) for pair in scores.values()], axis=0)
                array = stacked.reshape(len(layers_a), len(layers_b), *stacked.shape[1:])
                variables[name] = (("layer_a", "layer_b", *variable.dims), array, attributes)
    return xr.Dataset(variables, {"layer_a": layers_a, "layer_b": layers_b})


def merged(parts: Iterable[Mapping[_Place, Mapping[str, Any]]]) -> dict[_Place, dict[str, Any]]:
    """Return what was found of each layer, or pair of layers, whichever part it is from."""
    found: dict[_Place, dict[str, Any]] = {}
    for part in parts:
        for place, scores in part.items():
            found.setdefault(place, {}).update(scores)
    return found


def stack_resamples(resampled: Mapping[str, Mapping[str, Any]]) -> dict[str, np.ndarray]:
    """Return ``{name: (resample, layer, …)}`` of ``{layer: {name: (resample, …)}}``."""
    names = next(iter(resampled.values()))
    return {
        name: stack_layers([np.asarray(layer[name]) for layer in resampled.values()], axis=1)
        for name in names
    }


def add_uncertainty(
    dataset: "xr.Dataset",
    resampled: Mapping[str, np.ndarray],
    uncertainty: Uncertainty,
    *,
    examples: int,
) -> "xr.Dataset":
    """Return the Dataset with what the resamples ``{name: (resample, *dims)}`` say of its scores.

    Bootstrap: ``<name>_ci (…, bound)`` and, if they are kept, ``<name>_resamples (…, resample)``
    and, for BCa intervals, ``<name>_left_out (…, left_out)``;
    permutation: ``<name>_p``, ``<name>_p_corrected``; cross-validation: ``<name>_cv``,
    ``<name>_folds (…, fold)``. Beside intervals and means stands their status: where they are
    undefined the largest code of the resamples, or too few examples if all of these are defined;
    that of what is only filled up to the width of others is not recorded there either.
    """
    added: dict[str, tuple[Any, ...]] = {}
    for name, array in resampled.items():
        if name.endswith(STATUS_SUFFIX) or array.dtype.kind != "f":
            continue
        score = dataset[name]
        codes = resampled.get(f"{name}{STATUS_SUFFIX}")
        asked = _directed(uncertainty, score.attrs)
        for told in _told(score.values, array, asked):
            attributes = {
                "long_name": f"{told.text} of {name}",
                "units": "1" if told.is_probability else score.attrs.get("units", "1"),
                UNCERTAINTY: f"{asked.text()} of {examples} examples",
            }
            full = f"{name}_{told.suffix}"
            added[full] = ((*score.dims, *told.dims), told.values, attributes)
            if told.suffix in WITH_STATUS and codes is not None:
                also = str(dataset[f"{name}{STATUS_SUFFIX}"].attrs.get(ALSO_CONSTANT, ""))
                about = status_attributes(full, also_constant=also)
                added[f"{full}{STATUS_SUFFIX}"] = (score.dims, told.status(codes), about)
    _even(added, LEFT_OUT)
    bounds = {"bound": ["lower", "upper"]} if _used("bound", added) else {}
    return dataset.assign(added).assign_coords(bounds)


def largest_family(dataset: "xr.Dataset") -> int:
    """Return the largest number of tests that p-values of one score are corrected for."""
    names = [name for name in map(str, dataset.data_vars) if name.endswith("_p_corrected")]
    return max((int(dataset[name].count()) for name in names), default=0)


def _even(variables: dict[str, tuple[Any, ...]], dim: str) -> None:
    """Fill the last axis up with NaN to the longest where it is `dim`; an attribute says how long.

    Estimators that keep a sample have fewer examples to leave out than others.
    """
    arrays = {name: each for name, each in variables.items() if dim in each[0]}
    most = max((values.shape[-1] for _, values, _ in arrays.values()), default=0)
    for name, (dims, values, attributes) in arrays.items():
        own = values.shape[-1]
        lacking = [(0, 0)] * (values.ndim - 1) + [(0, most - own)]
        values = np.pad(values, lacking, constant_values=np.nan)
        variables[name] = (dims, values, attributes | {dim: own})


def _directed(uncertainty: Uncertainty, attributes: Mapping[str, Any]) -> Uncertainty:
    """Return a permutation with the alternative that suits the score, and all else as it is."""
    if not isinstance(uncertainty, Permutation) or uncertainty.alternative is not None:
        return uncertainty
    lower = attributes.get(LOWER_IS_BETTER, False)
    return dataclasses.replace(uncertainty, alternative="less" if lower else "greater")


WITH_STATUS = ("ci", "cv")
"""What is added to a score with a status of its own, by its suffix."""


class _Told(NamedTuple):
    """A variable that is added to a score: its axes are those of the score, then `dims`."""

    suffix: str
    text: str
    values: np.ndarray
    dims: tuple[str, ...] = ()
    is_probability: bool = False

    def status(self, codes: np.ndarray) -> np.ndarray:
        """Return its status, given those of the resamples ``(resample, …)``."""
        undefined = np.isnan(self.values)
        undefined = undefined.any(axis=-1) if self.dims else undefined
        reason = codes.max(axis=0)
        reason = np.where(reason == Status.OK, Status.TOO_FEW_EXAMPLES, reason)
        return np.where(undefined, reason, Status.OK).astype(np.int8)


def _told(score: np.ndarray, resampled: np.ndarray, uncertainty: Uncertainty) -> Iterator[_Told]:
    """Yield what resamples say of a score."""
    if isinstance(uncertainty, Bootstrap):
        resampled, left_out = np.split(resampled, [uncertainty.resamples])
        acceleration = acceleration_of(left_out) if len(left_out) else 0.0
        text = f"{100 * uncertainty.confidence:g} % bootstrap interval"
        bounds = interval_of(score, resampled, uncertainty, acceleration=acceleration)
        yield _Told("ci", text, bounds, ("bound",))
        if uncertainty.keep:
            each = np.moveaxis(resampled, 0, -1)
            yield _Told("resamples", "bootstrap resamples", each, ("resample",))
            if len(left_out):
                each = np.moveaxis(left_out, 0, -1)
                yield _Told(LEFT_OUT, "value with examples left out", each, (LEFT_OUT,))
    elif isinstance(uncertainty, Permutation):
        p, method = p_value_of(score, resampled, uncertainty), uncertainty.correction
        yield _Told("p", "permutation p-value", p, is_probability=True)
        text = f"permutation p-value, corrected for {np.sum(~np.isnan(p))} tests ({method}),"
        told = (
            max_corrected_p(score, resampled, uncertainty)
            if method == "max"
            else corrected(p, method=method)
        )
        yield _Told("p_corrected", text, told, is_probability=True)
    else:
        text = "cross-validated value"
        mean = resampled.mean(axis=0)
        yield _Told("cv", f"{text}, mean over folds,", mean)
        yield _Told("folds", text, np.moveaxis(resampled, 0, -1), ("fold",))
