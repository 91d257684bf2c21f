"""Which records a history holds already."""

from typing import TYPE_CHECKING

import numpy as np

from probekit.status import STATUS_SUFFIX, Status

if TYPE_CHECKING:
    import xarray as xr


def are_there(rows: "xr.Dataset") -> np.ndarray:
    """Whether there is a row of each step: a score, or the reason why there is none."""
    there = np.zeros(rows.sizes["step"], bool)
    for name, array in rows.data_vars.items():
        if "step" in array.dims:
            is_status = str(name).endswith(STATUS_SUFFIX)
            filled = array != Status.NOT_RECORDED if is_status else array.notnull()
            there |= filled.any([dim for dim in array.dims if dim != "step"]).values
    return there


def numbers_of(rows: "xr.Dataset | None") -> dict[int | None, dict[int, int]]:
    """Return the how-manieth of its seed each record is, by seed (None without) and step.

    A loop that goes on so counts as one that was never stopped.
    """
    if rows is None:
        return {}
    seeds = rows["seed"].values.tolist() if "seed" in rows.dims else [None]
    numbers = {}
    for seed in seeds:
        there = are_there(rows if seed is None else rows.sel(seed=seed))
        steps = rows["step"].values[there].tolist()
        numbers[seed] = {step: number for number, step in enumerate(steps)}
    return numbers
