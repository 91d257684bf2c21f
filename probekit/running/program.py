"""The compiled part of a run: training and probing of some epochs in one XLA program.

Every chunk has room for the same number of epochs, so that there is one program; an epoch that is
not wanted is skipped, not computed. What a row holds does not depend on how the epochs are
divided into chunks, which is why a resumed run equals an uninterrupted one bit for bit.
"""

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_differences_kept, exact_integers, shape_text
from probekit._shapes import shape_of
from probekit.errors import OptionError, ShapeError
from probekit.probing.plan import Plan, States
from probekit.probing.readout import absent
from probekit.running.packing import Packing
from probekit.running.stepping import check_stepped
from probekit.tasks import Split, Task, TaskConfig

SPLITS = ("train", "fit", "test")


@partial(
    jax.tree_util.register_dataclass, data_fields=["inputs", "features"], meta_fields=["sizes"]
)
@dataclasses.dataclass(frozen=True)
class Data:
    """The examples of all splits one after the other, so that one forward pass evaluates them all.

    Attributes
    ----------
    inputs : array (example, …)
    features : array (example, feature)
    sizes : tuple of int
        Number of examples of each split, in the order of `SPLITS`.
    """

    inputs: Any
    features: Any
    sizes: tuple[int, ...]

    @classmethod
    def of(cls, splits: Mapping[str, Split]) -> "Data":
        """Put the splits of one seed together, as numbers that the device computes with."""
        if not {*SPLITS} <= {*splits}:
            raise OptionError(
                f"data: a task makes the splits {', '.join(SPLITS)}; this one made "
                f"{', '.join(splits) or 'none'}."
            )
        parts = [_checked(name, splits[name]) for name in SPLITS]
        inputs, features = (
            computable(np.concatenate([part[field] for part in parts])) for field in (0, 1)
        )
        return cls(inputs, features, tuple(len(part.inputs) for part in parts))

    def parts(self) -> dict[str, slice]:
        """Return where the examples of each split are."""
        ends = np.cumsum(self.sizes).tolist()
        bounds = zip(SPLITS, self.sizes, ends, strict=True)
        return {name: slice(end - size, end) for name, size, end in bounds}


def _checked(name: str, split: Any) -> Split:
    """Return a split of a task, if it is arrays of numbers for the same examples."""
    if not isinstance(split, tuple) or len(split) != len(Split._fields):
        raise OptionError(
            f"data: the split {name!r} is a {type(split).__name__}; "
            "give probekit.tasks.Split(inputs, features)."
        )
    arrays = Split(*map(np.asarray, split))
    for field, array in arrays._asdict().items():
        if not array.ndim or array.dtype.kind in "OSUMm":
            raise OptionError(
                f"data: {field} of the split {name!r} have {shape_text(array)}; "
                "give numbers (example, …)."
            )
    inputs, features = map(len, arrays)
    if inputs != features:
        raise ShapeError(
            f"data: the split {name!r} has inputs of {inputs} examples and features of {features}. "
            "Give the same examples."
        )
    for field, array in arrays._asdict().items():
        exact_integers(f"data: {field} of the split {name!r}", array)
    check_differences_kept(f"data: features of the split {name!r}", arrays.features)
    return arrays


def computable(array: np.ndarray) -> np.ndarray:
    """Return integers and wide floats as float32, so that no step has to convert them."""
    return array.astype(np.float32) if array.dtype != np.float16 else array


class Carry(NamedTuple):
    """What goes on from epoch to epoch: the task's state, and whether training has stopped."""

    state: Any
    finished: jax.Array


class Epochs(NamedTuple):
    """A chunk of epochs; each field has the axis ``epoch`` first.

    Attributes
    ----------
    order : array (epoch, example), int32
        The order in which training visits the examples before the epoch is evaluated.
    wanted : array (epoch,), bool
        Whether there is such an epoch.
    trained : array (epoch,), bool
        Whether there is training before it; only epoch 0 has none.
    """

    order: Any
    wanted: Any
    trained: Any


