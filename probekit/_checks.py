"""Checks of arguments that recur: each raises one line that names the argument and the remedy.

Of arrays they look only at `shape` and `dtype`, never at values, so that they work on tracers too;
but for `exact_integers` and `plain`, which are for arrays on the host.
"""

import warnings
from collections.abc import Iterable
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from probekit.errors import Argument, OptionError, ProbekitWarning, ShapeError, suggestion

if TYPE_CHECKING:
    import numpy as np


def shape_text(array: Any) -> str:
    """Shape and dtype of an array, as error messages quote them."""
    return f"shape {tuple(array.shape)}, dtype {array.dtype}"


def check_choice(argument: str, value: str, choices: Iterable[str]) -> None:
    """Raise `OptionError` unless `value` is one of `choices`."""
    choices = tuple(choices)
    if not isinstance(value, str) or value not in choices:
        raise OptionError(
            Argument(argument, value), f": not a choice{suggestion(str(value), choices)}"
        )


def check_number(argument: str, value: Any) -> None:
    """Raise `OptionError` unless the value is a number, or an array of one."""
    if not isinstance(value, Real) and getattr(value, "shape", None) != ():
        raise OptionError(f"{argument}={value!r:.60}: must be a number.")


def check_numbers(argument: str, values: Any) -> None:
    """Raise `OptionError` unless the values are several numbers, as in a tuple."""
    if isinstance(values, str | dict) or not isinstance(values, Iterable):
        raise OptionError(f"{argument}={values!r:.60}: must be a tuple of numbers.")
    for value in values:
        check_number(argument, value)


def check_flag(argument: str, value: Any) -> None:
    """Raise `OptionError` unless the value is True or False."""
    if type(value).__name__ not in ("bool", "bool_"):
        raise OptionError(f"{argument}={value!r:.60}: must be True or False.")


def check_at_least(argument: str, value: float, least: float) -> None:
    """Raise `OptionError` unless ``value >= least`` (NaN is refused too)."""
    check_number(argument, value)
    if not value >= least:
        raise OptionError(Argument(argument, value), f": must be at least {least}.")


def check_at_most(argument: str, value: float, most: float) -> None:
    """Raise `OptionError` unless ``value <= most`` (NaN is refused too)."""
    if not value <= most:
        raise OptionError(Argument(argument, value), f": must be at most {most}.")


def check_count(argument: str, value: Any, least: int) -> None:
    """Raise `OptionError` unless the value is a whole number and at least `least`."""
    if not isinstance(value, Integral):
        raise OptionError(Argument(argument, value), f": must be a whole number, at least {least}.")
    check_at_least(argument, int(value), least)


def check_seed(seed: Any) -> None:
    """Raise `OptionError` unless the value is a seed of NumPy's generators."""
    check_count("seed", seed, 0)
    if seed >= 1 << 32:
        raise OptionError(Argument("seed", seed), ": must be less than 2**32.")


def check_positive(argument: str, value: float) -> None:
    """Raise `OptionError` unless ``value > 0``."""
    check_number(argument, value)
    if not value > 0:
        raise OptionError(Argument(argument, value), ": must be greater than 0.")


def check_confidence(confidence: Any) -> None:
    """Raise `OptionError` unless the confidence of an interval lies between 0 and 1."""
    if not isinstance(confidence, Real) or not 0 < float(confidence) < 1:
        raise OptionError(Argument("confidence", confidence), ": must lie between 0 and 1.")


def warn_of_no_effect(argument: str, value: Any, beside: str, *, stacklevel: int = 3) -> None:
    """Warn that what was given changes nothing, beside what else was given or was not.

    `stacklevel` is as `warnings.warn` takes it, counted from the caller.
    """
    warnings.warn(
        f"{argument}={value!r}: has no effect {beside}; leave it out.",
        ProbekitWarning,
        stacklevel=stacklevel + 1,
    )


def check_rank(argument: str, array: Any, *, least: int, most: int) -> None:
    """Raise `ShapeError` unless the number of axes lies within bounds."""
    if not least <= len(array.shape) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        raise ShapeError(f"{argument}: {shape_text(array)}; it must have {wanted} axes.")


def check_between(argument: str, value: Any, low: float, high: float) -> None:
    """Raise `OptionError` unless the value is a number above `low` and below `high`."""
    check_number(argument, value)
    if not low < float(value) < high:
        raise OptionError(f"{argument}={value!r:.60}: must be above {low:g} and below {high:g}.")


def check_same_examples(name_a: str, a: Any, name_b: str, b: Any) -> None:
    """Raise `ShapeError` unless both arrays have the same first axis (the examples)."""
    if a.shape[0] != b.shape[0]:
        raise ShapeError(
            f"{name_b}: {b.shape[0]} examples; {name_a} has {a.shape[0]}. "
            "Give the same examples in the same order."
        )


def check_examples(argument: str, array: Any, *, least: int = 1) -> None:
    """Raise `ShapeError` if there are fewer than `least` examples."""
    if array.shape[0] < least:
        raise ShapeError(f"{argument}: {array.shape[0]} examples; at least {least} are needed.")


def are_wide_integers(dtype: Any) -> bool:
    """Return whether whole numbers of this type may be too large for float32."""
    import numpy as np

    return np.dtype(dtype).kind in "iu" and np.dtype(dtype).itemsize >= 4


def floating() -> "np.dtype[Any]":
    """Return what whole numbers become: float32, or float64 under ``jax_enable_x64``."""
    import jax
    import numpy as np

    return np.dtype("float64" if jax.config.values["jax_enable_x64"] else "float32")


