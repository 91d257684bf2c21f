"""Layers with far more units than examples: the same scores, without the square of the units."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.linear_model import Ridge

import probekit as pk
from probekit._coordinates import coordinates, is_wide
from probekit.errors import ScoreWarning, ShapeError
from probekit.estimators import Estimator, resolve
from probekit.measures.penalties import DEFAULT_PENALTIES
from probekit.plugins import get_manager
from probekit.statistics import Moments, memory_of
from probekit.variables import Variable
from tests.reference import oracles

EXAMPLES, UNITS = 40, 300


def representation(seed=0, examples=2 * EXAMPLES, units=UNITS, offset=0.0):
    generator = np.random.default_rng(seed)
    hidden = np.random.default_rng(1).normal(size=(examples, 6))
    x = hidden @ generator.normal(size=(6, units)) + 0.3 * generator.normal(size=(examples, units))
    return (x + offset).astype(np.float32), hidden


def features(hidden):
    return {"sign": hidden[:, 0] > 0, "value": hidden[:, 1]}


@pytest.fixture
def narrow(monkeypatch):
    """Return a switch: whether layers are taken for wide."""

    def switch(on):
        monkeypatch.setattr("probekit._coordinates.LEAST", 200 if on else 10**9)

    return switch


def able(kinds):
    """Return the estimators with statistics of all examples that coordinates are enough for."""
    registry = get_manager().registry
    return [
        name
        for name in sorted(registry.names("estimator"))
        for estimator in resolve(name)
        if estimator.kind in kinds
        and memory_of(estimator.statistic) == "fixed"
        and estimator.narrowed(units=UNITS, to=EXAMPLES) is not None
    ]


# ----------------------------------------------------------------------------- coordinates


@pytest.mark.parametrize("centred", [True, False])
def test_coordinates_keep_distances_and_angles(centred):
    x, _ = representation(offset=0.0 if not centred else 1000.0)
    found = coordinates(x, np.ones(len(x), bool), centred=centred).astype(float)
    assert found.shape == (len(x), len(x))
    wanted = x.astype(float) - (x.astype(float).mean(axis=0) if centred else 0)
    np.testing.assert_allclose(found @ found.T, wanted @ wanted.T, rtol=1e-5, atol=1e-4)


def test_blocks_of_units_give_one_answer(monkeypatch):
    x, _ = representation()
    whole = coordinates(x, np.ones(len(x), bool), centred=True)
    monkeypatch.setattr("probekit._coordinates._BLOCK", 1)
    parts = coordinates(x, np.ones(len(x), bool), centred=True)
    np.testing.assert_allclose(parts @ parts.T, whole @ whole.T, rtol=1e-5, atol=1e-4)


def test_an_example_far_out_leaves_the_others_their_digits():
    x, _ = representation()
    alone = coordinates(x[1:], np.ones(len(x) - 1, bool), centred=False).astype(float)
    x[0] *= 1e6
    beside = coordinates(x, np.ones(len(x), bool), centred=False).astype(float)[1:]
    np.testing.assert_allclose(beside @ beside.T, alone @ alone.T, rtol=1e-5, atol=1e-4)


def test_short_examples_keep_their_digits_beside_long_ones():
    x, _ = representation()
    lengths = np.logspace(-12, 12, len(x))
    wanted = coordinates(x, np.ones(len(x), bool), centred=False).astype(float)
    found = coordinates(
        (x * lengths[:, None]).astype(np.float32), np.ones(len(x), bool), centred=False
    )
    found = found / lengths[:, None]
    np.testing.assert_allclose(found @ found.T, wanted @ wanted.T, rtol=1e-5, atol=1e-4)


def test_of_no_examples_no_mean_is_taken_off():
    x = np.random.default_rng(3).normal(size=(5, 60)).astype(np.float32)
    none = np.zeros(5, bool)
    np.testing.assert_array_equal(
        coordinates(x, none, centred=True), coordinates(x, none, centred=False)
    )


@pytest.mark.parametrize(
    ("examples", "units", "wide"),
    [(10, 1023, False), (10, 1024, True), (1000, 1999, False), (1000, 2000, True)],
)
def test_what_is_wide(examples, units, wide):
    assert is_wide(examples, units) == wide


def test_float32_and_float64_have_the_same_coordinates():
    """The one by a Gram matrix, the other by QR; but for the sign of each."""
    x, _ = representation()
    x[1], x[5] = x[0], 0
    parts = [
        coordinates(x.astype(dtype), np.ones(len(x), bool), centred=True)
        for dtype in (np.float32, np.float64)
    ]
    assert [part.dtype for part in parts] == [np.float32, np.float64]
    np.testing.assert_allclose(parts[0] @ parts[0].T, parts[1] @ parts[1].T, rtol=1e-5, atol=1e-4)


def test_what_is_absent_or_not_finite_touches_nothing_else():
    x, _ = representation()
    there = np.ones(len(x), bool)
    there[[3, 5]] = False
    wanted = coordinates(x[there], there[there], centred=True).astype(float)
    x[3], x[5, 7] = 1e6, np.nan
    found = coordinates(x, there, centred=True).astype(float)
    assert np.isnan(found[5]).all()
    assert np.isfinite(np.delete(found, 5, axis=0)).all()
    np.testing.assert_allclose(
        found[there] @ found[there].T, wanted @ wanted.T, rtol=1e-5, atol=1e-4
    )


def test_units_that_are_constant_within_rounding_are_zero():
    x = np.full((10, 30), 1e4, np.float32)
    x[1::2] = np.nextafter(np.float32(1e4), np.float32(2e4))
    assert not coordinates(x, np.ones(10, bool), centred=True).any()
    x = np.full((10, 30), 1e4, np.float32)
    x[3] -= np.float32(0.05)  # far below the mean, and the others not far above
    assert coordinates(x, np.ones(10, bool), centred=True).any()


def test_coordinates_of_whole_numbers_are_of_the_dtype_of_all_scores():
    x = np.random.default_rng(3).integers(-9, 9, (5, 60))
    assert coordinates(x, np.ones(5, bool), centred=True).dtype == np.float32
    with jax.enable_x64(True):
        assert coordinates(x, np.ones(5, bool), centred=True).dtype == np.float64


@pytest.mark.parametrize("dtype", [np.float16, jnp.bfloat16, np.int8, bool])
def test_dtypes(dtype):
    x = np.asarray(representation()[0] > 0).astype(dtype)
    found = coordinates(x, np.ones(len(x), bool), centred=False)
    assert found.dtype == np.float32
    wanted = x.astype(np.float32) @ x.astype(np.float32).T
    np.testing.assert_allclose(found @ found.T, wanted, rtol=1e-4, atol=1e-3)


# ----------------------------------------------------------------------------- probe


@pytest.mark.slow
@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_probe_has_the_same_scores(narrow, offset):
    x, hidden = representation(offset=offset)
    extractors = [
        pk.extractors.arrays({"wide": part, "small": part[:, :5]}) for part in np.split(x, 2)
    ]
    fit, held_out = (features(part) for part in np.split(hidden, 2))
    names = ["linear_r2", *able({"encoding", "decoding", "geometry"})]
    found = []
    for on in (False, True):
        narrow(on)
        ds = pk.probe(
            extractors[0], None, fit, held_out=(extractors[1], held_out), estimators=names
        )
        found.append(ds)
    plain, narrowed = found
    assert list(plain) == list(narrowed)
    for name in plain:
        tolerance = {"rtol": 2e-3, "atol": 2e-4} if offset else {"rtol": 2e-4, "atol": 2e-5}
        if name == "ridge_decoding_r2_penalty":
            parts = {"wide": np.split(x, 2)[0], "small": np.split(x, 2)[0][:, :5]}
            check_penalties(narrowed[name], plain[name], parts, fit)
            continue
        np.testing.assert_allclose(narrowed[name], plain[name], **tolerance, err_msg=name)
        assert str(plain[name].attrs) == str(narrowed[name].attrs)


def check_penalties(narrowed, plain, layers, labels):
    """Those that were given, and unlike only where their errors are the same but for rounding."""
    for found in (narrowed, plain):
        steps = np.abs(np.log10(found.values[..., None] / DEFAULT_PENALTIES))
        np.testing.assert_allclose(steps.min(axis=-1), 0, atol=1e-5)
    for layer, x in layers.items():
        for feature, label in labels.items():
            own = {"layer": layer, "feature": feature}
            a, b = (error_of(x, label, found.sel(own).item()) for found in (narrowed, plain))
            assert abs(a - b) <= 2**-20 * np.square(label - label.mean()).sum()


def error_of(x, y, penalty):
    """Sum of squared errors of ridge regression on folds that were left out, in float64."""
    x, y, fold = x.astype(float), y.astype(float), oracles.fold_of(range(len(x)), 5)
    errors = np.zeros(len(x))
    for own in range(5):
        inside = fold == own
        mean, offset = x[~inside].mean(axis=0), y[~inside].mean()
        rows = x[~inside] - mean
        ridge = penalty * np.square(rows).sum() / x.shape[1]
        weights = rows.T @ np.linalg.solve(
            rows @ rows.T + ridge * np.eye(len(rows)), y[~inside] - offset
        )
        errors[inside] = y[inside] - offset - (x[inside] - mean) @ weights
    return np.square(errors).sum()


@pytest.mark.filterwarnings("ignore::probekit.errors.OptimismWarning")
def test_ridge_is_that_of_scikit_learn():
    """Of 1,500 units, which is more than the threshold: nothing is set for the test."""
    x, hidden = representation(units=1500)
    extractor = pk.extractors.arrays({"wide": x})
    estimator = pk.estimators.DecodingR2(penalty=0.1)
    ds = pk.probe(extractor, None, {"value": hidden[:, 1]}, estimators=[estimator])
    centred = x.astype(float) - x.astype(float).mean(axis=0)
    penalty = 0.1 * np.square(centred).sum() / 1500
    wanted = (
        Ridge(alpha=penalty).fit(x.astype(float), hidden[:, 1]).score(x.astype(float), hidden[:, 1])
    )
    assert ds.decoding_r2.item() == pytest.approx(wanted, abs=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    "uncertainty",
    [
        pk.Bootstrap(resamples=40, interval="basic", keep=True),
        pk.Permutation(resamples=80),
        pk.CrossValidation(folds=3),
    ],
)
@pytest.mark.filterwarnings("ignore::probekit.errors.OptimismWarning")
def test_uncertainty_is_the_same(narrow, uncertainty):
    x, hidden = representation(examples=EXAMPLES)
    options = {"estimators": ["decoding_r2", "linear_r2", "participation_ratio"]}
    found = []
    for on in (False, True):
        narrow(on)
        extractor = pk.extractors.arrays({"wide": x, "small": x[:, :7]})
        found.append(
            pk.probe(extractor, None, features(hidden), uncertainty=uncertainty, **options)
        )
    for name in found[0]:
        np.testing.assert_allclose(found[1][name], found[0][name], atol=1e-3, err_msg=name)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::probekit.errors.OptimismWarning")
def test_weights(narrow):
    x, hidden = representation(examples=EXAMPLES)
    weight = np.arange(EXAMPLES) % 3
    x[0] = np.nan  # absent
    found = []
    for on in (False, True):
        narrow(on)
        ds = pk.probe(
            pk.extractors.arrays({"wide": x}),
            None,
            features(hidden),
            weight=weight,
            estimators=["decoding_r2", "effective_rank"],
        )
        found.append(ds)
    for name in found[0]:
        np.testing.assert_allclose(found[1][name], found[0][name], atol=1e-4, err_msg=name)


@pytest.mark.filterwarnings("ignore::probekit.errors.OptimismWarning")
def test_what_is_not_finite_is_told(narrow):
    x, hidden = representation(examples=EXAMPLES)
    x[2, 4] = np.inf
    narrow(True)
    with pytest.warns(ScoreWarning, match="non finite"):
        ds = pk.probe(
            pk.extractors.arrays({"wide": x}), None, features(hidden), estimators=["decoding_r2"]
        )
    assert np.isnan(ds.decoding_r2).all()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Width(Estimator):
    """How many units it is shown; `embedded` says whether that may be fewer than there are."""

    name: str = "width"
    embedded: bool = True
    both: bool = False
    kind = "geometry"
    statistic = Moments()
    variables = (Variable("width"),)

    @property
    def invariances(self):
        return frozenset({"translation", "rotation"} | ({"embedding"} if self.embedded else set()))

    def compute(self, fit, held_out):
        return {"width": jnp.float32(held_out.xx.shape[0])}


class Widths(Width):
    """The same of two representations, the other one's in thousands."""

    kind = "similarity"

    @property
    def symmetric(self):
        return self.both

    def compute(self, fit, held_out):
        return {"width": jnp.float32(held_out.xx.shape[0] + 1000 * held_out.yy.shape[0])}


