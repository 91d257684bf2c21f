"""Which functions are taken for one that was there before."""

import functools
import types

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

import probekit as pk
from probekit.extractors._alike import first_alike

X = np.ones(3)
PLACE = 0


def made(axis, *, scale=1):
    return lambda x, by=2: scale * x.max(axis) * by


def assert_stays(fn):
    assert first_alike(fn) is fn


def test_functions_of_one_source_that_hold_the_same():
    first = made(1)
    assert first_alike(first) is first
    assert first_alike(made(1)) is first
    for other in (made(2), made(1, scale=2), made(True), made(1.0), lambda x: x.max(1)):
        assert_stays(other)
    by = made(1)
    by.__defaults__ = (3,)
    assert_stays(by)


def test_zero_has_a_sign():
    zero = made(0, scale=0.0)  # held, as one that is gone is not compared with
    assert_stays(zero)
    assert_stays(made(0, scale=-0.0))


def test_defaults_of_keywords_are_held():
    kept = [first_alike(lambda x, *, by=by: x * by) for by in (1, 2, 1)]
    assert kept[0] is not kept[1]
    assert kept[0] is kept[2]


def test_one_name_may_be_another_module_elsewhere():
    code = compile("lambda x: module.max(x)", "a file", "eval")
    kept = [first_alike(eval(code, {"module": module})) for module in (np, jnp)]
    assert kept[0] is not kept[1]


def test_what_they_hold_is_compared_as_an_object():
    weights = jnp.ones(3)
    first = first_alike(made(weights))
    assert first_alike(made(weights)) is first
    assert_stays(made(weights.copy()))


def test_what_may_change_is_another():
    holder = types.SimpleNamespace(axis=1)
    for held in (X, [1], {"axis": 1}, holder, made(1)):
        kept = [first_alike(made(held)) for _ in range(2)]
        assert kept[0] is not kept[1]
        kept = [first_alike(functools.partial(jnp.max, axis=held)) for _ in range(2)]
        assert kept[0] is not kept[1]


def test_globals_but_modules_may_change():
    kept = [first_alike(lambda x: jnp.max(x, axis=1)) for _ in range(2)]
    assert kept[0] is kept[1]
    for make in (lambda: lambda x: x[PLACE], lambda: lambda x: [y[PLACE] for y in x]):
        kept = [first_alike(make()) for _ in range(2)]
        assert kept[0] is not kept[1]


def test_partial_functions():
    first = first_alike(functools.partial(jnp.max, axis=1, keepdims=True))
    assert first_alike(functools.partial(jnp.max, keepdims=True, axis=1)) is first
    for other in (
        functools.partial(jnp.max, axis=0, keepdims=True),
        functools.partial(jnp.min, axis=1, keepdims=True),
        functools.partial(jnp.max, keepdims=True),
        functools.partial(jnp.max, "axis", 1, "keepdims", True),
        functools.partial(jnp.max, X),
    ):
        assert_stays(other)


def test_partial_functions_of_what_was_made_anew():
    kept = [first_alike(functools.partial(lambda x, axis: x[axis], axis=(0, 1))) for _ in range(2)]
    assert kept[0] is kept[1]


def test_a_variable_that_is_bound_anew():
    def rebound():
        later = 0

        def fn(x):
            return later

        kept = first_alike(fn)
        later = 1
        return kept

    assert rebound() is rebound(), "both were looked for with 0"

    kept = [first_alike(lambda x: x[place]) for place in (0, 1, 0)]  # noqa: B023  (shared by all)
    assert kept[0] is not kept[1]
    assert kept[0] is kept[2]


def test_a_loop_probes_what_it_says():
    model, x = nn.Dense(4), np.eye(5, 4, dtype=np.float32)[:, None].repeat(3, axis=1)
    x = x * np.arange(3, dtype=np.float32)[:, None]
    variables = model.init(jax.random.key(0), x)
    compiled = jax.jit(lambda extractor, x: extractor(x))

    def pooled(place):
        whole = model.apply(variables, x)
        for at in (place, 1, place):  # `at` is one variable, which the functions share
            extractor = pk.extractors.linen(model, variables, pool=lambda a: a[:, at])  # noqa: B023
            found = next(iter(compiled(extractor, x).values()))
            np.testing.assert_allclose(found, whole[:, at], rtol=1e-6)

    pooled(0)
    pooled(2)


def test_what_is_no_function_stays_as_it_is():
    for value in (None, "mean", 3, X.max):
        assert first_alike(value) is value


def test_cells_that_are_not_bound_yet():
    def unbound():
        def fn(x):
            return later

        kept = first_alike(fn)
        later = 1
        return kept, later

    assert unbound()[0] is not unbound()[0]
