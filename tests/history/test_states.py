"""States of the training come back bit for bit, whatever their dtype; the newest two are kept."""

import ml_dtypes
import numpy as np
import pytest

from probekit.errors import HistoryError, OptionError, ShapeError
from probekit.history import HistoryWriter, make_attributes

LEAVES = [
    np.float32(1.5),
    np.array([[1, 2], [3, 4]], np.uint32).T,
    np.array([0.1, np.nan, -np.inf], ml_dtypes.bfloat16),
    np.array([0.1], np.float16),
    np.arange(3, dtype=">f8"),
    np.array([True, False]),
    np.zeros((0, 4)),
    np.array([1 + 2j], np.complex64),
    np.int64(-(2**62)),
]


@pytest.fixture
def history(tmp_path):
    with HistoryWriter(tmp_path / "history.nc", attributes=make_attributes("test")) as writer:
        yield writer


def test_a_state_comes_back_bit_for_bit(history):
    history.save_state("seed-0", LEAVES, {"epoch": 3, "names": ["a"], "rate": 0.1})
    leaves, meta = history.load_state("seed-0")
    assert meta == {"epoch": 3, "names": ["a"], "rate": 0.1}
    for leaf, expected in zip(leaves, LEAVES, strict=True):
        expected = np.asarray(expected)
        assert leaf.dtype == expected.dtype.newbyteorder("=")
        assert leaf.shape == expected.shape
        assert leaf.tobytes() == expected.astype(leaf.dtype).tobytes()
        leaf[...] = 0  # they can be written to


def test_a_state_without_leaves(history):
    history.save_state("seed-0", [], {"epoch": 0})
    assert history.load_state("seed-0") == ([], {"epoch": 0})


def test_the_newest_two_are_kept(history):
    assert history.load_state("seed-0") is None
    for epoch in range(5):
        history.save_state("seed-0", [np.float32(epoch)], {"epoch": epoch})
        history.save_state("seed-1", [np.float32(-epoch)], {"epoch": epoch})
    assert history.load_state("seed-0") == ([4.0], {"epoch": 4})
    assert history.load_state("seed-0", epoch=3) == ([3.0], {"epoch": 3})
    assert history.load_state("seed-0", epoch=2) is None
    assert history.load_state("seed-1", epoch=9) == ([-4.0], {"epoch": 4})
    assert len(list(history.folder.glob("state-*.nc"))) == 4


def test_states_outlive_the_writer_and_go_with_the_finished_history(tmp_path):
    path, attributes = tmp_path / "history.nc", make_attributes("test")
    with HistoryWriter(path, attributes=attributes) as writer:
        writer.save_state("model", [np.arange(3)], {"epoch": 1})
    with HistoryWriter(path, attributes=attributes, resume=True) as writer:
        np.testing.assert_array_equal(writer.load_state("model")[0][0], np.arange(3))
        writer.finish()
    assert [entry.name for entry in tmp_path.iterdir()] == ["history.nc"]


def test_what_is_no_state(history):
    with pytest.raises(OptionError, match=r"key='a/b': use letters, digits"):
        history.save_state("a/b", [], {})
    with pytest.raises(ShapeError, match=r"leaves\[1\]: dtype object; a state is made of numbers"):
        history.save_state("a", [np.zeros(2), {"not": "an array"}], {})
    with pytest.raises(ShapeError, match=r"leaves\[0\]: dtype \[\('f0', '<i4'\)"):
        history.save_state("a", [np.zeros(2, "i4,f4")], {})
    history.close()
    with pytest.raises(HistoryError, match="the writer is closed"):
        history.save_state("a", [], {})
