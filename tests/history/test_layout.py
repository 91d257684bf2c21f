"""Blocks put together are what one gets cell by cell, wherever their labels stand."""

import numpy as np
import pytest
import xarray as xr

from probekit.history import block
from probekit.history.layout import are_complete, combine


def part(rng, steps, layers, *, units):
    """Return rows with an axis whose labels come in any order, and one that may have none."""
    shape = (len(steps), len(layers), 3)
    labels = {"step": steps, "layer": layers, **({"unit": list("abc")} if units else {})}
    arrays = {"score": (("step", "layer", "unit"), rng.normal(size=shape))}
    return block.from_dataset(xr.Dataset(arrays, labels), {})


@pytest.mark.parametrize("seed", range(4))
def test_each_value_lies_where_its_labels_say(seed):
    rng = np.random.default_rng(seed)
    parts = [
        part(
            rng,
            rng.choice(9, steps, replace=False),
            rng.permutation(list("wxyz"))[:layers],
            units=seed == 3 and steps == 3,  # of one block alone
        )
        for steps, layers in ((3, 2), (1, 4), (4, 3))
    ]
    wanted = {}
    for each in parts:
        score, labels = each.values["score"], each.outline.labels
        for i, step in enumerate(labels["step"].tolist()):
            wanted |= {(step, name): score[i, j] for j, name in enumerate(labels["layer"])}
    whole = combine(parts, ("step",))
    steps, layers = (whole.outline.labels[dim].tolist() for dim in ("step", "layer"))
    assert steps == sorted({step for step, _ in wanted})
    assert layers == list(dict.fromkeys(name for each in parts for name in each.values["layer"]))
    for i, step in enumerate(steps):
        for j, name in enumerate(layers):
            expected = wanted.get((step, name), [np.nan] * 3)
            np.testing.assert_array_equal(whole.values["score"][i, j], expected)
    assert are_complete([each.outline for each in parts], ("step",)) == (
        len(wanted) == len(steps) * len(layers)
    )
