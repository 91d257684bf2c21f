"""What a history holds: which variables are scores, and which layer is the last hidden one."""

from typing import TYPE_CHECKING, Any

from probekit.history.schema import FINAL_LAYER, STATUS_SUFFIX, UNCERTAINTY

if TYPE_CHECKING:
    import xarray as xr


def scores(dataset: "xr.Dataset") -> list[str]:
    """Names of the variables that are numbers with a fraction: no counts, no status, no text.

    Nor what says how sure another one is.
    """
    return [
        str(name)
        for name, array in dataset.data_vars.items()
        if array.dtype.kind == "f"
        and not str(name).endswith(STATUS_SUFFIX)
        and UNCERTAINTY not in array.attrs
    ]


def last_hidden_layer(dataset: "xr.Dataset") -> Any:
    """Name of the layer before ``logits``, or the last one if there is no such."""
    layers = dataset["layer"].values.tolist()
    hidden = [layer for layer in layers if layer != FINAL_LAYER]
    return (hidden or layers)[-1]
