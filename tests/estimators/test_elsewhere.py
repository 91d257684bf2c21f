"""What is said of other packages: it can be called, and is equal unless the table says in what not.

Those of rsatoolbox are compared here; other packages, where tests can install them, with the
measures themselves.
"""

import jax
import numpy as np
import pytest
import scipy.spatial.distance as spatial

from probekit import measures
from probekit.estimators.elsewhere import ELSEWHERE

GENERATOR = np.random.default_rng(0)
LABELS = np.arange(24) % 4
X = np.float32(GENERATOR.random((24, 3)) + LABELS[:, None])
Y = np.float32(GENERATOR.random((24, 3)) + X[:, ::-1])
OF_RSATOOLBOX = [row for row in ELSEWHERE if row.package == "rsatoolbox" and not row.differs]


def evaluated(expression):
    a, b = (measures.rdm(z, metric="squared_euclidean") for z in (X, Y))
    known = {"np": np, "x": X, "y": Y, "a": a, "b": b, "labels": LABELS}
    return eval(expression, {**vars(measures), **known, "__builtins__": {"abs": abs, "len": len}})


def of_rsatoolbox(name):
    toolbox = pytest.importorskip("rsatoolbox")
    if name.startswith("RDM"):
        dataset = toolbox.data.Dataset(np.float64(X))
        return toolbox.rdm.calc_rdm(dataset, method=name.split("`")[1]).get_matrices()[0]
    squares = [toolbox.rdm.RDMs(spatial.pdist(np.float64(z), "sqeuclidean")[None]) for z in (X, Y)]
    return toolbox.rdm.compare(*squares, method=name.split("`")[1])[0, 0]


@pytest.mark.parametrize("row", ELSEWHERE, ids=lambda row: f"{row.package} {row.there}")
def test_it_can_be_called(row):
    found = np.concatenate([np.ravel(part) for part in jax.tree.leaves(evaluated(row.here))])
    assert np.isfinite(found).all()


@pytest.mark.parametrize("row", OF_RSATOOLBOX, ids=lambda row: row.there)
def test_it_equals_rsatoolbox(row):
    wanted = of_rsatoolbox(row.there)
    np.testing.assert_allclose(evaluated(row.here), wanted, rtol=1e-4, atol=1e-5)


def test_names_stand_once():
    names = [(row.package, row.there) for row in ELSEWHERE]
    assert len(set(names)) == len(names)
    assert len({row.here for row in OF_RSATOOLBOX}) == len(OF_RSATOOLBOX)
