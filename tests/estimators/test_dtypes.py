"""Scores of float32 are float32, also where JAX has float64."""

import jax
import jax.numpy as jnp
import pytest

from probekit.estimators import Estimator, KernelRidgeR2, resolve
from probekit.plugins import get_manager
from probekit.testing._harness import data_for, read_plainly
from tests.estimators.configured import CONFIGURED

REGISTERED = [resolve(name)[0] for name in sorted(get_manager().registry.names("estimator"))]


def scored(estimator: Estimator, x, y):
    rows = {"weight": jnp.ones(len(x), x.dtype), "index": jnp.arange(len(x), dtype=jnp.int32)}
    state = estimator.statistic.of(x, y, **rows)
    return read_plainly(estimator, state, state)


def variables(estimator, compute):
    rows = data_for(estimator).fit
    with jax.enable_x64(True):
        found = compute(jnp.asarray(rows.x, jnp.float32), jnp.asarray(rows.y, jnp.float32))
    return {v.name: found[v.name].dtype for v in estimator.variables}


@pytest.mark.slow
@pytest.mark.parametrize(
    "estimator", [e for e in (*REGISTERED, *CONFIGURED) if e.traceable], ids=repr
)
def test_of_what_is_compiled(estimator):
    """Nothing is computed here: shapes and dtypes are known before that."""

    def compute(x, y):
        return jax.eval_shape(lambda x, y: scored(estimator, x, y), x, y)

    assert set(variables(estimator, compute).values()) == {jnp.dtype("float32")}


@pytest.mark.slow
def test_of_the_host():
    estimator = KernelRidgeR2(folds=2)
    found = variables(estimator, lambda x, y: scored(estimator, x, y))
    assert set(found.values()) == {jnp.dtype("float32")}
