"""Values and attributes in types that netCDF-4 has."""

import ml_dtypes
import numpy as np
import pytest

from probekit.history import block


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (np.array([1, -2], ml_dtypes.int4), np.int8),
        (np.array([1.5], ml_dtypes.float8_e4m3fn), np.float32),
        (np.array(["a", "bc"]), block.TEXT),
        (np.array(["a"], object), block.TEXT),
        (np.zeros(0), np.float64),
        (np.zeros(0, np.int16), np.int16),
    ],
)
def test_values_keep_what_they_are(given, kept):
    found = block.storable("x", given)
    assert found.dtype == kept
    assert found.tolist() == given.tolist()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (True, 1),
        (np.bool_(False), 0),
        ([1, 2.5], [1, 2.5]),
        (["a", "b"], ["a", "b"]),
        ([], "[]"),
        ([[1, 2]], "[[1, 2]]"),
        ([[1], [2, 3]], "[[1], [2, 3]]"),
        (["a", 1], ["a", "1"]),
        (1j, "1j"),
        ({"a": 1}, "{'a': 1}"),
    ],
)
def test_attributes_are_numbers_rows_of_them_or_text(given, kept):
    found = block.plain_attributes({"given": given, "nothing": None})
    assert found == {"given": kept}
    assert type(found["given"]) is type(kept)
