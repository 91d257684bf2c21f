"""What a task file is written with."""

import numpy as np
import pytest

import probekit as pk
from probekit.collecting import Parameter
from probekit.collecting.marking import parameters_of
from probekit.errors import OptionError


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([16, 64], (16, 64)),
        ([0.1, 1], (0.1, 1)),
        ([np.int64(3), 4], (3, 4)),
        (["adam", "sgd"], ("adam", "sgd")),
        ([True, False], (True, False)),
        ([True, 2], ("True", "2")),
        ([(16,), (16, 8)], ("16", "16,8")),
        ([None, 3], ("None", "3")),
        ([len, sum], ("len", "sum")),
    ],
)
def test_labels_are_the_values_or_their_text(values, labels):
    found = Parameter("width", tuple(values)).labels
    assert found == labels
    assert np.array(found).dtype == np.array(labels).dtype


def test_marking_leaves_functions_and_classes_as_they_are():
    def small(width=3):
        return width

    class Mine:
        pass

    assert pk.parametrize("width", [1])(pk.task(small)) is small
    assert small() == 3
    assert pk.task(Mine) is Mine
    assert pk.fixture(small) is small


def test_the_uppermost_parameter_is_the_first():
    @pk.parametrize("a", [1])
    @pk.parametrize("b", [2])
    @pk.task
    def both(a, b):
        pass

    assert [parameter.name for parameter in parameters_of(both)] == ["a", "b"]
    swept = pk.parametrize("epochs", [1, 2])(pk.task("reference-complexity", seeds=1))
    assert parameters_of(swept) == (Parameter("epochs", (1, 2)),)
    assert swept.defaults == {"seeds": 1}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: pk.parametrize("a,b", [(1, 2)]), "name='a,b'; give the name of one argument"),
        (lambda: pk.parametrize(3, [1]), "name=3; give the name"),
        (lambda: pk.parametrize("a", []), r"parametrize\('a'\): no values; give at least one"),
        (lambda: pk.parametrize("a", [1, 2, 1]), r"parametrize\('a'\): 1 occurs twice"),
        (
            lambda: pk.parametrize("a", [1])(pk.parametrize("a", [2])(pk.task("x"))),
            "is parametrized already",
        ),
        (lambda: pk.task(3), "task: 3; give a function, a class or the name"),
        (lambda: pk.task(lambda: 1, epochs=3), "epochs given with the function '<lambda>'"),
        (lambda: pk.fixture(3), "fixture: 3; give a function"),
    ],
)
def test_mistakes_are_told(make, message):
    with pytest.raises(OptionError, match=message):
        make()
