"""A feature of classes is one and the same, whether its labels are numbers, texts or columns."""

import jax
import numpy as np
import pytest

import probekit as pk
from probekit.errors import OptionError, ShapeError
from probekit.estimators import ClassSelectivity, ConditionRDM
from probekit.statistics import GroupExamples, GroupMoments, LabelledExamples, state_of

LABELS = np.random.default_rng(3).integers(0, 3, 60)
X = LABELS[:, None] * [1.0, -1, 0, 2] + np.random.default_rng(4).normal(size=(60, 4))
LAYERS = pk.extractors.arrays({"a": X.astype(np.float32)})
OF_CLASSES = [
    "class_selectivity",
    "condition_rdm",
    "logme",
    "manifold_capacity",
    "neural_collapse",
    "transrate",
]


@pytest.mark.slow
@pytest.mark.parametrize(
    "statistic", [GroupMoments(groups=3), LabelledExamples(groups=3), GroupExamples(groups=3)]
)
def test_statistics_of_groups_look_at_all_columns(statistic):
    numbers = state_of(statistic, X[:8], LABELS[:8, None].astype(np.float32))
    columns = state_of(statistic, X[:8], np.eye(3, dtype=np.float32)[LABELS[:8]])
    assert jax.tree.all(jax.tree.map(np.array_equal, numbers, columns))


@pytest.mark.slow
def test_estimators_of_classes_look_at_all_columns():
    ways = {"numbers": LABELS, "texts": np.array(["a", "b", "c"])[LABELS], "columns": np.eye(3)}
    ways["columns"] = ways["columns"][LABELS]
    asked = [*OF_CLASSES, ClassSelectivity(index="auc", name="area")]
    asked.append(ConditionRDM(metric="mahalanobis", shrinkage="diagonal", name="kept"))
    found = [pk.probe(LAYERS, None, {"y": y}, estimators=asked) for y in ways.values()]
    for other in found[1:]:
        for name in found[0].data_vars:
            np.testing.assert_array_equal(found[0][name], other[name], err_msg=name)
    assert np.isfinite(found[0].logme).all()


@pytest.mark.parametrize("row", [[0.5, 0.5], [1, 1], [0, 0]])
def test_columns_that_are_none_of_classes_are_told_before_anything_is_computed(row):
    y = np.eye(2)[LABELS % 2]
    y[7] = row
    with pytest.raises(ShapeError, match=r"features\['y'\]: 2 columns, not of classes .*'logme'"):
        pk.probe(LAYERS, None, {"y": y}, estimators=["logme"])


def test_a_row_that_is_unknown_is_none_of_another_class():
    columns = np.eye(3)[LABELS]
    columns[7, 1] = np.nan
    assert ConditionRDM().adapted({"y": columns}).edges == ((1.0, 2.0),)


def test_too_many_bits_are_told_before_memory_is_taken():
    many = {f"bit {place}": place < LABELS for place in range(13)}
    with pytest.raises(OptionError, match="bits: 13; at most 12 have few enough parities"):
        pk.probe(LAYERS, None, many, estimators=["parity_r2"])
