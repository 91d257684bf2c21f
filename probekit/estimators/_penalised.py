"""Regressions whose penalty cross-validation chooses: their options, and what they report."""

from collections.abc import Mapping
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from probekit.estimators._protocol import Estimator, Kind
from probekit.estimators._readout import reported
from probekit.measures import Score
from probekit.measures.folds import check_folds_of
from probekit.measures.partition import check_averaged
from probekit.measures.penalties import Options, checked_options
from probekit.measures.regression import MultiOutput, Scoring
from probekit.measures.relative_shares import Sharing
from probekit.statistics import FoldMoments
from probekit.statistics.folds import Folds
from probekit.variables import AT_LEAST_0, AT_MOST_1, Variable

RANGES = {"r2": AT_MOST_1, "correlation": (-1.0, 1.0)}
"""Of the scorings."""

WORDS = {"r2": "R²", "correlation": "correlation of units with what is predicted"}
"""For the scorings."""


def penalty_variable(name: str, references: str) -> Variable:
    """Return the variable for the penalty that was chosen."""
    return Variable(
        f"{name}_penalty",
        long_name="penalty chosen by cross-validation (median)",
        valid_range=AT_LEAST_0,
        references=references,
    )


def score_and_penalty(name: str, score: Score, chosen: Any) -> dict[str, jax.Array]:
    """Return the score with its status, and the penalty."""
    undefined = jnp.isnan(score.value).all()
    return reported(name, score) | {
        f"{name}_penalty": jnp.where(
            undefined, jnp.nan, jnp.median(jnp.asarray(chosen, score.value.dtype))
        )
    }


_DIVIDED_BY = {"product": "product measure", "relative_weights": "relative weights"}


def variables_of_groups(
    name: str, method: str, scoring: Scoring, references: str, *, sharing: Sharing = "product"
) -> tuple[Variable, ...]:
    """Return the variables of a regression on groups: the score of all, and what each has of it."""
    return (
        Variable(
            name,
            long_name=f"variance explained by {method} ({WORDS[scoring]})",
            valid_range=RANGES[scoring],
            references=references,
        ),
        Variable(
            f"{name}_share",
            dims=("feature",),
            long_name=f"part of it that the feature has ({_DIVIDED_BY[sharing]})",
            references=references,
        ),
    )


class Penalised(Estimator):
    """A regression with a penalty that cross-validation chooses, encoding usually; abstract.

    A final class declares these options as fields.
    """

    kind: ClassVar[Kind] = "encoding"
    penalties: tuple[float, ...]
    folds: Folds
    per_unit: bool
    multioutput: MultiOutput
    scoring: Scoring

    def __post_init__(self) -> None:
        """Check the options."""
        self._checked()

    def _checked(self) -> Options:
        return checked_options(
            self.penalties, self.folds, self.per_unit, self.multioutput, self.scoring
        )

    def check_examples(self, *, fitted: int, scored: int) -> None:
        """Check that there is a fold for each example that is fitted, if folds are named."""
        del scored
        check_folds_of(self.folds, fitted)


class OfFolds(Penalised):
    """The same from the moments of folds; abstract."""

    @property
    def statistic(self) -> FoldMoments:
        """Variances of the units, covariances with and among the features, of each fold."""
        return FoldMoments(folds=self.folds, xx="diagonal")


class OfGroups(OfFolds):
    """The same of all features at once, each a group of columns; abstract."""

    joint = True
    invariances = frozenset({"translation", "scaling", "permutation"})

    def __post_init__(self) -> None:
        """Check the options."""
        check_averaged(self.multioutput)
        super().__post_init__()

    def predictors(self, *, units: int, columns: Mapping[str, int]) -> int:
        """Count the columns of all groups."""
        del units
        return sum(columns.values())