@pytest.mark.slow
@pytest.mark.parametrize(("embedded", "width"), [(True, EXAMPLES), (False, UNITS)])
def test_coordinates_are_for_who_declares_it(narrow, embedded, width):
    narrow(True)
    x, hidden = representation(examples=EXAMPLES)
    extractor = pk.extractors.arrays({"wide": x, "small": x[:, :7]})
    estimators = [Width(embedded=embedded), pk.estimators.ParticipationRatio()]
    ds = pk.probe(extractor, None, features(hidden), estimators=estimators)
    assert ds.layer.values.tolist() == ["wide", "small"]
    assert ds.width.values.tolist() == [width, 7]


# ----------------------------------------------------------------------------- compare


@pytest.mark.parametrize(
    ("embedded", "both", "widths"),
    [
        (False, True, UNITS + 1000 * UNITS),
        (True, False, EXAMPLES + 1000 * UNITS),
        (True, True, EXAMPLES + 1000 * EXAMPLES),
    ],
)
def test_both_sides_are_narrowed_for_who_is_symmetric(narrow, embedded, both, widths):
    narrow(True)
    x, _ = representation(examples=EXAMPLES)
    sides = [pk.extractors.arrays({"wide": part}) for part in (x, x[::-1].copy())]
    ds = pk.compare(*sides, None, estimators=[Widths(embedded=embedded, both=both)])
    assert ds.width.item() == widths


