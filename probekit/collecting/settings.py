"""What can be said of any run, whatever the task."""

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """What can be said of any run; see `probekit.run`. None leaves it to the task."""

    estimators: Any = None
    layers: Any = None
    store_activations: Any = None
    every: int | None = None
    storage: Any = None
    vectorized: bool | None = None
    overwrite: bool = False
    resume: bool = False
    durable: bool = False

    def chosen(self) -> dict[str, Any]:
        """Return what is given about what is computed, as arguments of `probekit.run`."""
        names = ("estimators", "layers", "store_activations", "every", "storage", "vectorized")
        values = {name: getattr(self, name) for name in names}
        return {name: value for name, value in values.items() if value not in (None, (), [])}
