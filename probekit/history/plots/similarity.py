"""How alike layers are: a matrix, layer × layer, of one network or of two."""

from typing import TYPE_CHECKING, Any

from probekit.history.plots import style

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure


def similarity(
    dataset: "xr.Dataset", variable: str | None = None, *, epoch: Any = None, seed: Any = None
) -> "Figure":
    """Draw the similarity of each layer of one network with each layer of another.

    Parameters
    ----------
    dataset : xarray.Dataset
        What `probekit.compare` returns, or a history of it.
    variable : str, optional
        A score with axes ``layer_a`` and ``layer_b``; CKA if not given and there.
    epoch : label, optional
        Which epoch (or step); each seed's last if not given.
    seed : label, optional
        One seed instead of the mean.
    """
    variable = variable or style.first_with(dataset, "layer_a", "layer_b", prefer="cka")
    style.check_variable(dataset, variable, "layer_a", "layer_b")
    rows, when = style.at(dataset, epoch)
    array, over = style.one_of_seeds(rows[variable], seed)
    array = array.transpose("layer_a", "layer_b")
    names_a, names_b = array["layer_a"].values.tolist(), array["layer_b"].values.tolist()
    with style.new_figure(2.3 + 0.55 * len(names_b), 1.5 + 0.45 * len(names_a)) as figure:
        axes = figure.add_subplot()
        image = style.heat_map(axes, array.values, names_a, names_b)
        axes.set_xlabel("layer of b")
        axes.set_ylabel("layer of a")
        style.small_title(axes, when, over)
        label = style.axis_label(dataset[variable], 26)
        figure.colorbar(image, ax=axes, label=label, fraction=0.08)
    return figure
