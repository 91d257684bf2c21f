"""Where a feature is represented: a heat map, layer × feature; or bars where there are none."""

from typing import TYPE_CHECKING, Any

from probekit.history.plots import style
from probekit.history.plots.bars import bars, of_layers_alone
from probekit.history.plots.style import one_of_seeds

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure


def layers(
    dataset: "xr.Dataset", variable: str | None = None, *, epoch: Any = None, seed: Any = None
) -> "Figure":
    """Draw a score by layer and feature, its mean over seeds written into each cell.

    Scores of representations alone, which have no features, are drawn as bars: the one that is
    named, or all of them if no score has features. One with an axis of its own, such as a spectrum,
    is a heat map of layer and that.

    Parameters
    ----------
    dataset : xarray.Dataset
        A history, or what `probekit.probe` returns.
    variable : str, optional
        A score with the axis ``layer``; linear R² if not given and there. Drawn is the mean over
        further axes, and the title says so.
    epoch : label, optional
        Which epoch (or step); each seed's last if not given.
    seed : label, optional
        One seed instead of the mean.
    """
    alone = of_layers_alone(dataset)
    has_features = any({"layer", "feature"} <= {*array.dims} for array in dataset.values())
    if variable in alone or (variable is None and alone and not has_features):
        rows, when = style.at(dataset, epoch)
        return bars(rows, alone if variable is None else [variable], when, seed=seed)
    if variable is None:
        axes_needed = ("layer", "feature") if has_features else ("layer",)
        variable = style.first_with(dataset, *axes_needed, prefer="linear_r2")
    style.check_variable(dataset, variable, "layer")
    rows, when = style.at(dataset, epoch)
    array, over = one_of_seeds(rows[variable], seed)
    across = "feature" if "feature" in array.dims else _own_axis(array)
    others = [str(dim) for dim in array.dims if dim not in ("layer", across)]
    if others:  # of single units, say
        array, over = array.mean(others), ", ".join(filter(None, [over, _mean_over(others)]))
    array = array.transpose("layer", across)
    names, columns = (array[dim].values.tolist() for dim in ("layer", across))
    tall, wide = (min(len(labels), style.MOST_LABELS) for labels in (names, columns))
    beside, below = style.heat_map_room(names, columns)
    lines = max(style.broken(name).count("\n") + 1 for name in names)
    cells = style.column_width(names, columns, 0.95) * wide
    width, height = max(3.2, 1.3 + cells + beside), 1.15 + below
    with style.new_figure(width, height + max(0.36, 0.14 * lines + 0.06) * tall) as figure:
        axes = figure.add_subplot()
        image = style.heat_map(axes, array.values, names, columns)
        axes.set_xlabel(across.replace("_", " "))
        axes.set_ylabel("layer")
        style.small_title(axes, when, over)
        label = style.axis_label(dataset[variable], 26)
        figure.colorbar(image, ax=axes, label=label, fraction=0.08)
    return figure


def _own_axis(array: "xr.DataArray") -> str:
    """Return the last axis of an estimator's own; a score of layers alone is drawn as bars."""
    return [str(dim) for dim in array.dims if dim != "layer"][-1]


def _mean_over(dims: list[str]) -> str:
    return f"mean over {' and '.join(dim.replace('_', ' ') for dim in dims)}"
