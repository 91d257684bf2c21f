"""The contract of a task: data, model, training recipe, and what to probe."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
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
from probekit.errors import Argument, OptionError, suggestion
from probekit.variables import Variable

if TYPE_CHECKING:  # a config's module imports no jax
    from probekit.extractors import Extractor


MOST = 2**31 - 1
"""The largest size: JAX counts in 32 bits, and ends the process over what does not fit them."""

MOST_SEEDS = 1_000_000
"""Of a thousand times as many not even the list fits into memory."""

LAST_SEED = 2_000_000_000
"""Room below 2³¹ for what a task adds to a seed, to draw several sets of data from it."""


def option(default: Any, help: str, *, unit: str = "", **metadata: Any) -> Any:
    """Return a field of a task's config: its default, and the help text that the user sees.

    Parameters
    ----------
    default : object
        Of the type of the field. It must have a hash, as the config has.
    help : str
        One sentence, for ``--help``.
    unit : str
        What a number is counted in; for readers of the field, as the help says it too.
    **metadata
        ``least`` and ``most``: the smallest and largest number allowed; ``choices``: a tuple of
        what may be given. They hold for each value of a tuple, and not for None; for anything
        else `TaskConfig` raises `OptionError`. ``only_for``: name and value of the option without
        which this one has no effect, of which a run warns.

    Returns
    -------
    dataclasses.Field

    Examples
    --------
    >>> @dataclasses.dataclass(frozen=True, kw_only=True)
    ... class Config(TaskConfig):
    ...     width: int = option(64, "Units of the hidden layer.", least=1)
    >>> Config(width=0)
    Traceback (most recent call last):
    probekit.errors.OptionError: width=0: must be at least 1.
    """
    return dataclasses.field(default=default, metadata={"help": help, "unit": unit, **metadata})


@dataclasses.dataclass(frozen=True, kw_only=True)
class TaskConfig:
    """What the settings of every task have; a task's own config inherits from it.

    The command line makes one typed option of each field (``train_examples`` becomes
    ``--train-examples``); a tuple takes values separated by commas. Every field has a default and
    a type out of int, float, str, bool, Path, an Enum, ``Literal`` and ``tuple[int, ...]``, where
    None may be allowed too.

    Parameters
    ----------
    seeds : int
        From 1 to 1 000 000.
    first_seed : int
        From 0; the last seed is at most 2 000 000 000.
    epochs : int
        From 0.
    batch_size : int
        From 1.

    Raises
    ------
    OptionError
        If a value is not of the type of its field, or beyond its bounds or choices. A child that
        checks more in a ``__post_init__`` of its own calls this one in it.
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
            if field.metadata.get("choices") and value is not None:
                for part in value if isinstance(value, tuple) else (value,):
                    _check_chosen(field.name, part, field.metadata["choices"])
        check_at_most("seeds", self.seeds, MOST_SEEDS)
        if self.first_seed + self.seeds - 1 > LAST_SEED:
            raise OptionError(
                Argument("first_seed", self.first_seed),
                ", ",
                Argument("seeds", self.seeds),
                f": the last seed must be at most {LAST_SEED}.",
            )


