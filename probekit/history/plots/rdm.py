"""Which examples a layer keeps apart: its representational dissimilarity matrix."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from probekit._checks import check_choice, check_count
from probekit.errors import ShapeError
from probekit.history.plots import style
from probekit.history.plots.stored import stored_activations

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

METRICS = ("euclidean", "correlation")


def rdm(
    dataset: "xr.Dataset",
    layers: str | Sequence[str] | None = None,
    *,
    activations: Mapping[str, Any] | None = None,
    labels: Any = None,
    metric: str = "euclidean",
    examples: int = 128,
    seed: Any = None,
    epoch: Any = None,
) -> "Figure":
    """Draw the distances between the representations of examples, one panel a layer.

    Parameters
    ----------
    dataset : xarray.Dataset
        A history; the activations stored in its file are read.
    layers : str or sequence of str, optional
        Which layers; all with activations if not given.
    activations : mapping of str to array (example, unit), optional
        Activations from elsewhere.
    labels : array (example,), optional
        Examples are sorted by these, with lines between the groups; a feature, for instance.
    metric : str
        ``"euclidean"``, or ``"correlation"``: 1 − Pearson's correlation over units.
    examples : int
        The first so many examples are shown.
    seed, epoch : label, optional
        Which row; the last one of the first seed if not given.
    """
    check_choice("metric", metric, METRICS)
    check_count("examples", examples, 2)
    if activations is None:
        activations, when = stored_activations(dataset, seed=seed, epoch=epoch)
    else:
        when = ""
    names = style.choose("layer", layers, list(activations))
    count = min([examples, *(len(activations[name]) for name in names)])
    order, cuts = _order(labels, count)
    columns = min(4, len(names))
    rows = math.ceil(len(names) / columns)
    with style.new_figure(2.35 * columns + 0.3, 2.5 * rows + 0.3) as figure:
        for place, name in enumerate(names):
            axes = figure.add_subplot(rows, columns, place + 1)
            distances = dissimilarities(np.asarray(activations[name][:count])[order], metric)
            image = axes.imshow(distances, cmap=style.SEQUENTIAL, vmin=0, interpolation="nearest")
            for cut in cuts:
                axes.axhline(cut - 0.5, color="white", linewidth=0.8)
                axes.axvline(cut - 0.5, color="white", linewidth=0.8)
            axes.set_xticks([])
            axes.set_yticks([])
            style.bare(axes)
            axes.set_title(name)
            axes.set_xlabel("example")
            axes.set_ylabel("example" if place % columns == 0 else "")
            figure.colorbar(image, ax=axes, fraction=0.05, pad=0.03)
        figure.suptitle(", ".join(filter(None, (f"{metric} distance", when))), fontsize=8.5)
    return figure


def dissimilarities(representation: Any, metric: str) -> np.ndarray:
    """Distances between examples ``(example, example)`` of a representation ``(example, unit)``."""
    x: np.ndarray = np.asarray(representation, np.float64)
    if metric == "correlation":
        x = x - x.mean(axis=1, keepdims=True)
        norms = np.sqrt((x**2).sum(axis=1, keepdims=True))
        x = x / np.where(norms > 0, norms, np.nan)  # equal units have no correlation
        between: np.ndarray = 1.0 - np.clip(x @ x.T, -1.0, 1.0)
    else:
        x = x - x.mean(axis=0)  # so that little is lost in the difference of the squares
        squares = (x**2).sum(axis=1)
        between = np.sqrt(np.maximum(squares[:, None] + squares - 2.0 * x @ x.T, 0.0))
    np.fill_diagonal(between, 0.0)
    return between


def _order(labels: Any, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Order of the examples, and where a new label begins in it."""
    if labels is None:
        return np.arange(count), np.array([], int)
    labels = np.asarray(labels)
    if labels.ndim != 1 or len(labels) < count:
        raise ShapeError(f"labels: shape {labels.shape}; give one for each of {count} examples.")
    order = np.argsort(labels[:count], kind="stable")
    return order, np.flatnonzero(np.diff(labels[order])) + 1
