"""`ds.probekit`: final rows, normalized R², summaries over seeds, against formulas written here."""

import numpy as np
import pytest
import scipy.stats
import xarray as xr

from probekit.errors import OptionError, UnknownNameError
from probekit.history import (
    HistoryWriter,
    make_attributes,
    open_history,
    register_accessor,
)
from probekit.inference import Bootstrap, Permutation


@pytest.fixture
def stopped(notebook):
    """The notebook's history with seed s stopped after epoch 100 - 10 s."""
    return notebook.where(notebook.epoch <= 100 - 10 * notebook.seed)


def test_final_is_the_last_row_of_each_seed(stopped):
    final = stopped.probekit.final()
    assert final.epoch.values.tolist() == [100, 90, 80, 70, 60]
    assert final.epoch.dims == ("seed",)
    for seed in range(5):
        expected = stopped.sel(seed=seed, epoch=100 - 10 * seed)
        for name in stopped.data_vars:
            np.testing.assert_array_equal(final[name].sel(seed=seed), expected[name])


def test_final_of_a_loop_without_seeds():
    register_accessor()
    ds = xr.Dataset({"loss": ("step", [3.0, 2.0, np.nan])}, {"step": [0, 10, 20]})
    final = ds.probekit.final()
    assert (final.loss.item(), final.step.item()) == (2.0, 10)


def test_time_is_the_axis_that_the_writer_wrote_down(tmp_path):
    path = tmp_path / "history.nc"
    lead = ("seed", "examples_seen")
    with HistoryWriter(path, attributes=make_attributes("test"), lead=lead) as history:
        row = xr.Dataset({"x": (lead, [[1.0]])}, {"seed": [0], "examples_seen": [512]})
        history.append(row)
    ds = open_history(path)
    assert ds.probekit.time == "examples_seen"
    assert ds.probekit.final().x.values.tolist() == [1.0]


def test_recorded_needs_one_number_in_a_row(stopped):
    rows = stopped.probekit.recorded()
    assert rows.transpose("seed", "epoch").values.sum(axis=1).tolist() == [101, 91, 81, 71, 61]
    holes = stopped.copy()
    holes["linear_r2"] = holes.linear_r2 * np.nan  # undefined scores are no missing rows
    assert holes.probekit.recorded().equals(rows)


def test_normalized_r2_is_the_formula_of_the_paper(stopped):
    normalized = stopped.probekit.normalized_r2()
    assert normalized.dims == stopped.linear_r2.dims
    r2, variance = stopped.linear_r2.values, stopped.total_variance.values
    for seed in range(5):
        last = 100 - 10 * seed
        expected = r2[seed] * (variance[seed] / variance[seed, last])[..., None]
        np.testing.assert_allclose(normalized.values[seed], expected, rtol=1e-12)
        np.testing.assert_allclose(
            normalized.values[seed, last], r2[seed, last], rtol=1e-12
        )  # at the end it is R²
    assert "epoch" in normalized.dims
    assert normalized.attrs["units"] == "1"


def test_normalized_r2_without_final_variance_is_undefined(notebook):
    dead = notebook.assign(total_variance=notebook.total_variance * 0)
    assert dead.probekit.normalized_r2().isnull().all()


def test_a_summary_has_no_other_uncertainty_than_a_bootstrap(notebook):
    with pytest.raises(OptionError, match=r"uncertainty: a Permutation; give a Bootstrap\(\)\."):
        notebook.probekit.summary(uncertainty=Permutation())
    with pytest.raises(OptionError, match=r"uncertainty: groups are of examples; seeds have none"):
        notebook.probekit.summary(uncertainty=Bootstrap(groups=[0, 1]))


