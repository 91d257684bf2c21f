"""Which functions are taken for one that was there before."""

import functools

import numpy as np

from probekit.extractors._alike import first_alike

X = np.ones(3)


def made(axis, *, scale=1):
    return lambda x, by=2: scale * x.max(axis) * by


def test_functions_of_one_source_that_hold_the_same():
    first = made(1)
    assert first_alike(first) is first
    assert first_alike(made(1)) is first
    for other in (made(2), made(1, scale=2), made(True), made(1.0), lambda x: x.max(1)):
        assert first_alike(other) is other
    by = made(1)
    by.__defaults__ = (3,)
    assert first_alike(by) is by


def test_what_they_hold_is_compared_as_an_object():
    weights = X.copy()
    first = first_alike(made(weights))
    assert first_alike(made(weights)) is first
    equal = made(weights.copy())
    assert first_alike(equal) is equal, "arrays may change in place"


def test_partial_functions():
    first = first_alike(functools.partial(np.max, axis=1))
    assert first_alike(functools.partial(np.max, axis=1)) is first
    for other in (
        functools.partial(np.max, axis=0),
        functools.partial(np.min, axis=1),
        functools.partial(np.max, keepdims=1),
        functools.partial(np.max, X),
    ):
        assert first_alike(other) is other


def test_a_variable_that_is_bound_anew():
    def rebound():
        later = None

        def fn(x):
            return later

        kept = first_alike(fn)
        later = X
        return kept

    first = rebound()
    assert rebound() is not first, "it held another object when it was looked for"


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
