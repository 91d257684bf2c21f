"""Warnings of scores that are undefined, or count what is constant: of which layer, and why."""

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from probekit.errors import ScoreWarning
from probekit.history.schema import ALSO_CONSTANT, ALSO_FEW
from probekit.probing.labelling import WITH_STATUS
from probekit.status import STATUS_SUFFIX, Status

if TYPE_CHECKING:
    import xarray as xr

_MEAN = "multioutput='uniform_average'"
NAMED_AT_MOST = 4
"""How many features, or layers, a warning names; of more it says how many they are."""


def warn_of_undefined(
    dataset: "xr.Dataset", *, seen: set[str] | None = None, stacklevel: int = 2
) -> None:
    """Warn of scores that are NaN as they are undefined, and of means over constant units too.

    Once per layer of each.

    Parameters
    ----------
    dataset : xarray.Dataset
        As `dataset_of` makes it.
    seen : set of str, optional
        What has been warned of; it is passed over, and what is new is added.
    stacklevel : int
        As `warnings.warn` takes it, counted from the caller.
    """
    if not any(_is_undefined(dataset[name].values) for name in _statuses(dataset)):
        return  # as it is chunk after chunk of most runs
    seen = set() if seen is None else seen
    dim = "layer" if "layer" in dataset.dims else "layer_a"
    for layer in map(str, dataset[dim].values):
        for kind, told in (("undefined", _reasons), ("constant", _averaged_over_constants)):
            reasons = [] if f"{kind} {layer}" in seen else told(dataset.sel({dim: layer}))
            if reasons:
                seen.add(f"{kind} {layer}")
                text = "; ".join(reasons)
                warnings.warn(f"layer {layer!r}: {text}.", ScoreWarning, stacklevel=stacklevel + 1)


def _reasons(layer: "xr.Dataset") -> list[str]:
    """Return for each score that is undefined somewhere why it is.

    An interval or a mean over folds is told of only where the score itself is defined.
    """
    reasons = []
    for name in _statuses(layer):
        score, status = name.removesuffix(STATUS_SUFFIX), layer[name].values
        if not _is_undefined(status):
            continue
        own = [dim for dim in layer[score].dims if dim not in layer[name].dims]  # such as bound
        undefined = (status > Status.OK) & layer[score].isnull().any(own).values
        of = _told_of(score)
        if of in layer:
            undefined &= layer[of].notnull().values
        codes = sorted(set(status[undefined].tolist()))
        if codes:
            words = " and ".join(_in_words(code, layer[name].attrs) for code in codes)
            reasons.append(f"{score} is NaN{_concerned(layer[name], undefined)} ({words})")
    return reasons


def _averaged_over_constants(layer: "xr.Dataset") -> list[str]:
    """Return what is to be said of scores that are means over units, constant ones among them."""
    means = []
    for name in _statuses(layer):
        score = name.removesuffix(STATUS_SUFFIX)
        constant = (layer[name] == Status.CONSTANT_UNIT) & layer[score].notnull()
        is_mean = _MEAN in str(layer[score].attrs.get("estimator", ""))
        if is_mean and not _told_of(score) and bool(constant.any()):
            means.append(score)
    if not means:
        return []
    verb = "is a mean" if len(means) == 1 else "are means"
    return [
        f"{_listed(means)} {verb} over units (or columns of a feature), also over constant ones, "
        "which count 1 (0 in what features add); multioutput='variance_weighted' leaves them out"
    ]


def _listed(names: list[str]) -> str:
    *before, last = names
    return f"{', '.join(before)} and {last}" if before else last


def _statuses(dataset: "xr.Dataset") -> list[str]:
    """Return the variables that hold the status of a score."""
    names = (str(name) for name in dataset.data_vars)
    return [
        name
        for name in names
        if name.endswith(STATUS_SUFFIX) and name.removesuffix(STATUS_SUFFIX) in dataset
    ]


def _is_undefined(status: np.ndarray) -> bool:
    return bool((status > Status.OK).any())


_ALSO = {Status.CONSTANT_UNIT: ALSO_CONSTANT, Status.TOO_FEW_EXAMPLES: ALSO_FEW}


def _in_words(code: int, attributes: Mapping[Any, Any]) -> str:
    """Say what a status means."""
    text = Status(code).words
    also = attributes.get(_ALSO.get(Status(code), ""), "")
    if also:
        return f"{text}, or {also}"
    return f"{text}, or squares out of range" if code == Status.NON_FINITE_INPUT else text


def _concerned(status: "xr.DataArray", undefined: np.ndarray) -> str:
    """Say of which features a score is undefined, or with which layers of the other model."""
    of_pairs = "layer_b" in status.dims
    dim = "layer_b" if of_pairs else "feature"
    if dim not in status.coords or dim not in status.dims:
        return ""
    word, many = ("with", "layers of b") if of_pairs else ("for", "features")
    others = tuple(axis for axis, other in enumerate(status.dims) if other != dim)
    places = np.asarray(undefined.any(axis=others))
    names = [repr(str(name)) for name in status[dim].values[places]]
    if places.all():  # of two models it may be either that is at fault
        return " with any layer of b" if of_pairs else ""
    if len(names) > NAMED_AT_MOST:
        return f" {word} {len(names)} of {len(places)} {many}"
    return f" {word} {_listed(names)}"


def _told_of(name: str) -> str:
    """Return the score that a variable tells of, if it is an interval or a mean over folds."""
    for suffix in WITH_STATUS:
        if name.endswith(f"_{suffix}"):
            return name.removesuffix(f"_{suffix}")
    return ""
