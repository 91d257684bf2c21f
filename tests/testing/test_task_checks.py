"""The checks of tasks find what they are for; the built-in task passes them."""

import dataclasses
import itertools
import sys

import numpy as np
import pytest

from probekit.errors import OptionError, ProbekitError, UnknownNameError
from probekit.tasks import option
from probekit.tasks.complexity import ComplexityConfig, ReferenceComplexity
from probekit.testing import ConformanceError, check_task
from probekit.testing.task_checks import Subject, checks_of

SMALL = {
    "train_examples": 64,
    "fit_examples": 32,
    "test_examples": 32,
    "batch_size": 32,
    "hidden": (8,),
}


@pytest.mark.slow
def test_the_built_in_task_passes():
    results = check_task(ReferenceComplexity, **SMALL)
    assert {result.outcome for result in results} == {"passed"}
    assert [result.check for result in results][-2:] == ["check_run", "check_resume"]
    assert "check_light_config" in [result.check for result in results]


class Silent(ReferenceComplexity):
    summary = "two\nlines"


class Lossless(ReferenceComplexity):
    variables = ()


class Unknown(ReferenceComplexity):
    estimators = ("linear_r3",)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Unhelpful(ComplexityConfig):
    width: int = 3


@dataclasses.dataclass(frozen=True, kw_only=True)
class Lenient(ComplexityConfig):
    depth: int = option(1, "How deep.", least=1)

    def __post_init__(self):
        pass


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Unequal(ComplexityConfig):
    """Compared by identity."""

    __eq__ = object.__eq__
    __hash__ = object.__hash__


def with_config(config):
    return type("Configured", (ReferenceComplexity,), {"Config": config})


class Random(ReferenceComplexity):
    count = itertools.count()

    def data(self, config, seed):
        return super().data(config, seed + next(self.count))


class Infinite(ReferenceComplexity):
    def data(self, config, seed):
        data = dict(super().data(config, seed))
        inputs = data["fit"].inputs.astype(np.float32)
        inputs[0, 0] = np.inf
        return data | {"fit": data["fit"]._replace(inputs=inputs)}


class Short(ReferenceComplexity):
    def orders(self, config, seed):
        return itertools.islice(super().orders(config, seed), 1)


class Beyond(ReferenceComplexity):
    def orders(self, config, seed):
        return (order + 1 for order in super().orders(config, seed))


class Restless(ReferenceComplexity):
    count = itertools.count()

    def init(self, config, seed):
        return super().init(config, seed + next(self.count))


class Growing(ReferenceComplexity):
    def step(self, config, state, inputs, features):
        return [super().step(config, state, inputs, features)]


class Misnamed(ReferenceComplexity):
    def layers(self, config):
        return ("hidden_0", "output")


class Talkative(ReferenceComplexity):
    def metrics(self, config, outputs, features):
        return super().metrics(config, outputs, features) | {"more": 1.0}


class Vague(ReferenceComplexity):
    def finished(self, config, metrics):
        return metrics["test"]["accuracy"]


@pytest.mark.parametrize(
    ("task", "check", "message"),
    [
        (Silent, "check_declarations", "summary has several lines"),
        (Lossless, "check_declarations", r"variables are \[\]"),
        (Unknown, "check_declarations", "'linear_r3'; did you mean 'linear_r2'"),
        (with_config(Unhelpful), "check_help", "width has no help text"),
        (with_config(Lenient), "check_limits", "seeds=0 is taken; the least is 1"),
        (with_config(Unequal), "check_equality", "equal settings are not equal"),
        (Random, "check_data", "train differ when the same seed is asked for again"),
        (Infinite, "check_data", "inputs of fit are not all finite"),
        (Short, "check_orders", "there are orders of 1 epochs only"),
        (Beyond, "check_orders", "64 in epoch 1 of 64 examples"),
        (Restless, "check_init", "the state differs when the same seed is asked for again"),
        (Growing, "check_step", "shapes or dtypes of the state differ after a step"),
        (Misnamed, "check_layers", r"listed \('hidden_0', 'output'\), given"),
        (Talkative, "check_metrics", "declared .* given .*'more'"),
        (Vague, "check_finished", r"it is float32 \(2,\)"),
    ],
)
def test_what_breaks_a_law_is_found(task, check, message):
    subject = Subject.of(task, SMALL)
    checks = {check.__name__: check for check in checks_of(subject)}
    with pytest.raises((AssertionError, ProbekitError), match=message):
        checks[check](subject)


def test_a_config_that_imports_jax_is_found(tmp_path, monkeypatch):
    (tmp_path / "a_heavy_config.py").write_text(
        "import jax\nfrom probekit.tasks.complexity import ComplexityConfig\n\n\n"
        "class HeavyConfig(ComplexityConfig):\n    pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    import a_heavy_config

    try:
        subject = Subject.of(with_config(a_heavy_config.HeavyConfig), SMALL)
        checks = {check.__name__: check for check in checks_of(subject)}
        with pytest.raises(AssertionError, match="importing a_heavy_config imports jax"):
            checks["check_light_config"](subject)
    finally:
        del sys.modules["a_heavy_config"]


@pytest.mark.slow
def test_a_variable_with_gaps_is_found():
    class Patchy(ReferenceComplexity):
        def metrics(self, config, outputs, features):
            found = super().metrics(config, outputs, features)
            return found | {"accuracy": found["accuracy"] * np.nan}

    results = check_task(Patchy, on_fail="collect", **SMALL)
    failed = {result.check: result.message for result in results if result.outcome == "failed"}
    assert "accuracy is NaN where there is a loss" in failed["check_run"]


@pytest.mark.slow
def test_a_state_that_is_not_all_of_it_is_found():
    """A task that trains on something beside its state cannot be resumed."""

    class Forgetful(ReferenceComplexity):
        asked = 0

        def orders(self, config, seed):
            type(self).asked += 1
            rng = np.random.default_rng(type(self).asked)
            while True:
                yield rng.permutation(config.train_examples).astype(np.int32)

    results = check_task(Forgetful, on_fail="collect", epochs=20, **SMALL)
    failed = {result.check: result.message for result in results if result.outcome == "failed"}
    assert "differs between a run that was stopped and one that was not" in failed["check_resume"]


def test_no_task_and_no_option_are_refused():
    with pytest.raises(OptionError, match=r"task=3: is no task"):
        check_task(3)
    with pytest.raises(UnknownNameError, match=r"unknown option .*'epoch'; did you mean 'epochs'"):
        check_task(ReferenceComplexity, epoch=3)


def test_the_first_failure_is_raised():
    with pytest.raises(ConformanceError, match="task 'reference-complexity': check_declarations: "):
        check_task(Silent, **SMALL)
