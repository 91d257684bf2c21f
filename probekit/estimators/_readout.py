"""How a score becomes what `Estimator.compute` returns."""

import abc
import dataclasses
from typing import Any, ClassVar, Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice, check_count
from probekit.estimators._protocol import Estimator
from probekit.measures import Score
from probekit.statistics import Examples, ExamplesState, Moments
from probekit.status import STATUS_SUFFIX
from probekit.variables import Variable

RIGHT_ANGLE = float(np.float32(np.pi / 2))
"""The largest angle between directions that have no sign, as float32 rounds it: a bit upwards."""

STRAIGHT_ANGLE = float(np.float32(np.pi))
"""The largest angle between directions."""


AlignOn = Literal["scored", "fit"]
"""Of which examples an alignment is the best one."""


def reported(name: str, score: Score) -> dict[str, jax.Array]:
    """Return the variable and its status code."""
    return {name: score.value, f"{name}{STATUS_SUFFIX}": score.status}


def reported_rows(name: str, scores: Score) -> dict[str, np.ndarray]:
    """Return the same of many resamples, on the host."""
    return {name: np.asarray(array) for name, array in reported(name, scores).items()}


def averaged_over(each: Score, columns: tuple[tuple[int, ...], ...]) -> Score:
    """Return the score of each feature, the mean of its columns', and the worst status of them."""
    groups = [jnp.array(group) for group in columns]
    value = jnp.stack([each.value[group].mean() for group in groups])
    return Score(value, jnp.stack([each.status[group].max() for group in groups]))


class Readout(Estimator):
    """One number, read off the state of the examples that are scored; abstract.

    A final class declares its options, `invariances`, `references` and `variables`, and says in
    `_score` what is read.
    """

    references: ClassVar[str] = ""

    def compute(self, fit: Any, held_out: Any) -> dict[str, jax.Array]:
        del fit
        return reported(self.name, self._score(held_out))

    def _variable(
        self,
        long_name: str,
        valid_range: tuple[float, float],
        *,
        units: str = "1",
        lower_is_better: bool = False,
        also_constant: str = "",
        also_few: str = "",
    ) -> Variable:
        return Variable(
            self.name,
            long_name=long_name,
            units=units,
            valid_range=valid_range,
            references=self.references,
            lower_is_better=lower_is_better,
            also_constant=also_constant,
            also_few=also_few,
        )

    @abc.abstractmethod
    def _score(self, state: Any) -> Score:
        """Read the score."""


class SimilarityOfMoments(Readout):
    """A similarity that is read off the moments of two representations; abstract."""

    kind = "similarity"

    @property
    def statistic(self) -> Moments:
        """All second moments, unless a final class needs fewer."""
        return Moments()


class SimilarityOfUnits(SimilarityOfMoments):
    """A similarity that asks only how units of one vary with units of the other; abstract."""

    @property
    def statistic(self) -> Moments:
        """Covariances between the units, and their variances."""
        return Moments(xx="diagonal", yy="diagonal")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Alignable(Readout):
    """A score after an alignment that may be fitted on other examples; abstract."""

    align_on: AlignOn = "scored"

    def __post_init__(self) -> None:
        """Check the options."""
        check_choice("align_on", self.align_on, get_args(AlignOn))

    @property
    def fitted(self) -> bool:
        """Whether the alignment is that of other examples."""
        return self.align_on == "fit"

    def compute(self, fit: Any, held_out: Any) -> dict[str, jax.Array]:
        if not self.fitted:
            return super().compute(fit, held_out)
        return reported(self.name, self._transferred(fit, held_out))

    @abc.abstractmethod
    def _transferred(self, fit: Any, held_out: Any) -> Score:
        """Score the latter by the alignment of the former."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class OfAligned(Alignable, SimilarityOfUnits):
    """An alignment that asks only how units of one vary with units of the other; abstract."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class OfExamples(Readout):
    """A score of a fixed number of examples, the same in every layer; abstract."""

    least_examples: ClassVar[int] = 1

    examples: int = 256

    def __post_init__(self) -> None:
        """Check the options."""
        check_count("examples", self.examples, self.least_examples)

    @property
    def statistic(self) -> Examples:
        """The examples."""
        return Examples(capacity=self.examples)

    def compute(self, fit: Any, held_out: ExamplesState) -> dict[str, jax.Array]:
        return super().compute(fit, held_out.head(self.examples))
