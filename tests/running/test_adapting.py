"""What estimators make of the features of a task, before it is run."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

import probekit as pk
from probekit import measures
from probekit.errors import ShapeError
from probekit.estimators import ConditionRDM, LinearR2, RidgeR2
from probekit.plugins import hookimpl
from probekit.running import config_of, resolving, task_of
from probekit.tasks import Split
from tests.reference import oracles
from tests.reference.tolerances import SCORE

SMALL = {
    "hidden": (4,),
    "units": 4,
    "train_examples": 64,
    "fit_examples": 40,
    "test_examples": 40,
    "batch_size": 32,
    "seeds": 1,
    "epochs": 1,
    "features": ("linear", "xor_xor_xor"),
}
EUCLIDEAN = ConditionRDM(metric="euclidean")


class Levels:
    """The reference task, whose first feature has other values: of another seed, others."""

    def __init__(self):
        self.task = task_of("reference-complexity")
        self.asked = []

    def __getattr__(self, name):
        return getattr(self.task, name)

    def data(self, config, seed):
        self.asked.append(seed)

        def levels(split):
            shift = np.stack([7 * split.features[:, 0] + seed, split.features[:, 1]], axis=1)
            return Split(split.inputs, shift.astype(np.float32))

        return {name: levels(split) for name, split in self.task.data(config, seed).items()}


def adapted(task, estimators, **options):
    task = task_of(task)
    config = config_of(task, SMALL | options)
    return resolving.adapted(task, config, estimators)


def test_conditions_are_those_of_the_first_seed():
    task = Levels()
    linear, found = adapted(task, (LinearR2(), EUCLIDEAN), first_seed=3, seeds=2)
    assert (linear, found.edges) == (LinearR2(), ((10.0,), (1.0,)))
    assert task.asked == [3]
    assert adapted(task, (found,)) == (found,)


def test_no_data_are_made_for_those_that_ask_for_none():
    task = Levels()
    adapted(task, (LinearR2(),))
    assert task.asked == []


@pytest.mark.parametrize(("estimator", "examples"), [(RidgeR2, 40), (ConditionRDM, 30)])
def test_named_folds_are_of_the_examples_that_are_fitted_or_scored(estimator, examples):
    sizes = {"fit_examples": 40, "test_examples": 30}
    few, many = (estimator(folds=tuple(range(2)) * (count // 2)) for count in (30, 40))
    right, wrong = (few, many) if examples == 30 else (many, few)
    adapted("reference-complexity", (right,), **sizes)
    with pytest.raises(ShapeError, match=f"labels; there are {examples} examples"):
        adapted("reference-complexity", (wrong,), **sizes)


def check_conditions(path, **options):
    """Two conditions for each Boolean feature, as `condition_rdm` of the test split has them."""
    ds, task = pk.open_history(path), task_of("reference-complexity")
    config = config_of(task, SMALL)
    labels = task.data(config, 0)["test"].features
    assert ds.condition_rdm.sizes["condition"] == 2
    for layer in ds.layer.values:
        x = np.asarray(pk.open_activations(path, layer, seed=0, epoch=1))
        for place, name in enumerate(ds.feature.values):
            wanted = measures.condition_rdm(x, labels[:, place], **options)
            found = ds.condition_rdm.sel(layer=layer, feature=name, seed=0, epoch=1)
            np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=SCORE)


@pytest.mark.slow
def test_a_small_run_and_its_resumption(tmp_path):
    options = {**SMALL, "output": tmp_path / "h.nc", "store_activations": "**"}
    options["estimators"] = EUCLIDEAN

    class Stop:
        @hookimpl
        def probekit_chunk_finished(self):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pk.run("reference-complexity", listeners=[Stop()], **options)
    ds = pk.run("reference-complexity", resume=True, **options)
    check_conditions(tmp_path / "h.nc", metric="euclidean")
    found = dataclasses.replace(EUCLIDEAN, edges=((1.0,), (1.0,)))
    assert ds.condition_rdm.attrs["estimator"] == repr(found)


@pytest.mark.slow
def test_the_command_line(tmp_path):
    path = tmp_path / "h.nc"
    words = ["run", "reference-complexity", "-o", path, "--store-activations", "*", "--quiet"]
    words += ["-e", "condition_rdm(precision=identity,unbalanced=true,shrinkage=0.1)"]
    for name, value in SMALL.items():
        values = value if isinstance(value, tuple) else (value,)
        words += ["--" + name.replace("_", "-"), ",".join(map(str, values))]
    done = subprocess.run([sys.executable, "-m", "probekit_cli", *words], capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    folds = oracles.fold_of(range(40), 2)
    check_conditions(path, folds=folds, precision="identity", unbalanced=True)
