"""Features that are texts: labels of classes, as tables have them."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import probekit as pk
from probekit.errors import OptionError, ShapeError
from probekit.probing.classes import is_text

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(60, 4)).astype(np.float32)
KIND = np.array(["cat", "dog", "owl"])[(X[:, 0] > 0).astype(int) + (X[:, 0] > 0.7)]
SIDE = np.where(X[:, 1] > 0, "right", "left")
HELD = pk.extractors.arrays({"x": X})
ESTIMATORS = ["linear_r2", "decoding_accuracy", "decoding_r2", "cka"]


def probe(features, **options):
    return pk.probe(HELD, None, features, estimators=ESTIMATORS, **options)


@pytest.mark.slow
def test_two_classes_are_a_column_and_more_are_one_each():
    columns = (KIND[:, None] == np.array(["cat", "dog", "owl"])).astype(np.float32)
    expected = probe({"kind": columns, "side": SIDE == "right"})
    xr.testing.assert_identical(probe({"kind": KIND, "side": SIDE}), expected)
    codes = probe({"kind": np.unique(KIND, return_inverse=True)[1]})
    assert codes.decoding_accuracy.item() == expected.decoding_accuracy[0, 0]


@pytest.mark.slow
@pytest.mark.parametrize(
    "as_given",
    [
        lambda texts: texts.tolist(),
        lambda texts: texts.astype(object),
        lambda texts: texts.astype("S"),
        pd.Series,
        lambda texts: pd.Series(texts, dtype="category"),
        lambda texts: pd.Series(texts, dtype="string"),
        lambda texts: xr.DataArray(texts, dims="example"),
    ],
)
def test_however_texts_are_kept(as_given):
    xr.testing.assert_identical(probe({"kind": as_given(KIND)}), probe({"kind": KIND}))


def test_classes_mean_the_same_in_other_examples():
    rows = KIND[:40] != "owl"  # a class that is held out alone
    fit, other = (pk.extractors.arrays({"x": x}) for x in (X[:40][rows], X[40:]))
    features = {"kind": KIND[:40][rows]}
    found = pk.probe(fit, None, features, held_out=(other, {"kind": KIND[40:]}))
    columns = (KIND[:, None] == np.array(["cat", "dog", "owl"])).astype(np.float32)
    expected = pk.probe(
        fit, None, {"kind": columns[:40][rows]}, held_out=(other, {"kind": columns[40:]})
    )
    xr.testing.assert_identical(found, expected)


@pytest.mark.slow
def test_tables_with_numbers_of_any_type():
    frame = pd.DataFrame({"a": X[:, 0], "n": pd.array([1, 2, None] * 20, dtype="Int64")})
    frame["o"] = frame["a"].astype(object)
    rows = np.array([*zip(X[:, 0], KIND, strict=True)], dtype=[("a", "f4"), ("kind", "U3")])
    expected = pk.probe(HELD, None, {"a": X[:, 0]}).linear_r2.item()
    with pytest.warns(pk.errors.ScoreWarning, match="for 'n'"):
        found = pk.probe(HELD, None, frame).linear_r2
    assert found.sel(feature=["a", "o"]).values == pytest.approx(expected, rel=1e-5)
    assert pk.probe(HELD, None, rows).linear_r2.sel(feature="a").item() == pytest.approx(
        expected, rel=1e-5
    )


@pytest.mark.parametrize(
    ("feature", "error", "message"),
    [
        (
            [*KIND[:58], None, float("nan")],
            ShapeError,
            r"features\['f'\]: 2 labels are missing, the first of example 58; leave such examples",
        ),
        (
            [f"id {n}" for n in range(60)],
            ShapeError,
            r"features\['f'\]: 60 different texts, such as 'id 0', of 60 examples; labels of cla",
        ),
        (
            [[1.0], [1.0, 2.0]] * 30,
            ShapeError,
            r"features\['f'\]: a list of rows of unlike length; give",
        ),
        ([*X[:59, 0], "no"], ShapeError, r"features\['f'\]: 60 different texts"),
        (
            np.array([*X[:59, 0], "no"], object),
            ShapeError,
            r"the first that is no number is 'no' \(example 59\); give numbers, or texts alone",
        ),
        (KIND.reshape(30, 2), ShapeError, r"texts are labels, one an example"),
        (np.zeros(60, "M8[s]"), ShapeError, r"dtype datetime64\[s\]; it must be numeric, or texts"),
    ],
)
def test_what_is_no_feature_is_named(feature, error, message):
    with pytest.raises(error, match=message) as caught:
        probe({"f": feature})
    assert "\n" not in str(caught.value)


def test_texts_and_numbers_are_not_the_same_feature():
    for fit, other in ((KIND, X[:, 0]), (X[:, 0], KIND)):
        with pytest.raises(OptionError, match=r"held_out features\['f'\]: .*those to fit on are"):
            probe({"f": fit}, held_out=(HELD, {"f": other}))


def test_whether_numbers_are_texts_is_told_by_their_dtype_alone():
    """To look at each took longer than the scores of a million examples."""
    assert not is_text(np.broadcast_to(np.float32(1), (1 << 40,)))
    assert is_text(np.array(["a", None], object))
    assert not is_text(np.array([1, None], object))
    assert not is_text(np.array([None, np.nan], object))
