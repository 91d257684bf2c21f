"""Encoding by group lasso: features that are not needed are left out."""

import dataclasses

import jax

from probekit.estimators._penalised import OfGroups, variables_of_groups
from probekit.estimators._readout import reported
from probekit.measures.columns import Columns
from probekit.measures.folds import DEFAULT_FOLDS
from probekit.measures.group_lasso import DEFAULT_LASSO_PENALTIES, check_sparsity, group_lasso_score
from probekit.measures.regression import Averaged, Scoring
from probekit.statistics import MomentsState
from probekit.statistics.folds import Folds
from probekit.variables import Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class GroupLassoR2(OfGroups):
    """R² by group lasso, which leaves features out, and the share of it that each feature has.

    As `probekit.measures.group_lasso_r2`, with each feature as a group of columns; the second
    variable, ``<name>_share``, has the axis ``feature``.

    Parameters
    ----------
    penalties : tuple of float
        To choose from by cross-validation.
    sparsity : float
        From 0 (whole features are left out) to 1 (single columns).
    folds : int or tuple of int
        Into how many folds examples fall, by a hash of their number; or the fold of each, as
        `probekit.CrossValidation.assigned` gives them for groups that are to stay together.
    per_unit : bool
        Choose for each unit on its own.
    multioutput : {"uniform_average", "variance_weighted"}
        Mean over units, or share of the total variance.
    scoring : {"r2", "correlation"}
        Or the correlation of units with what is predicted.
    name : str
        Name of the first variable.
    """

    penalties: tuple[float, ...] = DEFAULT_LASSO_PENALTIES
    sparsity: float = 0.0
    folds: Folds = DEFAULT_FOLDS
    per_unit: bool = False
    multioutput: Averaged = "uniform_average"
    scoring: Scoring = "r2"
    name: str = "group_lasso_r2"

    def __post_init__(self) -> None:
        """Check the options."""
        check_sparsity(self.sparsity)
        super().__post_init__()

    @property
    def variables(self) -> tuple[Variable, ...]:
        """R² of all features, and the share of each."""
        references = (
            "Yuan and Lin 2006, Model selection and estimation in regression with grouped "
            "variables; Simon et al. 2013, A sparse-group lasso"
        )
        return variables_of_groups(self.name, "group lasso", self.scoring, references)

    def compute(  # type: ignore[override]  # noqa: D102
        self, fit: MomentsState, held_out: MomentsState, *, columns: Columns
    ) -> dict[str, jax.Array]:
        total, shares = group_lasso_score(
            fit, held_out, columns, sparsity=self.sparsity, options=self._checked()
        )
        return reported(self.name, total) | reported(f"{self.name}_share", shares)
