"""From what a user names to estimators, and every option that is refused."""

import dataclasses
import inspect
import re

import pytest

from probekit import measures
from probekit.errors import OptionError, ShapeError, UnknownNameError
from probekit.estimators import (
    AUC,
    CKA,
    HSIC,
    RSA,
    RTD,
    BandedRidgeR2,
    ConditionRDM,
    ControlSelectivity,
    CrossEntropy,
    Decoding,
    DecodingAccuracy,
    DecodingR2,
    DistanceCorrelation,
    JointR2,
    KNNAccuracy,
    LinearR2,
    MLPAccuracy,
    MutualNeighbours,
    OnlineCodelength,
    ParityR2,
    RidgeDecodingR2,
    RidgeR2,
    RiemannianDistance,
    StochasticShapeDistance,
    TotalVariance,
    UniqueR2,
    VInformation,
    WeightedRSA,
    resolve,
)
from probekit.plugins import get_manager
from probekit.statistics import Moments
from probekit.variables import TOLD_OF_SCORES


def test_names_classes_and_instances():
    assert resolve("linear_r2") == (LinearR2(),)
    assert resolve(CKA) == (CKA(),)
    assert resolve(["linear_r2", TotalVariance, CKA(debiased=True)]) == (
        LinearR2(),
        TotalVariance(),
        CKA(debiased=True),
    )


def test_an_unknown_name_gets_near_matches():
    with pytest.raises(UnknownNameError, match=r"'liner_r2'; did you mean 'linear_r2'"):
        resolve("liner_r2")


@pytest.mark.parametrize("name", [3, "", " ", "a/b", "layer", "epoch"])
def test_names_that_no_variable_can_have(name):
    message = rf"LinearR2\(.*\) reports {re.escape(repr(name))}; a name is a text that is no axis"
    with pytest.raises(OptionError, match=message):
        resolve(LinearR2(name=name))


def test_a_score_is_not_called_as_the_codes_of_another():
    with pytest.raises(OptionError, match="reports 'share_status'; what ends in '_status' are"):
        resolve(LinearR2(name="share_status"))


@pytest.mark.parametrize("told", [told for told in TOLD_OF_SCORES if told != "status"])
def test_a_score_is_not_called_as_what_is_told_of_another(told):
    whole, part = LinearR2(name="share"), LinearR2(name=f"share_{told}")
    for both in ([whole, part], [part, whole]):
        with pytest.raises(OptionError, match=f"reports 'share_{told}', which is what is told of"):
            resolve(both)
    assert resolve(part) == (part,)


def test_all_registered_estimators_have_names_that_stand_beside_one_another():
    names = get_manager().registry.names("estimator")
    assert len(resolve(names)) == len(names)


def test_options_behind_a_name_are_for_an_instance():
    text = "rsa(rdm='euclidean')"
    message = re.escape(f"{text!r}: a name has no options here; give an instance, RSA{text[3:]}.")
    with pytest.raises(OptionError, match=message):
        resolve(["linear_r2", text])
    with pytest.raises(UnknownNameError, match=r"'rsaa'; did you mean 'rsa'"):
        resolve("rsaa(rdm='euclidean')")


def test_what_only_looks_like_an_estimator_is_told_what_it_lacks():
    class Alike:
        name, kind, statistic, variables = "alike", "geometry", Moments(), ()

    with pytest.raises(OptionError, match=r"is no estimator \(it has no compute\)"):
        resolve(Alike())
    Alike.compute = lambda self, fit, held_out: {}
    with pytest.raises(OptionError, match=r"is no subclass of probekit.Estimator"):
        resolve(Alike())


def test_one_that_may_change_is_refused():
    with pytest.raises(OptionError, match=r"no hash \(unhashable type: 'Listed'\); make it a f"):
        resolve(type("Listed", (CKA,), {"__hash__": None})())