@pytest.mark.slow
@pytest.mark.parametrize("held_out", [False, True])
def test_compare_has_the_same_scores(narrow, held_out):
    x, _ = representation()
    y, _ = representation(seed=2, units=250)
    z = y[:, :9]
    sides = [
        [pk.extractors.arrays(layers) for layers in ({"x": a}, {"y": b, "small": c})]
        for a, b, c in zip(np.split(x, 2), np.split(y, 2), np.split(z, 2), strict=True)
    ]
    names = [*able({"similarity"}), "linear_predictivity", "permutation_matching"]
    names = [name for name in dict.fromkeys(names) if name != "stochastic_shape_distance"]
    estimators = [*names, pk.estimators.ProcrustesDistance(align_on="fit", name="aligned")]
    found = []
    for on in (False, True):
        narrow(on)
        other = tuple(sides[1]) if held_out else None
        with pytest.warns(ScoreWarning, match="too few examples"):  # they span all there is
            found.append(pk.compare(*sides[0], None, held_out=other, estimators=estimators))
    for name in found[0]:
        np.testing.assert_allclose(
            found[1][name], found[0][name], rtol=1e-3, atol=2e-4, err_msg=name
        )


@pytest.mark.slow
def test_bootstraps_of_a_comparison(narrow):
    x, _ = representation(examples=EXAMPLES)
    extractor = pk.extractors.arrays({"wide": x, "small": x[:, :5]})
    found = []
    for on in (False, True):
        narrow(on)
        found.append(
            pk.compare(
                extractor,
                extractor,
                None,
                estimators=["cka", "procrustes_distance"],
                uncertainty=pk.Bootstrap(resamples=40, keep=True),
            )
        )
    for name in found[0]:
        np.testing.assert_allclose(found[1][name], found[0][name], atol=1e-3, err_msg=name)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::probekit.errors.OptimismWarning")
