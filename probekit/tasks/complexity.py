"""The reference task: one network, features of unequal complexity, equally well computed.

Lampinen, Chan and Hermann (2024), "Learned feature representations are biased by complexity,
learning order, position, and more", arXiv 2405.05847, as its authors' demo notebook gives it.
With the default settings the task reproduces the notebook's data sets and initial parameters bit
for bit, its batch order, and its figures.

This module imports no jax, so that the command line can show the options quickly; the network and
its training are in `probekit.tasks.mlp`.
"""

import dataclasses
import itertools
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from probekit._checks import check_positive
from probekit.errors import Argument, OptionError
from probekit.tasks import boolean
from probekit.tasks._protocol import MOST, Split, Task, TaskConfig, option
from probekit.variables import Variable

if TYPE_CHECKING:
    from probekit.extractors import Extractor
    from probekit.tasks.mlp import TrainState

_LARGEST = float(np.finfo(np.float32).max)

OPTIMIZERS = ("adam", "sgd", "momentum", "adamw")

# The notebook's seeds: of parameters and training data, of the examples that probes are fitted on,
# and of those that they are scored on.
TRAIN_SEED, FIT_SEED, TEST_SEED = 123, 1234, 12345


@dataclasses.dataclass(frozen=True, kw_only=True)
class ComplexityConfig(TaskConfig):
    """Settings of the reference task; the defaults are the notebook's."""

    features: tuple[str, ...] = option(
        ("linear", "xor_xor_xor"),
        "The features, in this order: linear, or three of and/or/xor as top_left_right.",
    )
    units: int = option(16, "Input units of each feature.", least=1, most=MOST)
    hidden: tuple[int, ...] = option(
        (256, 128, 64, 64), "Widths of the hidden layers.", least=1, most=MOST
    )
    train_examples: int = option(8192, "Examples to train on.", least=1, most=MOST)
    fit_examples: int = option(1024, "Examples that probes are fitted on.", least=2, most=MOST)
    test_examples: int = option(
        1024, "Examples that probes and network are scored on.", least=2, most=MOST
    )
    batch_size: int = option(
        1024, "Examples in a batch; a last, smaller batch is used too.", least=1, most=MOST
    )
    optimizer: str = option("adam", "The optimiser.", choices=OPTIMIZERS)
    learning_rate: float = option(1e-3, "The learning rate.")
    momentum: float = option(
        0.9,
        "Decay of the momentum; only for --optimizer momentum.",
        least=0,
        only_for=("optimizer", "momentum"),
    )
    weight_decay: float = option(
        1e-4,
        "Decay of the weights; only for --optimizer adamw.",
        least=0,
        only_for=("optimizer", "adamw"),
    )
    stop_accuracy: float | None = option(
        None, "Stop a seed when every feature's test accuracy is at least this; off if not given."
    )

    def __post_init__(self) -> None:
        """Refuse settings that no run could use."""
        super().__post_init__()
        if not self.features:
            raise OptionError(
                Argument("features", ()), ": no feature; give at least one, e.g. 'linear'."
            )
        if not self.hidden:
            raise OptionError(
                Argument("hidden", ()), ": no hidden layer; give at least one width, e.g. 64."
            )
        for feature in self.features:
            boolean.check_feature(feature, self.units)
        if (parameters := self._parameters()) > MOST:
            raise OptionError(
                Argument("hidden", self.hidden),
                ", ",
                Argument("units", self.units),
                f": these are {parameters:.1e} parameters; "
                f"give widths that make at most {MOST:.1e}.",
            )
        check_positive("learning_rate", self.learning_rate)
        _check_finite("learning_rate", self.learning_rate)
        _check_finite("weight_decay", self.weight_decay)
        if self.momentum >= 1:
            raise OptionError(Argument("momentum", self.momentum), ": must be less than 1.")
        if self.stop_accuracy is not None and not 0 < self.stop_accuracy <= 1:
            raise OptionError(
                Argument("stop_accuracy", self.stop_accuracy),
                ": must be greater than 0 and at most 1.",
            )

    def _parameters(self) -> int:
        """Return how many numbers are trained."""
        widths = (self.units * len(self.features), *self.hidden, len(self.features))
        return sum((before + 1) * after for before, after in itertools.pairwise(widths))


