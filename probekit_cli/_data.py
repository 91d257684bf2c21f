"""Data on the command line: activations and features in files, without any Python of the user."""

import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from probekit.errors import MissingExtraError, OptionError, UnknownNameError, suggestion
from probekit_cli._models import Model, Source

if TYPE_CHECKING:
    import numpy as np

SUFFIXES = (".npz", ".npy", ".csv", ".tsv", ".parquet")
METAVAR = "FILE[:NAME,…]"
_OBJECTS = ("Object arrays cannot be loaded", "Python objects in dtype")
"""What NumPy says of files that would have to be unpickled."""


class DataSource:
    """Activations in a file: of .npz each array is a layer, of anything else the whole.

    Parameters
    ----------
    address : str
        The file.
    layers : list of str
        Globs over the layers of an .npz; others are not read.
    without : str
        The file and names that are features, ``FILE:NAME,…``: these are no layers.
    """

    def __init__(self, address: str, layers: list[str], without: str | None = None) -> None:
        self.address, self.path, self._layers = address, Path(address), layers
        path, names = _parted(without) if without else (None, [])
        self._without = names if path is not None and _same(path, self.path) else []
        self._whole_is_features = bool(path and _same(path, self.path) and not names)
        _check_there(self.path)

    def model(self, *arguments: Any) -> Model:
        """Return an extractor of the activations."""
        import probekit as pk

        if arguments:
            raise OptionError(f"{self.address}: is no function; --checkpoints needs one.")
        if self._whole_is_features:
            raise OptionError(
                f"--features {self.path}: holds the activations too. Name what is a feature: "
                f"--features {self.path}:NAME,…"
            )
        return Model(pk.extractors.arrays(self._arrays()))

    @contextmanager
    def blamed(self, *, everything: bool = False) -> Iterator[None]:
        """Do nothing: what goes wrong is not of a file of Python."""
        del everything
        yield

    def _arrays(self) -> "dict[str, np.ndarray]":
        from probekit.extractors import match

        def wanted(names: list[str]) -> list[str]:
            rest = [name for name in names if name not in self._without]
            return list(match(rest, tuple(self._layers))) if self._layers else rest

        if self.path.suffix == ".npz":
            return _read_npz(self.path, wanted)
        if self.path.suffix == ".npy":
            return {self.path.stem: _read_npy(self.path)}
        columns = {
            name: column
            for name, column in _read_table(self.path).items()
            if name not in self._without
        }
        return {self.path.stem: _units_of(self.path, columns)}


def source_of(address: str, layers: list[str], features: str | None = None) -> Source | DataSource:
    """Return what an address means: a function in a Python file, or a file of activations."""
    if address.endswith(SUFFIXES):
        return DataSource(address, layers, features)
    return Source(address)


def read_features(address: str) -> dict[str, Any]:
    """Return the features in a file, ``FILE`` or ``FILE:NAME,…``, by their names."""
    path, names = _parted(address)
    if not path.name.endswith(SUFFIXES):
        raise OptionError(
            f"--features {address}: give a file that ends in {', '.join(SUFFIXES)}, or "
            f"{METAVAR} for some of its columns."
        )
    _check_there(path, "--features ")

    def wanted(known: list[str]) -> list[str]:
        for name in names:
            if name not in known:
                raise UnknownNameError(f"feature in {path}:", name, known)
        return names or known

    if path.suffix == ".npz":
        return dict(_read_npz(path, wanted))
    if path.suffix == ".npy":
        array = _read_npy(path)
        columns = {n: array[n] for n in array.dtype.names or ()} or {path.stem: array}
    else:
        columns = _read_table(path)
    return {name: columns[name] for name in wanted([*columns])}


def _parted(address: str) -> tuple[Path, list[str]]:
    """Return the file and the names in it that were given."""
    file, _, names = address.rpartition(":")
    if not file or Path(address).exists() or names.endswith(SUFFIXES):
        return Path(address).expanduser(), []
    return Path(file).expanduser(), [name.strip() for name in names.split(",") if name.strip()]


def _same(a: Path, b: Path) -> bool:
    return a.exists() and b.exists() and a.samefile(b)


def _check_there(path: Path, option: str = "") -> None:
    if path.is_file():
        return
    names = sorted(one.name for one in path.parent.glob("*") if one.name.endswith(SUFFIXES))
    there = suggestion(path.name, names) if names else "."
    raise OptionError(f"{option}{path}: there is no such file{there}")


def _read_npy(path: Path) -> "np.ndarray":
    import numpy as np

    with _reading(path):
        array: np.ndarray = np.load(path, mmap_mode="r")  # read piece by piece, however large
    return array


def _read_npz(path: Path, wanted: Callable[[list[str]], list[str]]) -> "dict[str, np.ndarray]":
    import numpy as np

    with _reading(path):
        file: Any = np.load(path)
    if isinstance(file, np.ndarray):  # of one array, under a wrong name
        return dict.fromkeys(wanted([path.stem]), file)
    arrays = {}
    with file:
        for name in wanted([*file]):
            with _reading(path, name):
                arrays[name] = file[name]
    if not arrays:
        raise OptionError(f"{path}: holds no arrays.")
    return arrays


