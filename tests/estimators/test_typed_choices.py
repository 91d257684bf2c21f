"""What an estimator's signature offers it takes: editors and type checkers go by that."""

import dataclasses
from typing import Literal, get_args, get_origin, get_type_hints

import pytest

from probekit import estimators

AVERAGING = {
    name: found
    for name in estimators.__all__
    if dataclasses.is_dataclass(found := getattr(estimators, name))
    and "multioutput" in {field.name for field in dataclasses.fields(found)}
}


@pytest.mark.parametrize("name", AVERAGING)
def test_each_way_to_average_that_is_typed_is_taken(name):
    kind = get_type_hints(AVERAGING[name])["multioutput"]
    assert get_origin(kind) is Literal
    for choice in get_args(kind):
        assert AVERAGING[name](multioutput=choice).multioutput == choice
