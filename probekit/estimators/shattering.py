"""In how many ways the conditions that features make can be told apart by planes."""

import dataclasses
from collections.abc import Mapping
from typing import Self

import jax
import numpy as np

from probekit.errors import OptionError
from probekit.estimators._readout import reported
from probekit.estimators.decoding import OfClassifier
from probekit.measures.columns import Columns
from probekit.measures.conditions import conditions_in
from probekit.measures.regression import DEFAULT_PENALTY
from probekit.measures.shattering import (
    DEFAULT_DICHOTOMIES,
    SET,
    Shattering,
    shattering_options,
    shattering_score,
)
from probekit.statistics import ExamplesState
from probekit.variables import Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class ShatteringDimensionality(OfClassifier):
    """How well a plane divides the conditions that all features make, however they are divided.

    As `probekit.measures.shattering_dimensionality`, on `examples` examples of each split. A
    condition is a combination of the classes of all features: one number a layer. Of one feature
    with several classes, the conditions are these.

    Parameters
    ----------
    dichotomies : int
        In how many ways conditions are divided at most; if there are more, so many are drawn.
    seed : int
        Of the draw; the same ones in every layer and epoch.
    penalty : float
        Strength of the penalty as a fraction of the mean unit's variance.
    edges : tuple of tuple of float
        For each column of the features where classes begin, but for the first. Unless given, each
        value of a column is a class if it has at most 10 of them, and else the lowest, middle and
        highest third of the fitted examples are. `probekit.run` finds them in the examples of its
        first seed.
    examples : int
        How many examples of each split are kept.
    name : str
        Name of the variable.
    """

    dichotomies: int = DEFAULT_DICHOTOMIES
    seed: int = 0
    penalty: float = DEFAULT_PENALTY
    edges: tuple[tuple[float, ...], ...] = ()
    examples: int = 256
    name: str = "shattering_dimensionality"
    joint = True
    invariances = frozenset({"translation", "scaling", "rotation", "permutation"})

    def __post_init__(self) -> None:
        """Check the options."""
        super().__post_init__()
        self._options(0)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The mean accuracy."""
        return (
            Variable(
                self.name,
                long_name="accuracy of dividing conditions in halves (shattering dimensionality)",
                valid_range=(0.0, 1.0),
                references="Bernardi et al. 2020, The geometry of abstraction",
                also_constant="features of one combination",
            ),
        )

    def adapted(self, features: Mapping[str, np.ndarray]) -> Self:
        """Find what classes there are in each column, unless that is given."""
        if self.edges:
            return self
        columns = [column for values in features.values() for column in values.T]
        return dataclasses.replace(self, edges=tuple(map(conditions_in, columns)))

    def narrowed(self, *, units: int, to: int) -> Self:
        """Return the same with the penalty as a fraction of the mean of fewer coordinates."""
        return dataclasses.replace(self, penalty=self.penalty * to / units)

    def compute(  # type: ignore[override]  # noqa: D102
        self, fit: ExamplesState, held_out: ExamplesState, *, columns: Columns
    ) -> dict[str, jax.Array]:
        options = self._options(sum(map(len, columns)))
        states = (fit.head(self.examples), held_out.head(self.examples))
        return reported(self.name, shattering_score(*states, options))

    def _options(self, columns: int) -> Shattering:
        """Options for so many columns, which are Boolean unless their classes are known."""
        if self.edges and columns and len(self.edges) != columns:
            raise OptionError(
                f"edges: of {len(self.edges)} columns; the features have {columns}. "
                "Give where classes begin in each, or leave edges out."
            )
        edges = self.edges or (SET,) * columns
        return shattering_options(edges, self.dichotomies, self.seed, self.penalty, "features")
