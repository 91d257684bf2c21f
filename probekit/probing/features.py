"""Features of the inputs: from a mapping, a Dataset or a data frame to one matrix."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from probekit._checks import (
    check_differences_kept,
    check_rank,
    exact_integers,
    floating,
    plain,
    shape_text,
)
from probekit.errors import OptionError, ShapeError
from probekit.probing.classes import (
    Classes,
    check_known,
    classes_of,
    coded,
    is_text,
    joined,
    numbers_of,
)


class Features(NamedTuple):
    """Features of the inputs as one matrix.

    Attributes
    ----------
    names : tuple of str
    widths : tuple of int
        How many columns of `values` each feature has.
    values : array (example, column), float32, or float64 under ``jax_enable_x64``
    """

    names: tuple[str, ...]
    widths: tuple[int, ...]
    values: np.ndarray

    @classmethod
    def of(cls, features: Any, argument: str = "features") -> "Features":
        """Take a mapping of arrays ``(example,)`` or ``(example, k)``, or an `xarray.Dataset`.

        A data frame, as of pandas or Polars, is taken by its columns; its index is not looked at.
        Texts are labels of classes: of two classes they become a column of 0 and 1, of more one
        column a class, which is 1 where an example is of it.

        Raises
        ------
        OptionError
            If there are none, or two have one name.
        ShapeError
            If one is neither numeric nor texts, has another rank, or another number of examples
            than the first; or if two name the same examples in unlike orders; or if texts are
            missing, or hardly any occurs twice.
        """
        arrays = _arrays_of(features, argument)
        return cls._coded(arrays, argument, _classes_in(arrays, argument))

    @classmethod
    def of_all(
        cls, features: Any, *more: Any, arguments: Sequence[str] = ("features", "held_out features")
    ) -> "list[Features]":
        """Take those of the examples to fit on and of others, where classes mean the same.

        Raises what `of` does; and `OptionError` if only some of them are texts.

        Parameters
        ----------
        features, *more
            As `of` takes them.
        arguments : sequence of str
            What errors call each of them.
        """
        first, *others = (
            _arrays_of(*pair) for pair in zip((features, *more), arguments, strict=True)
        )
        classes = known = _classes_in(first, arguments[0])
        for argument, arrays in zip(arguments[1:], others, strict=True):
            check_known(argument, arrays, known)
            also = _classes_in(arrays, argument, recur=False)
            classes = joined(classes, {name: also[name] for name in also if name in known})
        return [
            cls._coded(arrays, argument, classes)
            for argument, arrays in zip(arguments, (first, *others), strict=True)
        ]

    @classmethod
    def _coded(cls, features: dict[Any, np.ndarray], argument: str, classes: Classes) -> "Features":
        columns = [
            _column(f"{argument}[{name!r}]", value, classes.get(name))
            for name, value in features.items()
        ]
        names = tuple(str(name) for name in features)
        _check_names_differ(argument, names)
        for name, column in zip(names, columns, strict=True):
            if len(column) != len(columns[0]):
                raise ShapeError(
                    f"{argument}[{name!r}]: {len(column)} examples; "
                    f"{argument}[{names[0]!r}] has {len(columns[0])}. Give one label per input."
                )
        widths = tuple(column.shape[1] for column in columns)
        return cls(names, widths, np.concatenate(columns, axis=1))

    def by_name(self) -> dict[str, np.ndarray]:
        """Return the columns of each feature, ``(example, k)``."""
        ends = np.cumsum(self.widths)
        return dict(zip(self.names, np.split(self.values, ends[:-1], axis=1), strict=True))

    def in_order_of(self, other: "Features") -> "Features":
        """Return the same features in the order of another's, if they have the same names."""
        if self.names == other.names or sorted(self.names) != sorted(other.names):
            return self
        parts = self.by_name()
        values = [parts[name] for name in other.names]
        widths = tuple(part.shape[1] for part in values)
        return Features(other.names, widths, np.concatenate(values, axis=1))


