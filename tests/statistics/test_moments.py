"""Moments against NumPy in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from probekit.errors import OptionError, ShapeError
from probekit.statistics import CrossKernel, Examples, Moments, shared
from probekit.statistics import state_of as state_of_eagerly
from probekit.statistics.moments import MomentsState

N, D, K = 48, 5, 2

state_of = jax.jit(state_of_eagerly, static_argnums=0)
update = jax.jit(
    lambda statistic, state, x, y, weight: statistic.update(state, x, y, weight=weight),
    static_argnums=0,
)


def data(offset=0.0, scale=1.0):
    generator = np.random.default_rng(0)
    x = offset + scale * generator.normal(size=(N, D))
    return x.astype(np.float32), generator.normal(size=(N, K)).astype(np.float32)


def in_float64(x, y, weight):
    x, y, weight = x.astype(float), y.astype(float), weight.astype(float)
    x_mean, y_mean = (np.average(z, axis=0, weights=weight) for z in (x, y))
    a, b = x - x_mean, y - y_mean
    return x_mean, y_mean, (a.T * weight) @ a, (a.T * weight) @ b, (b.T * weight) @ b


@pytest.mark.parametrize("examples", [63, 1024, 20_000])
@pytest.mark.parametrize(("units", "roundings"), [(3, 32), (200, 128)])
def test_many_equal_terms_add_up_without_drift(examples, units, roundings):
    """Few values again and again: added up one by one, every rounding goes the same way.

    Groups of 64 terms (of 256 in a large product) bound what comes together.
    """
    generator = np.random.default_rng(0)
    y = generator.random((examples, K)) < 0.51
    x = generator.random((examples, units)) < 0.3
    state = state_of(Moments(), x.astype(np.float32), y.astype(np.float32))
    wide = in_float64(x, y, np.ones(examples))
    for got, expected in zip((state.xx, state.xy, state.yy), wide[2:], strict=True):
        np.testing.assert_allclose(got, expected, rtol=0, atol=roundings * 2**-25 * examples / 4)
    diagonal = state_of(Moments(xx="diagonal"), x.astype(np.float32), y.astype(np.float32))
    np.testing.assert_allclose(diagonal.xx, wide[2].diagonal(), rtol=1e-6)


@pytest.mark.parametrize("form", ["full", "diagonal"])
def test_what_the_mean_is_rounded_by_costs_no_digits(form):
    """A float32 mean is off by many roundings of 1e5 here, which squares would add up."""
    x = (1e5 + 4 * np.random.default_rng(0).normal(size=(5000, 3))).astype(np.float32)
    wide = in_float64(x, x[:, :2], np.ones(5000))
    state = state_of(Moments(xx=form, yy=form), x, x[:, :2])
    for got, expected in zip((state.xx, state.xy, state.yy), wide[2:], strict=True):
        expected = expected if got.ndim == 2 else expected.diagonal()
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-6 * wide[2].max())


@pytest.mark.parametrize(
    ("offset", "scale"), [(0, 1), (1e4, 1), (-3e5, 1e3), (0, 1e-8), (1e-6, 1e-8)]
)
@pytest.mark.parametrize("batches", [1, 6])
def test_against_float64(offset, scale, batches):
    x, y = data(offset, scale)
    weight = np.random.default_rng(1).integers(0, 3, N).astype(np.float32)
    statistic = Moments()
    state = statistic.init(x, y)
    for rows in np.array_split(np.arange(N), batches):
        state = update(statistic, state, x[rows], y[rows], weight[rows])
    x_mean, y_mean, xx, xy, yy = in_float64(x, y, weight)
    assert float(state.count) == weight.sum()
    x_seen = np.float64(state.x_mean) + np.float64(state.x_rest)
    np.testing.assert_allclose(x_seen, x_mean, atol=3e-7 * scale)  # of the spread, not of the mean
    np.testing.assert_allclose(state.y_mean, y_mean, atol=1e-6)
    np.testing.assert_allclose(state.xx, xx, rtol=1e-5, atol=1e-6 * np.abs(xx).max())
    np.testing.assert_allclose(state.xy, xy, rtol=1e-5, atol=1e-6 * np.abs(xy).max())
    np.testing.assert_allclose(state.yy, yy, rtol=1e-5, atol=1e-6 * np.abs(yy).max())


@pytest.mark.parametrize("value", [0.0, 0.1, 3.3, -1e4 / 3, 1e-20])
def test_a_constant_unit_is_constant_over_any_batches(value):
    x = np.full((40, 3), value, np.float32)
    x[:, 1] += np.float32(abs(value) * 1e-4 + 1e-6) * np.arange(40)  # just not constant
    statistic = Moments(xx="diagonal")
    state = statistic.init(x, x[:, :1])
    for rows in np.array_split(np.arange(40), 8):
        weight = np.ones(len(rows), np.float32)
        state = update(statistic, state, x[rows], x[rows, :1], weight)
    assert state.x_constant.tolist() == [True, False, True]
    assert state.y_constant.tolist() == [True]


def test_many_batches_far_from_the_origin():
    generator = np.random.default_rng(0)
    x = (1e5 + generator.normal(size=(2000, 3))).astype(np.float32)
    statistic = Moments(xx="diagonal", xy=False, yy="diagonal")

    y = 3 * x  # not inside the program: there it might be subtracted from before it is rounded

    @jax.jit
    def stream(x, y):
        def step(state, batch):
            return statistic.update(state, *batch, weight=jnp.ones(8)), None

        batches = x.reshape(-1, 8, 3), y.reshape(-1, 8, 3)
        return jax.lax.scan(step, statistic.init(x, y), batches)[0]

    state = stream(x, y)
    for squares, mean, rest, values in (
        (state.x_squares, state.x_mean, state.x_rest, x.astype(float)),
        (state.y_squares, state.y_mean, state.y_rest, y.astype(float)),
    ):
        np.testing.assert_allclose(squares / 2000, values.var(axis=0), rtol=1e-5)
        seen = np.float64(mean) + np.float64(rest)
        np.testing.assert_allclose(seen, values.mean(axis=0), rtol=0, atol=1e-7)


def test_a_bad_value_spoils_its_own_column_alone():
    x, y = data()
    x[3, 1] = np.nan
    y[4, 0] = np.inf
    state = state_of(Moments(), x, y)
    assert np.isnan(state.x_mean).tolist() == [False, True, False, False, False]
    assert np.isfinite(state.x_rest).all()
    assert np.isfinite(state.y_rest).all()
    assert not bool(state.finite())
    good = Moments().select(state, x=np.array([0, 2, 3, 4]), y=np.array([1]))
    assert bool(good.finite())
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(good))


@pytest.mark.parametrize("form", ["full", "diagonal", "none"])
def test_select_gives_the_state_of_the_columns(form):
    x, y = data(offset=1e4)
    statistic = Moments(xx=form, yy=form)
    chosen = statistic.select(state_of(statistic, x, y), x=np.array([4, 1]), y=jnp.array([1]))
    alone = state_of(statistic, x[:, [4, 1]], y[:, [1]])
    for a, b in zip(jax.tree.leaves(chosen), jax.tree.leaves(alone), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)
    assert statistic.by_unit == (form != "full")


def test_select_keeps_what_rounding_took():
    x, y = data(offset=1e4)
    state = state_of(Moments(), x, y)
    chosen = Moments().select(state, x=slice(1, 3))
    np.testing.assert_array_equal(chosen.x_rest, state.x_rest[1:3])
    assert np.asarray(chosen.x_rest).any()


# Squares of 2e-17 are normal numbers of float32, but have lost digits.
@pytest.mark.parametrize("size", [2e-17, 1e-25])
@pytest.mark.parametrize("small", ["x", "y"])
def test_squares_that_vanish_are_noted(small, size):
    x, y = data()
    x, y = (x * np.float32(size), y) if small == "x" else (x, y * np.float32(size))
    state = state_of(Moments(), x, y)
    assert (bool(state.x_vanished), bool(state.y_vanished)) == (small == "x", small == "y")
    assert bool(state.x_finite()) == (small == "y")
    assert not bool(state.finite())


def test_what_is_as_it_should_be_has_not_vanished():
    x, y = data()
    assert bool(state_of(Moments(), np.ones_like(x), y).finite())  # constant, and not small
    assert bool(state_of(Moments(), np.zeros_like(x), y).finite())  # of nothing squares are 0
    assert bool(state_of(Moments(), x * np.float32(2e-16), y).finite())
    assert bool(state_of(Moments(), x, y[:, :0]).finite())


def test_a_mean_of_0_hides_nothing_that_has_vanished():
    sign = np.tile(np.float32([[1], [-1]]), (N // 2, 1))
    assert bool(state_of(Moments(), sign * np.float32(1e-25), sign).x_vanished)


def test_sums_that_overflow_are_not_finite():
    x, y = (z * np.float32(1e30) for z in data())
    state = state_of(Moments(xx="none", yy="none"), x, y)
    assert np.isfinite(state.x_mean).all()
    assert np.isfinite(state.y_mean).all()
    assert not bool(state.finite())
    squares = state_of(Moments(xx="diagonal", yy="none", xy=False), x, y)
    assert not bool(squares.x_finite())


def test_a_column_that_varies_is_not_blurred():
    """Only one that is constant within rounding is, if its values differ all the same."""
    y = np.full((N, 4), 3.0, np.float32)
    y[::2, 1:3] += np.float32([1, 8]) * np.spacing(np.float32(3))
    y[:, 3] += np.arange(N)
    state = state_of(Moments(), y, y)
    assert state.x_constant.tolist() == state.y_constant.tolist() == [True, True, True, False]
    assert state.y_blurred.tolist() == [False, True, True, False]


def test_swapped_exchanges_x_and_y():
    x, y = data()
    swapped, wanted = state_of(Moments(), x, y).swapped(), state_of(Moments(), y, x)
    assert isinstance(swapped, MomentsState)
    for a, b in zip(jax.tree.leaves(swapped), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)


def test_sharing():
    variances, products = Moments(xx="diagonal", xy=False, yy="none"), Moments(xx="none")
    kernel, few, many = CrossKernel(), Examples(capacity=8), Examples(capacity=64)
    kept = shared([variances, few, kernel, products, many])
    assert kept[variances] == kept[products] == Moments(xx="diagonal")
    assert kept[few] == kept[many] == many
    assert kept[kernel] == kernel


def test_full_moments_answer_for_variances():
    x, y = data()
    full, diagonal = state_of(Moments(), x, y), state_of(Moments(xx="diagonal"), x, y)
    np.testing.assert_allclose(full.x_squares, diagonal.x_squares, rtol=1e-6)


@pytest.mark.parametrize("units", [256, 257, 515])
def test_many_units_are_multiplied_by_halves(units):
    x = (3 + np.random.default_rng(0).normal(size=(300, units))).astype(np.float32)
    xx = np.asarray(state_of(Moments(xy=False, yy="none"), x, np.zeros((300, 1))).xx)
    expected = in_float64(x, np.zeros((300, 1)), np.ones(300))[2]
    np.testing.assert_allclose(xx, expected, atol=1e-3)


def test_float64_is_kept_where_it_is_enabled():
    x, y = data()
    with jax.enable_x64(True):
        state = state_of(Moments(), x.astype(float), y)
        assert state.xx.dtype == np.float64
        np.testing.assert_allclose(
            state.xx, in_float64(x, y, np.ones(N))[2], rtol=1e-12, atol=1e-12
        )


def test_whole_numbers_are_summed_in_what_holds_them():
    """Those of 64 bits; of float32 every second one from 16,777,216 on is none."""
    x = 2**24 + np.arange(5)[:, None]
    with jax.enable_x64(True):
        state = state_of(Moments(), x)
        assert (state.xx.dtype, float(state.xx[0, 0])) == (np.float64, 10)
        assert state_of(Moments(), np.float32(x)).xx.dtype == np.float32
    assert state_of(Moments(), np.int32(x)).xx.dtype == np.float32


def test_complex_values_are_refused():
    with pytest.raises(ShapeError, match=r"dtype complex64: complex values; real ones are needed"):
        state_of_eagerly(Moments(), np.ones((3, 2), np.complex64))


@pytest.mark.parametrize("option", ["xx", "yy"])
def test_unknown_blocks_are_refused(option):
    with pytest.raises(OptionError, match=rf"{option}='ful': not a choice; did you mean 'full'"):
        Moments(**{option: "ful"})


def test_what_is_kept_apart_is_joined():
    class Other(Moments):
        """Remembers something else."""

    x, y = (np.random.default_rng(seed).normal(5, 1, (20, seed)) for seed in (3, 4))
    statistic, nothing = Moments(), np.zeros((20, 0))
    alone, both = statistic.divided()
    parts = state_of(alone, x, nothing), state_of(alone, y, nothing), state_of(both, x, y)
    assert parts[2].xx is None
    joined, whole = statistic.joined(*parts), state_of(statistic, x, y)
    jax.tree.map(np.testing.assert_array_equal, joined, whole)
    assert Moments(xx="diagonal").divided() is Moments(xy=False).divided() is None
    assert Other().divided() is None


@pytest.mark.parametrize("form", ["full", "diagonal", "none"])
@pytest.mark.parametrize(("examples", "units"), [(16_640, 70), (20_001, 70), (257, 4200)])
def test_much_data_is_walked_through_in_blocks(examples, units, form):
    """Of which the last overlaps the one before; what has no weight is in neither."""
    generator = np.random.default_rng(0)
    x = (3 + generator.normal(size=(examples, units))).astype(np.float32)
    y = generator.normal(size=(examples, K)).astype(np.float32)
    weight = generator.integers(0, 3, examples).astype(np.float32)
    hidden = x.copy()
    hidden[weight == 0] = np.nan
    state = state_of(Moments(xx=form), hidden, y, weight=weight)
    x_mean, y_mean, xx, xy, yy = in_float64(x, y, weight)
    assert state.count == weight.sum()
    np.testing.assert_allclose(state.x_mean, x_mean, rtol=1e-6)
    np.testing.assert_allclose(state.y_mean, y_mean, rtol=0, atol=1e-6)
    scale = 2e-6 * examples
    np.testing.assert_allclose(state.xy, xy, rtol=0, atol=scale)
    np.testing.assert_allclose(state.yy, yy, rtol=0, atol=scale)
    if form != "none":
        np.testing.assert_allclose(state.xx, xx if form == "full" else xx.diagonal(), atol=scale)
    x[-1, 1], weight[-1] = np.inf, 1
    spoilt = state_of(Moments(xx="diagonal"), x, y, weight=weight)
    assert np.flatnonzero(~np.isfinite(spoilt.xx)).tolist() == [1]


def test_of_much_data_nothing_as_large_is_made():
    x, y = (jax.ShapeDtypeStruct((100_000, units), np.float32) for units in (64, 2))
    program = state_of.lower(Moments(), x, y).compile()
    assert program.memory_analysis().temp_size_in_bytes < 4 << 20
