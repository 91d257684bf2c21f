"""Seeds and labels of groups that cannot be drawn with: said at once, in one line."""

import numpy as np
import pytest

from probekit.errors import OptionError
from probekit.inference import Bootstrap, CrossValidation, Permutation


@pytest.mark.parametrize("kind", [Bootstrap, Permutation, CrossValidation])
@pytest.mark.parametrize("seed", [-1, 1.5, None])
def test_seeds_are_whole_numbers_from_0(kind, seed):
    with pytest.raises(OptionError, match="seed="):
        kind(seed=seed)


def test_labels_of_unlike_types_are_refused():
    groups = np.array([1, "a", 2, 2], object)
    with pytest.raises(
        OptionError, match=r"groups: labels of types int, str, .* give all one type"
    ):
        Bootstrap(groups=groups).weights(4)
