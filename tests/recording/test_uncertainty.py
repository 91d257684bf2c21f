"""A Recorder says how sure scores are: at each row what `probe` says of the same model."""

import warnings

import jax
import jax.numpy as jnp
import pytest
import xarray as xr

import probekit as pk
from probekit.errors import OptionError, ProbekitWarning, ShapeError
from probekit.estimators import resolve
from probekit.recording.scalars import taken_names
from tests.recording.loop import FEATURES, INPUTS, model_at, network

ESTIMATORS = ["linear_r2", "total_variance"]


def recorder(path, uncertainty, **options):
    given = {"inputs": INPUTS, "features": FEATURES, "estimators": ESTIMATORS}
    return pk.Recorder(path, uncertainty=uncertainty, **given | options)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("uncertainty", "names"),
    [
        (pk.Bootstrap(resamples=40, keep=True), {"linear_r2_ci", "total_variance_resamples"}),
        (pk.Permutation(resamples=79, correction="none"), {"linear_r2_p_corrected"}),
        (pk.CrossValidation(folds=4), {"linear_r2_cv", "linear_r2_folds"}),
    ],
    ids=["bootstrap", "permutation", "folds"],
)
def test_rows_have_the_uncertainty_of_probe(tmp_path, uncertainty, names):
    path = tmp_path / "history.nc"
    estimators = ESTIMATORS if isinstance(uncertainty, pk.Bootstrap) else ["linear_r2"]
    with recorder(path, uncertainty, estimators=estimators) as rec:
        for step in (0, 3):
            rec.record(step, model_at(step), loss=1.0)
    history = pk.open_history(path)
    assert names <= {*history.data_vars}
    for step in (0, 3):
        row = history.sel(step=step, drop=True).drop_vars("loss")
        scores = pk.probe(
            model_at(step), INPUTS, FEATURES, estimators=estimators, uncertainty=uncertainty
        )
        assert {*row.data_vars} == {*scores.data_vars}
        xr.testing.assert_allclose(row[[*scores.data_vars]], scores)
    assert uncertainty.text().split("(")[0] in history.attrs["config"]
    assert {*scores.data_vars} <= taken_names(resolve(estimators))


@pytest.mark.slow
def test_a_model_whose_parameters_are_given_away_was_looked_at(tmp_path):
    """A loop may donate its parameters to the next step."""
    path = tmp_path / "history.nc"
    weights = jnp.eye(3)
    with recorder(path, pk.Bootstrap(resamples=40), flush_seconds=1e6) as rec:
        rec.record(0, pk.extractors.function(jax.tree_util.Partial(network, weights)))
        weights.delete()
    assert pk.open_history(path).linear_r2_ci.notnull().all()


@pytest.mark.slow
def test_each_probe_set_has_its_own(tmp_path):
    path = tmp_path / "history.nc"
    sets = {
        "few": pk.ProbeSet(INPUTS[:12], {name: array[:12] for name, array in FEATURES.items()}),
        "all": pk.ProbeSet(INPUTS, FEATURES),
    }
    given = {"inputs": None, "features": None, "probe_sets": sets}
    with recorder(path, pk.Bootstrap(resamples=40), **given) as rec:
        rec.record(0, model_at(0))
    bounds = pk.open_history(path).total_variance_ci.isel(step=0)
    width = bounds.sel(bound="upper") - bounds.sel(bound="lower")
    assert (width.sel(probe_set="few") > width.sel(probe_set="all")).all()


@pytest.mark.slow
def test_a_history_has_one_kind_of_uncertainty(tmp_path):
    path = tmp_path / "history.nc"
    with recorder(path, pk.Bootstrap(resamples=40)) as rec:
        rec.record(0, model_at(0))
    with pytest.raises(OptionError, match="uncertainty"):
        recorder(path, pk.Bootstrap(resamples=50), resume=True)
    with pytest.raises(OptionError, match="uncertainty"):
        recorder(path, None, resume=True)
    with recorder(path, pk.Bootstrap(resamples=40), resume=True) as rec:
        rec.record(1, model_at(1))
    assert pk.open_history(path).linear_r2_ci.sizes["step"] == 2


@pytest.mark.slow
def test_few_resamples_are_told_once(tmp_path):
    with recorder(tmp_path / "history.nc", pk.Bootstrap(resamples=10)) as rec:
        with pytest.warns(ProbekitWarning, match="resamples") as told:
            rec.record(0, model_at(0))
        assert told[0].filename == __file__
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            rec.record(1, model_at(1))


def test_what_cannot_be_is_refused_before_a_history_is_begun(tmp_path):
    path = tmp_path / "history.nc"
    with pytest.raises(OptionError, match="give a Bootstrap"):
        recorder(path, pk.Bootstrap)
    with pytest.raises(OptionError, match="held"):
        recorder(path, pk.CrossValidation(), held_out=(INPUTS, FEATURES))
    assert not [*tmp_path.iterdir()]
    with (
        recorder(path, pk.Bootstrap(resamples=40, groups=[1, 2, 3])) as rec,
        pytest.raises(ShapeError, match="groups"),
    ):
        rec.record(0, model_at(0))
    with recorder(tmp_path / "b.nc", pk.Bootstrap(resamples=40)) as rec:
        with pytest.raises(OptionError, match="scalar 'linear_r2_ci': the history has this name"):
            rec.record(0, model_at(0), linear_r2_ci=1.0)
        rec.record(0, model_at(0))
