"""How a score becomes what `Estimator.compute` returns."""

import abc
from typing import Any, ClassVar

import jax

from probekit.estimators._protocol import Estimator
from probekit.measures import Score
from probekit.measures.regression import MultiOutput
from probekit.statistics import Moments, MomentsState
from probekit.variables import Variable


def reported(name: str, score: Score) -> dict[str, jax.Array]:
    """Return the variable and its status code."""
    return {name: score.value, f"{name}_status": score.status}


def invariances_of_average(multioutput: MultiOutput) -> frozenset[str]:
    """Return what leaves an average of the units' R² as it is.

    A rotation changes the mean over units, but not the share of the total variance.
    """
    if multioutput == "raw_values":
        return frozenset({"translation", "scaling"})
    weighted = {"rotation"} if multioutput == "variance_weighted" else set()
    return frozenset({"translation", "scaling", "permutation", *weighted})


class SimilarityOfMoments(Estimator):
    """A similarity that is one number read off the moments of two representations; abstract.

    A final class declares its options, `invariances`, `references` and `variables`, and says in
    `_score` what is read.
    """

    kind = "similarity"
    references: ClassVar[str] = ""

    @property
    def statistic(self) -> Moments:
        """All second moments, unless a final class needs fewer."""
        return Moments()

    def compute(self, fit: Any, held_out: MomentsState) -> dict[str, jax.Array]:
        del fit
        return reported(self.name, self._score(held_out))

    def _variable(
        self, long_name: str, valid_range: tuple[float, float], *, units: str = "1"
    ) -> Variable:
        return Variable(
            self.name,
            long_name=long_name,
            units=units,
            valid_range=valid_range,
            references=self.references,
        )

    @abc.abstractmethod
    def _score(self, state: MomentsState) -> Score:
        """Read the score."""
