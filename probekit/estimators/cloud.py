"""Where the examples of a representation lie: how far out, how close together, how evenly."""

import dataclasses
from typing import Any

import jax

from probekit._checks import check_at_least
from probekit.estimators._protocol import Estimator
from probekit.estimators._readout import reported
from probekit.measures.cloud import concentricity_score, magnitude_score, uniformity_score
from probekit.statistics import Examples, ExamplesState, Moments, MomentsState
from probekit.variables import Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class Magnitude(Estimator):
    """Length of the mean example.

    As `probekit.measures.magnitude`.

    Parameters
    ----------
    name : str
        Name of the variable.
    """

    name: str = "magnitude"
    kind = "geometry"
    invariances = frozenset({"rotation", "permutation"})

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The length."""
        return (
            Variable(
                self.name,
                long_name="length of the mean example",
                valid_range=(0.0, float("inf")),
                references="Klabunde et al. 2025, Similarity of neural network models",
            ),
        )

    @property
    def statistic(self) -> Moments:
        """Means of the units."""
        return Moments(xx="none", xy=False, yy="none")

    def compute(self, fit: Any, held_out: MomentsState) -> dict[str, jax.Array]:  # noqa: D102
        del fit
        return reported(self.name, magnitude_score(held_out))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Concentricity(Estimator):
    """Mean cosine of the examples with their mean.

    As `probekit.measures.concentricity`, of `examples` examples.

    Parameters
    ----------
    examples : int
        How many examples are kept.
    name : str
        Name of the variable.
    """

    examples: int = 256
    name: str = "concentricity"
    kind = "geometry"
    invariances = frozenset({"scaling", "rotation", "permutation"})

    def __post_init__(self) -> None:
        """Check the options."""
        check_at_least("examples", self.examples, 1)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The mean cosine."""
        return (
            Variable(
                self.name,
                long_name="mean cosine of examples with their mean",
                valid_range=(-1.0, 1.0),
                references="Klabunde et al. 2025, Similarity of neural network models",
            ),
        )

    @property
    def statistic(self) -> Examples:
        """The examples."""
        return Examples(capacity=self.examples)

    def compute(self, fit: Any, held_out: ExamplesState) -> dict[str, jax.Array]:  # noqa: D102
        del fit
        return reported(self.name, concentricity_score(held_out.head(self.examples)))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Uniformity(Estimator):
    """How evenly the directions of the examples cover the sphere.

    As `probekit.measures.uniformity`, of `examples` examples.

    Parameters
    ----------
    examples : int
        How many examples are kept.
    name : str
        Name of the variable.
    """

    examples: int = 256
    name: str = "uniformity"
    kind = "geometry"
    distinct = True
    invariances = frozenset({"scaling", "rotation", "permutation"})

    def __post_init__(self) -> None:
        """Check the options."""
        check_at_least("examples", self.examples, 2)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The logarithm."""
        return (
            Variable(
                self.name,
                long_name="uniformity on the sphere (lower is more even)",
                valid_range=(-8.0, 0.0),
                references="Wang and Isola 2020, Understanding contrastive representation learning",
            ),
        )

    @property
    def statistic(self) -> Examples:
        """The examples."""
        return Examples(capacity=self.examples)

    def compute(self, fit: Any, held_out: ExamplesState) -> dict[str, jax.Array]:  # noqa: D102
        del fit
        return reported(self.name, uniformity_score(held_out.head(self.examples)))