def test_two_of_one_name_are_refused():
    with pytest.raises(OptionError, match=r"both report 'cka'; give one of them another name="):
        resolve([CKA(), CKA(debiased=True)])
    assert len(resolve([CKA(), CKA(debiased=True, name="debiased_cka")])) == 2


def test_none_are_refused():
    with pytest.raises(OptionError, match=r"estimators: none given; at least one is needed"):
        resolve([])


def test_what_is_no_estimator_is_refused():
    with pytest.raises(OptionError, match=r"3 is no estimator .*give a registered name"):
        resolve([3])


@pytest.mark.parametrize(
    ("estimator", "options", "message"),
    [
        (LinearR2, {"multioutput": "mean"}, r"multioutput='mean': not a choice"),
        (DecodingR2, {"multioutput": "mean"}, r"multioutput='mean': not a choice"),
        (DecodingR2, {"penalty": -1.0}, r"penalty=-1.0: must be at least 0"),
        (DecodingR2, {"penalty": float("nan")}, r"penalty=nan: must be at least 0"),
        (DecodingAccuracy, {"method": "svm"}, r"method='svm': not a choice"),
        (DecodingAccuracy, {"penalty": 0.0}, r"penalty=0.0: must be greater than 0"),
        (DecodingAccuracy, {"examples": 1}, r"examples=1: must be at least 2"),
        (CKA, {"kernel": "rbff"}, r"kernel='rbff': not a choice; did you mean 'rbf'"),
        (CKA, {"bandwidth": 0.0}, r"bandwidth=0.0: must be greater than 0"),
        (CKA, {"examples": 3}, r"examples=3: must be at least 4"),
        (RSA, {"rdm": "euclidian"}, r"rdm='euclidian': not a choice; did you mean 'euclidean'"),
        (RSA, {"rdm_y": "euclidian"}, r"rdm_y='euclidian': not a choice"),
        (RSA, {"comparison": "kendal"}, r"comparison='kendal': not a choice; did you mean"),
        (RSA, {"examples": 2}, r"examples=2: must be at least 3"),
        (JointR2, {"multioutput": "mean"}, r"multioutput='mean': not a choice"),
        (UniqueR2, {"multioutput": "raw_values"}, r"multioutput='raw_values': not a choice"),
        (ParityR2, {"multioutput": "raw_values"}, r"multioutput='raw_values': not a choice"),
        (RidgeR2, {"penalties": ()}, r"penalties=\(\): none to choose from"),
        (RidgeDecodingR2, {"folds": 1}, r"folds=1: must be at least 2"),
        (BandedRidgeR2, {"candidates": 0}, r"candidates=0: must be at least 1"),
        (Decoding, {"metric": "f1"}, r"metric='f1': not a choice"),
        (Decoding, {"probe": "logistc"}, r"probe='logistc': not a choice; did you mean 'logistic'"),
        (AUC, {"examples": 1}, r"examples=1: must be at least 2"),
        (CrossEntropy, {"probe": "ridge"}, r"probe='ridge': gives no probabilities"),
        (KNNAccuracy, {"neighbours": 0}, r"neighbours=0: must be at least 1"),
        (MLPAccuracy, {"hidden": 0}, r"hidden=0: must be at least 1"),
        (MLPAccuracy, {"penalty": -1.0}, r"penalty=-1.0: must be at least 0"),
        (OnlineCodelength, {"fractions": (0.5,)}, r"fractions=\(0.5,\): must ascend"),
        (VInformation, {"probe": "ridge"}, r"probe='ridge': gives no probabilities"),
        (ControlSelectivity, {"draws": 0}, r"draws=0: must be at least 1"),
        (ConditionRDM, {"conditions": 1}, r"conditions=1: must be at least 2"),
        (ConditionRDM, {"shrinkage": 1.5}, r"shrinkage=1.5: must be from 0 to 1, or 'diagonal' o"),
        (ConditionRDM, {"shrinkage": "eye"}, r"shrinkage='eye': not a choice"),
        (ConditionRDM, {"examples": 1}, r"examples=1: must be at least 2"),
        (ConditionRDM, {"prior_weight": -1}, r"prior_weight=-1: must be at least 0 and finite"),
        (RSA, {"prior_lambda": -1}, r"prior_lambda=-1: must be at least 0 and finite"),
        (
            WeightedRSA,
            {"prior_weight": float("inf")},
            r"prior_weight=inf: must be at",
        ),
        (HSIC, {"kernel": "poly"}, r"kernel='poly': not a choice"),
        (DistanceCorrelation, {"examples": 3}, r"examples=3: must be at least 4"),
        (RiemannianDistance, {"shrinkage": 1.0}, r"shrinkage=1.0: must be above 0 and below 1"),
        (MutualNeighbours, {"measure": "dice"}, r"measure='dice': not a choice"),
        (RTD, {"examples": 2}, r"examples=2: must be at least 3"),
        (StochasticShapeDistance, {"conditions": 0}, r"conditions=0: must be at least 1"),
        (StochasticShapeDistance, {"conditions": ()}, r"conditions=\(\): a whole number for each"),
        (StochasticShapeDistance, {"conditions": (0, 1.5)}, r"conditions=\(0, 1.5\): a whole num"),
        (StochasticShapeDistance, {"in_a_row": 0}, r"in_a_row=0: must be at least 1"),
        (StochasticShapeDistance, {"alpha": 2.5}, r"alpha=2.5: must be at most 2"),
        (StochasticShapeDistance, {"restarts": -1}, r"restarts=-1: must be at least 0"),
    ],
)
def test_bad_options_are_refused(estimator, options, message):
    with pytest.raises(OptionError, match=message):
        estimator(**options)


