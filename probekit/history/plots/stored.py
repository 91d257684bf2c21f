"""The activations that a figure needs, from the file that its Dataset came from."""

from typing import TYPE_CHECKING, Any

from probekit.errors import OptionError
from probekit.history.representations import ActivationHistory

if TYPE_CHECKING:
    import xarray as xr


def activation_history(dataset: "xr.Dataset") -> ActivationHistory:
    """Open the activations in the file that a Dataset was read from."""
    source = dataset.encoding.get("source")
    if source is None:
        raise OptionError(
            "dataset: not read from a file, so its activations are not at hand. "
            "Open it with probekit.open_history, or pass activations=."
        )
    return ActivationHistory(source, {})


def stored_activations(
    dataset: "xr.Dataset", *, seed: Any = None, epoch: Any = None
) -> tuple[ActivationHistory, str]:
    """Return the activations of one row, and how to say which in a title.

    Without `seed` it is the first that has activations, without `epoch` (or step) the last.
    """
    history = activation_history(dataset)
    *others, time = history.lead
    wanted = {time: epoch, **dict.fromkeys(others, seed)}
    for dim, label in wanted.items():
        if label is not None:
            history = history.sel(**{dim: label})
    for dim in others:
        history = history.sel(**{dim: history.rows[0][dim]})
    history = history.sel(**{time: history.rows[-1][time]})
    return history, ", ".join(f"{dim} {label}" for dim, label in history.rows[0].items())