class ReferenceComplexity(Task):
    """Boolean features of unequal complexity, learned together by an MLP."""

    name = "reference-complexity"
    summary = "simple and hard Boolean features in an MLP (Lampinen, Chan and Hermann 2024)"
    Config = ComplexityConfig
    estimators = ("linear_r2", "total_variance")
    variables = (
        Variable("loss", (), "cross-entropy, mean over features", "nat", (0.0, math.inf)),
        Variable("feature_loss", ("feature",), "cross-entropy", "nat", (0.0, math.inf)),
        Variable("accuracy", ("feature",), "accuracy of the network", "1", (0.0, 1.0)),
    )

    def features(self, config: ComplexityConfig) -> tuple[str, ...]:
        """Return the names of the features; a repeated one gets a number."""
        names: list[str] = []
        for feature in config.features:
            count = sum(name.split("#")[0] == feature for name in names)
            names.append(f"{feature}#{count + 1}" if count else feature)
        return tuple(names)

    def layers(self, config: ComplexityConfig) -> tuple[str, ...]:
        """Return ``hidden_0`` … (after the non-linearity) and ``logits``."""
        return (*(f"hidden_{number}" for number in range(len(config.hidden))), "logits")

    def data(self, config: ComplexityConfig, seed: int) -> Mapping[str, Split]:
        """Return the notebook's three data sets."""
        return {
            "train": self._sample(config, config.train_examples, TRAIN_SEED + seed)[0],
            "fit": self._sample(config, config.fit_examples, FIT_SEED + seed)[0],
            "test": self._sample(config, config.test_examples, TEST_SEED + seed)[0],
        }

    def orders(self, config: ComplexityConfig, seed: int) -> Iterator[np.ndarray]:
        """Yield permutations from the generator as the sampling of the test set left it."""
        _, generator = self._sample(config, config.test_examples, TEST_SEED + seed)
        while True:
            yield generator.permutation(config.train_examples)

    def _sample(
        self, config: ComplexityConfig, examples: int, seed: int
    ) -> tuple[Split, np.random.RandomState]:
        return boolean.sample(config.features, units=config.units, examples=examples, seed=seed)

    def init(self, config: ComplexityConfig, seed: Any) -> "TrainState":
        """Return the notebook's initial parameters and an empty optimiser state."""
        from probekit.tasks import mlp

        return mlp.init(config, TRAIN_SEED + seed)

    def step(
        self, config: ComplexityConfig, state: "TrainState", inputs: Any, features: Any
    ) -> "TrainState":
        """Return the state after one step down the gradient of the mean cross-entropy."""
        from probekit.tasks import mlp

        return mlp.step(config, state, inputs, features)

    def extractor(self, config: ComplexityConfig, state: "TrainState") -> "Extractor":
        """Return the extractor of ``hidden_0`` … (after the non-linearity) and ``logits``."""
        from probekit.tasks import mlp

        return mlp.MLPExtractor(state.parameters, widths=mlp.widths(config))

    def metrics(
        self, config: ComplexityConfig, outputs: Mapping[str, Any], features: Any
    ) -> dict[str, Any]:
        """Return loss, loss per feature and accuracy per feature."""
        from probekit.tasks import mlp

        return mlp.metrics(outputs["logits"], features)

    def finished(self, config: ComplexityConfig, metrics: Mapping[str, Mapping[str, Any]]) -> Any:
        """Whether every feature's test accuracy has reached `stop_accuracy`."""
        if config.stop_accuracy is None:
            return np.False_
        return (metrics["test"]["accuracy"] >= config.stop_accuracy).all()


def _check_finite(name: str, value: float) -> None:
    """Raise `OptionError` if the device, which computes in float32, would make infinity of it."""
    if value > _LARGEST:
        raise OptionError(
            Argument(name, value), f": must be finite in float32, at most {_LARGEST:.1e}."
        )
