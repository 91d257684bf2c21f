"""Differences from a baseline: how large they may be, and the table of those that are larger."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from probekit.errors import OptionError, UnknownNameError

if TYPE_CHECKING:
    import xarray as xr

ROWS = 20
"""So many differences are shown; the rest are counted."""


class Tolerances(NamedTuple):
    """How far each variable may be from its baseline.

    Attributes
    ----------
    atol, rtol : float
        Of scores: atol + rtol · abs(baseline). Whole numbers and text must be equal.
    own : mapping
        ``{variable: (atol, rtol)}``.
    """

    atol: float
    rtol: float
    own: Mapping[str, tuple[float, float]]

    @classmethod
    def of(cls, atol: float, rtol: float, own: Mapping[str, Any] | None) -> "Tolerances":
        """Check tolerances; a number stands for (number, 0)."""
        pairs = {}
        for name, given in (own or {}).items():
            pair = given if isinstance(given, tuple) else (given, 0.0)
            if len(pair) != 2:
                raise OptionError(f"tolerances[{name!r}]={given!r}: give atol or (atol, rtol).")
            pairs[name] = (float(pair[0]), float(pair[1]))
        for name, pair in {"atol, rtol": (atol, rtol), **pairs}.items():
            if not all(np.isfinite(part) and part >= 0 for part in pair):
                raise OptionError(f"tolerance {name}={pair!r}: give numbers that are not negative.")
        return cls(atol, rtol, pairs)

    def check_names(self, known: Sequence[str]) -> None:
        """Raise `UnknownNameError` for a tolerance of nothing."""
        for name in self.own:
            if name not in known:
                raise UnknownNameError("variable in tolerances", name, known)

    def at(self, name: str, before: np.ndarray) -> np.ndarray:
        """Return the tolerance of each value of a variable."""
        exact = name not in self.own and before.dtype.kind != "f"
        atol, rtol = (0.0, 0.0) if exact else self.own.get(name, (self.atol, self.rtol))
        # An undefined or infinite value has no size that a tolerance could be a share of.
        size = np.where(np.isfinite(before), np.abs(before), 0)
        return np.asarray(atol + rtol * size, np.float64)

    def words(self, name: str) -> str:
        """``0.05``, or ``1e-05 + 0.0001·|baseline|``."""
        atol, rtol = self.own.get(name, (self.atol, self.rtol))
        return f"{atol:g}" + (f" + {rtol:g}·|baseline|" if rtol else "")


class Difference(NamedTuple):
    """One line of the table.

    Attributes
    ----------
    variable, labels, before, now, difference, tolerance : str
        The cells.
    excess : float
        How many times the tolerance it is: the worst stand first.
    """

    variable: str
    labels: str
    before: str
    now: str
    difference: str = ""
    tolerance: str = ""
    excess: float = np.inf

    @property
    def cells(self) -> tuple[str, ...]:
        """What is printed, below `HEAD`."""
        found = self.variable, self.labels, self.before, self.now
        return *found, self.difference, self.tolerance


HEAD = ("variable", "where", "baseline", "now", "difference", "tolerance")


def table(differences: Sequence[Difference], title: str) -> str:
    """Return the differences as text, the worst first."""
    worst = sorted(differences, key=lambda line: -line.excess)
    lines = [HEAD, *(line.cells for line in worst[:ROWS])]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    ]
    rest = [f"  … and {len(worst) - ROWS} more"] if len(worst) > ROWS else []
    return "\n".join([title, *(line.rstrip() for line in text), *rest])


def labels_of(array: "xr.DataArray | xr.Dataset", dim: Any) -> list[Any]:
    """Return the labels along an axis, or its numbers if it has none."""
    return array[dim].values.tolist() if dim in array.coords else list(range(array.sizes[dim]))


def one_sided(name: str, labels: str, *, in_now: bool) -> Difference:
    """Return the difference of what only one of the two has."""
    return (
        Difference(name, labels, "(none)", "new")
        if in_now
        else Difference(name, labels, "there", "missing")
    )


def axes_text(dims: Sequence[Any]) -> str:
    """Return the names of axes as the table shows them."""
    return ", ".join(map(str, dims)) or "none"
