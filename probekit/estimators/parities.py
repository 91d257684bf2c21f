"""Encoding of the parts of a hard feature, and of features in the context of others."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax

from probekit.estimators._all_features import OfAllFeatures
from probekit.estimators._protocol import Estimator
from probekit.estimators._readout import averaged_over, reported
from probekit.measures.columns import Columns
from probekit.measures.parallelism import parallelism_score_of
from probekit.measures.parities import check_bits, parity_score
from probekit.measures.regression import Averaged
from probekit.statistics import BitGroups, GroupMomentsState, MomentsState, ParityMoments
from probekit.variables import AT_MOST_1, Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class ParityR2(OfAllFeatures):
    """Share of the representation's variance along each parity of the features, taken as bits.

    As `probekit.measures.parity_r2`; a bit is set where its feature is above 0. Entry s - 1 of the
    axis ``parity`` belongs to the features whose bits are set in s, in the order in which they were
    given. `probekit.measures.subfeatures` says which of them a hard feature is made of.

    Parameters
    ----------
    multioutput : {"uniform_average", "variance_weighted"}
        Mean over units, or share of the total variance.
    name : str
        Name of the variable.
    """

    multioutput: Averaged = "uniform_average"
    name: str = "parity_r2"

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The shares, with the axis ``parity``."""
        return (
            Variable(
                self.name,
                dims=("parity",),
                long_name="variance explained by a parity of the features (R²)",
                valid_range=AT_MOST_1,
                references="O'Donnell 2014, Analysis of Boolean functions",
            ),
        )

    def predictors(self, *, units: int, columns: Mapping[str, int]) -> int:
        """Each parity explains alone."""
        del units, columns
        return 1

    @property
    def statistic(self) -> ParityMoments:  # type: ignore[override]
        """Covariances of the units with all parities."""
        return ParityMoments()

    def compute(  # type: ignore[override]  # noqa: D102
        self, fit: MomentsState, held_out: MomentsState, *, columns: Columns
    ) -> dict[str, jax.Array]:
        check_bits(sum(map(len, columns)))
        return reported(self.name, parity_score(fit, held_out, multioutput=self.multioutput))


@dataclasses.dataclass(frozen=True, kw_only=True)
class ParallelismScore(Estimator):
    """Whether the direction of a feature is the same in all contexts, which other features are.

    As `probekit.measures.parallelism_score`, of the examples that are scored; a feature is set
    where it is above 0. Of a feature with several columns, each of which is a context to the
    others, it is the mean over them.

    Parameters
    ----------
    name : str
        Name of the variable.
    """

    name: str = "parallelism_score"
    kind = "encoding"
    joint = True
    invariances = frozenset({"translation", "scaling", "rotation", "embedding", "permutation"})

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The score of each feature."""
        return (
            Variable(
                self.name,
                dims=("feature",),
                long_name="parallelism score (mean cosine over pairs of contexts)",
                valid_range=(-1.0, 1.0),
                references="Bernardi et al. 2020, The geometry of abstraction",
                also_constant="a context in which the feature changes nothing",
                also_few="fewer than two contexts with examples on both sides",
            ),
        )

    @property
    def statistic(self) -> BitGroups:
        """Means of all combinations of the features."""
        return BitGroups()

    def compute(  # type: ignore[override]  # noqa: D102
        self, fit: Any, held_out: GroupMomentsState, *, columns: Columns
    ) -> dict[str, jax.Array]:
        del fit
        check_bits(sum(map(len, columns)), "features")
        return reported(self.name, averaged_over(parallelism_score_of(held_out), columns))
