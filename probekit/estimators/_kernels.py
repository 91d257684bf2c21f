"""What similarities of Gram matrices have in common: CKA and HSIC."""

import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import jax

from probekit._checks import check_choice, check_count
from probekit.estimators._protocol import Estimator
from probekit.estimators._readout import reported
from probekit.estimators._weighing import OfGrams, Reading, weighing_of_grams
from probekit.measures import Score
from probekit.measures.gram import KERNELS, Kernel
from probekit.measures.kernels import check_bandwidth
from probekit.statistics import CrossKernel, Examples, Moments, Statistic


class Scores(NamedTuple):
    """How a similarity is read off what is remembered.

    Attributes
    ----------
    linear : callable
        Off moments.
    debiased : callable
        Off the sums of `probekit.statistics.CrossKernel`.
    sampled : callable
        Off examples, with the keywords `kernel`, `debiased` and `bandwidth`.
    weighed : callable
        Off inner products of Gram matrices.
    """

    linear: Callable[..., Score]
    debiased: Callable[..., Score]
    sampled: Callable[..., Score]
    weighed: Reading


@dataclasses.dataclass(frozen=True, kw_only=True)
class OfKernels(Estimator):
    """A similarity by kernels: of all examples if they are linear, else of some; abstract.

    A final class declares `scores`, and `moments`, which the linear one is read off.
    """

    scores: ClassVar[Scores]
    moments: ClassVar[Moments]

    kernel: Kernel = "linear"
    debiased: bool = False
    bandwidth: float = 1.0
    examples: int = 256
    kind = "similarity"
    symmetric = True

    def __post_init__(self) -> None:
        """Check the options."""
        check_choice("kernel", self.kernel, KERNELS)
        check_bandwidth(self.bandwidth)
        check_count("examples", self.examples, 4)

    @property
    def distinct(self) -> bool:
        """Without the bias of pairs of an example with itself, copies are not allowed for."""
        return self.debiased

    @property
    def statistic(self) -> Statistic[Any]:
        """Sums of products for the linear kernel, examples for the others."""
        if self.kernel != "linear":
            return Examples(capacity=self.examples)
        return CrossKernel() if self.debiased else self.moments

    def weighing(self, *, examples: int, units: tuple[int, ...]) -> OfGrams | None:
        if self.kernel != "linear":
            return None
        return weighing_of_grams(
            self, self.scores.weighed, debiased=self.debiased, examples=examples, units=units
        )

    def compute(self, fit: Any, held_out: Any) -> dict[str, jax.Array]:
        del fit
        if self.kernel == "linear":
            read = self.scores.debiased if self.debiased else self.scores.linear
            return reported(self.name, read(held_out))
        score = self.scores.sampled(
            held_out.head(self.examples),
            kernel=self.kernel,
            debiased=self.debiased,
            bandwidth=self.bandwidth,
        )
        return reported(self.name, score)
