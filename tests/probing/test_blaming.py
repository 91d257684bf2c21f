"""What an estimator raises tells which estimator it was, wherever it is asked for."""

import dataclasses
from typing import Any

import numpy as np
import pytest

import probekit as pk
from probekit.errors import OptionError, told
from probekit.estimators import Estimator
from probekit.probing.blaming import blaming
from probekit.statistics import Moments, Statistic
from probekit.variables import Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sums(Statistic[Any]):
    """A stranger's statistic, which fails where it is told to."""

    fails: str

    def init(self, x, y):
        self._do("init")
        return np.float32(0)

    def update(self, state, x, y, *, weight, index):
        self._do("update")
        return state + (weight @ x).sum()

    def merge(self, a, b):
        return a + b

    def _do(self, what):
        if self.fails == what:
            raise KeyError(what)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stranger(Estimator):
    """A stranger's estimator, which does the same."""

    fails: str
    kind: str = "similarity"
    traceable: bool = True
    name = "stranger"
    invariances = ()

    @property
    def variables(self):
        return (Variable(self.name, long_name="anything"),)

    @property
    def statistic(self):
        return Sums(fails=self.fails) if self.fails in ("init", "update") else Moments()

    def check_sizes(self, **sizes):
        self._do("check_sizes")

    def check_examples(self, **counts):
        self._do("check_examples")

    def adapted(self, features):
        self._do("adapted")
        return self

    def pairing(self, **sizes):
        self._do("pairing")

    def compute(self, fit, held_out):
        self._do("compute")
        wrong = {
            "nothing": {"other": 1.0},
            "number": {self.name: "one"},
            "axes": {self.name: np.ones(3)},
        }
        return wrong.get(self.fails, {self.name: 1.0})

    def _do(self, what):
        if self.fails == what:
            raise KeyError(what)


def _x(examples=40):
    return np.random.default_rng(0).normal(size=(examples, 4)).astype(np.float32)


@pytest.mark.parametrize(
    ("fails", "kind", "traceable"),
    [
        ("compute", "encoding", True),
        ("compute", "encoding", False),
        ("compute", "geometry", True),
        ("update", "encoding", True),
        ("init", "geometry", True),
        ("check_sizes", "encoding", True),
        ("check_examples", "encoding", True),
        ("adapted", "encoding", True),
    ],
)
def test_probe_names_it(fails, kind, traceable):
    stranger = Stranger(fails=fails, kind=kind, traceable=traceable)
    with pytest.raises(KeyError, match=fails) as caught:
        pk.probe(pk.extractors.arrays({"a": _x()}), None, {"y": _x()[:, 0]}, estimators=stranger)
    assert repr(stranger) in told(caught.value)


@pytest.mark.parametrize("fails", ["compute", "update", "init", "pairing"])
def test_compare_names_it(fails):
    stranger = Stranger(fails=fails)
    models = (pk.extractors.arrays({name: _x()}) for name in "ab")
    with pytest.raises(KeyError, match=fails) as caught:
        pk.compare(*models, None, estimators=["linear_regression_similarity", stranger])
    assert f"(in estimator {stranger!r})" in told(caught.value), "and no other"


def test_a_run_names_it():
    """Also what is done in a thread of its own, once the run goes on."""
    sizes = {"train_examples": 32, "fit_examples": 16, "test_examples": 16, "batch_size": 16}
    stranger = Stranger(fails="compute", kind="geometry", traceable=False)
    with pytest.raises(KeyError, match="compute") as caught:
        pk.run("reference-complexity", seeds=1, epochs=0, hidden=(3,), estimators=stranger, **sizes)
    assert repr(stranger) in told(caught.value)


def test_a_bootstrap_names_it():
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Once(Stranger):
        def weighing(self, **sizes):
            return Failing()

    class Failing:
        def prepare(self, x, weights):
            raise KeyError("prepare")

    once = Once(fails="never")
    extractor = pk.extractors.arrays({"a": _x()})
    with pytest.raises(KeyError, match="prepare") as caught:
        pk.probe(
            extractor,
            None,
            {"y": _x()[:, 0]},
            estimators=once,
            uncertainty=pk.Bootstrap(resamples=40),
        )
    assert repr(once) in told(caught.value)


@pytest.mark.parametrize(
    ("fails", "message"),
    [
        ("nothing", r"compute returned \['other'\]; .*: \['stranger'\]"),
        ("number", "compute returned a str as 'stranger'; return a number or an array"),
        ("axes", r"compute returned 'stranger' of shape \(3,\); its declared dims are \(\)"),
    ],
)
def test_what_is_not_computed_as_declared_is_told(fails, message):
    extractor = pk.extractors.arrays({"a": _x()})
    with pytest.raises(OptionError, match=message):
        pk.probe(extractor, None, {"y": _x()[:, 0]}, estimators=Stranger(fails=fails))


def test_the_inner_one_knows_better_and_many_are_counted():
    with pytest.raises(ValueError, match="odd") as caught, blaming("abcde"), blaming("xyzuv"):
        raise ValueError("odd")
    assert told(caught.value) == "odd (in estimator 'x' or 'y' or 'z' or 2 more)"