def without_effect(config: TaskConfig, given: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Yield which of the given options have no effect, and the other option and value they need.

    Parameters
    ----------
    config : TaskConfig
        All settings.
    given : mapping
        Those that somebody has set, ``{name: value}``: of defaults nothing is told.

    Yields
    ------
    name, other : str
        The option that was given, and the one that it is for.
    value : object
        What the other one would have to be.
    """
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


def _check_chosen(name: str, value: Any, choices: Iterable[Any]) -> None:
    if value not in choices:
        near = suggestion(str(value), map(str, choices))
        raise OptionError(Argument(name, value), f": not a choice{near}")


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
    """The examples of one split.

    Attributes
    ----------
    inputs : array (example, …)
        Numbers of any dtype; the task is given them as float32, but for float16, which stays.
    features : array (example, feature)
        What may be represented, and what training has to learn; a column each, finite, given as
        float32 too.
    """

    inputs: np.ndarray
    features: np.ndarray


class Task(Protocol):
    """An experiment that `probekit run` runs. Pure: it knows nothing of files, screens or time.

    What is called traceable is compiled by JAX, in ``jit`` and ``scan`` and, of several seeds, in
    ``vmap``: no branch may depend on a value. Of `config` all methods may rely on a valid one; a
    config has a hash, is static, and is compiled in. `probekit.testing.check_task` checks all this.

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
        """Return the names of the features, in the order of the columns of `Split.features`.

        Parameters
        ----------
        config : Config

        Returns
        -------
        tuple of str
            At least one, none of them twice.
        """
        ...

    def layers(self, config: Any) -> tuple[str, ...]:
        """Return the names of the layers that can be probed, in forward order.

        Parameters
        ----------
        config : Config

        Returns
        -------
        tuple of str
            Those that `extractor` lists, in its order; asked before there is any data.
        """
        ...

    def data(self, config: Any, seed: int) -> Mapping[str, Split]:
        """Return the splits ``train``, ``fit`` (for fitting probes) and ``test`` (for scoring).

        Parameters
        ----------
        config : Config
        seed : int
            From ``config.first_seed`` on. The same seed has the same data, bit for bit, in any
            process: a run that is resumed asks again.

        Returns
        -------
        mapping of str to Split
            All three names. Examples may be in several splits, and their numbers differ; seeds that
            run at once have as many each.
        """
        ...

    def orders(self, config: Any, seed: int) -> Iterator[np.ndarray]:
        """Yield for each epoch the order in which it visits the training set.

        Parameters
        ----------
        config : Config
        seed : int
            The same seed has the same orders; a run that is resumed asks for them from the first.

        Yields
        ------
        array (example,)
            Whole numbers from 0, one for each training example, of which an epoch takes batches of
            ``config.batch_size``, the last of them smaller. ``config.epochs`` times at least.
        """
        ...

    def init(self, config: Any, seed: int) -> Any:
        """Return the state before training. Traceable in `seed`.

        Parameters
        ----------
        config : Config
        seed : array (), int32
            Traced in a run.

        Returns
        -------
        state
            A pytree of arrays: parameters, what the optimiser keeps, random keys. It is all that
            there is between two steps, and what a run is resumed from.
        """
        ...

    def step(self, config: Any, state: Any, inputs: Any, features: Any) -> Any:
        """Return the state after training on one batch. Traceable.

        Parameters
        ----------
        config : Config
        state : state
        inputs : array (batch, …)
        features : array (batch, feature)
            The last batch of an epoch may be smaller, and is then compiled for itself.

        Returns
        -------
        state
            Of the same structure, shapes and dtypes. Randomness comes from a key in the state.
        """
        ...

    def extractor(self, config: Any, state: Any) -> "Extractor":
        """Return the extractor of all layers that can be probed. Traceable.

        Parameters
        ----------
        config : Config
        state : state
            Of traced arrays, but where only names are asked for.

        Returns
        -------
        Extractor
            It must be traceable itself. Run once an epoch, on the examples of all splits together.
        """
        ...

    def metrics(self, config: Any, outputs: Mapping[str, Any], features: Any) -> dict[str, Any]:
        """Return the declared `variables` of one split, from its layers' activations. Traceable.

        Asked for ``train`` and ``test``, in every epoch and before the first.

        Parameters
        ----------
        config : Config
        outputs : mapping of str to array (example, …)
            What `extractor` gives of the split's inputs.
        features : array (example, feature)

        Returns
        -------
        dict of str to array
            ``()``, or ``(feature,)`` of variables that name ``"feature"`` in their dims. ``loss``
            is one number; where it is not finite the run ends with `DivergedError`.
        """
        ...

    def finished(self, config: Any, metrics: Mapping[str, Mapping[str, Any]]) -> Any:
        """Return whether training may stop. Traceable.

        Parameters
        ----------
        config : Config
        metrics : mapping
            ``{"train": {variable: array}, "test": …}`` of this epoch, as `metrics` gives them.

        Returns
        -------
        array (), bool
            After True no epoch of this seed is trained or recorded. Always False:
            ``jnp.array(False)``.
        """
        ...
