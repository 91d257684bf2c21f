"""Scores that look at no feature: bars, one a layer, and a panel for each score."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from probekit.history.contents import scores
from probekit.history.intervals import interval
from probekit.history.plots import style

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PANELS = 8
"""Of more scores the first ones are drawn unless one is named."""


def of_layers_alone(dataset: "xr.Dataset") -> list[str]:
    """Return the scores of which each layer has one number, but for rows and seeds."""
    rows = {"layer", "seed", "epoch", "step"}
    return [
        name
        for name in scores(dataset)
        if "layer" in dataset[name].dims and set(dataset[name].dims) <= rows
    ]


def bars(dataset: "xr.Dataset", names: Sequence[str], when: str, *, seed: Any = None) -> "Figure":
    """Draw the scores of each layer, a panel each.

    Parameters
    ----------
    dataset : xarray.Dataset
        One row of a history, or what `probekit.probe` returns.
    names : sequence of str
        Scores with the axis ``layer``, and at most ``seed`` beside it.
    when : str
        Which row, for the title.
    seed : label, optional
        One seed instead of the mean.
    """
    names = names[:MOST_PANELS]
    columns = min(4, len(names))
    rows = math.ceil(len(names) / columns)
    layers = dataset["layer"].values.tolist()
    tall = 0.9 + 0.26 * min(len(layers), style.MOST_LABELS)
    width = 2.4 * columns + 0.07 * max(len(str(layer)) for layer in layers)
    with style.new_figure(width, rows * tall) as figure:
        for place, name in enumerate(names):
            axes = figure.add_subplot(rows, columns, place + 1)
            array, over = style.one_of_seeds(dataset[name], seed)
            _draw(axes, array.values, _ends(dataset, name, seed))
            axes.set_xlabel(style.axis_label(dataset[name], 26))
            style.small_title(axes, when, over)
            every = math.ceil(len(layers) / style.MOST_LABELS)
            shown = list(map(str, layers[::every])) if place % columns == 0 else []
            axes.set_yticks(range(0, len(layers), every) if shown else [], shown)
            axes.invert_yaxis()  # the first layer above, as in tables
    return figure


def _ends(dataset: "xr.Dataset", name: str, seed: Any) -> "np.ndarray | None":
    """Return both ends of the interval of each layer, ``(2, layer)``, if there is one."""
    array = dataset[name]
    if "seed" in array.dims:
        if seed is not None or array.sizes["seed"] < 2:
            return None
        _, *ends, _ = interval(array)
        return np.stack([end.values for end in ends])
    if f"{name}_ci" not in dataset:
        return None
    return np.asarray(dataset[f"{name}_ci"].transpose("bound", "layer").values)


def _draw(axes: "Axes", values: np.ndarray, ends: "np.ndarray | None") -> None:
    places = np.arange(len(values))
    axes.barh(places, np.nan_to_num(values), color=style.PALETTE[0], height=0.7)
    for place in np.flatnonzero(
        np.isnan(values)
    ).tolist():  # a bar of no length would be the number 0
        axes.text(0, place, " undefined", va="center", color=style.FAINT, fontsize=8)
    if ends is not None:
        axes.hlines(places, *ends, color=style.INK, linewidth=1.2)
    axes.grid(axis="x", color="#E4E4E4", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
