"""Estimators as people type them."""

import dataclasses

import pytest

from probekit.errors import OptionError, UnknownNameError
from probekit.plugins import Registry
from probekit_cli._estimators import Named, parse


@dataclasses.dataclass(frozen=True, kw_only=True)
class Probe:
    metric: str = "cosine"
    examples: int = 256
    name: str = "probe"

    def __post_init__(self):
        if self.metric not in ("cosine", "euclidean"):
            raise OptionError(f"metric={self.metric!r}: not a choice")


@pytest.fixture
def registry():
    registry = Registry()
    registry.estimator("probe", Probe)
    registry.estimator("other-probe", "no_such_module:Nothing")
    return registry


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("probe", {}),
        (" probe ", {}),
        ("probe()", {}),
        ("probe(metric='euclidean')", {"metric": "euclidean"}),
        ('probe(metric="euclidean", examples=64)', {"metric": "euclidean", "examples": 64}),
        ("probe(metric=euclidean)", {"metric": "euclidean"}),
        ("probe(a=(1, 2), b=-0.5, c=None, d=True)", {"a": (1, 2), "b": -0.5, "c": None, "d": True}),
        ("probe(a=false, b=true, c='true')", {"a": False, "b": True, "c": "true"}),
        ("probe(a='x,y)', b=[1, 2])", {"a": "x,y)", "b": [1, 2]}),
    ],
)
def test_one(registry, text, options):
    assert parse([text], registry) == [Named("probe", options)]


def test_many(registry):
    texts = ["probe,other-probe", "probe(metric=euclidean,examples=1), probe(name=second)"]
    assert [named.name for named in parse(texts, registry)] == [
        "probe",
        "other-probe",
        "probe",
        "probe",
    ]


def test_building(registry):
    (named,) = parse(["probe(metric=euclidean)"], registry)
    assert named.build(registry) == Probe(metric="euclidean")


def test_building_an_instance(registry):
    registry.estimator("ready", lambda: None)
    assert callable(Named("ready", {}).build(registry))
    with pytest.raises(OptionError, match="estimators: 'ready' is an instance and takes no opti"):
        Named("ready", {"a": 1}).build(registry)


def test_an_unknown_name(registry):
    with pytest.raises(UnknownNameError, match="unknown estimator 'prob'; did you mean 'probe'"):
        parse(["prob"], registry)


def test_an_unknown_option(registry):
    message = "unknown option of estimator 'probe': 'metrics'; did you mean 'metric'"
    with pytest.raises(UnknownNameError, match=message):
        parse(["probe(metrics=1)"], registry)[0].build(registry)


def test_a_value_that_the_estimator_refuses(registry):
    with pytest.raises(OptionError, match="metric='l1': not a choice"):
        parse(["probe(metric=l1)"], registry)[0].build(registry)


def test_a_class_that_cannot_be_called_like_this(registry):
    class Odd:
        def __init__(self, must, *, other=1): ...

    registry.estimator("odd", Odd)
    with pytest.raises(OptionError, match=r"estimators: odd\(…\): .*must"):
        Named("odd", {"other": 2}).build(registry)


def test_a_class_that_refuses_in_its_own_words(registry):
    """A stranger's need not know our errors."""

    class Odd:
        def __init__(self, *, alpha=1):
            raise ValueError(f"alpha {alpha}\nis too much")

    registry.estimator("odd", Odd)
    with pytest.raises(OptionError, match=r"estimators: odd\(…\): alpha 2; is too much\.$"):
        Named("odd", {"alpha": 2}).build(registry)


@pytest.mark.parametrize("text", ["", "probe,", "pro be", "probe(", "probe)(", "probe(a=1) x"])
def test_text_that_cannot_be_read(registry, text):
    with pytest.raises(OptionError, match=r"estimators: cannot read '.*'; give names separated"):
        parse([text], registry)


@pytest.mark.parametrize("text", ["probe(1)", "probe(**{})", "probe(a=)", "probe(a=1, a=2)"])
def test_options_that_cannot_be_read(registry, text):
    with pytest.raises(OptionError, match=r"estimators: cannot read 'probe.*'; write options as n"):
        parse([text], registry)


@pytest.mark.parametrize("value", ["__import__('os')", "[x for x in y]", "a.b", "1 + x", "f(2)"])
def test_nothing_is_evaluated(registry, value):
    with pytest.raises(OptionError, match=r"the value of 'metric' must be a number, a text in"):
        parse([f"probe(metric={value})"], registry)
