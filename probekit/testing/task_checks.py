"""The contract of tasks as checks: each takes a task with small settings, and raises if broken.

The first sentence of each docstring is the law that is checked.
"""

import dataclasses
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit.errors import OptionError, ScoreWarning
from probekit.estimators import resolve
from probekit.plugins import hookimpl
from probekit.running import config_of, run, task_of
from probekit.tasks import Task, TaskConfig
from probekit.testing._importing import can_be_imported, loaded_by

if TYPE_CHECKING:
    import xarray as xr

SPLITS = ("train", "fit", "test")


@dataclasses.dataclass(frozen=True)
class Subject:
    """A task, the settings that it is run with, and what several checks look at."""

    task: Task
    config: TaskConfig
    options: Mapping[str, Any]

    @classmethod
    def of(cls, task: Task | type[Task], options: Mapping[str, Any]) -> "Subject":
        """Make the settings; two seeds and two epochs unless told otherwise."""
        found, options = task_of(task), {"seeds": 2, "epochs": 2} | dict(options)
        return cls(found, config_of(found, options), options)

    def __repr__(self) -> str:
        return f"task {self.task.name!r}"

    def init(self) -> Any:
        """Return the initial state of the first seed, traced anew."""
        init = jax.jit(lambda seed: self.task.init(self.config, seed))
        return jax.device_get(init(self.config.first_seed))

    @cached_property
    def state(self) -> Any:
        """The initial state of the first seed."""
        return self.init()

    @cached_property
    def data(self) -> Mapping[str, Any]:
        """The splits of the first seed."""
        return self.task.data(self.config, self.config.first_seed)

    @cached_property
    def outputs(self) -> dict[str, np.ndarray]:
        """The activations of all layers on the test split, before training."""
        extractor = self.task.extractor(self.config, self.state)
        outputs = jax.jit(lambda extractor, inputs: extractor(inputs))
        return dict(jax.device_get(outputs(extractor, self.data["test"].inputs)))

    @cached_property
    def metrics(self) -> dict[str, np.ndarray]:
        """The task's own variables on the test split, before training."""
        metrics = jax.jit(lambda *given: self.task.metrics(self.config, *given))
        return dict(jax.device_get(metrics(self.outputs, self.data["test"].features)))


Check = Callable[[Subject], None]


def checks_of(subject: Subject) -> Iterator[Check]:
    """Yield the checks that apply."""
    yield check_declarations
    yield check_help
    yield check_limits
    if can_be_imported(subject.task.Config.__module__):
        yield check_light_config
    yield check_equality
    yield check_data
    yield check_orders
    yield check_init
    yield check_step
    yield check_layers
    yield check_metrics
    yield check_finished
    yield check_run
    if subject.config.seeds > 1:
        yield check_resume


def check_declarations(subject: Subject) -> None:
    """Declare a name, a summary of one line, estimators that there are, and a variable ``loss``."""
    task = subject.task
    for part in ("name", "summary"):
        text = getattr(task, part)
        assert isinstance(text, str), f"{part} is {text!r}"
        assert text.strip() == text != "", f"{part} is {text!r}"
        assert "\n" not in text, f"{part} has several lines"
    resolve(task.estimators)
    names = [variable.name for variable in task.variables]
    assert "loss" in names, f"variables are {names}"
    assert len(set(names)) == len(names), f"variables have one name twice: {names}"


def check_help(subject: Subject) -> None:
    """Give its settings as a frozen dataclass, a child of `TaskConfig`, each with a help text."""
    config = subject.task.Config
    assert issubclass(config, TaskConfig), f"Config is {config!r}"
    assert dataclasses.is_dataclass(config), "Config is no dataclass"
    assert config.__dataclass_params__.frozen, "Config can be changed"  # type: ignore[attr-defined]
    config()  # every setting has a default
    for field in dataclasses.fields(config):
        text = field.metadata.get("help", "")
        assert text.strip(), f"{field.name} has no help text; make it with probekit.tasks.option"


