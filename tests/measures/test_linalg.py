"""LAPACK one matrix at a time: the same numbers and derivatives, and no stack of matrices."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from probekit.estimators import resolve
from probekit.measures import _linalg
from probekit.plugins import get_manager
from probekit.testing import _harness

FACTORISATIONS = {
    "eigh",
    "svd",
    "cholesky",
    "triangular_solve",
    "geqrf",
    "qr",
    "householder_product",
    "lu",
}
ESTIMATORS = [e for name in get_manager().registry.names("estimator") for e in resolve(name)]
GENERATOR = np.random.default_rng(0)
SQUARES = GENERATOR.normal(size=(3, 5, 5))
POSITIVE = np.float32(SQUARES @ np.swapaxes(SQUARES, 1, 2) + np.eye(5))
RIGHT = np.float32(GENERATOR.normal(size=(3, 5, 2)))


def primitives(jaxpr):
    """Yield every primitive and its operands, those of loops and calls included."""
    for equation in jaxpr.eqns:
        yield equation.primitive.name, [v.aval for v in equation.invars]
        for value in equation.params.values():
            for part in value if isinstance(value, tuple | list) else (value,):
                inner = getattr(part, "jaxpr", part)
                if hasattr(inner, "eqns"):
                    yield from primitives(inner)


def stacks(function, *arrays):
    """Return the factorisations of more than a matrix."""
    traced = jax.make_jaxpr(function)(*arrays)
    return [
        (name, [o.shape for o in operands])
        for name, operands in primitives(traced.jaxpr)
        if name in FACTORISATIONS and any(o.ndim > 2 for o in operands)
    ]


@pytest.mark.parametrize(
    ("name", "arrays"),
    [
        *((name, (POSITIVE,)) for name in ("eigh", "eigvalsh", "svd", "svdvals", "cholesky")),
        ("solve_lower", (np.tril(POSITIVE), RIGHT)),
        ("solve_cholesky", (np.linalg.cholesky(POSITIVE), RIGHT)),
    ],
)
def test_a_stack_is_taken_one_by_one(name, arrays):
    function = getattr(_linalg, name)
    found = jax.vmap(function)(*arrays)
    each = [function(*(array[i] for array in arrays)) for i in range(3)]
    jax.tree.map(np.testing.assert_array_equal, found, _harness.stacked(each))
    assert not stacks(jax.vmap(function), *arrays)


def test_plain_calls_would_be_stacks():
    assert stacks(jax.vmap(jnp.linalg.eigvalsh), POSITIVE)


def test_values_are_those_of_numpy():
    np.testing.assert_allclose(_linalg.eigvalsh(POSITIVE[0]), np.linalg.eigvalsh(POSITIVE[0]), 1e-5)
    root = _linalg.cholesky(POSITIVE[0])
    wanted = np.linalg.solve(POSITIVE[0], RIGHT[0])
    np.testing.assert_allclose(_linalg.solve_cholesky(root, RIGHT[0]), wanted, 1e-3, 1e-5)


@pytest.mark.parametrize("over", [lambda f: f, jax.jit])
def test_derivatives_are_those_of_jax(over):
    def ours(a):
        return jnp.log(_linalg.eigvalsh(a)).sum() + _linalg.eigh(a)[0][0]

    def theirs(a):
        return jnp.log(jnp.linalg.eigvalsh(a)).sum() + jnp.linalg.eigh(a)[0][0]

    wanted = jax.grad(theirs)(POSITIVE[0])
    np.testing.assert_allclose(over(jax.grad(ours))(POSITIVE[0]), wanted, 1e-5, 1e-6)
    every = over(jax.vmap(jax.grad(ours)))(POSITIVE)
    np.testing.assert_allclose(every[0], wanted, 1e-5, 1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("estimator", [e for e in ESTIMATORS if e.traceable], ids=lambda e: e.name)
def test_no_estimator_factors_stacks_under_vmap(estimator):
    """Two of them side by side wait for each other for ever, now and then."""
    fit, held_out = (
        _harness.empty(estimator.statistic, rows) for rows in _harness.data_for(estimator)
    )
    both = _harness.stacked([fit, fit]), _harness.stacked([held_out, held_out])
    assert not stacks(jax.vmap(lambda *s: _harness.read_plainly(estimator, *s)), *both)
