"""Disentanglement, completeness and informativeness, by a probe of each feature."""

import dataclasses

import jax

from probekit._checks import check_choice, check_count
from probekit.estimators._probing import OfProbe
from probekit.estimators._readout import reported
from probekit.estimators.probes import about, words_for
from probekit.measures.columns import Columns
from probekit.measures.dci import check_importances, dci_scores
from probekit.measures.decoders import METRICS, Metric
from probekit.measures.probes import Options
from probekit.statistics import ExamplesState
from probekit.variables import Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class DCI(OfProbe):
    """How far units are important for one feature alone, and features told by one unit alone.

    As `probekit.measures.dci`, on `examples` examples of each split: the first variable is
    disentanglement, of all features; ``<name>_completeness`` and ``<name>_informativeness`` are of
    each. The columns of a feature with several are predicted together.

    Parameters
    ----------
    probe : str
        ``"lasso"``, ``"ridge"``, ``"logistic"``, or a scikit-learn class as ``"module:Class"`` that
        has ``coef_`` or ``feature_importances_``.
    metric : {"r2", "accuracy", "balanced_accuracy", "auc", "cross_entropy"}
        Of informativeness; features are numbers for ``r2``, and else classes.
    options : tuple of (str, value)
        Arguments of the scikit-learn class.
    examples : int
        How many examples of each split are kept.
    name : str
        Name of the first variable.

    Examples
    --------
    >>> trees = "sklearn.ensemble:GradientBoostingClassifier"
    >>> DCI(probe=trees, metric="accuracy", options=(("random_state", 0),)).name
    'dci'
    """

    probe: str = "lasso"
    metric: Metric = "r2"
    options: Options = ()
    examples: int = 1024
    name: str = "dci"
    joint = True
    references = (
        "Eastwood and Williams 2018, A framework for the quantitative evaluation of disentangled "
        "representations"
    )

    def __post_init__(self) -> None:
        """Check the options."""
        check_choice("metric", self.metric, METRICS)
        check_importances(self.probe, self.metric)
        check_count("examples", self.examples, 2)

    @property
    def invariances(self) -> frozenset[str]:
        """Those of the closed form and of a search to the end; of a stranger nothing is known."""
        exact = self.probe in ("lasso", "ridge")
        return frozenset({"translation", "scaling", "permutation"} if exact else ())

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The three of them, the latter two with the axis ``feature``."""
        disentanglement = Variable(
            self.name,
            long_name=f"how far units are important for one feature alone ({self.probe})",
            valid_range=(0.0, 1.0),
            references=self.references,
            also_constant="a feature of one value, a single one, or no unit that is important",
        )
        completeness = Variable(
            f"{self.name}_completeness",
            dims=("feature",),
            long_name=f"how far the feature is told by one unit alone ({self.probe})",
            valid_range=(0.0, 1.0),
            references=self.references,
            also_constant="a layer of one unit, or no unit that is important",
        )
        informativeness = Variable(
            f"{self.name}_informativeness",
            dims=("feature",),
            long_name=f"{words_for(self.metric)} of decoding the feature ({self.probe})",
            references=self.references,
            **about(self.metric),
        )
        return (disentanglement, completeness, informativeness)

    def compute(  # type: ignore[override]  # noqa: D102
        self, fit: ExamplesState, held_out: ExamplesState, *, columns: Columns
    ) -> dict[str, jax.Array]:
        scores, _ = dci_scores(
            fit.head(self.examples),
            held_out.head(self.examples),
            columns,
            probe=self.probe,
            metric=self.metric,
            options=self.options,
        )
        found: dict[str, jax.Array] = {}
        for variable, score in zip(self.variables, scores, strict=True):
            found |= reported(variable.name, score)
        return found