class Row(NamedTuple):
    """What is recorded of an epoch; in the output of a chunk each array has ``epoch`` first.

    Attributes
    ----------
    recorded : array (), bool
        Whether there is anything: not after training has stopped.
    metrics : dict
        ``{split: {variable: array}}``.
    states : dict
        For each layer, what the plan's statistics remember of the splits ``fit`` and ``test``,
        packed as `Program.packings` says; the axis of the two splits is first.
    activations : dict
        ``{layer: array (example, …)}`` of the test split, for layers that are to be stored.
    """

    recorded: jax.Array
    metrics: dict[str, dict[str, jax.Array]]
    states: dict[str, dict[str, jax.Array]]
    activations: dict[str, jax.Array]


@dataclasses.dataclass(frozen=True)
class Program:
    """What is compiled: static, so that it is the key of its compiled form.

    Parameters
    ----------
    task : Task
    config : TaskConfig
    plan : Plan
    layers : tuple of str
        The layers to probe.
    stored : tuple of str
        The layers whose activations are kept.
    """

    task: Task
    config: TaskConfig
    plan: Plan
    layers: tuple[str, ...]
    stored: tuple[str, ...] = ()

    def init(self, seed: Any) -> Carry:
        """Return what a seed starts from."""
        return Carry(self.task.init(self.config, seed), jnp.array(False))

    def chunk(self, carry: Carry, data: Data, epochs: Epochs) -> tuple[Carry, Row]:
        """Train and evaluate a chunk of epochs of one seed."""
        return jax.lax.scan(lambda carry, epoch: self._epoch(carry, data, epoch), carry, epochs)

    def chunk_of_seeds(self, carry: Carry, data: Data, epochs: Epochs) -> tuple[Carry, Row]:
        """Do the same for several seeds at once, stacked.

        Whether an epoch is wanted of any seed is asked outside of what is vectorised: within, both
        answers are computed, and a chunk of one epoch would take as long as one that is full.
        """

        def of_all(carry: Carry, epoch: Epochs) -> tuple[Carry, Row]:
            each = jax.vmap(self._epoch)
            nothing = jax.tree.map(absent, jax.eval_shape(each, carry, data, epoch)[1])
            result: tuple[Carry, Row] = jax.lax.cond(
                (epoch.wanted & ~carry.finished).any(),
                lambda carry: each(carry, data, epoch),
                lambda carry: (carry, nothing),
                carry,
            )
            return result

        by_epoch = jax.tree.map(lambda array: jnp.swapaxes(array, 0, 1), epochs)
        carry, rows = jax.lax.scan(of_all, carry, by_epoch)
        return carry, jax.tree.map(lambda array: jnp.swapaxes(array, 0, 1), rows)

    def _epoch(self, carry: Carry, data: Data, epoch: Epochs) -> tuple[Carry, Row]:
        wanted = epoch.wanted & ~carry.finished
        state = jax.lax.cond(
            wanted & epoch.trained,
            lambda state: self._train(state, data, epoch.order),
            lambda state: state,
            carry.state,
        )
        evaluate = jax.jit(lambda state: self._evaluate(state, data))  # so that it is traced once
        nothing = jax.tree.map(absent, jax.eval_shape(evaluate, state))
        row = jax.lax.cond(wanted, evaluate, lambda _: nothing, state)
        stops = row.recorded & self.task.finished(self.config, row.metrics)
        return Carry(state, carry.finished | stops), row

    def _train(self, state: Any, data: Data, order: jax.Array) -> Any:
        """Visit every training example once, in this order."""
        size = self.config.batch_size
        whole = len(order) // size * size

        def step(state: Any, rows: jax.Array) -> tuple[Any, None]:
            batch = data.inputs[rows], data.features[rows]  # training examples come first
            stepped = self.task.step(self.config, state, *batch)
            check_stepped(self.task.name, state, stepped)
            return stepped, None

        state, _ = jax.lax.scan(step, state, order[:whole].reshape(-1, size))
        if whole < len(order):  # the last, smaller batch has a shape of its own
            state, _ = step(state, order[whole:])
        return state

    def _evaluate(self, state: Any, data: Data) -> Row:
        """Score the network, and remember what scores of its representations need."""
        outputs = self.task.extractor(self.config, state)(data.inputs)
        splits = {
            name: ({layer: array[part] for layer, array in outputs.items()}, data.features[part])
            for name, part in data.parts().items()
        }
        layers = {layer: shape_of(outputs[layer]) for layer in self.layers}
        # As this is traced: sizes are known, and nothing has been computed.
        self.plan.check_sizes(layers, examples=len(splits["fit"][1]))
        metrics = {
            name: self.task.metrics(self.config, *splits[name]) for name in ("train", "test")
        }
        for of_split in metrics.values():
            self._check_metrics(of_split)
        states = self._remember(splits["fit"], splits["test"])
        activations = {layer: splits["test"][0][layer] for layer in self.stored}
        return Row(jnp.array(True), metrics, states, activations)

    def _remember(
        self, *splits: tuple[dict[str, jax.Array], jax.Array]
    ) -> dict[str, dict[str, jax.Array]]:
        """Return what the plan's statistics remember of each split, packed layer by layer."""

        def packed(
            split: tuple[dict[str, jax.Array], jax.Array],
        ) -> dict[str, dict[str, jax.Array]]:
            outputs, features = split
            states = self.plan.of({layer: outputs[layer] for layer in self.layers}, features)
            return {layer: Packing.of(state).pack(state) for layer, state in states.items()}

        def stacked(*arrays: jax.Array) -> jax.Array:
            return jnp.stack(arrays)

        both: dict[str, dict[str, jax.Array]]
        if len({len(features) for _, features in splits}) > 1:
            both = jax.tree.map(stacked, *map(packed, splits))
        else:  # splits of one size share one piece of compiled code
            both = jax.lax.map(packed, jax.tree.map(stacked, *splits))
        return both

    def _check_names(self, outputs: Mapping[str, Any], features: Any) -> None:
        """Raise `OptionError` if layers or features are not those that the task names."""
        names = self.plan.names
        if np.shape(features)[1:] != (len(names),):
            raise OptionError(
                f"task {self.task.name!r}: the features of a split have the shape "
                f"{np.shape(features)}; its features() names {len(names)}, a column each."
            )
        lacking = [layer for layer in self.layers if layer not in outputs]
        if lacking:
            raise OptionError(
                f"task {self.task.name!r}: its extractor gives {', '.join(outputs)}, and not "
                f"{lacking[0]!r}, which its layers() names."
            )

    def _check_metrics(self, metrics: Any) -> None:
        """Raise `OptionError` unless the metrics are the variables that the task names."""
        task = f"task {self.task.name!r}: its metrics()"
        if not isinstance(metrics, Mapping):
            raise OptionError(f"{task} return a {type(metrics).__name__}; return {{name: number}}.")
        declared = {variable.name: variable.dims for variable in self.task.variables}
        lacking = [name for name in ("loss", *declared) if name not in metrics]
        if lacking:
            given = ", ".join(map(str, metrics)) or "nothing"
            raise OptionError(f"{task} return {given}, and not {lacking[0]!r}.")
        sizes = {"feature": len(self.plan.names)}
        for name, dims in {"loss": (), **declared}.items():
            shape = np.shape(metrics[name])
            wanted = [sizes.get(dim, size) for dim, size in zip(dims, shape, strict=False)]
            if len(shape) != len(dims) or list(shape) != wanted:
                raise OptionError(
                    f"{task} return {name!r} with shape {shape}; its dims are {tuple(dims)}"
                    f"{f', {sizes} in size' if 'feature' in dims else ''}."
                )

    def packings(self, carry: Carry, data: Data) -> tuple[dict[str, Packing], int]:
        """Return how the states of a split are packed, and how many bytes an epoch hands out.

        `carry` and `data` are those of one seed; their shapes are enough.
        """

        def states_and_activations(carry: Carry, data: Data) -> tuple[States, Any]:
            extractor = self.task.extractor(self.config, carry.state)
            if not callable(extractor):
                raise OptionError(
                    f"task {self.task.name!r}: its extractor() returns a "
                    f"{type(extractor).__name__}; return one of probekit.extractors."
                )
            outputs = extractor(data.inputs)
            self._check_names(outputs, data.features)
            states = self.plan.of({layer: outputs[layer] for layer in self.layers}, data.features)
            test = data.parts()["test"]
            return states, {layer: outputs[layer][test] for layer in self.stored}

        states, activations = jax.eval_shape(states_and_activations, carry, data)
        packings = {layer: Packing.of(state) for layer, state in states.items()}
        nbytes = 2 * sum(packing.nbytes for packing in packings.values())
        return packings, nbytes + Packing.of(activations).nbytes
