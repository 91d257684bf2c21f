"""Lanes of work: as they come, so many at a time, none lost and none left running."""

from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probekit.running.turns import side_by_side


def done(result):
    future = Future()
    future.set_result(result)
    return future


def lane(results, log=None, name=None):
    """Yield results that are there already; None stays None."""
    try:
        for result in results:
            yield None if result is None else done(result)
    finally:
        if log is not None:
            log.append(name)


@given(lanes=st.lists(st.lists(st.none() | st.integers()), max_size=5), count=st.integers(1, 4))
def test_every_result_comes_once_and_in_the_order_of_its_lane(lanes, count):
    named = [
        [result if result is None else (name, place, result) for place, result in enumerate(each)]
        for name, each in enumerate(lanes)
    ]
    came = list(side_by_side(map(lane, named), count))
    for name, each in enumerate(named):
        expected = [result for result in each if result is not None]
        assert [result for result in came if result[0] == name] == expected


def test_no_more_begin_than_may():
    begun = []

    def noting(name):
        begun.append(name)
        yield done(name)

    results = side_by_side(map(noting, "abc"), 2)
    next(results)
    assert begun == ["a", "b"]
    assert list(results) == ["b", "c"]


def test_what_comes_first_is_used_first():
    """A lane that takes long holds up no other."""
    with ThreadPoolExecutor(1) as pool:
        others_used = Event()

        def slow():
            yield pool.submit(lambda: others_used.wait(timeout=30) and "slow")

        came = []
        for result in side_by_side([slow(), lane("abc")], 2):
            came.append(result)
            if result == "c":
                others_used.set()
    assert came == ["a", "b", "c", "slow"]


def test_a_lane_that_rests_goes_on_when_the_others_have_begun():
    lanes = [lane(["a", None, "a"]), lane("b"), lane("c")]
    assert list(side_by_side(lanes, 1)) == ["a", "b", "c", "a"]
    assert list(side_by_side([lane(["a", None, "b"])], 2)) == ["a", "b"]


@pytest.mark.parametrize("failing", [True, False])
def test_all_lanes_are_closed(failing):
    """Those that run and those that rest; what failed is raised."""
    log = []

    def fails():
        future = Future()
        future.set_exception(ZeroDivisionError())
        yield future

    rest = [lane([1, None, 1], log, "rests"), lane([2, 2, 2], log, "runs"), lane([3], log, "not")]
    results = side_by_side([*rest, fails()] if failing else rest, 2)
    if failing:
        with pytest.raises(ZeroDivisionError):
            list(results)
    else:
        assert [next(results) for _ in range(2)] == [1, 2]
        results.close()
        assert "runs" in log
    assert "rests" in log
