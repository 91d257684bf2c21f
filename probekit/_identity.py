"""Objects as keys, whatever their classes say of equality, or if they have no hash."""

from typing import Any


class Same:
    """An object that equals itself alone; held, so that no other has its identity later."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)
