"""Labels of classes: features that are texts, from names to columns of numbers."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from probekit._checks import floating, shape_text
from probekit.errors import OptionError, ShapeError

Classes = dict[str, np.ndarray]
"""For each feature of texts the classes that there are, in the order of the alphabet."""


def is_text(value: np.ndarray) -> bool:
    """Whether an array is one of labels: texts, or such objects as stand for missing ones."""
    if value.dtype != object:
        return value.dtype.kind in "UST"
    some = [label for label in value.ravel().tolist() if not is_missing(label)]
    return bool(some) and all(isinstance(label, str | bytes) for label in some)


def is_missing(label: Any) -> bool:
    """Whether it stands for a label that is not known: None, NaN, or what data frames have."""
    if label is None or type(label).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(label, float | np.floating) and bool(np.isnan(label))


def numbers_of(argument: str, value: np.ndarray) -> np.ndarray:
    """Return an array of objects as one of numbers, what is missing as NaN.

    Raises
    ------
    ShapeError
        If some of them are none, or whole numbers too large for their differences.
    """
    flat = value.ravel().tolist()
    for place, label in enumerate(flat):
        if not is_missing(label) and not isinstance(label, int | float | np.number | np.bool_):
            raise ShapeError(
                f"{argument}: {shape_text(value)}, the first that is no number is {label!r:.40} "
                f"(example {place}); give numbers, or texts alone."
            )
    whole = [label for label in flat if isinstance(label, int)]
    low, high = min(whole, default=0), max(whole, default=0)
    # Python's own, which NumPy has no type for; differences that float64 keeps are checked later.
    if low < high and max(-low, high) > 1000 * (high - low) and max(-low, high) >= 1 << 53:
        raise ShapeError(
            f"{argument}: whole numbers from {low} to {high}; such differences are lost in "
            f"{floating()}. Subtract an offset first."
        )
    known = [np.nan if is_missing(label) else label for label in flat]
    return np.array(known, float).reshape(value.shape)


def classes_of(argument: str, value: np.ndarray, *, recur: bool = True) -> np.ndarray:
    """Return the classes that occur; they have to `recur`, or they are none.

    Raises
    ------
    ShapeError
        If there is more than one label an example, one is missing, or hardly any occurs twice.
    """
    if value.ndim != 1:
        raise ShapeError(f"{argument}: {shape_text(value)}; texts are labels, one an example.")
    missing = [place for place, label in enumerate(value.tolist()) if is_missing(label)]
    if missing:
        raise ShapeError(
            f"{argument}: {len(missing)} labels are missing, the first of example {missing[0]}; "
            "leave such examples out, or give them a class of their own."
        )
    classes = np.unique(_as_texts(value))
    if recur and len(classes) > max(2, len(value) // 2):
        raise ShapeError(
            f"{argument}: {len(classes)} different texts, such as {str(classes[0])!r:.40}, of "
            f"{len(value)} examples; labels of classes recur. Give classes or numbers."
        )
    return classes


def joined(a: Classes, b: Classes) -> Classes:
    """Return the classes of two sets of examples: one may have what the other has not."""
    both = {name: np.unique(np.concatenate([a[name], b[name]])) for name in a if name in b}
    return {**a, **b, **both}


def coded(value: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return a column of 0 and 1 for two classes, or one a class for more.

    Examples
    --------
    >>> coded(np.array(["no", "yes"]), np.array(["no", "yes"])).tolist()
    [[0.0], [1.0]]
    >>> coded(np.array(["c", "a"]), np.array(["a", "b", "c"])).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    member: np.ndarray = _as_texts(value)[:, None] == classes
    if len(classes) <= 2:
        member = member[:, -1:] if len(classes) == 2 else ~member
    columns: np.ndarray = member.astype(np.float32)
    return columns


def check_known(argument: str, given: Mapping[str, Any], classes: Classes) -> None:
    """Raise unless the same features are texts on both sides."""
    for name in given.keys() & classes.keys():
        if not is_text(given[name]):
            raise OptionError(
                f"{argument}[{name!r}]: {shape_text(given[name])}; those to fit on are texts. "
                "Give the same."
            )


def _as_texts(value: np.ndarray) -> np.ndarray:
    if value.dtype.kind == "S":
        decoded: np.ndarray = np.char.decode(value, "utf-8", "replace")
        return decoded
    texts = (t.decode("utf-8", "replace") if isinstance(t, bytes) else t for t in value.tolist())
    return value if value.dtype.kind == "U" else np.array([*texts], str)
