"""The contract of a task: data, model, training recipe, and what to probe."""

import dataclasses
from collections.abc import Iterator, Mapping
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    NamedTuple,
    Protocol,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import numpy as np

from probekit._checks import check_at_least, check_at_most
from probekit.errors import Argument, OptionError
from probekit.variables import Variable

if TYPE_CHECKING:  # a config's module imports no jax
    from probekit.extractors import Extractor


MOST = 2**31 - 1
"""The largest size: JAX counts in 32 bits, and ends the process over what does not fit them."""

LAST_SEED = 2_000_000_000
"""Room below 2³¹ for what a task adds to a seed, to draw several sets of data from it."""


def option(default: Any, help: str, *, unit: str = "", **metadata: Any) -> Any:
    """Return a field of a task's config: its default, and the help text that the user sees.

    Further metadata: ``choices`` (tuple of str), ``least`` and ``most`` (smallest and largest
    number allowed), ``only_for`` (name and value of the option without which this one has no
    effect).
    """
    return dataclasses.field(default=default, metadata={"help": help, "unit": unit, **metadata})


@dataclasses.dataclass(frozen=True, kw_only=True)
class TaskConfig:
    """What the settings of every task have; a task's own config inherits from it.

    The command line makes one typed option of each field (``train_examples`` becomes
    ``--train-examples``); a tuple takes values separated by commas.
    """

    seeds: int = option(5, "How many seeds to run.", least=1)
    first_seed: int = option(0, "The first seed; the others follow it.", least=0)
    epochs: int = option(100, "Epochs of training; epoch 0 is before any.", least=0, most=MOST)
    batch_size: int = option(
        128, "Examples in a batch; a last, smaller batch is used too.", least=1, most=MOST
    )

    def __post_init__(self) -> None:
        """Check every value against the type of its field and the bounds that it has."""
        types = get_type_hints(type(self))
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            _check_type(field.name, value, types[field.name])
            for bound, check in (("least", check_at_least), ("most", check_at_most)):
                if field.metadata.get(bound) is None or value is None:
                    continue
                for number in value if isinstance(value, tuple) else (value,):
                    check(field.name, number, field.metadata[bound])
        if self.first_seed + self.seeds - 1 > LAST_SEED:
            raise OptionError(
                Argument("first_seed", self.first_seed),
                ", ",
                Argument("seeds", self.seeds),
                f": the last seed must be at most {LAST_SEED}.",
            )


def without_effect(config: TaskConfig, given: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Yield which of the given options have no effect, and the other option and value they need."""
    for field in dataclasses.fields(config):
        if field.name in given and "only_for" in field.metadata:
            other, value = field.metadata["only_for"]
            if getattr(config, other) != value:
                yield field.name, other, value


_WORDS: dict[Any, tuple[type, str]] = {
    int: (Integral, "a whole number"),
    float: (Real, "a number"),
    str: (str, "text"),
    bool: (bool, "True or False"),
}


def _check_type(name: str, value: Any, expected: Any) -> None:
    """Raise `OptionError` unless the value is of a type that options have; others are not known."""
    choices = get_args(expected)
    if get_origin(expected) in (Union, UnionType):
        others = [choice for choice in choices if choice is not NoneType]
        if len(others) == 1 and value is not None:
            _check_type(name, value, others[0])
    elif get_origin(expected) is tuple:
        if not isinstance(value, tuple):
            raise OptionError(Argument(name, value), f": must be a tuple, e.g. ({value!r},).")
        for part in value if choices[1:] == (Ellipsis,) else ():
            _check_type(name, part, choices[0])
    elif expected in _WORDS:
        kind, words = _WORDS[expected]
        if not isinstance(value, kind) or (isinstance(value, bool) and expected is not bool):
            raise OptionError(Argument(name, value), f": must be {words}.")


class Split(NamedTuple):
    """Inputs ``(example, …)`` and features ``(example, feature)`` of one split."""

    inputs: np.ndarray
    features: np.ndarray


class Task(Protocol):
    """An experiment that `probekit run` runs. Pure: it knows nothing of files, screens or time.

    Attributes
    ----------
    name, summary : str
        The summary is one line for ``probekit list``.
    Config : type
        A frozen dataclass, a child of `TaskConfig`. Its module imports no jax, so that ``--help``
        is fast.
    estimators : tuple of str
        What is estimated unless the user asks for something else.
    variables : tuple of Variable
        What `metrics` returns, ``loss`` among them; a variable with one value per feature names
        ``"feature"`` in its dims.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    Config: ClassVar[type[TaskConfig]]
    estimators: ClassVar[tuple[str, ...]]
    variables: ClassVar[tuple[Variable, ...]]

    def features(self, config: Any) -> tuple[str, ...]:
        """Names of the features, in the order of the columns of `Split.features`."""
        ...

    def layers(self, config: Any) -> tuple[str, ...]:
        """Return the names of the layers that can be probed, in forward order."""
        ...

    def data(self, config: Any, seed: int) -> Mapping[str, Split]:
        """Return the splits ``train``, ``fit`` (for fitting probes) and ``test`` (for scoring)."""
        ...

    def orders(self, config: Any, seed: int) -> Iterator[np.ndarray]:
        """Yield for each epoch the order ``(example,)`` in which it visits the training set."""
        ...

    def init(self, config: Any, seed: int) -> Any:
        """Return the state before training, a pytree of arrays. Traceable in `seed`."""
        ...

    def step(self, config: Any, state: Any, inputs: Any, features: Any) -> Any:
        """Return the state after training on one batch. Traceable."""
        ...

    def extractor(self, config: Any, state: Any) -> "Extractor":
        """Return the extractor of all layers that can be probed."""
        ...

    def metrics(self, config: Any, outputs: Mapping[str, Any], features: Any) -> dict[str, Any]:
        """Return the declared `variables` of one split, from its layers' activations. Traceable."""
        ...

    def finished(self, config: Any, metrics: Mapping[str, Mapping[str, Any]]) -> Any:
        """Return whether training may stop, a boolean, from ``{split: metrics}``. Traceable."""
        ...
