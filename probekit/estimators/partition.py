"""Encoding by all features at once: what they explain together, alone and in common."""

import dataclasses
from collections.abc import Sequence

import jax

from probekit._checks import check_choice, check_count
from probekit.estimators._all_features import OfAllFeatures
from probekit.estimators._penalised import OfGroups, variables_of_groups
from probekit.estimators._readout import reported
from probekit.measures.banded import DEFAULT_CANDIDATES, banded_score
from probekit.measures.columns import Columns
from probekit.measures.commonality import check_features, commonality_score, subset_names
from probekit.measures.folds import DEFAULT_FOLDS
from probekit.measures.partition import unique_and_shared_score
from probekit.measures.penalties import DEFAULT_PENALTIES
from probekit.measures.regression import MULTIOUTPUT, Averaged, MultiOutput, Scoring, encoding_score
from probekit.measures.relative_shares import SHARINGS, Sharing
from probekit.statistics import MomentsState
from probekit.statistics.folds import Folds
from probekit.variables import AT_MOST_1, UNBOUNDED, Variable

_COMMONALITY = "Newton and Spurrell 1967; Seibold and McPhee 1979, Commonality analysis"


@dataclasses.dataclass(frozen=True, kw_only=True)
class JointR2(OfAllFeatures):
    """Share of the representation's variance that all features explain together.

    As `probekit.measures.joint_r2`.

    Parameters
    ----------
    multioutput : {"uniform_average", "variance_weighted", "raw_values"}
        Mean over units; share of the total variance; or each unit on its own.
    name : str
        Name of the variable.
    """

    multioutput: MultiOutput = "uniform_average"
    name: str = "joint_r2"

    def __post_init__(self) -> None:
        """Check the options."""
        check_choice("multioutput", self.multioutput, MULTIOUTPUT)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The score, with the axis ``unit`` for raw values."""
        return (
            Variable(
                self.name,
                dims=("unit",) if self.multioutput == "raw_values" else (),
                long_name="variance explained by all features together (R²)",
                valid_range=AT_MOST_1,
                references="Lampinen, Chan and Hermann 2024, arXiv 2405.05847",
            ),
        )

    def compute(  # type: ignore[override]  # noqa: D102
        self, fit: MomentsState, held_out: MomentsState, *, columns: Columns
    ) -> dict[str, jax.Array]:
        del columns
        return reported(self.name, encoding_score(fit, held_out, multioutput=self.multioutput))


@dataclasses.dataclass(frozen=True, kw_only=True)
class UniqueR2(OfAllFeatures):
    """Variance that each feature explains beyond all others, and what it shares with them.

    As `probekit.measures.unique_r2` and `probekit.measures.shared_r2`, which is the second
    variable, ``<name>_shared``.

    Parameters
    ----------
    multioutput : {"uniform_average", "variance_weighted"}
        Mean over units, or share of the total variance.
    name : str
        Name of the first variable.
    """

    multioutput: Averaged = "uniform_average"
    name: str = "unique_r2"

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The two parts, with the axis ``feature``."""
        return tuple(
            Variable(
                name,
                dims=("feature",),
                long_name=long_name,
                valid_range=UNBOUNDED,
                references=_COMMONALITY,
            )
            for name, long_name in (
                (self.name, "variance explained by the feature and no other (R²)"),
                (f"{self.name}_shared", "variance explained by the feature and by others (R²)"),
            )
        )

    def compute(  # type: ignore[override]  # noqa: D102
        self, fit: MomentsState, held_out: MomentsState, *, columns: Columns
    ) -> dict[str, jax.Array]:
        scores = unique_and_shared_score(fit, held_out, columns, multioutput=self.multioutput)
        unique, shared = self.variables
        return reported(unique.name, scores[0]) | reported(shared.name, scores[1])


@dataclasses.dataclass(frozen=True, kw_only=True)
class Commonality(OfAllFeatures):
    """Explained variance split over all sets of features.

    As `probekit.measures.commonality`, for at most 10 features: entry s - 1 of the axis ``subset``
    belongs to the features whose bits are set in s, in the order in which they were given.

    Parameters
    ----------
    multioutput : {"uniform_average", "variance_weighted"}
        Mean over units, or share of the total variance.
    name : str
        Name of the variable.
    """

    multioutput: Averaged = "uniform_average"
    name: str = "commonality"

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The parts, with the axis ``subset``."""
        return (
            Variable(
                self.name,
                dims=("subset",),
                long_name="variance that a set of features explains in common (R²)",
                valid_range=UNBOUNDED,
                references=_COMMONALITY,
            ),
        )

    def labels(self, features: Sequence[str]) -> dict[str, list[str]]:
        """Name the sets by their features: ``a``, ``b``, ``a+b`` and so on."""
        return {"subset": subset_names(features)}

    def compute(  # type: ignore[override]  # noqa: D102
        self, fit: MomentsState, held_out: MomentsState, *, columns: Columns
    ) -> dict[str, jax.Array]:
        check_features(len(columns))
        score = commonality_score(fit, held_out, columns, multioutput=self.multioutput)
        return reported(self.name, score)


@dataclasses.dataclass(frozen=True, kw_only=True)
class BandedRidgeR2(OfGroups):
    """R² by ridge with a penalty for each feature, and the share of it that each feature has.

    As `probekit.measures.banded_ridge_r2`, with each feature as a group of columns; the second
    variable, ``<name>_share``, has the axis ``feature``.

    Parameters
    ----------
    penalties : tuple of float
        To choose from by cross-validation.
    candidates : int
        How many ways to divide the penalty among the features are tried.
    folds : int or tuple of int
        Into how many folds examples fall, by a hash of their number; or the fold of each, as
        `probekit.CrossValidation.assigned` gives them for groups that are to stay together.
    per_unit : bool
        Choose for each unit on its own.
    multioutput : {"uniform_average", "variance_weighted"}
        Mean over units, or share of the total variance.
    scoring : {"r2", "correlation"}
        Or the correlation of units with what is predicted.
    sharing : {"product", "relative_weights"}
        How the score is divided: by the product measure, or with no share below 0.
    name : str
        Name of the first variable.
    """

    penalties: tuple[float, ...] = DEFAULT_PENALTIES
    candidates: int = DEFAULT_CANDIDATES
    folds: Folds = DEFAULT_FOLDS
    per_unit: bool = False
    multioutput: Averaged = "uniform_average"
    scoring: Scoring = "r2"
    sharing: Sharing = "product"
    name: str = "banded_ridge_r2"

    def __post_init__(self) -> None:
        """Check the options."""
        check_count("candidates", self.candidates, 1)
        check_choice("sharing", self.sharing, SHARINGS)
        super().__post_init__()

    @property
    def variables(self) -> tuple[Variable, ...]:
        """R² of all features, and the share of each."""
        references = (
            "Nunez-Elizalde, Huth and Gallant 2019; Dupré la Tour et al. 2022, Feature-space "
            "selection with banded ridge regression"
        )
        return variables_of_groups(
            self.name, "banded ridge", self.scoring, references, sharing=self.sharing
        )

    def compute(  # type: ignore[override]  # noqa: D102
        self, fit: MomentsState, held_out: MomentsState, *, columns: Columns
    ) -> dict[str, jax.Array]:
        total, shares = banded_score(
            fit,
            held_out,
            columns,
            candidates=self.candidates,
            options=self._checked(),
            sharing=self.sharing,
        )
        return reported(self.name, total) | reported(f"{self.name}_share", shares)
