"""How separable classes are as manifolds: clouds of examples, of a width and a dimension."""

import dataclasses
from typing import Any

import jax

from probekit.estimators._conditions import OfClassExamples
from probekit.estimators._readout import reported
from probekit.measures.manifolds import DEFAULT_DIRECTIONS, Draws, check_draws, manifold_scores
from probekit.statistics import GroupExamplesState
from probekit.variables import AT_LEAST_0, Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class ManifoldCapacity(OfClassExamples):
    """How many classes a unit can tell apart, and how wide and of what dimension they are.

    As `probekit.measures.manifold_capacity`, of `examples` examples of each class of those that are
    scored: the capacity, and as ``<name>_radius``, ``<name>_dimension`` and ``<name>_correlation``
    the radius and dimension of the classes and the correlation of their centres.

    Parameters
    ----------
    conditions : int, optional
        How many classes there are; the feature then holds the number of the class, from 0, and
        other values make every score NaN. Unless given, each value of a feature is a class if it
        has at most 10 of them, and else the lowest, middle and highest third of the fitted examples
        are. `probekit.run` finds them in the examples of its first seed.
    edges : tuple of tuple of float
        For each feature where classes begin, but for the first; found as said, unless given.
    examples : int
        How many examples of each class are kept at most: the more, the less is the capacity.
    margin : float
        By how much classes are to be separated, at least 0.
    directions : int
        How many directions are drawn.
    seed : int
        Of the directions; the same ones in every layer and epoch.
    name : str
        Name of the first variable.
    """

    examples: int = 50
    margin: float = 0.0
    directions: int = DEFAULT_DIRECTIONS
    seed: int = 0
    name: str = "manifold_capacity"
    least_examples = 2
    invariances = frozenset({"translation", "scaling", "rotation", "permutation"})

    def __post_init__(self) -> None:
        """Check the options."""
        super().__post_init__()
        check_draws(self.margin, self.directions, self.seed)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """Capacity, radius, dimension and correlation."""
        theory = "Chung, Lee and Sompolinsky 2018, Classification and geometry of manifolds"
        rows = (
            (self.name, "manifold capacity of classes", (0.0, 2.0), False),
            (f"{self.name}_radius", "radius of classes over that of centres", AT_LEAST_0, True),
            (f"{self.name}_dimension", "dimension of classes", AT_LEAST_0, True),
            (f"{self.name}_correlation", "correlation of the classes' centres", (0.0, 1.0), True),
        )
        return tuple(
            Variable(
                name,
                long_name=long_name,
                valid_range=valid_range,
                references=theory,
                lower_is_better=lower_is_better,
                also_constant="a feature of one class, or a class whose mean is that of all",
            )
            for name, long_name, valid_range, lower_is_better in rows
        )

    def compute(self, fit: Any, held_out: GroupExamplesState) -> dict[str, jax.Array]:  # noqa: D102
        del fit
        draws = Draws(self.directions, self.margin, self.seed)
        scores = manifold_scores(held_out, draws=draws)
        found: dict[str, jax.Array] = {}
        for variable, score in zip(self.variables, scores, strict=True):
            found |= reported(variable.name, score)
        return found
