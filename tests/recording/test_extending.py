"""A finished history that is resumed: rows are added, and until then it stays as it is."""

import os

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

import probekit as pk
from probekit.errors import HistoryExistsError, OptionError
from probekit.history import HistoryWriter, file, make_attributes

INPUTS = np.random.default_rng(0).normal(size=(24, 4)).astype(np.float32)
FEATURES = {"first": INPUTS[:, 0]}


def network(step, x):
    return {"a": x * (step + 1), "b": x[:, :2] ** 2 + step}


def record(path, steps, **options):
    def scaled(step):
        return pk.extractors.function(jax.tree_util.Partial(network, jnp.float32(step)))

    settings = {"inputs": INPUTS, "features": FEATURES, "resume": True, **options}
    with pk.Recorder(path, **settings) as recorder:
        before = recorder.recorded()
        for step in steps:
            recorder.record(step, scaled(step), loss=1 / (step + 1))
    return before


def assert_same(path, other):
    a, b = pk.open_history(path), pk.open_history(other)
    circumstances = dict.fromkeys(("history", "date"))
    xr.testing.assert_identical(a.assign_attrs(circumstances), b.assign_attrs(circumstances))


@pytest.mark.slow
@pytest.mark.parametrize("has_links", [True, False])
def test_what_is_added_is_as_if_it_had_been_there(tmp_path, monkeypatch, has_links):
    def refusing(*_):
        raise OSError("no links here")

    if not has_links:
        monkeypatch.setattr(file.os, "link", refusing)
    record(tmp_path / "whole.nc", range(6), store="a", store_every=2)
    assert record(tmp_path / "parts.nc", range(4), store="a", store_every=2) == ()
    assert record(tmp_path / "parts.nc", [4, 5], store="a", store_every=2) == (0, 1, 2, 3)
    assert [entry.name for entry in sorted(tmp_path.iterdir())] == ["parts.nc", "whole.nc"]
    assert_same(tmp_path / "parts.nc", tmp_path / "whole.nc")
    paths = tmp_path / "parts.nc", tmp_path / "whole.nc"
    parts, whole = (xr.open_datatree(path) for path in paths)
    for tree in (parts, whole):
        assert tree["activations/a"].recorded.values.tolist() == [True, False] * 3
    assert parts["activations/a"].equals(whole["activations/a"])


def test_of_several_seeds_each_has_its_own_steps(tmp_path):
    path = tmp_path / "seeds.nc"
    record(path, [0, 1], seed=0)
    assert record(path, [1], seed=1) == ()
    assert record(path, [], seed=0) == (0, 1)
    assert record(path, [], seed=1) == (1,)


def test_nothing_added_changes_nothing(tmp_path):
    path = tmp_path / "history.nc"
    record(path, [0, 1])
    before = path.read_bytes(), path.stat().st_ino
    assert record(path, []) == (0, 1)
    with (
        pytest.raises(RuntimeError),
        pk.Recorder(path, inputs=INPUTS, resume=True, features=FEATURES),
    ):
        raise RuntimeError
    assert (path.read_bytes(), path.stat().st_ino) == before
    assert os.listdir(tmp_path) == ["history.nc"]


def test_the_finished_history_is_there_until_it_is_replaced(tmp_path):
    path = tmp_path / "history.nc"
    record(path, [0])
    recorder = pk.Recorder(path, inputs=INPUTS, features=FEATURES, resume=True, flush_seconds=0)
    recorder.record(1, pk.extractors.function(lambda x: {"a": x, "b": x[:, :2]}), loss=0.5)
    assert pk.open_history(path).step.values.tolist() == [0]
    recorder.close()  # as if it had been stopped
    assert pk.open_history(f"{path}.partial").step.values.tolist() == [0, 1]
    assert record(path, [2]) == (0, 1)
    assert pk.open_history(path).step.values.tolist() == [0, 1, 2]


def test_other_settings_are_refused_and_nothing_is_left_behind(tmp_path):
    path = tmp_path / "history.nc"
    record(path, [0])
    for others, message in [
        ({"estimators": "cka"}, "with estimators="),
        ({"features": {"second": INPUTS[:, 1]}}, "with features="),
        ({"uncertainty": pk.Bootstrap(resamples=40)}, "without uncertainty="),
    ]:
        with pytest.raises(OptionError, match=rf"history\.nc: was begun {message}"):
            record(path, [1], **others)
    assert os.listdir(tmp_path) == ["history.nc"]


def test_a_writer_extends_only_when_asked(tmp_path):
    path = tmp_path / "history.nc"
    record(path, [0])
    with pytest.raises(HistoryExistsError, match="is finished, there is nothing to resume"):
        HistoryWriter(path, attributes=make_attributes("recording"), lead=("step",), resume=True)


@pytest.mark.parametrize("seeds", [None, (0, 1)])
def test_every_so_many_records_are_counted_on(tmp_path, seeds):
    """A loop that goes on keeps the activations that one that was never stopped would keep."""
    options = {"store": "a", "store_every": 2}

    def loop(name, steps):
        for seed in seeds or (None,):
            chosen = {} if seed is None else {"seed": seed}
            record(tmp_path / name, steps, **options, **chosen)

    loop("whole.nc", range(7))
    loop("parts.nc", range(3))
    loop("parts.nc", range(3, 4))
    loop("parts.nc", range(3, 7))  # the first of which is there already
    whole, parts = (
        xr.open_datatree(tmp_path / name)["activations/a"] for name in ("whole.nc", "parts.nc")
    )
    alternating = [True, False] * 3 + [True]
    expected = alternating if seeds is None else [alternating] * 2
    assert whole.recorded.values.tolist() == expected
    assert parts.equals(whole)
