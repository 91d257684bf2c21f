"""How alike layers are: a matrix, layer × layer, of one network or of two."""

from typing import TYPE_CHECKING, Any

import numpy as np

from probekit.errors import HistoryError, OptionError
from probekit.history.contents import called
from probekit.history.plots import style
from probekit.history.plots.embedding import cka_distances
from probekit.history.plots.stored import stored_activations

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

_PAIRS = ("layer_a", "layer_b")
_EXAMPLES = 512  # enough for a picture; a matrix of distances between examples is kept for a layer


def similarity(
    dataset: "xr.Dataset", variable: str | None = None, *, epoch: Any = None, seed: Any = None
) -> "Figure":
    """Draw the similarity of each layer of one network with each layer of another.

    Parameters
    ----------
    dataset : xarray.Dataset
        What `probekit.compare` returns, or a history of it; or a history with stored activations,
        whose layers are compared with each other by linear CKA of the first 512 examples.
    variable : str, optional
        A score with axes ``layer_a`` and ``layer_b``; CKA if not given and there.
    epoch : label, optional
        Which epoch (or step); each seed's last if not given.
    seed : label, optional
        One seed instead of the mean; of stored activations it is the first one if not given.
    """
    if variable is None and not any({*_PAIRS} <= {*each.dims} for each in dataset.values()):
        return _of_activations(dataset, epoch=epoch, seed=seed)
    variable = variable or style.first_with(dataset, *_PAIRS, prefer="cka")
    style.check_variable(dataset, variable, *_PAIRS)
    rows, when = style.at(dataset, epoch)
    array, over = style.one_of_seeds(rows[variable], seed)
    array = array.transpose(*_PAIRS)
    names_a, names_b = array["layer_a"].values.tolist(), array["layer_b"].values.tolist()
    label = style.axis_label(dataset[variable], 26)
    return _matrix(array.values, names_a, names_b, ("layer of a", "layer of b"), label, when, over)


def _of_activations(dataset: "xr.Dataset", *, epoch: Any, seed: Any) -> "Figure":
    """Draw the CKA of the layers whose activations the history has."""
    try:
        activations, when = stored_activations(dataset, seed=seed, epoch=epoch)
    except (HistoryError, OptionError) as error:
        if epoch is not None or seed is not None:
            raise
        raise OptionError(
            f"{called(dataset)}: no score has the axes {_PAIRS}, and there are no stored "
            "activations to compare layers by."
        ) from error
    names = list(activations)
    distances = cka_distances([np.asarray(activations[name][:_EXAMPLES], float) for name in names])
    return _matrix(1 - distances**2 / 2, names, names, ("layer", "layer"), "linear CKA", when)


def _matrix(
    values: np.ndarray,
    names_a: list[Any],
    names_b: list[Any],
    axis_labels: tuple[str, str],
    label: str,
    *remarks: str,
) -> "Figure":
    tall, wide = (min(len(names), style.MOST_LABELS) for names in (names_a, names_b))
    beside, below = style.heat_map_room(names_a, names_b)
    size = 1.6 + 0.55 * wide + beside, 1.35 + 0.45 * tall + below
    with style.new_figure(*size) as figure:
        axes = figure.add_subplot()
        image = style.heat_map(axes, values, names_a, names_b)
        axes.set_ylabel(axis_labels[0])
        axes.set_xlabel(axis_labels[1])
        style.small_title(axes, *remarks)
        figure.colorbar(image, ax=axes, label=label, fraction=0.08)
    return figure
