"""Where a feature is represented: a heat map, layer × feature."""

from typing import TYPE_CHECKING, Any

from probekit.history.plots import style
from probekit.history.plots.style import one_of_seeds

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure


def layers(
    dataset: "xr.Dataset", variable: str | None = None, *, epoch: Any = None, seed: Any = None
) -> "Figure":
    """Draw a score by layer and feature, its mean over seeds written into each cell.

    Parameters
    ----------
    dataset : xarray.Dataset
        A history, or what `probekit.probe` returns.
    variable : str, optional
        A score with axes ``layer`` and ``feature``; linear R² if not given and there. Drawn is the
        mean over further axes, and the title says so.
    epoch : label, optional
        Which epoch (or step); each seed's last if not given.
    seed : label, optional
        One seed instead of the mean.
    """
    variable = variable or style.first_with(dataset, "layer", "feature", prefer="linear_r2")
    style.check_variable(dataset, variable, "layer", "feature")
    rows, when = style.at(dataset, epoch)
    array, over = one_of_seeds(rows[variable], seed)
    others = [str(dim) for dim in array.dims if dim not in ("layer", "feature")]
    if others:  # of single units, say
        array, over = array.mean(others), ", ".join(filter(None, [over, _mean_over(others)]))
    array = array.transpose("layer", "feature")
    names, features = array["layer"].values.tolist(), array["feature"].values.tolist()
    tall, wide = (min(len(labels), style.MOST_LABELS) for labels in (names, features))
    width = max(3.2, 1.9 + 0.95 * wide)
    with style.new_figure(width, 1.3 + 0.36 * tall) as figure:
        axes = figure.add_subplot()
        image = style.heat_map(axes, array.values, names, features)
        axes.set_xlabel("feature")
        axes.set_ylabel("layer")
        style.small_title(axes, when, over)
        label = style.axis_label(dataset[variable], 26)
        figure.colorbar(image, ax=axes, label=label, fraction=0.08)
    return figure


def _mean_over(dims: list[str]) -> str:
    return f"mean over {' and '.join(dim.replace('_', ' ') for dim in dims)}"
