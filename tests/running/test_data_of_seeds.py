"""The data of seeds that run at once."""

import numpy as np
import pytest

from probekit.errors import ShapeError
from probekit.running.lane import stacked_data
from probekit.tasks import Split


def data_of(fitted):
    sizes = {"train": 6, "fit": fitted, "test": 4}
    return {name: Split(np.ones((size, 3)), np.ones((size, 1))) for name, size in sizes.items()}


def test_seeds_are_stacked():
    assert stacked_data([data_of(5), data_of(5)]).inputs.shape == (2, 15, 3)


def test_seeds_of_unlike_numbers_of_examples_are_told():
    with pytest.raises(ShapeError, match=r"splits of \(6, 5, 4\) and \(6, 7, 4\) examples\. Give"):
        stacked_data([data_of(5), data_of(7)])
