"""`compare` on examples that are held out: what is fitted elsewhere, and what is scored there."""

import jax.numpy as jnp
import numpy as np
import pytest

import probekit as pk
from probekit import measures
from probekit.errors import OptionError, ShapeError
from probekit.estimators import CKA, PermutationDistance, ProcrustesDistance
from probekit.probing.pairs import PairPlan
from probekit.statistics import Moments
from probekit.variables import Variable

FITTED, SCORED = 60, 40
GENERATOR = np.random.default_rng(0)
INPUTS = np.float32(GENERATOR.normal(size=(FITTED + SCORED, 5)))
WEIGHTS = [np.float32(GENERATOR.normal(size=(5, units))) for units in (6, 4)]
ESTIMATORS = [
    CKA(),
    ProcrustesDistance(align_on="fit"),
    PermutationDistance(align_on="fit"),
    ProcrustesDistance(name="usual"),
]


def layers(inputs):
    first, second = (jnp.tanh(inputs @ weights) for weights in WEIGHTS)
    return {"first": first, "second": second**2}


def others(inputs):
    return {"only": jnp.tanh(inputs @ WEIGHTS[0] + 1)}


FIT, HELD_OUT = INPUTS[:FITTED], INPUTS[FITTED:]
A, B = (pk.extractors.function(model) for model in (layers, others))


def compared(a=A, b=B, inputs=FIT, held_out=HELD_OUT, **options):
    options = {"estimators": ESTIMATORS, **options}
    return pk.compare(a, b, inputs, held_out=held_out, **options)


@pytest.mark.slow
@pytest.mark.parametrize("batch_size", [4096, 17])
def test_each_is_scored_on_what_is_held_out(batch_size):
    found = compared(batch_size=batch_size)
    for name in layers(FIT):
        (x, y), (x2, y2) = ((layers(z)[name], others(z)["only"]) for z in (FIT, HELD_OUT))
        wanted = {
            "cka": measures.cka(x2, y2),
            "procrustes_distance": measures.procrustes_distance(x, y, held_out=(x2, y2)),
            "permutation_distance": measures.permutation_distance(x, y, held_out=(x2, y2)),
            "usual": measures.procrustes_distance(x2, y2),
        }
        for variable, value in wanted.items():
            score = found[variable].sel(layer_a=name, layer_b="only")
            assert float(score) == pytest.approx(float(value), abs=1e-5)


@pytest.mark.slow
def test_without_others_it_is_that_of_the_examples():
    found = compared(held_out=None)
    usual = found["usual"].values
    np.testing.assert_allclose(found["procrustes_distance"], usual, atol=1e-5)


class Unsaid(pk.estimators.Estimator):
    """A stranger's similarity: it looks at the fitted examples, and was written before `fitted`."""

    name = "unsaid"
    kind = "similarity"
    statistic = Moments()
    variables = (Variable("unsaid", long_name="variance there, and here"),)
    fitted = property()  # raises, as an attribute that is not there

    def compute(self, fit, held_out):
        return {"unsaid": jnp.trace(fit.xx) / fit.count - jnp.trace(held_out.xx) / held_out.count}


@pytest.mark.slow
def test_states_of_fitted_examples_are_kept_for_those_that_look_at_them(monkeypatch):
    kept, update = [], PairPlan.update

    def looked_at(self, *arguments, **options):
        kept.append([estimator.name for estimator in self.estimators])
        return update(self, *arguments, **options)

    monkeypatch.setattr(PairPlan, "update", looked_at)
    debiased = [CKA(debiased=True), ProcrustesDistance(name="usual")]
    found = compared(estimators=debiased)
    assert kept == [["cka", "usual"]]  # of what is held out; of the others the model is not run
    alone = compared(inputs=HELD_OUT, held_out=None, estimators=debiased)
    np.testing.assert_array_equal(found.cka, alone.cka)
    kept.clear()
    mixed = compared(estimators=[*debiased, ProcrustesDistance(align_on="fit"), Unsaid()])
    looking = ["procrustes_distance", "unsaid"]
    assert kept == [["cka", "usual", *looking], looking]
    np.testing.assert_array_equal(mixed.cka, found.cka)
    x, x2 = (layers(z)["first"] for z in (FIT, HELD_OUT))
    wanted = float(jnp.var(x, axis=0).sum() - jnp.var(x2, axis=0).sum())
    assert float(mixed.unsaid[0, 0]) == pytest.approx(wanted, abs=1e-5)


