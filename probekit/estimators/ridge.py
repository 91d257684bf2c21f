"""Ridge regression with a cross-validated penalty, in both directions."""

import dataclasses
from collections.abc import Mapping

import jax

from probekit.estimators._invariances import invariances_of_units
from probekit.estimators._penalised import (
    RANGES,
    WORDS,
    OfFolds,
    Penalised,
    penalty_variable,
    score_and_penalty,
)
from probekit.measures.folds import DEFAULT_FOLDS
from probekit.measures.penalties import DEFAULT_PENALTIES, relative_to
from probekit.measures.regression import MultiOutput, Scoring
from probekit.measures.ridge_fits import ridge_score
from probekit.statistics import FoldMoments, MomentsState
from probekit.statistics.folds import Folds, swapped_folds
from probekit.variables import Variable

_REFERENCES = "Hoerl and Kennard 1970, Ridge regression; Stone 1974, Cross-validatory choice"


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
            penalty_variable(self.name, _REFERENCES),
        )

    def predictors(self, *, units: int, columns: Mapping[str, int]) -> int:
        """Count the columns of a feature."""
        del units
        return max(columns.values(), default=0)

    def compute(self, fit: MomentsState, held_out: MomentsState) -> dict[str, jax.Array]:  # noqa: D102
        states = swapped_folds(fit), swapped_folds(held_out)
        found = ridge_score(*states, self._checked(), strict=True)
        return score_and_penalty(self.name, found.score, found.penalties)


@dataclasses.dataclass(frozen=True, kw_only=True)
class RidgeDecodingR2(Penalised):
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
    per_unit = False
    invariances = frozenset({"translation", "scaling", "rotation", "permutation"})

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
            penalty_variable(self.name, _REFERENCES),
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
