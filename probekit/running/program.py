"""The compiled part of a run: training and probing of some epochs in one XLA program.

Every chunk has room for the same number of epochs, so that there is one program; an epoch that is
not wanted is skipped, not computed. What a row holds does not depend on how the epochs are
divided into chunks, which is why a resumed run equals an uninterrupted one bit for bit.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from probekit.probing import Plan
from probekit.tasks import Split, Task, TaskConfig

Data = Mapping[str, Split]


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
    scores : dict
        ``{layer: {variable: array}}``, of estimators that can be computed under ``jit``.
    states : tuple
        The statistics of both splits, for the other estimators; empty if there are none.
    activations : dict
        ``{layer: array (example, …)}`` of the test split, for layers that are to be stored.
    """

    recorded: jax.Array
    metrics: dict[str, dict[str, jax.Array]]
    scores: dict[str, dict[str, jax.Array]]
    states: tuple[Any, ...]
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

    def _epoch(self, carry: Carry, data: Data, epoch: Epochs) -> tuple[Carry, Row]:
        wanted = epoch.wanted & ~carry.finished
        state = jax.lax.cond(
            wanted & epoch.trained,
            lambda state: self._train(state, data["train"], epoch.order),
            lambda state: state,
            carry.state,
        )
        evaluate = lambda state: self._evaluate(state, data)  # noqa: E731
        absent = jax.tree.map(_absent, jax.eval_shape(evaluate, state))
        row = jax.lax.cond(wanted, evaluate, lambda _: absent, state)
        stops = row.recorded & self.task.finished(self.config, row.metrics)
        return Carry(state, carry.finished | stops), row

    def _train(self, state: Any, train: Split, order: jax.Array) -> Any:
        """Visit every training example once, in this order."""
        size = self.config.batch_size
        whole = len(order) // size * size

        def step(state: Any, rows: jax.Array) -> tuple[Any, None]:
            batch = train.inputs[rows], train.features[rows]
            return self.task.step(self.config, state, *batch), None

        state, _ = jax.lax.scan(step, state, order[:whole].reshape(-1, size))
        if whole < len(order):  # the last, smaller batch has a shape of its own
            state, _ = step(state, order[whole:])
        return state

    def _evaluate(self, state: Any, data: Data) -> Row:
        """Score the network and its representations."""
        extractor = self.task.extractor(self.config, state)
        outputs = {name: extractor(split.inputs) for name, split in data.items()}
        metrics = {
            name: self.task.metrics(self.config, outputs[name], data[name].features)
            for name in ("train", "test")
        }
        fit, test = (self._remember(outputs[name], data[name].features) for name in ("fit", "test"))
        return Row(
            recorded=jnp.array(True),
            metrics=metrics,
            scores=self.plan.compute(fit, test, traceable=True),
            states=() if self.plan.traceable else (fit, test),
            activations={layer: outputs["test"][layer] for layer in self.stored},
        )

    def _remember(self, outputs: Mapping[str, jax.Array], features: jax.Array) -> Any:
        """Return the plan's statistics of a whole split."""
        chosen = {layer: outputs[layer] for layer in self.layers}
        shapes = {layer: jax.eval_shape(lambda x: x, array) for layer, array in chosen.items()}
        examples = len(features)
        return self.plan.update(
            self.plan.init(shapes),
            chosen,
            features,
            weight=jnp.ones(examples, jnp.float32),
            index=jnp.arange(examples, dtype=jnp.int32),
        )


def _absent(shape: jax.ShapeDtypeStruct) -> jax.Array:
    """Return what stands for a value that was not computed."""
    if shape.dtype == bool:
        return jnp.zeros(shape.shape, bool)
    fill = jnp.nan if jnp.issubdtype(shape.dtype, jnp.inexact) else -1
    return jnp.full(shape.shape, fill, shape.dtype)
