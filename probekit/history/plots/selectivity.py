"""How densely a feature is represented: its score unit by unit."""

from typing import TYPE_CHECKING, Any

import numpy as np

from probekit.errors import Argument, OptionError
from probekit.history.contents import last_hidden_layer
from probekit.history.plots import style

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def selectivity(
    dataset: "xr.Dataset",
    variable: str | None = None,
    *,
    layer: str | None = None,
    epoch: Any = None,
    seed: Any = None,
) -> "Figure":
    """Draw a score of single units, best first, for each feature; two features also as x and y.

    Parameters
    ----------
    dataset : xarray.Dataset
        A history, or what `probekit.probe` returns, with a score that has the axis ``unit``, such
        as ``LinearR2(multioutput="raw_values")`` makes.
    variable : str, optional
        That score; the first one if not given.
    layer : str, optional
        Which layer; the last hidden one if not given.
    epoch : label, optional
        Which epoch (or step); each seed's last if not given.
    seed : label, optional
        One seed; all are drawn if not given.
    """
    variable = variable or style.first_with(dataset, "unit", "feature", prefer="linear_r2")
    style.check_variable(dataset, variable, "unit", "feature")
    rows, when = style.at(dataset, epoch)
    array = rows[variable]
    if "layer" in array.dims:
        names = array["layer"].values.tolist()
        layer = style.choose("layer", layer or last_hidden_layer(names), names)[0]
        array = array.sel(layer=layer)
    array = _of_seeds(array, seed)
    values = array.transpose("feature", "seed", "unit").values
    features = array["feature"].values.tolist()
    palette, dashes = style.colors(features), style.dashes(features)
    panels = 2 if len(features) == 2 else 1
    with style.new_figure(3.4 * panels + 0.3, 2.9) as figure:
        axes = figure.add_subplot(1, panels, 1)
        for feature, scores in zip(features, values, strict=True):
            look = {"color": palette[feature], "linestyle": dashes[feature]}
            _ranked(axes, scores, look, str(feature))
        axes.set_xlabel("unit, best first")
        axes.set_ylabel(style.axis_label(dataset[variable]))
        axes.legend(loc="best")
        axes.set_title(layer or "")
        style.grid(axes)
        if panels == 2:
            names = [f"{style.readable(variable)}, {feature}" for feature in features]
            _against(figure.add_subplot(1, 2, 2), values, names)
        if when:
            figure.suptitle(when, fontsize=8.5, x=0.99, ha="right")
    return figure


def _of_seeds(array: "xr.DataArray", seed: Any) -> "xr.DataArray":
    """Return the scores of these seeds, or raise if they have other axes than are drawn."""
    if "seed" not in array.dims:
        array = array.expand_dims("seed")
    elif seed is not None:
        array = array.sel(seed=style.choose("seed", seed, array["seed"].values.tolist()))
    extra = set(array.dims) - {"seed", "unit", "feature"}
    if extra:
        names = sorted(map(str, extra))
        raise OptionError(
            Argument("variable", array.name), f": has the axes {names} too; choose first."
        )
    return array


def _ranked(axes: "Axes", scores: np.ndarray, look: dict[str, Any], label: str) -> None:
    """Draw the scores of each seed's units in falling order, and their mean at each rank."""
    ordered = -np.sort(-scores, axis=1)  # NaN, a unit that this layer lacks, comes last
    ordered = ordered[:, ~np.isnan(ordered).all(axis=0)]
    ranks = np.arange(1, ordered.shape[1] + 1)
    if len(ordered) > 1:
        axes.plot(ranks, ordered.T, color=look["color"], linewidth=0.6, alpha=0.35)
    axes.plot(ranks, np.nanmean(ordered, axis=0), **look, linewidth=1.8, label=label)


def _against(axes: "Axes", values: np.ndarray, names: list[str]) -> None:
    """Draw each unit as a point: its score for one feature against that for the other."""
    x, y = values.reshape(2, -1)[:, ~np.isnan(values).any(axis=0).ravel()]
    axes.scatter(x, y, s=9, color=style.INK, alpha=0.4, linewidths=0)
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1])
    axes.set_title("unit by unit")
