"""Objects as static parts of a pytree, whether or not they can be hashed."""

from typing import Any


class Static:
    """Equal to another one if what it holds is equal, or the same object if that has no hash."""

    def __init__(self, value: Any) -> None:
        self.value = value
        try:
            self._hash: int | None = hash(value)
        except TypeError:  # for example a module with a list among its fields
            self._hash = None

    def __hash__(self) -> int:
        return id(self.value) if self._hash is None else self._hash

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Static):
            return NotImplemented
        if self.value is other.value:
            return True
        hashed = self._hash is not None and self._hash == other._hash
        return hashed and bool(self.value == other.value)

    def __repr__(self) -> str:
        return repr(self.value)
