"""Ridge regression with a cross-validated penalty, in both directions."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from probekit.estimators._invariances import invariances_of_units
from probekit.estimators._protocol import Estimator
from probekit.estimators._readout import reported
from probekit.measures import Score
from probekit.measures.folds import DEFAULT_FOLDS, check_folds_of
from probekit.measures.partition import check_averaged
from probekit.measures.penalties import DEFAULT_PENALTIES, Options, checked_options, relative_to
from probekit.measures.regression import MultiOutput, Scoring
from probekit.measures.ridge_fits import ridge_score
from probekit.statistics import FoldMoments, MomentsState
from probekit.statistics.folds import Folds, swapped_folds
from probekit.variables import AT_LEAST_0, AT_MOST_1, Variable

_REFERENCES = "Hoerl and Kennard 1970, Ridge regression; Stone 1974, Cross-validatory choice"


RANGES = {"r2": AT_MOST_1, "correlation": (-1.0, 1.0)}
"""Of the scorings."""

WORDS = {"r2": "R²", "correlation": "correlation of units with what is predicted"}
"""For the scorings."""


def penalty_variable(name: str, references: str = _REFERENCES) -> Variable:
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
        f"{name}_penalty": jnp.where(undefined, jnp.nan, jnp.median(chosen))
    }


class Penalised(Estimator):
    """Encoding with a penalty that cross-validation chooses; abstract.

    A final class declares these options as fields.
    """

    kind = "encoding"
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


@dataclasses.dataclass(frozen=True, kw_only=True)
class RidgeR2(OfFolds):
    """Share of the representation's variance that a feature explains by ridge regression.

    As `probekit.measures.ridge_r2`; the second variable, ``<name>_penalty``, is the penalty that
    cross-validation chose (the median over units, if each has its own).

    Parameters
    ----------
    penalties : tuple of float
        To choose from, relative to the mean sum of squares of the feature's columns.
    folds : int or tuple of int
        Into how many folds examples fall, by a hash of their number; or the fold of each, as
        `probekit.CrossValidation.assigned` gives them for groups that are to stay together.
    per_unit : bool
        Choose a penalty for each unit.
    multioutput : {"uniform_average", "variance_weighted", "raw_values"}
        Mean over units; share of the total variance; or each unit on its own.
    scoring : {"r2", "correlation"}
        Or the correlation of units with what is predicted.
    name : str
        Name of the first variable.
    """

    penalties: tuple[float, ...] = DEFAULT_PENALTIES
    folds: Folds = DEFAULT_FOLDS
    per_unit: bool = False
    multioutput: MultiOutput = "uniform_average"
    scoring: Scoring = "r2"
    name: str = "ridge_r2"

    @property
    def invariances(self) -> frozenset[str]:
        """Those of a mean over units."""
        return invariances_of_units(self.multioutput)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The score, with the axis ``unit`` for raw values, and the penalty."""
        return (
            Variable(
                self.name,
                dims=("unit",) if self.multioutput == "raw_values" else (),
                long_name=f"variance explained by the feature, by ridge ({WORDS[self.scoring]})",
                valid_range=RANGES[self.scoring],
                references=_REFERENCES,
            ),
            penalty_variable(self.name),
        )

    def compute(self, fit: MomentsState, held_out: MomentsState) -> dict[str, jax.Array]:  # noqa: D102
        states = swapped_folds(fit), swapped_folds(held_out)
        found = ridge_score(*states, self._checked(), strict=True)
        return score_and_penalty(self.name, found.score, found.penalties)


@dataclasses.dataclass(frozen=True, kw_only=True)
class RidgeDecodingR2(Estimator):
    """R² of predicting a feature from the representation by ridge, the penalty cross-validated.

    As `probekit.measures.ridge_decoding_r2`; the second variable, ``<name>_penalty``, is the
    penalty that cross-validation chose.

    Parameters
    ----------
    penalties : tuple of float
        To choose from, relative to the mean unit's sum of squares.
    folds : int or tuple of int
        Into how many folds examples fall, by a hash of their number; or the fold of each, as
        `probekit.CrossValidation.assigned` gives them for groups that are to stay together.
    multioutput : {"uniform_average", "variance_weighted", "raw_values"}
        How the columns of a feature with several are averaged.
    scoring : {"r2", "correlation"}
        Or the correlation of columns with what is predicted.
    name : str
        Name of the first variable.
    """

    penalties: tuple[float, ...] = DEFAULT_PENALTIES
    folds: Folds = DEFAULT_FOLDS
    multioutput: MultiOutput = "uniform_average"
    scoring: Scoring = "r2"
    name: str = "ridge_decoding_r2"
    kind = "decoding"
    invariances = frozenset({"translation", "scaling", "rotation", "permutation"})

    def __post_init__(self) -> None:
        """Check the options."""
        self._checked()

    def _checked(self) -> Options:
        return checked_options(
            self.penalties,
            self.folds,
            per_target=False,
            multioutput=self.multioutput,
            scoring=self.scoring,
        )

    def check_examples(self, *, fitted: int, scored: int) -> None:
        """Check that there is a fold for each example that is fitted, if folds are named."""
        del scored
        check_folds_of(self.folds, fitted)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The score, with the axis ``k`` for raw values, and the penalty."""
        return (
            Variable(
                self.name,
                dims=("k",) if self.multioutput == "raw_values" else (),
                long_name="feature predicted from the representation, by ridge "
                f"({'R²' if self.scoring == 'r2' else 'correlation'})",
                valid_range=RANGES[self.scoring],
                references=_REFERENCES,
            ),
            penalty_variable(self.name),
        )

    @property
    def statistic(self) -> FoldMoments:
        """Covariances of the units, and with the features, of each fold."""
        return FoldMoments(folds=self.folds, yy="diagonal")

    def narrowed(self, *, units: int, to: int) -> "RidgeDecodingR2":
        """Return the same with penalties relative to the mean of fewer coordinates."""
        options = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return _OfCoordinates(**options | {"share": to / units})

    def compute(self, fit: MomentsState, held_out: MomentsState) -> dict[str, jax.Array]:  # noqa: D102
        found = ridge_score(fit, held_out, self._checked())
        return score_and_penalty(self.name, found.score, found.penalties)


@dataclasses.dataclass(frozen=True, kw_only=True)
class _OfCoordinates(RidgeDecodingR2):
    """The same of coordinates that stand for more units: `share` is how many for each of these."""

    share: float = 1.0

    def compute(self, fit: MomentsState, held_out: MomentsState) -> dict[str, jax.Array]:
        penalties = relative_to(self.penalties, self.share)
        options = dataclasses.replace(self, penalties=penalties)._checked()
        found = ridge_score(fit, held_out, options)
        return score_and_penalty(self.name, found.score, found.penalties / self.share)


def score_and_share(
    name: str, method: str, scoring: Scoring, references: str
) -> tuple[Variable, ...]:
    """Return the variables of ridge with groups: the score of all features, and what each has."""
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
            long_name="part of it that the feature has (product measure)",
            references=references,
        ),
    )
