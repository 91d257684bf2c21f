"""Similarity: how alike two representations are, or a representation and a feature."""

import dataclasses

import jax

from probekit.estimators._protocol import Estimator
from probekit.estimators._readout import reported
from probekit.measures.kernels import linear_cka_score
from probekit.statistics import Moments, MomentsState
from probekit.variables import Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class CKA(Estimator):
    """Centred kernel alignment, as `probekit.measures.cka`."""

    name: str = "cka"
    kind = "similarity"
    symmetric = True
    invariances = frozenset({"translation", "scaling", "rotation", "permutation"})

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The similarity."""
        return (
            Variable(
                self.name,
                long_name="linear CKA",
                valid_range=(0.0, 1.0),
                references="Kornblith et al. 2019, Similarity of neural network representations",
            ),
        )

    @property
    def statistic(self) -> Moments:
        """All covariances."""
        return Moments()

    def compute(self, fit: MomentsState, held_out: MomentsState) -> dict[str, jax.Array]:  # noqa: D102
        del fit
        return reported(self.name, linear_cka_score(held_out))
