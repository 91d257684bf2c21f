"""What a history holds: which variables are scores, and which layer is the last hidden one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from probekit.history.schema import OUTPUT_LAYERS, UNCERTAINTY
from probekit.status import STATUS_SUFFIX

if TYPE_CHECKING:
    import xarray as xr

Layer = TypeVar("Layer")


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


def called(dataset: "xr.Dataset") -> str:
    """Return what an error calls a dataset: the file it was opened from, or else the argument."""
    return str(dataset.encoding.get("source", "dataset"))


def last_hidden_layer(layers: Sequence[Layer]) -> Layer:
    """Return the layer to look at if only one can be shown: the last before the output.

    The last of all if there is no other.

    Examples
    --------
    >>> last_hidden_layer(["hidden_0", "hidden_1", "logits"]), last_hidden_layer(["output"])
    ('hidden_1', 'output')
    """
    hidden = [layer for layer in layers if layer not in OUTPUT_LAYERS]
    return (hidden or layers)[-1]
