"""Decoding: how well a representation predicts a feature."""

import dataclasses

import jax

from probekit._checks import check_at_least, check_choice
from probekit.estimators._protocol import Estimator
from probekit.estimators._readout import reported
from probekit.measures.regression import DEFAULT_PENALTY, MULTIOUTPUT, MultiOutput, decoding_score
from probekit.statistics import Moments, MomentsState
from probekit.variables import Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class DecodingR2(Estimator):
    """R² of predicting a feature from the representation, by ridge regression in closed form.

    As `probekit.measures.decoding_r2`.

    Parameters
    ----------
    penalty : float
        Strength of the ridge as a fraction of the mean unit's sum of squares; 0 is least squares.
    multioutput : {"uniform_average", "variance_weighted", "raw_values"}
        How the columns of a feature with several are averaged.
    name : str
        Name of the variable.
    """

    penalty: float = DEFAULT_PENALTY
    multioutput: MultiOutput = "uniform_average"
    name: str = "decoding_r2"
    kind = "decoding"

    def __post_init__(self) -> None:
        """Check the options."""
        check_at_least("penalty", self.penalty, 0)
        check_choice("multioutput", self.multioutput, MULTIOUTPUT)

    @property
    def invariances(self) -> frozenset[str]:
        """Least squares see only the span of the units; a ridge sees their lengths as well."""
        linear = {"linear"} if self.penalty == 0 else set()
        return frozenset({"translation", "scaling", "rotation", "permutation", *linear})

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The score, with the axis ``k`` for raw values."""
        return (
            Variable(
                self.name,
                dims=("k",) if self.multioutput == "raw_values" else (),
                long_name="feature predicted from the representation (R²)",
                valid_range=(-float("inf"), 1.0),
                references="Hoerl and Kennard 1970, Ridge regression",
            ),
        )

    @property
    def statistic(self) -> Moments:
        """Covariances of the units, and with the features."""
        return Moments(yy="diagonal")

    def compute(self, fit: MomentsState, held_out: MomentsState) -> dict[str, jax.Array]:  # noqa: D102
        score = decoding_score(fit, held_out, penalty=self.penalty, multioutput=self.multioutput)
        return reported(self.name, score)
