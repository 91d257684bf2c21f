"""What all kinds of uncertainty share, and what they may be asked for."""

import abc
import dataclasses
import zlib
from typing import Any, Literal, Self, get_args

import numpy as np

from probekit._checks import check_count
from probekit.errors import OptionError
from probekit.inference.labels import numbered

Alternative = Literal["greater", "less", "two-sided"]
ALTERNATIVES: tuple[Alternative, ...] = get_args(Alternative)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Uncertainty(abc.ABC):
    """What `Bootstrap`, `Permutation` and `CrossValidation` share; abstract.

    Parameters
    ----------
    groups : array (example,), optional
        Label of the group, such as condition, subject or session, of each example.
    seed : int
        Of what is drawn at random.
    """

    groups: Any = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the options."""
        check_count("seed", self.seed, 0)

    @abc.abstractmethod
    def check(self, examples: int) -> None:
        """Raise `OptionError` if so many examples, or the groups they are in, cannot be drawn.

        Parameters
        ----------
        examples : int
            Those that are scored; there must be as many labels in `groups`.
        """

    def at(self, rows: np.ndarray) -> Self:
        """Return the same for these of the examples.

        Parameters
        ----------
        rows : array (row,), int
            Numbers from 0 of the examples that are left, in the order that they then have.
        """
        if self.groups is None:
            return self
        return dataclasses.replace(self, groups=np.asarray(self.groups)[rows])

    def places(self, examples: int) -> np.ndarray:
        """Return the number of each example's group, from 0; each its own if there are none.

        Parameters
        ----------
        examples : int

        Returns
        -------
        array (example,), int
            In the order of the sorted labels.

        Raises
        ------
        ShapeError
            Unless `groups` has one label for each example.
        OptionError
            If labels are missing.
        """
        if self.groups is None:
            return np.arange(examples)
        return numbered(self.groups, examples)

    def drawn(self, examples: int) -> int:
        """Return how many groups there are, or examples if there are none.

        Parameters
        ----------
        examples : int
        """
        return int(self.places(examples).max(initial=-1)) + 1

    def text(self) -> str:
        """Return the repr, with groups by their number and a checksum of which they are."""
        options = ((field.name, getattr(self, field.name)) for field in dataclasses.fields(self))
        texts = (
            f"{name}={_plain(value)!r}"
            if np.ndim(value) == 0
            else f"{name}={self._sum_of_groups()}"
            for name, value in options
        )
        return f"{type(self).__name__}({', '.join(texts)})"

    def _sum_of_groups(self) -> str:
        places = self.places(len(self.groups))
        return f"<{places.max() + 1}:{zlib.crc32(places.astype('<i8').tobytes()):08x}>"

    def _things(self) -> str:
        return "examples" if self.groups is None else "groups"


def check_kind(uncertainty: Any, kinds: tuple[type[Uncertainty], ...]) -> None:
    """Raise `OptionError` unless it is an instance of one of these kinds.

    Parameters
    ----------
    uncertainty : object
        What was given, whatever it is.
    kinds : tuple of type
        Those that the caller can do something with.

    Raises
    ------
    OptionError
        It names what was given, a class for an instance too, and the kinds.
    """
    if not isinstance(uncertainty, kinds):
        is_class = isinstance(uncertainty, type)
        name = uncertainty.__name__ if is_class else type(uncertainty).__name__
        raise OptionError(
            f"uncertainty: {'the class' if is_class else 'a'} {name}; "
            f"give {' or '.join(f'a {kind.__name__}()' for kind in kinds)}."
        )


def _plain(value: Any) -> Any:
    """Return a number of NumPy as Python's, which is written otherwise."""
    return value.item() if isinstance(value, np.generic) else value
