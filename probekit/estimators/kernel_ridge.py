"""Encoding through kernels: ridge regression on smooth functions of features."""

import dataclasses

import jax

from probekit._checks import check_count
from probekit.estimators._invariances import invariances_of_units
from probekit.estimators._penalised import (
    RANGES,
    WORDS,
    Penalised,
    penalty_variable,
    score_and_penalty,
    variables_of_groups,
)
from probekit.estimators._readout import reported
from probekit.measures.banded import DEFAULT_CANDIDATES
from probekit.measures.columns import Columns
from probekit.measures.folds import DEFAULT_FOLDS
from probekit.measures.kernel_fits import Kernels, RidgeKernel, check_kernel, kernel_ridge_score
from probekit.measures.kernel_ridge import DEFAULT_DEGREE, DEFAULT_KERNEL_PENALTIES
from probekit.measures.partition import check_averaged
from probekit.measures.regression import Averaged, MultiOutput, Scoring
from probekit.statistics import Examples, ExamplesState
from probekit.statistics.folds import Folds
from probekit.variables import Variable

_SAUNDERS = (
    "Saunders, Gammerman and Vovk 1998, Ridge regression learning algorithm in dual variables"
)
_LA_TOUR = "Dupré la Tour et al. 2022, Feature-space selection with banded ridge regression"


class OfKernels(Penalised):
    """Kernel ridge regression of the examples that were kept; abstract.

    A final class declares these options as fields.
    """

    traceable = False
    kernel: RidgeKernel
    bandwidth: float
    degree: int
    examples: int

    def __post_init__(self) -> None:
        """Check the options."""
        check_kernel("kernel", self.kernel, self.bandwidth, self.degree)
        check_count("examples", self.examples, 2)
        super().__post_init__()

    @property
    def invariances(self) -> frozenset[str]:
        """Those of a mean over units."""
        return invariances_of_units(self.multioutput)

    @property
    def statistic(self) -> Examples:
        """The examples."""
        return Examples(capacity=self.examples)


@dataclasses.dataclass(frozen=True, kw_only=True)
class KernelRidgeR2(OfKernels):
    """Share of the representation's variance that a feature explains by kernel ridge regression.

    As `probekit.measures.kernel_ridge_r2`, on `examples` examples of each split; the second
    variable, ``<name>_penalty``, is the penalty that cross-validation chose (the median over units,
    if each has its own).

    Parameters
    ----------
    kernel : {"linear", "rbf", "polynomial"}
    bandwidth : float
        σ of the RBF kernel, in units of the median distance.
    degree : int
        Of the polynomial kernel.
    penalties : tuple of float
        To choose from.
    folds : int or tuple of int
        Into how many folds examples fall, by a hash of their number; or the fold of each, as
        `probekit.CrossValidation.assigned` gives them for groups that are to stay together.
    per_unit : bool
        Choose a penalty for each unit.
    multioutput : {"uniform_average", "variance_weighted", "raw_values"}
        Mean over units; share of the total variance; or each unit on its own.
    scoring : {"r2", "correlation"}
        Or the correlation of units with what is predicted.
    examples : int
        How many examples of each split are kept.
    name : str
        Name of the first variable.
    """

    kernel: RidgeKernel = "rbf"
    bandwidth: float = 1.0
    degree: int = DEFAULT_DEGREE
    penalties: tuple[float, ...] = DEFAULT_KERNEL_PENALTIES
    folds: Folds = DEFAULT_FOLDS
    per_unit: bool = False
    multioutput: MultiOutput = "uniform_average"
    scoring: Scoring = "r2"
    examples: int = 256
    name: str = "kernel_ridge_r2"

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The score, with the axis ``unit`` for raw values, and the penalty."""
        return (
            Variable(
                self.name,
                dims=("unit",) if self.multioutput == "raw_values" else (),
                long_name=f"variance explained by the feature, by {self.kernel} kernel ridge "
                f"({WORDS[self.scoring]})",
                valid_range=RANGES[self.scoring],
                references=_SAUNDERS,
            ),
            penalty_variable(self.name, _SAUNDERS),
        )

    def compute(self, fit: ExamplesState, held_out: ExamplesState) -> dict[str, jax.Array]:  # noqa: D102
        columns = (tuple(range(fit.y.shape[1])),)
        found = kernel_ridge_score(
            fit.head(self.examples),
            held_out.head(self.examples),
            Kernels((self.kernel,), columns, self.bandwidth, self.degree),
            self._checked(),
        )
        return score_and_penalty(self.name, found.total, found.penalty)


@dataclasses.dataclass(frozen=True, kw_only=True)
class MultipleKernelRidgeR2(OfKernels):
    """R² by ridge with a kernel for each feature, and the share of it that each feature has.

    As `probekit.measures.multiple_kernel_ridge_r2`, with each feature as a group of columns, on
    `examples` examples of each split; the second variable, ``<name>_share``, has the axis
    ``feature``.

    Parameters
    ----------
    kernel : {"linear", "rbf", "polynomial"}
        That of every feature.
    bandwidth : float
        σ of RBF kernels, in units of the median distance.
    degree : int
        Of polynomial kernels.
    penalties : tuple of float
        To choose from by cross-validation.
    candidates : int
        How many ways to weight the kernels are tried.
    folds : int or tuple of int
        Into how many folds examples fall, by a hash of their number; or the fold of each, as
        `probekit.CrossValidation.assigned` gives them for groups that are to stay together.
    per_unit : bool
        Choose for each unit on its own.
    multioutput : {"uniform_average", "variance_weighted"}
        Mean over units, or share of the total variance.
    scoring : {"r2", "correlation"}
        Or the correlation of units with what is predicted.
    examples : int
        How many examples of each split are kept.
    name : str
        Name of the first variable.
    """

    kernel: RidgeKernel = "rbf"
    bandwidth: float = 1.0
    degree: int = DEFAULT_DEGREE
    penalties: tuple[float, ...] = DEFAULT_KERNEL_PENALTIES
    candidates: int = DEFAULT_CANDIDATES
    folds: Folds = DEFAULT_FOLDS
    per_unit: bool = False
    multioutput: Averaged = "uniform_average"
    scoring: Scoring = "r2"
    examples: int = 256
    name: str = "multiple_kernel_ridge_r2"
    joint = True

    def __post_init__(self) -> None:
        """Check the options."""
        check_count("candidates", self.candidates, 1)
        check_averaged(self.multioutput)
        super().__post_init__()

    @property
    def variables(self) -> tuple[Variable, ...]:
        """R² of all features, and the share of each."""
        return variables_of_groups(self.name, "multiple-kernel ridge", self.scoring, _LA_TOUR)

    def compute(  # type: ignore[override]  # noqa: D102
        self, fit: ExamplesState, held_out: ExamplesState, *, columns: Columns
    ) -> dict[str, jax.Array]:
        names = (self.kernel,) * len(columns)
        found = kernel_ridge_score(
            fit.head(self.examples),
            held_out.head(self.examples),
            Kernels(names, columns, self.bandwidth, self.degree, self.candidates),
            self._checked(),
        )
        return reported(self.name, found.total) | reported(f"{self.name}_share", found.shares)
