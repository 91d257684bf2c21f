"""RSA with a weighted sum of the features' dissimilarities."""

import dataclasses

import jax

from probekit._checks import check_count
from probekit.estimators._invariances import invariances_of_distances
from probekit.estimators._protocol import Estimator
from probekit.estimators._readout import reported
from probekit.measures.columns import Columns
from probekit.measures.comparisons import Comparison
from probekit.measures.rdm import DEFAULT_PRIOR, Metric, prior_of
from probekit.measures.weighted_rsa import Options, weighted_rsa_score
from probekit.statistics import Examples, ExamplesState
from probekit.variables import Variable, reason_of_distance


@dataclasses.dataclass(frozen=True, kw_only=True)
class WeightedRSA(Estimator):
    """Representational similarity with the sum of all features' dissimilarities, weights fitted.

    As `probekit.measures.weighted_rsa`, on `examples` examples of each split, with each feature as
    a group of columns; the second variable, ``<name>_weight``, has the axis ``feature``. Scored on
    other examples with ``held_out``, or with `probekit.CrossValidation`, which never uses an
    example to fit weights and to score them.

    Parameters
    ----------
    rdm : {"correlation", "euclidean", "squared_euclidean", "cosine", "poisson"}
        Distance between examples.
    rdm_y : str, optional
        Distance for the features: as `rdm` unless given, but euclidean in place of
        ``correlation``, ``cosine`` and ``poisson`` for a feature of a single column, which has
        neither correlations nor angles and need not be a rate.
    comparison : str
        What is maximised, and scored.
    nonnegative : bool
        Whether weights must be at least 0.
    penalty : float
        Of ridge regression, on dissimilarities scaled to length 1; ranks have none.
    examples : int
        How many examples of each split are kept.
    prior_lambda, prior_weight : float
        For ``poisson``: the rate that is expected of a unit, and its weight beside what was seen.
    name : str
        Name of the first variable.
    """

    rdm: Metric = "squared_euclidean"
    rdm_y: Metric | None = None
    comparison: Comparison = "pearson"
    nonnegative: bool = True
    penalty: float = 0.0
    examples: int = 256
    prior_lambda: float = DEFAULT_PRIOR.rate
    prior_weight: float = DEFAULT_PRIOR.weight
    name: str = "weighted_rsa"
    kind = "encoding"
    joint = True
    # An example that is there twice is at distance 0 from itself.
    distinct = True

    def __post_init__(self) -> None:
        """Check the options."""
        self._options.check()
        check_count("examples", self.examples, 3)

    @property
    def invariances(self) -> frozenset[str]:
        """Those of the distance; whole matrices may be scaled."""
        return invariances_of_distances(self.rdm, up_to_scale=True)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The correlation, and the weight of each feature."""
        references = (
            "Khaligh-Razavi and Kriegeskorte 2014; Jozwik, Kriegeskorte and Mur 2016, Visual "
            "features as stepping stones toward semantics"
        )
        return (
            Variable(
                self.name,
                long_name=f"RSA with a weighted sum of features ({self.rdm}, {self.comparison})",
                valid_range=(-1.0, 1.0),
                references=references,
                also_constant=reason_of_distance(self.rdm),
            ),
            Variable(
                f"{self.name}_weight",
                dims=("feature",),
                long_name="weight of the feature's dissimilarities, scaled to length 1",
                valid_range=(0.0 if self.nonnegative else -float("inf"), float("inf")),
                references=references,
                also_constant=reason_of_distance(self.rdm),
            ),
        )

    @property
    def statistic(self) -> Examples:
        """The examples."""
        return Examples(capacity=self.examples)

    def compute(  # type: ignore[override]  # noqa: D102
        self, fit: ExamplesState, held_out: ExamplesState, *, columns: Columns
    ) -> dict[str, jax.Array]:
        states = fit.head(self.examples), held_out.head(self.examples)
        total, weights = weighted_rsa_score(*states, columns, self._options)
        return reported(self.name, total) | reported(f"{self.name}_weight", weights)

    @property
    def _options(self) -> Options:
        return Options(
            self.rdm,
            self.rdm_y,
            self.comparison,
            self.nonnegative,
            self.penalty,
            prior_of(self.prior_lambda, self.prior_weight),
        )