def check_limits(subject: Subject) -> None:
    """Refuse what is below the least of a setting, in one line that names it."""
    for field in dataclasses.fields(subject.task.Config):
        least = field.metadata.get("least")
        if least is None:
            continue
        below = (least - 1,) if isinstance(field.default, tuple) else least - 1
        message = _refusal(subject.config, field.name, below)
        assert message, f"{field.name}={below!r} is taken; the least is {least}"
        assert field.name in message, f"{field.name}={below!r}: {message}"
        assert "\n" not in message, f"{field.name}={below!r}: the error has several lines"


def check_light_config(subject: Subject) -> None:
    """Import no jax with the module of its settings, so that ``--help`` answers at once."""
    module = subject.task.Config.__module__
    assert not loaded_by(module, ["jax"]), f"importing {module} imports jax"


def check_equality(subject: Subject) -> None:
    """Have a hash, and settings that are equal when all values are: programs are compiled once."""
    again = dataclasses.replace(subject.config)
    assert again == subject.config, "equal settings are not equal"
    assert hash(again) == hash(subject.config), "equal settings have different hashes"
    hash(subject.task)


def check_data(subject: Subject) -> None:
    """Give the splits train, fit and test, of finite numbers, the same whenever a seed is asked."""
    names = subject.task.features(subject.config)
    assert names, "there are no features"
    assert len(set(names)) == len(names), f"two features have one name: {names}"
    data, again = subject.data, subject.task.data(subject.config, subject.config.first_seed)
    assert set(SPLITS) <= set(data), f"splits are {list(data)}"
    for name in SPLITS:
        split = data[name]
        examples = len(split.inputs)
        assert examples > 0, f"{name} has no examples"
        assert split.features.shape == (examples, len(names)), (
            f"{name} has {examples} inputs and features {split.features.shape}; "
            f"there are {len(names)} features"
        )
        for part in ("inputs", "features"):
            value = getattr(split, part)
            assert np.isfinite(value).all(), f"{part} of {name} are not all finite"
            assert np.array_equal(value, getattr(again[name], part)), (
                f"{part} of {name} differ when the same seed is asked for again"
            )


def check_orders(subject: Subject) -> None:
    """Yield for every epoch which training examples are visited, the same for the same seed."""
    examples = len(subject.data["train"].inputs)
    seed = subject.config.first_seed
    first, again = (
        list(islice(subject.task.orders(subject.config, seed), subject.config.epochs))
        for _ in range(2)
    )
    assert len(first) == subject.config.epochs, f"there are orders of {len(first)} epochs only"
    for epoch, (order, other) in enumerate(zip(first, again, strict=True), start=1):
        numbers = np.asarray(order)
        assert np.issubdtype(numbers.dtype, np.integer), f"dtype {numbers.dtype} in epoch {epoch}"
        assert numbers.shape == (examples,), (
            f"shape {numbers.shape} in epoch {epoch}; there are {examples} training examples"
        )
        assert numbers.min() >= 0, f"a negative number in epoch {epoch}"
        assert numbers.max() < examples, f"{numbers.max()} in epoch {epoch} of {examples} examples"
        assert np.array_equal(numbers, other), f"epoch {epoch} differs when asked for again"


def check_init(subject: Subject) -> None:
    """Begin with the same state for the same seed, which ``jit`` may trace."""
    again = subject.init()
    _same_structure(subject.state, again, "when the same seed is asked for again")
    for a, b in zip(*map(jax.tree.leaves, (subject.state, again)), strict=True):
        assert np.array_equal(a, b), "the state differs when the same seed is asked for again"


def check_step(subject: Subject) -> None:
    """Train on a batch inside ``jit`` without changing shapes and dtypes of the state."""
    inputs, features = subject.data["train"]
    size = min(subject.config.batch_size, len(inputs))
    step = jax.jit(lambda *batch: subject.task.step(subject.config, *batch))
    after = step(subject.state, inputs[:size], features[:size])
    _same_structure(subject.state, after, "after a step")
    for leaf in jax.tree.leaves(after):
        assert not _is_float(leaf) or np.isfinite(leaf).all(), "the state is not finite any more"