@contextmanager
def _reading(path: Path, name: str = "") -> Iterator[None]:
    """Say in one line what is wrong with a file of NumPy's."""
    where = f"{path}: {name!r}" if name else f"{path}:"
    try:
        yield
    except (ValueError, EOFError, OSError, zipfile.BadZipFile) as error:
        text = str(error)
        if any(part in text for part in _OBJECTS):
            raise OptionError(
                f"{where} holds Python objects, which are not read, as they may run code. Save "
                "numbers, or texts by array.astype(str)."
            ) from None
        raise OptionError(f"{path}: is damaged, or no file of NumPy ({path.suffix}).") from None


def _read_table(path: Path) -> dict[str, Any]:
    """Return the columns of a table by their names."""
    frame = _read_parquet(path) if path.suffix == ".parquet" else _read_text(path)
    if not len(frame.columns) or not len(frame):
        raise OptionError(f"{path}: holds no rows.")
    names = [str(name) for name in frame.columns]
    _check_names_differ(path, names)
    return {name: frame[column] for name, column in zip(names, frame.columns, strict=True)}


def _check_names_differ(path: Path, names: Sequence[str]) -> None:
    twice = [name for place, name in enumerate(names) if name in names[:place]]
    if twice:
        raise OptionError(f"{path}: two columns are named {twice[0]!r}; rename one of them.")


def _read_text(path: Path) -> Any:
    import pandas as pd  # type: ignore[import-untyped]  # comes with xarray

    settings: dict[str, Any] = {"sep": "\t" if path.suffix == ".tsv" else ","}
    try:
        head = pd.read_csv(path, header=None, nrows=2, dtype=str, **settings)
        names = head.iloc[0].tolist()
        # Numbers are no names, unless they count the columns, as those of pandas.
        counted = len(names) > 1 and names == [str(place) for place in range(len(names))]
        if all(map(_is_number, names)) and not counted:
            return pd.read_csv(path, header=None, **settings)  # no names: columns are numbered
        _check_separator(path, head)
        # Here, as pandas would rename one of two.
        _check_names_differ(path, [name for name in names if isinstance(name, str)])
        # The first column of what `DataFrame.to_csv` writes has no name: numbers of the rows.
        index = 0 if not isinstance(names[0], str) and len(names) > 1 else False
        return pd.read_csv(path, index_col=index, **settings)
    except pd.errors.EmptyDataError:
        raise OptionError(f"{path}: is empty.") from None
    except pd.errors.ParserError as error:
        reason = str(error).removeprefix("Error tokenizing data. C error: ").strip()
        raise OptionError(f"{path}: cannot be read as a table: {reason}.") from None
    except UnicodeDecodeError as error:
        raise OptionError(f"{path}: is no text in UTF-8 (byte {error.start}).") from None


def _check_separator(path: Path, head: Any) -> None:
    """Raise `OptionError` if the one column of a table is several, of another kind of table."""
    kinds = {"\t": "tabs; name it .tsv", ",": "','; name it .csv", ";": "';'; separate them by ','"}
    rows = [str(row) for row in head[0]]
    for separator, remedy in kinds.items() if head.shape == (2, 1) else ():
        if 0 < rows[0].count(separator) == rows[1].count(separator):
            raise OptionError(f"{path}: its columns are separated by {remedy}.")


def _is_number(text: Any) -> bool:
    try:
        float(text)
    except (TypeError, ValueError):
        return False
    return isinstance(text, str)


def _read_parquet(path: Path) -> Any:
    import pandas as pd

    try:
        try:
            return pd.read_parquet(path)
        except ImportError:
            import polars  # type: ignore[import-not-found]  # reads it without pyarrow

            return polars.read_parquet(path)
    except ImportError:
        raise MissingExtraError("pyarrow", extra="parquet", needed_for="files of Parquet") from None
    except Exception as error:  # whatever the library that reads it raises
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise OptionError(f"{path}: cannot be read as Parquet: {reason}") from None


def _units_of(path: Path, columns: dict[str, Any]) -> "np.ndarray":
    """Return the columns of a table as the units of one layer."""
    import numpy as np

    arrays = []
    for name, column in columns.items():
        array = np.asarray(column)
        if array.dtype.kind not in "biuf":
            first = next(value for value in array.tolist() if not isinstance(value, int | float))
            raise OptionError(
                f"{path}: column {name!r} holds {str(first)!r:.40}, which is no number. Units of a "
                f"layer are numbers; if it is a feature, give --features {path}:{name}."
            )
        arrays.append(array.astype(np.float32))
    if not arrays:
        raise OptionError(f"{path}: no column is left for the layer; all are features.")
    return np.stack(arrays, axis=1)