def test_a_recorder_has_the_same_scores(tmp_path):
    x, hidden = representation(units=1100)
    options = {"estimators": ["decoding_r2", "linear_r2", "total_variance"]}
    extractor = pk.extractors.function(lambda x: {"wide": x, "small": x[:, :3]})
    with pk.Recorder(tmp_path / "h.nc", inputs=x, features=features(hidden), **options) as recorder:
        recorder.record(0, extractor)
    found = pk.open_history(tmp_path / "h.nc").sel(step=0)
    wanted = pk.probe(extractor, x, features(hidden), **options)
    for name in options["estimators"]:
        np.testing.assert_allclose(found[name], wanted[name], rtol=1e-5)
        assert found[name].sizes == wanted[name].sizes


@pytest.mark.parametrize("units", [20, 2000])
@pytest.mark.parametrize("layer", ["l", "m"])
def test_other_layers_held_out_are_told(units, layer):
    def of(name, examples, width):
        x = np.random.default_rng(0).normal(size=(examples, width)).astype(np.float32)
        return pk.extractors.arrays({name: x}), {"a": x[:, 0]}

    extractor, fit = of("l", 50, units)
    with pytest.raises(ShapeError, match=rf"held_out: layers of widths .*extractor has .*{units}"):
        pk.probe(extractor, None, fit, held_out=of(layer, 40, units - (layer == "l")))
