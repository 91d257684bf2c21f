"""Activations computed elsewhere, in memory or on disk, as an extractor."""

import mmap
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import jax
import numpy as np

from probekit._checks import (
    are_wide_integers,
    check_differences_kept,
    check_rank,
    exact_integers,
    floating,
    is_masked,
    plain,
    shape_text,
)
from probekit._shapes import struct
from probekit.errors import OptionError, ShapeError
from probekit.extractors._paths import check_names, match
from probekit.extractors._protocol import Extractor


@jax.tree_util.register_pytree_node_class
class ArraysExtractor(Extractor):
    """What `arrays` returns."""

    traceable: ClassVar[bool] = False
    indexed: ClassVar[bool] = True

    def __init__(self, arrays: Mapping[str, Any]) -> None:
        self.arrays = dict(arrays)
        self.examples = int(next(iter(self.arrays.values())).shape[0])

    def layers(self, inputs: Any) -> dict[str, jax.ShapeDtypeStruct]:
        """Return the layers, with as many examples as are asked for; None asks for all."""
        count = self.examples if inputs is None else len(inputs)
        return {
            layer: struct(
                (count, *array.shape[1:]),
                _dtype_of(array),
            )
            for layer, array in self.arrays.items()
        }

    def __call__(self, inputs: Any) -> dict[str, Any]:
        """Return these examples, by their numbers; only they are read. None stands for all."""
        rows = np.arange(self.examples) if inputs is None else np.asarray(inputs)
        return {
            layer: exact_integers(f"activations[{layer!r}]", _rows_of(array, rows), whole=False)
            for layer, array in self.arrays.items()
        }

    def __repr__(self) -> str:
        return f"arrays({list(self.arrays)}, examples={self.examples})"

    def tree_flatten(self) -> tuple[tuple[Any, ...], tuple[tuple[str, ...], int]]:
        """Return the arrays, and their names and the number of examples."""
        return tuple(self.arrays.values()), (tuple(self.arrays), self.examples)

    @classmethod
    def tree_unflatten(
        cls, static: tuple[tuple[str, ...], int], leaves: tuple[Any, ...]
    ) -> "ArraysExtractor":
        """Build an extractor anew; leaves may be placeholders."""
        layers, examples = static
        extractor = object.__new__(cls)
        extractor.arrays = dict(zip(layers, leaves, strict=True))
        extractor.examples = examples
        return extractor


def arrays(
    activations: Mapping[str, Any], *, layers: str | Sequence[str] = "**"
) -> ArraysExtractor:
    """Make an extractor of activations that are there already.

    Parameters
    ----------
    activations : mapping of str to array (example, …)
        NumPy, JAX, PyTorch, `xarray.DataArray`, a data frame, a memory map, or anything that has a
        shape and a dtype and can be sliced, such as what `probekit.open_activations` gives. Only
        the examples of a batch are read at a time.
    layers : str or sequence of str
        Globs over the names of the layers to keep.

    Returns
    -------
    Extractor
        Which holds its examples itself: inputs are None.

    Raises
    ------
    OptionError
        If there are none, or the name of a layer is no string.
    ShapeError
        If one has no axes, is not numeric, has another number of examples than the first, or, lying
        in memory, is float64 of which float32 would lose all differences.

    Examples
    --------
    >>> extractor = arrays({"hidden": np.zeros((10, 4)), "logits": np.zeros((10, 2))})
    >>> extractor(np.array([3, 4]))["logits"].shape
    (2, 2)
    """
    if not isinstance(activations, Mapping) or not activations:
        given = "there are none" if isinstance(activations, Mapping) else _kind(activations)
        raise OptionError(f"activations: {given}; give a mapping layer -> array.")
    check_names("activations", activations)
    chosen = {layer: activations[layer] for layer in match(activations, layers)}
    chosen = {
        layer: array if _is_array(array) else plain(array, f"activations[{layer!r}]")
        for layer, array in chosen.items()
    }
    first = next(iter(chosen))
    for layer, array in chosen.items():
        argument = f"activations[{layer!r}]"
        check_rank(argument, array, least=1, most=32)
        if np.dtype(array.dtype).kind not in "biuf" and "float" not in str(array.dtype):
            raise ShapeError(f"{argument}: {shape_text(array)}; it must be numeric.")
        if type(array) is np.ndarray:  # no file, of which a batch at a time is read
            check_differences_kept(argument, array, of_all_columns=True)
        if array.shape[0] != chosen[first].shape[0]:
            raise ShapeError(
                f"{argument}: {array.shape[0]} examples; {first!r} has "
                f"{chosen[first].shape[0]}. Give the same examples in the same order."
            )
    return ArraysExtractor(chosen)


def _kind(activations: Any) -> str:
    return f"a {type(activations).__name__} is no mapping"


def _is_array(array: Any) -> bool:
    """Whether it is sliced and typed as NumPy's are: data frames and PyTorch's tensors are not."""
    return hasattr(array, "shape") and hasattr(array, "dtype") and not hasattr(array, "detach")


def _dtype_of(array: Any) -> Any:
    """Return the dtype that examples are read as: floating for integers that JAX or NaN need so."""
    masked = is_masked(array) and np.dtype(array.dtype).kind in "iub"
    return floating() if masked or are_wide_integers(array.dtype) else _native(array.dtype)


def _native(dtype: Any) -> Any:
    wide = np.dtype(dtype).kind == "f" and np.dtype(dtype).itemsize > 8  # JAX has no such type
    return np.dtype(np.float64) if wide else np.dtype(dtype).newbyteorder("=")


def _rows_of(array: Any, rows: np.ndarray) -> np.ndarray:
    """Read some examples: as a slice where they follow each other, which files read best."""
    if isinstance(array, np.memmap):
        _let_go(array)
    first, last = int(rows[0]), int(rows[-1])
    if np.array_equal(rows, np.arange(first, last + 1)):
        return plain(array[first : last + 1])
    if isinstance(array, np.ndarray | jax.Array):
        return plain(array[rows])
    # A padded last batch repeats its last example; files are not asked for one row many times.
    start, stop = int(rows.min()), int(rows.max()) + 1
    block = plain(array[start:stop])
    chosen: np.ndarray = block[rows - start]
    return chosen


def _let_go(array: np.memmap) -> None:
    """Let go of what was read of a mapped file, or all of it would come to lie in memory."""
    if array.mode != "c" and hasattr(mmap, "MADV_DONTNEED"):  # "c" keeps its changes there
        pages: mmap.mmap = array._mmap  # type: ignore[attr-defined]  # nothing public leads to it
        pages.madvise(mmap.MADV_DONTNEED)