def check_layers(subject: Subject) -> None:
    """Have an extractor that gives just the layers that are listed, in that order."""
    listed = subject.task.layers(subject.config)
    assert listed, "there are no layers"
    assert len(set(listed)) == len(listed), f"two layers have one name: {listed}"
    inputs = subject.data["test"].inputs
    # A compiled dict comes back sorted: it is the extractor's own list that has an order.
    given = tuple(subject.task.extractor(subject.config, subject.state).layers(inputs))
    assert given == tuple(listed), f"listed {tuple(listed)}, given {given}"
    examples = len(inputs)
    for layer, array in subject.outputs.items():
        assert array.shape[:1] == (examples,), f"{layer} is {array.shape} of {examples} examples"


def check_metrics(subject: Subject) -> None:
    """Return just the variables that are declared, a number or one number a feature each."""
    found = subject.metrics
    declared = {variable.name: variable for variable in subject.task.variables}
    assert set(found) == set(declared), f"declared {sorted(declared)}, given {sorted(found)}"
    features = len(subject.task.features(subject.config))
    for name, value in found.items():
        dims = declared[name].dims
        assert set(dims) <= {"feature"}, f"{name} has dims {dims}; 'feature' is the only one known"
        expected = (features,) if dims else ()
        assert np.shape(value) == expected, f"{name} is {np.shape(value)}, declared {expected}"
    assert np.isfinite(found["loss"]), f"the loss is {found['loss']} before training"


def check_finished(subject: Subject) -> None:
    """Say whether training may stop as one boolean, inside ``jit`` too."""
    finished = jax.jit(lambda metrics: subject.task.finished(subject.config, metrics))
    value = jnp.asarray(finished(dict.fromkeys(("train", "test"), subject.metrics)))
    assert (value.shape, value.dtype) == ((), jnp.bool_), f"it is {value.dtype} {value.shape}"


def check_run(subject: Subject) -> None:
    """Run to the end, with scores of every layer and feature in every epoch."""
    history = _run(subject)
    for dim in ("layer", "feature"):
        named = getattr(subject.task, f"{dim}s")(subject.config)
        found = history[dim].values.tolist()
        assert found == [*named], f"{dim}s of the history are {found}; the task names {[*named]}"
    seeds = history.sizes["seed"]
    assert seeds == subject.config.seeds, f"{seeds} of {subject.config.seeds} seeds have rows"
    recorded = history.loss.notnull().all("split")
    assert recorded.isel(epoch=0).all(), "there is no loss at epoch 0, before training"
    for variable in subject.task.variables:
        gaps = history[variable.name].isnull() & recorded
        assert not gaps.any(), f"{variable.name} is NaN where there is a loss"


def check_resume(subject: Subject) -> None:
    """Go on after having been stopped as if nothing had been, bit for bit."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "history.nc")
        try:
            _run(subject, output=path, listeners=[_Stopper()])
        except KeyboardInterrupt:
            resumed = _run(subject, output=path, resume=True)
        else:
            raise AssertionError("nothing was recorded before the end")
    _assert_same(_run(subject), resumed)


def _run(subject: Subject, **how: Any) -> "xr.Dataset":
    """Run the task; what scores are warned of is no breach: a small network may have dead units."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScoreWarning)
        return run(subject.task, **subject.options, **how)


def _refusal(config: Any, name: str, value: Any) -> str:
    """Return why settings with this value are refused; nothing if they are not."""
    try:
        dataclasses.replace(config, **{name: value})
    except OptionError as error:
        return str(error)
    return ""


class _Stopper:
    """Stops a run after its first chunk, as a user does."""

    @hookimpl
    def probekit_chunk_finished(self) -> None:
        raise KeyboardInterrupt


def _assert_same(a: "xr.Dataset", b: "xr.Dataset") -> None:
    assert set(a.variables) == set(b.variables), "the variables differ"
    for name in a.variables:
        equal = a[name].equals(b[name])
        assert equal, f"{name} differs between a run that was stopped and one that was not"


def _same_structure(a: Any, b: Any, when: str) -> None:
    def shapes(tree: Any) -> Any:
        return jax.tree.map(lambda leaf: (np.shape(leaf), np.asarray(leaf).dtype), tree)

    assert shapes(a) == shapes(b), f"shapes or dtypes of the state differ {when}"


def _is_float(leaf: Any) -> bool:
    return np.issubdtype(np.asarray(leaf).dtype, np.floating)