@pytest.mark.parametrize("annotation", [bool, "bool"])
def test_flags_are_true_or_false(annotation):
    flag = ("flag", annotation, dataclasses.field(default=False, kw_only=True))
    made = ("made", float, dataclasses.field(init=False))  # no option, and needs no default
    own = {"__post_init__": lambda self: object.__setattr__(self, "made", 1.0)}
    stranger = dataclasses.make_dataclass(
        "Stranger", [flag, made], bases=(TotalVariance,), namespace=own, frozen=True
    )
    assert resolve(stranger)[0].flag is False
    with pytest.raises(OptionError, match=r"^flag='no': must be True or False\.$"):
        resolve(stranger(flag="no"))


def test_features_that_are_exact_together_are_refused():
    """However few columns each of them has."""
    sizes = {"layer": "a", "units": 3, "columns": {"a": 5, "b": 5, "c": 5}}
    for estimator in (JointR2(), UniqueR2()):
        estimator.check_sizes(examples=17, **sizes)
        with pytest.raises(ShapeError, match=r"features: .*15.*columns"):
            estimator.check_sizes(examples=12, **sizes)


def test_options_are_by_keyword_only():
    for estimator in (LinearR2, DecodingR2, DecodingAccuracy, CKA, RSA, TotalVariance):
        assert all(field.kw_only for field in dataclasses.fields(estimator))


def test_defaults_are_those_of_the_measures():
    """But for options, which are hashable here."""
    registry, apart = get_manager().registry, []
    for name in registry.names("estimator"):
        measure = getattr(measures, name, None)
        arguments = inspect.signature(measure).parameters if inspect.isfunction(measure) else {}
        for field in dataclasses.fields(registry.load("estimator", name)):
            default = arguments[field.name].default if field.name in arguments else None
            if default not in (None, inspect.Parameter.empty, field.default):
                apart.append((name, field.name))
    assert not apart


def test_whole_numbers_are_not_rounded():
    """Of every registered estimator, so that one to come cannot forget it."""
    registry = get_manager().registry
    for name in registry.names("estimator"):
        estimator = registry.load("estimator", name)
        for field in dataclasses.fields(estimator):
            if type(field.default) is int:
                given = field.default + 0.5
                with pytest.raises(OptionError, match=f"{field.name}={given}: must be a whole"):
                    estimator(**{field.name: given})
