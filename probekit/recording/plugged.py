"""What plugins add to the rows of a history."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from probekit.errors import OptionError, ShapeError
from probekit.history import HistoryWriter
from probekit.plugins import HookRelay

if TYPE_CHECKING:
    import xarray as xr


def with_plugin_variables(
    rows: "xr.Dataset", writer: HistoryWriter, hook: HookRelay
) -> "xr.Dataset":
    """Return new rows with what `probekit_history_variables` adds to them.

    What does not fit, to these rows or to those before, is reported and left out.
    """
    whole = rows

    def add(given: Any) -> None:
        nonlocal whole
        extended = whole.assign(_variables(given, whole, writer.lead))
        writer.check(extended)
        whole = extended

    # A copy, so that a plugin that assigns to it changes nothing.
    hook.probekit_history_variables.checked(add, dataset=rows.copy())
    return whole


def _variables(given: Any, rows: "xr.Dataset", lead: tuple[str, ...]) -> "dict[str, xr.DataArray]":
    """Return what a plugin has returned as float variables for these very rows.

    Raises
    ------
    OptionError
        If it is no mapping of names to DataArrays, or a name is taken.
    ShapeError
        If it has not the leading dims, or other labels along a dim, or is not numeric.
    """
    import xarray as xr

    if not isinstance(given, Mapping):
        raise OptionError(f"returned {given!r:.80}; give a Dataset, or names with DataArrays.")
    found = {}
    for name, array in given.items():
        if not isinstance(array, xr.DataArray):
            raise OptionError(f"{name!r} is a {type(array).__name__}; give a DataArray.")
        if not isinstance(name, str) or not name or "/" in name:  # a path, for netCDF
            raise OptionError(f"returned {name!r}, which is no name; take one without '/'.")
        if name in rows.variables:
            raise OptionError(f"returned {name!r}, which is taken; take another name.")
        lacking = [dim for dim in lead if dim not in array.dims]
        if lacking:
            raise ShapeError(
                f"{name!r} has dims {array.dims}, not {lacking[0]!r}; give a value for each row."
            )
        if array.dtype.kind not in "biuf":
            raise ShapeError(f"{name!r} has dtype {array.dtype}; give numbers.")
        for dim in array.dims:  # xarray would fill rows of other labels with NaN
            if dim in rows.dims and not array[dim].equals(rows[dim]):
                raise ShapeError(f"{name!r} has other {dim} labels than the rows; give the same.")
        numbers = array if array.dtype.kind == "f" else array.astype("float64")
        attributes = {"long_name": str(name), "units": "1"} | array.attrs
        found[str(name)] = numbers.assign_attrs(attributes).transpose(*lead, ...)
    return found
