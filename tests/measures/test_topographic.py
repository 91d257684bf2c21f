"""Order, neighbours and shapes that are kept: by the definitions, at both ends, undefined."""

import numpy as np
import pytest

from probekit import measures
from probekit.errors import OptionError, ShapeError
from probekit.measures.topographic import local_procrustes_score
from probekit.statistics import Examples, state_of
from tests.reference.oracles import pictures
from tests.reference.tolerances import SCORE

N = 30
MEASURES = {
    "non_metric_stress": {},
    "topographic_product": {"neighbours": 4},
    "neighbour_dissimilarity": {"neighbours": 4},
    "local_procrustes": {"neighbours": 6},
}
EACH = pytest.mark.parametrize("name", MEASURES)


def draw(seed=0, *, units=3):
    x = np.random.default_rng(seed).normal(size=(N, units))
    return np.float32(np.round(x * 256) / 256)


def found(name, x, y, **options):
    return getattr(measures, name)(x, y, **{**MEASURES[name], **options})


@EACH
def test_by_the_definition(name):
    x, y = draw(), draw(1) + draw()
    wanted = getattr(pictures, name)(None, None, x, y, **MEASURES[name])
    np.testing.assert_allclose(found(name, x, y), wanted, atol=SCORE)
    np.testing.assert_allclose(found(name, x + 512, 7 - 2 * y), wanted, atol=1e-4)


@pytest.mark.slow  # other options and shapes are other programs
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("topographic_product", {"metric": "cosine"}),
        ("neighbour_dissimilarity", {"metric": "cosine"}),
        ("neighbour_dissimilarity", {"relative": False}),
        ("local_procrustes", {"scaled": False}),
    ],
)
def test_other_options(name, options):
    x, y = draw(), draw(1, units=20)
    for a, b in ((x, y), (y, x)):
        wanted = getattr(pictures, name)(None, None, a, b, **MEASURES[name], **options)
        np.testing.assert_allclose(found(name, a, b, **options), wanted, rtol=1e-4)


@EACH
def test_of_itself_it_is_0(name):
    assert abs(found(name, draw(), draw()[:, ::-1])) < 1e-5


def test_the_product_changes_its_sign():
    x, y = draw(), draw(1) + draw()
    there, back = (found("topographic_product", *pair) for pair in ((x, y), (y, x)))
    np.testing.assert_allclose(there, -back, rtol=1e-4)


@pytest.mark.slow
def test_nothing_is_left_of_neighbourhoods_that_fall_together():
    x, y = draw(), np.float32(np.arange(N) < 1)[:, None] * [1.0, 0, 0]
    shapes = found("local_procrustes", x, y)
    assert 0.5 < shapes <= 1
    folded = found("local_procrustes", y + 0.0, x)
    assert 0 < folded < 1


@EACH
def test_there_is_none_in_one_place_or_of_what_is_not_finite(name):
    for constant in ((draw(), np.full((N, 3), 3.3)), (np.full((N, 3), 3.3), draw())):
        assert np.isnan(found(name, *constant))
    spoilt = draw(1)
    spoilt[3, 1] = np.inf
    assert np.isnan(found(name, draw(), spoilt))


def test_copies_have_no_topographic_product():
    twice = draw()
    twice[4] = twice[9]
    assert np.isnan(found("topographic_product", twice, draw()))
    assert np.isfinite(found("neighbour_dissimilarity", twice, draw()))


@EACH
def test_errors(name):
    with pytest.raises(ShapeError, match=r"x: 2 examples; at least 3"):
        found(name, draw()[:2], draw()[:2])
    with pytest.raises(ShapeError, match=r"y: 29 examples; x has 30"):
        found(name, draw(), draw()[1:])
    if MEASURES[name]:
        with pytest.raises(OptionError, match=r"neighbours=0: must be at least"):
            found(name, draw(), draw(), neighbours=0)


@pytest.mark.parametrize("scaled", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_no_example_is_its_own_neighbour_where_there_are_few(scaled):
    generator = np.random.default_rng(2)
    x, y = (np.float32(generator.normal(size=(8, d))) for d in (3, 4))
    kept = state_of(Examples(capacity=16), x, y)
    found = local_procrustes_score(kept, neighbours=10, scaled=scaled).value
    wanted = pictures.local_procrustes(None, None, x, y, neighbours=7, scaled=scaled)
    np.testing.assert_allclose(found, wanted, rtol=1e-4)
    np.testing.assert_allclose(
        measures.local_procrustes(x, y, neighbours=10, scaled=scaled), wanted, rtol=1e-4
    )
