"""Tasks of others that do not give what they name: one line, before anything is compiled."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import probekit as pk
from probekit.errors import OptionError, ShapeError
from probekit.running.lane import _next
from probekit.tasks import Split
from probekit.tasks.complexity import ReferenceComplexity

SMALL = {"seeds": 1, "epochs": 1, "train_examples": 32, "fit_examples": 16, "test_examples": 16}


class WithoutASplit(ReferenceComplexity):
    def data(self, config, seed):
        splits = super().data(config, seed)
        return {name: splits[name] for name in ("train", "test")}


class WithAFeatureTooFew(ReferenceComplexity):
    def data(self, config, seed):
        splits = super().data(config, seed).items()
        return {name: Split(inputs, features[:, :1]) for name, (inputs, features) in splits}


class WithFeaturesInARow(ReferenceComplexity):
    def data(self, config, seed):
        splits = super().data(config, seed).items()
        return {name: Split(inputs, features[:, 0]) for name, (inputs, features) in splits}


def with_splits(change):
    """Return the task with a change to each split; its inputs and features come apart."""

    class Changed(ReferenceComplexity):
        def data(self, config, seed):
            splits = super().data(config, seed).items()
            return {name: change(*split) for name, split in splits}

    return Changed


class WithALayerTooMany(ReferenceComplexity):
    def layers(self, config):
        return (*super().layers(config), "attention")


def giving(**parts):
    """Return the task with some of its parts replaced."""
    return type("Changed", (ReferenceComplexity,), parts)


SCORES = {"loss": 0.0, "feature_loss": np.zeros(2), "accuracy": np.zeros(2)}


@dataclasses.dataclass(frozen=True, kw_only=True)
class WithAList(ReferenceComplexity.Config):
    more: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True, kw_only=True)
class WithoutADefault(ReferenceComplexity.Config):
    more: int


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (WithoutASplit, "makes the splits train, fit, test; this one made train, test"),
        (WithAFeatureTooFew, r"have the shape \(64, 1\); its features\(\) names 2, a column each"),
        (WithFeaturesInARow, r"have the shape \(64,\); its features\(\) names 2, a column each"),
        (with_splits(lambda x, y: x), "the split 'train' is a ndarray; give probekit.tasks.Split"),
        (
            with_splits(lambda x, y: Split(x.astype(str), y)),
            "inputs of the split 'train' have shape .32, 32., dtype <U.*; give numbers",
        ),
        (
            with_splits(lambda x, y: Split(x, 1.7e9 + 30 * y.astype(float))),
            "features of the split 'train': dtype float64, from 1700.*; such differences are lost",
        ),
        (
            with_splits(lambda x, y: Split(x.astype(np.int64) + 2**40, y)),
            "inputs of the split 'train': dtype int64, from 10995.*; such differences are lost in",
        ),
        (
            with_splits(lambda x, y: (x, y[:10])),
            "'train' has inputs of 32 examples and features of 10. Give the same examples",
        ),
        (
            giving(metrics=lambda self, config, outputs, features: 0.0),
            r"its metrics\(\) return a float; return {name: number}",
        ),
        (
            giving(metrics=lambda self, config, outputs, features: {"accuracy": 0.0}),
            r"its metrics\(\) return accuracy, and not 'loss'",
        ),
        (
            giving(metrics=lambda self, config, outputs, features: {**SCORES, "loss": np.ones(3)}),
            r"return 'loss' with shape \(3,\); its dims are \(\)",
        ),
        (
            giving(metrics=lambda self, config, *_: {**SCORES, "accuracy": np.ones(3)}),
            r"return 'accuracy' with shape \(3,\); its dims are \('feature',\), {'feature': 2} in",
        ),
        (giving(extractor=lambda self, config, state: [1]), r"its extractor\(\) returns a list"),
        (giving(Config=dict), "its Config is no dataclass; make it a child of TaskConfig"),
        (giving(Config=WithoutADefault), "its setting more has no default; give more="),
        (giving(Config=WithAList), "its setting more is a list, which has no hash; use a number"),
        (WithALayerTooMany, r"hidden_3, logits, and not 'attention', which its layers\(\) names"),
    ],
)
def test_what_a_task_names_and_does_not_give_is_told(task, message):
    with pytest.raises((OptionError, ShapeError), match=message):
        pk.run(task, batch_size=16, **SMALL)


def test_a_task_that_lacks_a_part():
    parts = {name: part for name, part in vars(ReferenceComplexity).items() if name != "finished"}
    with pytest.raises(OptionError, match=r"is no task \(it has no finished\)"):
        pk.run(type("Unfinished", (), parts), **SMALL)


@pytest.mark.parametrize(
    ("orders", "message"),
    [
        ([], "none is left for epoch 1; yield one after the other"),
        ([np.arange(33)], r"for epoch 1 shape \(33,\), from 0 to 32; yield the numbers of all 32"),
        ([np.arange(32) + 1], r"shape \(32,\), from 1 to 32; yield the numbers of all 32 training"),
        (np.arange(32), r"shape \(\), from 0 to 0; yield"),
    ],
)
def test_orders_that_are_not_of_the_training_examples(orders, message):
    with pytest.raises(OptionError, match=f"orders: .*{message}"):
        _next(iter(orders), 1, examples=32)


def test_listeners_that_are_no_list():
    with pytest.raises(OptionError, match="listeners: a object; give a list of plugins"):
        pk.run(ReferenceComplexity, listeners=object(), **SMALL)


def stepping(change):
    """Return the task with a change to what its steps return."""

    class Changed(ReferenceComplexity):
        def step(self, config, state, inputs, features):
            return change(super().step(config, state, inputs, features))

    return Changed


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: (state, 1.0), r"a state (with|without) state"),
        (lambda state: None, r"a state without state.*, which init\(\) made; return one like"),
        (
            lambda state: jax.tree.map(lambda leaf: leaf.astype(jnp.float16), state),
            r"a state whose state.* is float16\[.*\] and was (float|int)32\[.*\]; return one like",
        ),
        (
            lambda state: jax.tree.map(lambda leaf: leaf[None], state),
            r"a state whose state.* is float32\[1, .*\] and was float32\[.*\]; return one like",
        ),
    ],
)
def test_a_step_that_returns_another_state(change, message):
    with pytest.raises(OptionError, match=rf"task 'reference-complexity': its step.* {message}"):
        pk.run(stepping(change), batch_size=16, **SMALL)
