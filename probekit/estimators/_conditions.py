"""What estimators of the conditions, or classes, that a feature names have in common."""

import dataclasses
from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np

from probekit._checks import check_count
from probekit.errors import OptionError, ShapeError
from probekit.estimators._protocol import Estimator
from probekit.measures.conditions import DEFAULT_CONDITIONS, conditions_in
from probekit.statistics import GroupExamples


@dataclasses.dataclass(frozen=True, kw_only=True)
class OfConditions(Estimator):
    """A score of the examples of each condition that a feature names; abstract.

    A final class says in its documentation what `conditions` and `edges` are.
    """

    conditions: int | None = None
    edges: tuple[tuple[float, ...], ...] = ()

    def __post_init__(self) -> None:
        """Check the options."""
        if self.conditions is not None:
            check_count("conditions", self.conditions, 2)
            if self.edges:
                raise OptionError("conditions, edges: give one of them.")

    def adapted(self, features: Mapping[str, np.ndarray]) -> Self:
        """Find what conditions there are in each feature, unless that is given."""
        if self.conditions is not None or self.edges:
            return self
        edges = tuple(self._edges(name, values) for name, values in features.items())
        return dataclasses.replace(self, edges=edges)

    def _edges(self, name: str, values: np.ndarray) -> tuple[float, ...]:
        """Return where the conditions of a feature begin; of several columns each is one."""
        columns = values.shape[1]
        if columns == 1:
            return conditions_in(values[:, 0])
        known = np.isfinite(values).all(axis=1)
        if not (np.isin(values[known], (0, 1)).all() and (values[known].sum(axis=1) == 1).all()):
            raise ShapeError(
                f"features[{name!r}]: {columns} columns, not of classes (one of them 1, the others "
                f"0); {self.name!r} is of classes or conditions. Give one column, or labels."
            )
        return tuple(map(float, range(1, columns)))

    @property
    def groups(self) -> int:
        """How many conditions a feature has at most."""
        if self.edges:
            return max(2, 1 + max(map(len, self.edges)))
        return self.conditions or DEFAULT_CONDITIONS


class OfClassExamples(OfConditions):
    """The same of some examples of each class; abstract.

    A final class declares `examples`, how many of each are kept, as a field.
    """

    kind = "encoding"
    distinct = True
    least_examples: ClassVar[int] = 1
    examples: int

    def __post_init__(self) -> None:
        """Check the options."""
        super().__post_init__()
        check_count("examples", self.examples, self.least_examples)

    @property
    def statistic(self) -> GroupExamples:
        """Some examples of each class."""
        return GroupExamples(groups=self.groups, capacity=self.examples, edges=self.edges)
