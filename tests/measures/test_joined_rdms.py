"""Matrices of different conditions: put into matrices of all, as rsatoolbox does, and averaged."""

import numpy as np
import pytest

from probekit import measures
from probekit.errors import OptionError, ShapeError
from tests.optional import optional

GENERATOR = np.random.default_rng(4)
NAMES = [["dog", "cat", "car"], ["cup", "car", "cat", "key"], ["dog", "key"]]
POINTS = {name: GENERATOR.normal(size=5) for name in ("cat", "car", "cup", "dog", "key")}


def square(names, scale=1.0):
    rows = np.stack([POINTS[name] for name in names])
    return scale * np.linalg.norm(rows[:, None] - rows[None], axis=2)


RDMS = [square(NAMES[0]), np.stack([square(NAMES[1], 2), square(NAMES[1], 3)]), square(NAMES[2], 5)]


def partials():
    toolbox = optional("rsatoolbox")
    return toolbox, [
        toolbox.rdm.RDMs(
            rdms if rdms.ndim == 3 else rdms[None],
            pattern_descriptors={"conds": names},
        )
        for rdms, names in zip(RDMS, NAMES, strict=True)
    ]


@pytest.mark.parametrize("order", [None, ["cat", "car", "cup", "dog", "key", "sun"]])
def test_joined_as_rsatoolbox(order):
    toolbox, parts = partials()
    theirs = toolbox.rdm.combine.from_partials(parts, all_patterns=order)
    found = measures.join_rdms(RDMS, NAMES, all_conditions=order)
    assert list(found.conditions) == list(theirs.pattern_descriptors["conds"])
    np.testing.assert_array_equal(found.rdms, theirs.get_matrices())
    assert len(found.rdms) == 4
    numbered = measures.join_rdms(RDMS[:1], [np.array([7, 5, 6])], all_conditions=range(8))
    np.testing.assert_array_equal(numbered.rdms[0][np.ix_([7, 5, 6], [7, 5, 6])], RDMS[0])
    assert np.isnan(numbered.rdms[0][1, 5])


@pytest.mark.filterwarnings("ignore:invalid value")  # theirs, of a pair that nobody has
@pytest.mark.parametrize(("weighting", "peer"), [("evidence", "evidence"), ("size", "setsize")])
def test_then_brought_to_one_scale_and_averaged(weighting, peer):
    toolbox, parts = partials()
    theirs = toolbox.rdm.combine.from_partials(parts)
    theirs = toolbox.rdm.combine.rescale(theirs, method=peer, threshold=1e-12)
    found = measures.align_rdms(
        measures.join_rdms(RDMS, NAMES).rdms, weighting=weighting, threshold=1e-12
    )
    np.testing.assert_allclose(found.rdms, theirs.get_matrices(), atol=1e-5)
    mean = theirs.mean(weights="rescalingWeights").dissimilarities[0]
    upper = np.triu_indices(5, 1)
    np.testing.assert_allclose(found.mean[upper], mean / np.sqrt(np.nansum(mean**2)), atol=1e-5)


@pytest.mark.parametrize(
    ("rdms", "names", "options", "kind", "message"),
    [
        ([RDMS[0][:2]], NAMES[:1], {}, ShapeError, r"rdms\[0\]: shape \(2, 3\); \(condition, con"),
        (RDMS, NAMES[:2], {}, ShapeError, "conditions: 2 lists of labels; there are 3 arrays in r"),
        ([], [], {}, ShapeError, "conditions: 0 lists of labels; there are 0 arrays"),
        (RDMS[:1], NAMES[1:2], {}, ShapeError, r"conditions\[0\]: 4 labels; rdms\[0\] has 3 rows"),
        (RDMS[:1], [["a", "b", "a"]], {}, OptionError, r"conditions\[0\]: 'a' is there twice"),
        (
            RDMS[:1],
            NAMES[:1],
            {"all_conditions": ["cat", "dog"]},
            OptionError,
            r"all_conditions: lacks 'car', of conditions\[0\]; give all of them",
        ),
    ],
)
def test_errors(rdms, names, options, kind, message):
    with pytest.raises(kind, match=message):
        measures.join_rdms(rdms, names, **options)
