"""Two histories side by side, against SciPy's Welch test."""

import numpy as np
import pytest
import scipy.stats

from probekit.errors import OptionError
from probekit.history import compare_histories


def test_differences_are_those_of_welch(notebook):
    a = notebook.where(notebook.epoch <= 90)  # other last rows
    b = notebook.isel(seed=[1, 2, 4])
    table = compare_histories(a, b, confidence=0.9)
    for feature in ("linear", "xor_xor_xor"):
        where = {"layer": "hidden_3", "feature": feature}
        x = notebook.linear_r2.sel({**where, "epoch": 90}).values
        y = b.linear_r2.sel({**where, "epoch": 100}).values
        found = table.linear_r2.sel(where).to_series().to_dict()
        test = scipy.stats.ttest_ind(y, x, equal_var=False)
        low, high = test.confidence_interval(0.9)
        assert found == pytest.approx(
            {
                "a": x.mean(),
                "b": y.mean(),
                "difference": y.mean() - x.mean(),
                "lower": low,
                "upper": high,
                "n_a": 5,
                "n_b": 3,
            }
        )


def test_only_what_both_have_is_compared(notebook):
    b = notebook.sel(layer=["hidden_3", "logits"]).drop_vars("accuracy")
    table = compare_histories(notebook, b)
    assert set(table.data_vars) == {"loss", "feature_loss", "linear_r2", "total_variance"}
    assert table.layer.values.tolist() == ["hidden_3", "logits"]
    assert (table.linear_r2.sel(comparison="difference") == 0).all()


def test_single_seeds_have_no_interval(notebook):
    table = compare_histories(notebook.sel(seed=[0]), notebook.isel(seed=1))
    loss = table.loss.sel(split="test")
    assert loss.sel(comparison=["n_a", "n_b"]).values.tolist() == [1, 1]
    assert np.isfinite(loss.sel(comparison="difference"))
    assert np.isnan(loss.sel(comparison=["lower", "upper"])).all()


def test_scores_without_rows_are_compared_as_they_are(notebook):
    last = notebook.isel(epoch=-1, drop=True)
    table = compare_histories(last, notebook)
    assert (table.accuracy.sel(comparison="difference") == 0).all()


def test_no_spread_gives_a_point(notebook):
    flat = notebook * 0 + 1.0
    table = compare_histories(flat, flat + 1)
    assert (table.loss.sel(comparison=["difference", "lower", "upper"]) == 1).all()


def test_what_cannot_be_compared(notebook):
    with pytest.raises(OptionError, match=r"no score in common; a has .*, b has none"):
        compare_histories(notebook, notebook[["epoch", "seed"]])
    renamed = notebook.assign_coords(layer=["a", "b", "c"])
    with pytest.raises(OptionError, match=r"a, b: linear_r2 has no layer in common"):
        compare_histories(notebook, renamed)
    with pytest.raises(OptionError, match=r"confidence=0: must lie"):
        compare_histories(notebook, notebook, confidence=0)