@pytest.mark.slow
def test_extractors_that_hold_their_examples():
    a, b = pk.extractors.arrays(layers(FIT)), pk.extractors.arrays(others(FIT))
    held_out = (pk.extractors.arrays(layers(HELD_OUT)), pk.extractors.arrays(others(HELD_OUT)))
    found, wanted = compared(a, b, None, held_out), compared()
    for name in wanted.data_vars:
        np.testing.assert_allclose(found[name], wanted[name], atol=1e-6)
    estimators = ESTIMATORS[:2]
    itself = compared(a, a, None, (held_out[0], held_out[0]), estimators=estimators)
    assert itself.procrustes_distance.values.diagonal().tolist() == [0, 0]
    assert compared(A, A, estimators=estimators).cka.shape == (2, 2)


HOLDING = pk.extractors.arrays(layers(FIT))


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        (
            {"a": HOLDING, "b": HOLDING, "inputs": None},
            OptionError,
            "held_out: extractor_a holds its examples itself; give two extractors that hold",
        ),
        (
            {"a": HOLDING, "b": HOLDING, "inputs": None, "held_out": (HOLDING, pk.extractors.arrays(
                {"first": FIT, "second": FIT}
            ))},
            ShapeError,
            "held_out: layers of widths {'first': 5, 'second': 5}; extractor_b has {'first': 6, ",
        ),
        ({"held_out": (HELD_OUT, HELD_OUT[:3])}, ShapeError, "held_out: inputs: arrays of 40"),
        ({"held_out": HELD_OUT.tolist()}, ShapeError, "held_out: inputs: a list; give an array"),
        (
            {"uncertainty": pk.Permutation(resamples=9, groups=np.arange(FITTED) % 3)},
            OptionError,
            "uncertainty: groups tell of one set of examples; give no held_out",
        ),
        (
            {"uncertainty": pk.Bootstrap(resamples=40, groups=np.arange(FITTED) % 3)},
            ShapeError,
            r"groups: shape \(60,\); there are 40 examples",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(options, kind, message):
    with pytest.raises(kind, match=message):
        compared(**options)


@pytest.mark.slow
def test_a_bootstrap_resamples_what_is_scored_and_keeps_what_was_fitted():
    bootstrap = pk.Bootstrap(resamples=9, confidence=0.5, keep=True, seed=2)
    estimators = [
        pk.estimators.BuresSimilarity(align_on="fit"),
        pk.estimators.AlignedCosine(align_on="fit", examples=64),
    ]
    found = compared(estimators=estimators, uncertainty=bootstrap)
    plain = compared(estimators=estimators)
    drawn = [np.repeat(np.arange(SCORED), np.int64(row)) for row in bootstrap.weights(SCORED)]
    fit = layers(FIT)["second"], others(FIT)["only"]
    x2, y2 = layers(HELD_OUT)["second"], others(HELD_OUT)["only"]
    at = {"layer_a": "second", "layer_b": "only"}
    for name, measure in (
        ("bures_similarity", measures.bures_similarity),
        ("aligned_cosine", measures.aligned_cosine),
    ):
        np.testing.assert_allclose(found[name], plain[name], atol=1e-6)
        each = [float(measure(*fit, held_out=(x2[rows], y2[rows]))) for rows in drawn]
        ours = found[f"{name}_resamples"].sel(at)
        np.testing.assert_allclose(ours, each, atol=2e-5)
        interval = found[f"{name}_ci"].sel(at)
        np.testing.assert_allclose(interval, np.quantile(each, [0.25, 0.75]), atol=1e-4)


@pytest.mark.slow
def test_a_permutation_shuffles_both_sets():
    permutation = pk.Permutation(resamples=19, correction="none")
    estimators = [ProcrustesDistance(align_on="fit")]
    found = compared(estimators=estimators, uncertainty=permutation)
    assert found.procrustes_distance_p.values.max() == pytest.approx(1 / 20)
    noise = np.float32(np.random.default_rng(1).normal(size=(FITTED + SCORED, 4)))
    fit, held_out = (
        (pk.extractors.arrays({"x": x}), pk.extractors.arrays({"noise": y}))
        for x, y in ((FIT, noise[:FITTED]), (HELD_OUT, noise[FITTED:]))
    )
    nothing = compared(*fit, None, held_out, estimators=estimators, uncertainty=permutation)
    assert float(nothing.procrustes_distance_p.squeeze()) > 0.1