def _arrays_of(features: Any, argument: str) -> dict[Any, np.ndarray]:
    """Return the features by their names, as NumPy's arrays."""
    features = _by_column(features, argument)
    if not isinstance(features, Mapping) or not features:
        raise OptionError(
            f"{argument}: {_described(features)}; give a mapping name -> array (example,)."
        )
    features = {name: _examples_first(value) for name, value in features.items()}
    _check_labels_agree(argument, features)
    return {name: _array(f"{argument}[{name!r}]", value) for name, value in features.items()}


def _classes_in(arrays: Mapping[Any, np.ndarray], argument: str, *, recur: bool = True) -> Classes:
    """Return the classes of those that are texts."""
    return {
        name: classes_of(f"{argument}[{name!r}]", value, recur=recur)
        for name, value in arrays.items()
        if is_text(value)
    }


def _array(argument: str, value: Any) -> np.ndarray:
    array = plain(value, argument)
    if array.dtype == object and not is_text(array):
        array = numbers_of(argument, array)
    return array


def _by_column(features: Any, argument: str) -> Any:
    """Return the columns of a data frame by their names; whatever else there is as it is."""
    names = getattr(features, "columns", None)
    fields = getattr(getattr(features, "dtype", None), "names", None)
    if fields and features.ndim == 1:  # a structured array, as of numpy.genfromtxt
        return {name: features[name] for name in fields}
    if names is None or isinstance(features, Mapping) or callable(names):
        return features
    names = [*names]
    if not all(isinstance(name, str | int | tuple) for name in names):
        return features
    _check_names_differ(argument, names, things="two columns")
    return {name: features[name] for name in names}


def _check_names_differ(argument: str, names: Sequence[Any], *, things: str = "two") -> None:
    twice = [name for place, name in enumerate(names) if name in names[:place]]
    if twice:
        raise OptionError(f"{argument}: {things} are named {twice[0]!r}; rename one of them.")


def _described(features: Any) -> str:
    empty = isinstance(features, Mapping)
    return "there are none" if empty else f"a {type(features).__name__} is no mapping"


def _examples_first(value: Any) -> Any:
    """Return a DataArray with its dim ``example`` first; whatever else there is as it is."""
    dims = getattr(value, "dims", ())
    return value.transpose("example", ...) if "example" in dims else value


def _check_labels_agree(argument: str, features: Mapping[str, Any]) -> None:
    """Raise if DataArrays label their examples in unlike ways: rows would be of unlike examples."""
    first: dict[str, tuple[str, Any]] = {}
    for name, value in features.items():
        dim = next(iter(getattr(value, "dims", ())), None)
        if dim is None or dim not in getattr(value, "indexes", {}):
            continue
        known, labels = first.setdefault(dim, (name, value.indexes[dim]))
        if not labels.equals(value.indexes[dim]):
            raise ShapeError(
                f"{argument}[{name!r}]: its {dim!r} labels are not those of "
                f"{argument}[{known!r}]; align them first, e.g. with xarray.align."
            )


def _column(argument: str, value: np.ndarray, classes: np.ndarray | None) -> np.ndarray:
    if classes is not None:
        return coded(value, classes)
    if is_text(value):
        raise OptionError(
            f"{argument}: {shape_text(value)}, texts; those to fit on are numbers. Give the same."
        )
    if value.dtype.kind not in "biuf" and value.dtype.name != "bfloat16":
        raise ShapeError(f"{argument}: {shape_text(value)}; it must be numeric, or texts.")
    check_rank(argument, value, least=1, most=2)
    if 0 in value.shape[1:]:
        raise ShapeError(f"{argument}: {shape_text(value)}; at least 1 column is needed.")
    value = value[:, None] if value.ndim == 1 else value
    check_differences_kept(argument, value)
    with np.errstate(over="ignore"):  # what does not fit becomes infinite, and the score NaN
        column: np.ndarray = exact_integers(argument, value).astype(floating())
    return column