def test_summary_is_a_t_interval_over_seeds(stopped):
    summary = stopped.probekit.summary(confidence=0.9)
    assert summary.sizes["statistic"] == 4
    assert "seed" not in summary.dims
    for epoch, count in [(0, 5), (65, 4), (75, 3), (100, 1)]:
        sample = stopped.accuracy.sel(epoch=epoch, split="test", feature="xor_xor_xor").values
        sample = sample[~np.isnan(sample)]
        found = summary.accuracy.sel(epoch=epoch, split="test", feature="xor_xor_xor")
        mean, lower, upper, n = found.transpose("statistic").values
        assert n == len(sample) == count
        assert mean == pytest.approx(sample.mean())
        if count > 1:
            half = scipy.stats.t.ppf(0.95, count - 1) * scipy.stats.sem(sample)
            assert (lower, upper) == pytest.approx((sample.mean() - half, sample.mean() + half))
        else:
            assert np.isnan([lower, upper]).all()
    assert summary.accuracy.attrs == stopped.accuracy.attrs


def test_summary_leaves_out_what_is_no_score(notebook):
    status = xr.zeros_like(notebook.linear_r2).astype(np.int8)
    ds = notebook.assign(linear_r2_status=status, other_status=status.astype(float))
    assert set(ds.probekit.summary().data_vars) == set(notebook.data_vars)


def test_what_the_accessor_refuses(notebook):
    with pytest.raises(UnknownNameError, match=r"unknown variable 'linear_R2'; did you mean"):
        notebook.probekit.normalized_r2("linear_R2")
    with pytest.raises(OptionError, match=r"total_variance: not in this history.*Record it"):
        notebook.drop_vars("total_variance").probekit.normalized_r2()
    with pytest.raises(OptionError, match=r"confidence=1: must lie between 0 and 1"):
        notebook.probekit.summary(confidence=1)
    with pytest.raises(
        OptionError, match=r"no score has the axis 'seed'.* Record with seed=, or join"
    ):
        notebook.isel(seed=0).probekit.summary()
    with pytest.raises(OptionError, match=r"neither 'epoch' nor 'step' is among them"):
        notebook.isel(epoch=0).probekit.final()
    with pytest.raises(OptionError, match=r"no score has the axis 'epoch'"):
        notebook[["epoch"]].probekit.final()


def test_repr_tells_what_there_is(notebook):
    assert "linear_r2" in repr(notebook.probekit)
    assert "trajectories" in repr(notebook.probekit.plot)


def test_registering_twice_does_no_harm(notebook):
    register_accessor()
    register_accessor()
    assert notebook.probekit.time == "epoch"


def test_each_combination_of_a_sweep_has_its_own_last_row():
    """One combination stops after epoch 1, and one seed of the other after epoch 0."""
    register_accessor()
    nan = np.nan
    loss = [[[3.0, 2.0, nan], [3.5, 2.5, nan]], [[1.0, nan, nan], [1.5, 0.7, 0.4]]]
    r2 = np.stack([loss, np.multiply(loss, 2)], axis=-1)
    ds = xr.Dataset(
        {
            "loss": (("rate", "seed", "epoch"), loss),
            "r2": (("rate", "seed", "epoch", "layer"), r2),
            "spectrum": (("rate", "seed", "epoch", "layer", "component"), r2[..., None]),
        },
        {"rate": [0.1, 0.2], "seed": [0, 1], "epoch": [0, 1, 2], "layer": ["a", "b"]},
    )
    recorded = ds.probekit.recorded()
    assert set(recorded.dims) == {"rate", "seed", "epoch"}  # not the estimator's own axis
    final = ds.probekit.final()
    assert final.loss.transpose("rate", "seed").values.tolist() == [[2.0, 2.5], [1.0, 0.4]]
    assert final.epoch.transpose("rate", "seed").values.tolist() == [[1, 1], [0, 2]]
    np.testing.assert_array_equal(final.r2.sel(layer="b"), 2 * final.loss)
    summary = final.drop_vars("epoch").probekit.summary()
    np.testing.assert_allclose(summary.loss.sel(statistic="mean"), [2.25, 0.7])
