"""What an estimator's signature offers it takes: editors and type checkers go by that."""

import dataclasses
from typing import Literal, get_args, get_origin, get_type_hints

import pytest

from probekit import estimators

OPTIONS = ("multioutput", "metric", "scoring", "sharing", "kernel")
OF_SOME_PROBES = {("Decoding", "metric"), ("DCI", "metric")}  # numbers have no classes
CHOICES = [
    (name, field.name)
    for name in estimators.__all__
    if dataclasses.is_dataclass(found := getattr(estimators, name))
    for field in dataclasses.fields(found)
    if field.name in OPTIONS and (name, field.name) not in OF_SOME_PROBES
]


@pytest.mark.parametrize(("name", "option"), CHOICES)
def test_each_choice_that_is_typed_is_taken(name, option):
    found = getattr(estimators, name)
    kind = get_type_hints(found)[option]
    if get_origin(kind) is Literal:
        for choice in get_args(kind):
            assert getattr(found(**{option: choice}), option) == choice