def exact_integers(argument: str, array: "np.ndarray", *, whole: bool = True) -> "np.ndarray":
    """Return integers of 32 bits and more as `floating`; whatever else there is as it is.

    Raises `ShapeError` if the differences of some unit are lost in that, or unless this is the
    `whole` those of all: units of a batch may differ more in another. float32 holds whole numbers
    up to 2²⁴ exactly, and larger ones to 24 bits. JAX would make int32 of them, and they would
    wrap.
    """
    import numpy as np

    if not are_wide_integers(array.dtype) or not array.size:
        return array
    dtype = floating()
    exact = 1 << (np.finfo(dtype).nmant + 1)
    if max(-int(array.min()), int(array.max())) > exact:
        axis = 0 if whole else None
        ends = array.min(axis=axis), array.max(axis=axis)
        low, high = (np.reshape(end, -1).tolist() for end in ends)  # Python's: they do not overflow
        for least, most in zip(low, high, strict=True):
            if least < most and max(-least, most) > max(exact, 1000 * (most - least)):
                raise ShapeError(
                    f"{argument}: dtype {array.dtype}, from {least} to {most}; such differences "
                    f"are lost in {dtype}. Subtract an offset first."
                )
    return array.astype(dtype)


def check_differences_kept(
    argument: str, array: "np.ndarray", *, of_all_columns: bool = False
) -> None:
    """Raise `ShapeError` if the differences of a column of floats are lost in `floating`.

    As those of times since 1970 are: a column would have a few values, or one. So are those of
    numbers that are 0 to JAX, which knows none below the least normal one, 1e-38 of float32. With
    `of_all_columns` only if no column is left that varies: a saturated unit is none among many.
    """
    import numpy as np

    dtype = floating()
    if not isinstance(array, np.ndarray) or array.dtype.kind != "f" or not array.size:
        return
    lost = None
    for column in array.reshape(len(array), -1).T:
        known = column[np.isfinite(column)]
        low, high = known.min(initial=np.inf), known.max(initial=-np.inf)
        if not low < high:
            continue
        remedy = _remedy_of_loss(known, low, high, dtype)
        if remedy is None and of_all_columns:
            return
        if remedy is not None:
            lost = lost or (low, high, remedy)
    if lost is not None:
        raise ShapeError(
            f"{argument}: dtype {array.dtype}, from {lost[0]!s} to {lost[1]!s}; such differences "
            f"are lost in {dtype}. {lost[2]} first."
        )


def _remedy_of_loss(
    column: "np.ndarray", low: float, high: float, dtype: "np.dtype[Any]"
) -> str | None:
    """Return what to do with numbers between two ends lest they are lost in a type; None if not."""
    if column.dtype.itemsize > dtype.itemsize and _is_lost(column, low, high, dtype):
        return "Subtract an offset"
    return "Multiply by a large number" if _vanish(column, low, high, dtype) else None


def _vanish(column: "np.ndarray", low: float, high: float, dtype: "np.dtype[Any]") -> bool:
    """Whether some numbers become 0 that are not, beside others that are hardly larger."""
    import numpy as np

    least = float(np.finfo(dtype).tiny)
    if max(-low, high) >= 2**12 * least:
        return False
    return bool(((np.abs(column) < least) & (column != 0)).any())


def _is_lost(column: "np.ndarray", low: float, high: float, dtype: "np.dtype[Any]") -> bool:
    """Whether numbers between two ends differ too little for their size, in a narrower type.

    Differences that float64 itself hardly holds are rounding, of a column that is constant.
    """
    import numpy as np

    size, spread = max(-low, high), high - low
    if not 1e-13 * size < spread < 1e-5 * size:
        return False
    with np.errstate(over="ignore"):
        return bool((column.astype(dtype) != column).any())


def is_masked(array: Any) -> bool:
    """Whether a mask of NumPy hides something; arrays of pandas have masks of another kind."""
    import numpy as np

    return isinstance(array, np.ma.MaskedArray) and bool(np.ma.is_masked(array))


def plain(array: Any, argument: str = "array") -> "np.ndarray":
    """Return an array of NumPy's own; what a mask hides is NaN: it is no number, whatever is there.

    Tensors of PyTorch are taken from their device, without the gradient, bfloat16 as float32.

    >>> import numpy as np
    >>> plain(np.ma.masked_greater([1, 2, 999], 9)).tolist()
    [1.0, 2.0, nan]
    """
    import numpy as np

    if hasattr(array, "detach"):  # PyTorch's: NumPy takes none with a gradient, nor bfloat16
        array = array.detach().cpu()
        array = array.float() if "bfloat16" in str(array.dtype) else array
    if not is_masked(array):
        try:
            array = np.asarray(array)
        except ValueError:
            raise ShapeError(
                f"{argument}: a {type(array).__name__} of rows of unlike length; give rows of one."
            ) from None
        if array.dtype.kind == "f" and array.dtype.itemsize > 8:  # JAX has no such type
            array = array.astype(np.float64)
        # JAX takes no array in another machine's order of bytes.
        native: np.ndarray = array.astype(array.dtype.newbyteorder("="), copy=False)
        return native
    if array.dtype.kind != "f":
        exact_integers(argument, array.compressed())
        array = array.astype(floating() if array.dtype.kind in "iub" else np.float32)
    return np.asarray(array.filled(np.nan))
