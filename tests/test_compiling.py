"""Options for XLA are for the outermost program alone, and for a version that knows them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from probekit import _compiling
from probekit._compiling import call_options, compiled_with

X = np.arange(6, dtype=np.float32).reshape(2, 3)


@compiled_with(call_options, static_argnums=1)
def powers(x, exponent):
    return x**exponent


@pytest.mark.parametrize(
    "call",
    [
        lambda: powers(X, 2),
        lambda: jax.jit(lambda x: powers(x, 2))(X),
        lambda: jax.jit(lambda: powers(X, 2))(),  # nothing of what it is given is traced
        lambda: jax.vmap(lambda x: powers(x, 2))(X),
        lambda: jax.lax.map(lambda x: powers(x, 2), X),
        lambda: jax.vmap(jax.grad(lambda x: powers(x, 3).sum() / 3))(X),
    ],
    ids=["called", "jit", "constants", "vmap", "map", "grad"],
)
def test_it_can_be_called_anywhere(call):
    np.testing.assert_allclose(call(), X**2)


def test_only_the_outermost_has_options():
    asked = []
    function = compiled_with(lambda: asked.append(1) or {})(jnp.sin)
    jax.jit(function)(X)
    assert not asked
    function(X)
    function(X)
    assert asked == [1]


def test_options_that_xla_does_not_know_are_left_out():
    assert _compiling._accepted({"xla_cpu_no_such_option": True}) == {}
