"""`probekit layers` and `probekit probe`, on files as users write them."""

import json
from pathlib import Path

import numpy as np
import pytest

import probekit as pk
from probekit.errors import OptionError

FILE = """
import dataclasses
import jax, flax.linen as nn, numpy as np
import probekit as pk

class MLP(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(2, name="out")(nn.relu(nn.Dense(6, name="hidden")(x)))

x = np.random.default_rng(0).normal(size=(48, 3)).astype(np.float32)
features = {"first": x[:, 0], "positive": (x[:, 1] > 0).astype(np.float32)}
variables = MLP().init(jax.random.key(0), x[:1])

def extractor(variables=variables):
    return pk.extractors.linen(MLP(), variables)

def split():
    first, rest = ({name: f[part] for name, f in features.items()} for part in
                   (slice(32), slice(32, None)))
    return extractor(), x[:32], first, (x[32:], rest)

def as_dict():
    return {"extractor": extractor(), "inputs": x, "features": features}

@dataclasses.dataclass
class Parts:
    extractor: object
    inputs: object
    features: object = None

def as_object():
    return Parts(extractor(), x, features)

def of_shapes():
    return extractor(), jax.ShapeDtypeStruct((7, 3), np.float32)

value = pk.extractors.arrays({"a": x, "b": x[:, :2]}), None, features
alone = pk.extractors.arrays({"a": x})

def of_checkpoint(state):
    return extractor({"params": state["params"]}), x, features

def of_checkpoint_in_parts(state):
    return extractor({"params": state["params"]}), *split()[1:]

def of_subjects():
    groups = np.repeat(["a", "b", "c", "d", "e", "f"], 8)
    return {**as_dict(), "groups": groups}

def subjects_of_checkpoint(state):
    return {**of_subjects(), "extractor": extractor({"params": state["params"]})}

# What goes wrong:
def nothing_else(): return extractor()
def no_features(): return extractor(), x
def raises(): return 1 / 0
def a_model(): return MLP()
def a_number(): return 3
def misspelt(): return {"extractor": extractor(), "inputz": x}
def takes_two(a, b): pass
def other_shape(): return extractor(), x[:, :2], features
def fails_inside(): return pk.extractors.function(lambda x: {"a": x @ np.ones((9, 2))}), x, features
def other_examples(): return extractor(), x[:5], features
"""


@pytest.fixture(autouse=True)
def model_file(tmp_path):
    (tmp_path / "model.py").write_text(FILE)


def line_of(text: str) -> int:
    return next(n for n, line in enumerate(FILE.splitlines(), 1) if line.startswith(text))


def test_layers_as_a_table(probekit):
    done = probekit("layers", "model.py:split")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "  layer    shape    dtype  parameters",
        "  hidden  32 × 6  float32          24",
        "  out     32 × 2  float32          14",
        "  output  32 × 2  float32          38",
    ]


def test_layers_of_an_extractor_that_holds_its_parameters(probekit):
    """A field named `parameters` counts none, whichever layers are asked for."""
    Path("holding.py").write_text(
        "import numpy as np, probekit as pk\n"
        "class Holding:\n"
        "    traceable, indexed, parameters = True, False, {'scale': 2.0}\n"
        "    def __call__(self, x): return {'a': x * self.parameters['scale'], 'b': x}\n"
        "    def layers(self, x): return {'a': x, 'b': x}\n"
        "value = Holding(), np.ones((4, 3), np.float32)\n"
    )
    for options in ((), ("--layers", "a")):
        done = probekit("layers", "holding.py:value", *options)
        assert (done.code, done.err) == (0, "")
        assert done.out.splitlines()[1].split() == ["a", "4", "×", "3", "float32", "–"]


def test_layers_without_running_the_model(probekit):
    done = probekit("layers", "model.py:of_shapes", "--layers", "hid*,out", "--json")
    assert json.loads(done.out) == [
        {"path": "hidden", "shape": [7, 6], "dtype": "float32", "parameters": 24},
        {"path": "out", "shape": [7, 2], "dtype": "float32", "parameters": 14},
    ]
    done = probekit("layers", "model.py:alone")  # a value; of arrays, which have no parameters
    assert done.out.splitlines()[1:] == ["  a      48 × 3  float32           –"]


BAD = {
    "nowhere.py:f": (2, "nowhere.py: there is no such file; there are: model.py."),
    "modell.py:f": (2, "modell.py: there is no such file; did you mean 'model.py'?"),
    "folder/x.py:f": (2, "folder/x.py: there is no such file."),
    "data.nc:f": (2, "data.nc: is no Python file; give FILE.py:NAME."),
    "model.py": (
        2,
        "model.py: which function? Name it: FILE.py:NAME; there are: extractor, split, ",
    ),
    "nowhere.py": (2, "nowhere.py: there is no such file; there are: model.py."),
    "model.py:splitt": (2, "unknown name in model.py: 'splitt'; did you mean 'split'?"),
    "model.py:nothing_else": (
        2,
        "model.py:nothing_else: gives no inputs; return extractor, inputs.",
    ),
    "model.py:raises": (
        1,
        f"model.py:{line_of('def raises')}: ZeroDivisionError: division by zero",
    ),
    "model.py:a_model": (
        2,
        "model.py:a_model: gives a MLP where an extractor belongs; make one, e.g. return "
        "probekit.extractors.linen(model, variables), inputs.",
    ),
    "model.py:a_number": (2, "model.py:a_number: gives a int where an extractor belongs; "),
    "model.py:misspelt": (
        2,
        "unknown key in what model.py:misspelt gives: 'inputz'; did you mean 'inputs'?",
    ),
    "model.py:takes_two": (
        2,
        "model.py:takes_two: takes (a, b); it is called with no arguments. "
        "--checkpoints DIR gives it what a checkpoint holds.",
    ),
    "model.py:other_shape": (2, 'module: For parameter "kernel" in "/hidden", the given'),
    "model.py:fails_inside": (1, f"model.py:{line_of('def fails_inside')}: TypeError: "),
    "broken.py:f": (1, "broken.py:2: SyntaxError: "),
    "failing.py:f": (1, "failing.py:1: ModuleNotFoundError: No module named 'no_such_module'"),
}


@pytest.mark.parametrize("source", BAD)
def test_what_is_wrong_in_one_line(probekit, tmp_path, source):
    (tmp_path / "data.nc").touch()
    if source.startswith("broken"):
        (tmp_path / "broken.py").write_text("x = 1\ny = = 2\n")
    if source.startswith("failing"):
        (tmp_path / "failing.py").write_text("import no_such_module\n")
    code, said = BAD[source]
    command = "probe" if "fails_inside" in source else "layers"
    done = probekit(command, source)
    assert done.code == code
    assert done.complaint.startswith(f"probekit: {said}")


def test_layers_that_there_are_not(probekit):
    done = probekit("layers", "model.py:split", "--layers", "hiden")
    assert done.code == 2
    assert done.complaint == "probekit: --layers hiden: matches none of hidden, out, output."


def expected(name, **options):
    """What `pk.probe` says of what a function of the file gives."""
    from probekit_cli._models import Source

    extractor, inputs, features, held_out, _ = Source(f"model.py:{name}").model()
    return pk.probe(extractor, inputs, features, held_out=held_out, **options)


@pytest.mark.parametrize("name", ["as_dict", "as_object"])
def test_what_a_function_may_give(probekit, name):
    done = probekit("layers", f"model.py:{name}", "--json")
    assert [layer["shape"] for layer in json.loads(done.out)] == [[48, 6], [48, 2], [48, 2]]


@pytest.mark.parametrize("name", ["split", "value"])
def test_probe_is_that_of_the_library(probekit, name):
    done = probekit("probe", f"model.py:{name}", "--json", "--batch-size", "20")
    assert (done.code, done.err) == (0, "")
    answer = json.loads(done.out)
    assert answer["path"] is None
    found = {
        (each["layer"], each["feature"]): each["mean"] for each in answer["scores"]["linear_r2"]
    }
    table = expected(name, batch_size=20).linear_r2.to_series().to_dict()
    assert found == pytest.approx(table, rel=1e-5)


@pytest.mark.filterwarnings("ignore::probekit.errors.OptimismWarning")
def test_probe_keeps_what_it_shows(probekit):
    words = ("-e", "decoding_r2(penalty=0.1)", "-l", "hidden", "-o", "kept")
    done = probekit("probe", "model.py:as_dict", *words)
    assert done.code == 0
    said = "decoding_r2: of the examples that were fitted"  # 6 units, 48 examples
    assert done.err.startswith(f"probekit: warning: {said}")
    shown = done.out.splitlines()
    assert shown[1] == "decoding_r2: feature predicted from the representation (R²)"
    assert shown[-2].split() == ["history", "kept.nc"]
    kept = pk.open_history("kept.nc")
    table = expected("as_dict", estimators=pk.estimators.DecodingR2(penalty=0.1))
    np.testing.assert_allclose(kept.decoding_r2, table.decoding_r2.sel(layer=["hidden"]), rtol=1e-5)
    config = json.loads(kept.attrs["config"])
    assert (config["model"], config["layers"]) == ("model.py:as_dict", ["hidden"])

    again = probekit("probe", "model.py:as_dict", *words)
    assert again.code == 1
    assert again.complaint.startswith("probekit: kept.nc: exists. Give --overwrite to replace it")
    assert probekit("probe", "model.py:value", "-q", "-o", "kept.nc", "--overwrite").out == ""
    assert pk.open_history("kept.nc").layer.values.tolist() == ["a", "b"]
    # The other commands take a history without rows as well.
    assert "2 layers, 2 features" in probekit("show", "kept.nc").out
    assert probekit("report", "kept.nc").out == "kept.html\n"
    assert "<svg" in Path("kept.html").read_text()
    assert probekit("plot", "kept.nc").out == "kept-layers.png\n"
    for option, said in (("--epoch", "have no epochs"), ("--seed", "have no seeds")):
        done = probekit("plot", "kept.nc", "--kind", "layers", option, "3")
        assert done.complaint.endswith(f"these scores {said}. Leave it out.")
    assert "no intervals: that needs at least 2 seeds" in probekit("compare", *2 * ["kept.nc"]).out


@pytest.mark.slow
def test_probe_of_geometry_needs_no_features(probekit):
    done = probekit("probe", "model.py:no_features", "-o", "alone")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[2].split() == [
        "total_variance",
        "participation_ratio",
        "effective_rank",
    ]
    kept = pk.open_history("alone.nc")
    assert "feature" not in kept.dims
    assert "features" not in json.loads(kept.attrs["config"])
    assert "3 layers" in probekit("show", "alone.nc").out
    assert probekit("plot", "alone.nc").out == "alone-layers.png\n"
    assert probekit("report", "alone.nc").out == "alone.html\n"
    assert "hidden,total_variance," in probekit("export", "alone.nc").out
    assert "effective_rank" in probekit("compare", *2 * ["alone.nc"]).out


def test_probe_overwrites_no_file_that_is_no_history(probekit):
    before = Path("model.py").read_text()
    done = probekit("probe", "model.py:value", "-o", "model.py", "--overwrite")
    assert (done.code, done.out) == (1, "")  # before the model is run
    assert done.complaint.startswith("probekit: model.py: is not a history of probekit")
    assert Path("model.py").read_text() == before


@pytest.mark.slow
def test_probe_says_how_sure_scores_are(probekit):
    words = ("probe", "model.py:value", "-l", "a")
    done = probekit(*words, "--bootstrap", "40", "-o", "sure")
    assert (done.code, done.err) == (0, "")
    shown = done.out.splitlines()
    assert shown[1].endswith("(score [95 % bootstrap interval])")
    assert "not shown" not in done.out
    kept = pk.open_history("sure.nc")
    score, ends = kept.linear_r2.values[0, 0], kept.linear_r2_ci.values[0, 0]
    assert f"{score:.3f} [{ends[0]:.3f}, {ends[1]:.3f}]" in shown[3]
    more = ("--bootstrap", "40", "--interval", "basic", "--confidence", "0.8", "-o", "basic")
    done = probekit(*words, *more)
    assert "(score [80 % bootstrap interval])" in done.out
    from probekit_cli._chosen import chosen
    from probekit_cli._models import Source

    model = Source("model.py:value").model()
    extractor = chosen(model.extractor, ["a"])
    option = pk.Bootstrap(resamples=40, interval="basic", confidence=0.8)
    wanted = pk.probe(extractor, model.inputs, model.features, uncertainty=option)
    np.testing.assert_allclose(pk.open_history("basic.nc").linear_r2_ci, wanted.linear_r2_ci)
    done = probekit(*words, "--permutations", "19", "--json")
    first = json.loads(done.out)["scores"]["linear_r2"][0]
    assert first["p_corrected"] == pytest.approx(2 / 20)
    more = ("--permutations", "19", "--correction", "max")
    assert "(p 0.05)" in probekit(*words, *more).out


@pytest.mark.slow
def test_groups_are_those_that_the_function_gives(probekit, monkeypatch):
    """Of folds above all: a probe that has seen a subject is not scored on others."""
    given = {}

    def probe(*_, **options):
        given.update(options)
        raise OptionError("enough.")

    monkeypatch.setattr(pk, "probe", probe)
    options = {"folds": pk.CrossValidation, "bootstrap": pk.Bootstrap}
    for option, kind in (options | {"permutations": pk.Permutation}).items():
        words = ("model.py:of_subjects", f"--{option}", "20", "--batch-size", "16")
        assert probekit("probe", *words).complaint == "probekit: enough."
        assert isinstance(given["uncertainty"], kind)
        assert given["uncertainty"].groups.tolist() == np.repeat(list("abcdef"), 8).tolist()
        assert given["batch_size"] == 16


@pytest.mark.slow
def test_shuffles_of_groups_and_on_either_side(probekit):
    from probekit_cli._models import Source

    model = Source("model.py:of_subjects").model()
    words = ("probe", "model.py:of_subjects", "--json", "--permutations", "119")
    for more, options in [
        (("--whole-groups",), {"whole": True}),
        (("--alternative", "less"), {"alternative": "less"}),
    ]:
        done = probekit(*words, *more)
        assert done.code == 0
        first = json.loads(done.out)["scores"]["linear_r2"][0]
        option = pk.Permutation(resamples=119, groups=model.groups, **options)
        wanted = pk.probe(model.extractor, model.inputs, model.features, uncertainty=option)
        assert first["p_corrected"] == pytest.approx(float(wanted.linear_r2_p_corrected[0, 0]))
    done = probekit("probe", "model.py:of_subjects", "--bootstrap", "40", "-q")
    assert "6; a bootstrap of so few" in done.err, "of groups, and not of 48 examples"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("value", "--whole-groups"), 2, "--whole-groups: is of a permutation; give --perm"),
        (("value", "--alternative", "less"), 2, "--alternative less: is of a permutation; give"),
        (("value", "--correction", "max"), 2, "--correction max: is of a permutation; give --p"),
        (
            ("value", "--permutations", "9", "--whole-groups"),
            2,
            "--whole-groups: model.py:value gives no groups; return a dict with 'groups' too, a",
        ),
        (
            ("no_features", "-e", "linear_r2"),
            2,
            "estimators: 'linear_r2' needs features, and there",
        ),
        (("value", "--steps", "3"), 2, "--steps: is of checkpoints; give --checkpoints FOLDER too"),
        (("value", "--resume"), 2, "--resume: is of checkpoints; give --checkpoints FOLDER too."),
        (("value", "--overwrite", "--resume", "--checkpoints", "."), 2, "--overwrite, --resume: "),
        (("value", "--resume", "--checkpoints", "."), 2, "--resume: of which history? Give --out"),
        (("value", "-o", "no/x.nc"), 2, "--output no/x.nc: there is no folder no; make it first."),
        (("value", "-o", "."), 2, "--output .: is a folder; name a file in it."),
        (("value", "-e", "liner_r2"), 2, "unknown estimator 'liner_r2'; did you mean 'linear_r2'"),
        (("value", "--batch-size", "0"), 2, "--batch-size 0: must be at least 1."),
        (("other_examples",), 2, "features: 48 examples; inputs have 5. Give the same examples."),
        (("value", "--checkpoints", "."), 1, ".*: no checkpoint"),
        (("value", "--bootstrap", "1"), 2, "--bootstrap 1: must be at least 2."),
        (("value", "--permutations", "0"), 2, "--permutations 0: must be at least 2."),
        (
            ("value", "--permutations", "9", "--bootstrap", "9"),
            2,
            "--bootstrap, --permutations: ",
        ),
        (
            ("value", "--interval", "bca"),
            2,
            "--interval bca: is of a bootstrap; give --bootstrap N",
        ),
        (("value", "--confidence", "0.9"), 2, "--confidence 0.9: is of a bootstrap; give --boots"),
        (
            ("value", "--bootstrap", "9", "-e", "mutual_neighbours"),
            2,
            "uncertainty: 'mutual_neighbours' supposes that no example is there twice",
        ),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else None,
)
def test_what_cannot_be_probed(probekit, words, code, said):
    name, *options = words
    done = probekit("probe", f"model.py:{name}", *options)
    assert done.code == code
    line = done.complaint.removeprefix("probekit: ")
    assert line.startswith(said) or (said.startswith(".*") and said[2:] in line), line


@pytest.fixture
def checkpoints(tmp_path):
    """Three checkpoints whose output weights grow."""
    from probekit_cli._models import Source
    from tests.optional import optional

    ocp = optional("orbax.checkpoint")
    import jax

    Source("model.py:split")  # what imports the file
    import sys

    own = str(Path("model.py").resolve())  # other tests have imported others of this name
    module = next(m for m in [*sys.modules.values()] if getattr(m, "__file__", None) == own)
    folder = tmp_path / "checkpoints"
    with ocp.CheckpointManager(folder) as manager:
        for step in (1, 2, 10):
            params = jax.tree.map(lambda leaf: leaf * step, dict(module.variables["params"]))  # noqa: B023
            manager.save(step, args=ocp.args.StandardSave({"params": params}))
        manager.wait_until_finished()
    return folder


def test_checkpoints_as_a_history(probekit, checkpoints):
    words = ("probe", "model.py:of_checkpoint", "--checkpoints", checkpoints, "-e")
    words = (*words, "total_variance", "-l", "out")
    done = probekit(*words, "-o", "steps.nc", "--steps", "1,10")
    assert (done.code, done.err) == (0, "")
    history = pk.open_history("steps.nc")
    assert history.step.values.tolist() == [1, 10]
    first, last = history.total_variance.sel(layer="out").values.tolist()
    assert last > 50 * first  # of weights that are ten times as large
    assert f"{last:.4g}" in done.out or f"{last:.3f}" in done.out

    scores = json.loads(probekit(*words, "--json").out)["scores"]["total_variance"]  # kept nowhere
    assert scores[0]["mean"] == pytest.approx(last)
    done = probekit(*words, "--steps", "3", "-o", "other.nc")
    assert done.code == 2
    assert done.complaint == "probekit: steps: no checkpoint of step 3; there are 1, 2, 10."
    done = probekit("probe", "model.py:split", "--checkpoints", checkpoints)
    assert done.code == 2
    assert done.complaint == (
        "probekit: model.py:split: takes (); it is called with one argument, what a checkpoint "
        "holds."
    )
    done = probekit("probe", "model.py:value", "--checkpoints", checkpoints)
    assert done.complaint == "probekit: model.py:value: is no function; --checkpoints needs one."


@pytest.mark.slow
def test_checkpoints_are_scored_on_what_is_held_out(probekit, checkpoints):
    probekit("probe", "model.py:split", "-o", "alone.nc")  # with the weights of the first one
    words = ("--checkpoints", checkpoints, "--steps", "1", "-o", "steps.nc")
    probekit("probe", "model.py:of_checkpoint_in_parts", *words)
    steps, alone = map(pk.open_history, ("steps.nc", "alone.nc"))
    np.testing.assert_allclose(steps.linear_r2.sel(step=1), alone.linear_r2, atol=1e-6)


@pytest.mark.slow
def test_checkpoints_with_intervals(probekit, checkpoints):
    words = ("probe", "model.py:of_checkpoint", "--checkpoints", checkpoints, "--bootstrap", "40")
    done = probekit(*words, "-o", "steps.nc")
    assert "by the feature (R²) (score [95 % bootstrap interval])" in done.out
    history = pk.open_history("steps.nc")
    assert history.linear_r2_ci.dims == ("step", "layer", "feature", "bound")
    first = json.loads(probekit("show", "steps.nc", "--json").out)["scores"]["linear_r2"][0]
    last = history.linear_r2_ci.isel(step=-1, layer=0, feature=0)
    assert [first["lower"], first["upper"]] == pytest.approx(last.values.tolist())
    other = ("--bootstrap", "50", "-o", "steps.nc", "--resume")
    assert "uncertainty" in probekit(*words[:4], *other).complaint


def test_checkpoints_are_probed_with_all_that_was_asked_for(probekit, checkpoints, monkeypatch):
    """Groups above all, as of `probe` itself: folds and resamples keep a subject together."""
    given = {}

    def probe_checkpoints(*_, **options):
        given.update(options)
        raise OptionError("enough.")

    monkeypatch.setattr(pk, "probe_checkpoints", probe_checkpoints)
    words = ("probe", "model.py:subjects_of_checkpoint", "--checkpoints", checkpoints)
    words = (*words, "--batch-size", "16", "-o", "steps.nc")
    done = probekit(*words, "--folds", "3", "--overwrite", "--steps", "10,2")
    assert done.complaint == "probekit: enough."
    assert isinstance(given["uncertainty"], pk.CrossValidation)
    assert given["uncertainty"].groups.tolist() == np.repeat(list("abcdef"), 8).tolist()
    assert given["steps"] == [10, 2]
    assert (given["batch_size"], given["overwrite"], given["resume"]) == (16, True, False)
    assert given["title"] == "checkpoints of model.py:subjects_of_checkpoint"
    assert given["held_out"] is None
    probekit(*words, "--resume", "--bootstrap", "40")
    assert (given["overwrite"], given["resume"]) == (False, True)
    assert given["uncertainty"].groups.tolist() == np.repeat(list("abcdef"), 8).tolist()
    assert given["steps"] == [1, 2, 10]


def test_checkpoints_go_on_where_they_were_stopped(probekit, checkpoints, monkeypatch):
    from probekit.extractors import checkpoints as reading

    restored = []
    restore = reading.restore

    def stopping(directory, step, like=None):
        restored.append(step)
        if step == 10 and not allowed:
            raise KeyboardInterrupt
        return restore(directory, step, like)

    allowed = False
    monkeypatch.setattr(reading, "restore", stopping)
    words = ("probe", "model.py:of_checkpoint", "--checkpoints", checkpoints, "-o", "steps.nc")
    done = probekit(*words)
    assert done.code == 130
    assert done.complaint == (
        "probekit: stopped; what was recorded is kept: give --resume to go on."
    )
    assert pk.open_history("steps.nc").step.values.tolist() == [1, 2]
    restored.clear()
    allowed = True
    assert probekit(*words, "--resume", "-q").code == 0
    assert restored == [1, 10]  # the first one again, for inputs and features
    assert pk.open_history("steps.nc").step.values.tolist() == [1, 2, 10]
    finished = Path("steps.nc").read_bytes()
    done = probekit(*words, "--resume")
    assert (done.code, done.err) == (0, "steps.nc: every checkpoint is in it already.\n")
    assert Path("steps.nc").read_bytes() == finished
    assert probekit(*words, "--resume", "-e", "cka").complaint.startswith(
        "probekit: steps.nc: was begun with estimators="
    )


def test_newer_checkpoints_extend_a_finished_history(probekit, checkpoints):
    words = ("probe", "model.py:of_checkpoint", "--checkpoints", checkpoints, "-q", "-o")
    assert probekit(*words, "whole.nc").code == 0
    assert probekit(*words, "steps.nc", "--steps", "1,2").code == 0
    done = probekit(*words, "steps.nc")
    assert done.complaint == (
        "probekit: steps.nc: exists. Give --overwrite to replace it, --resume to go on with it, or "
        "--output FILE to keep it."
    )
    done = probekit(*words, "steps.nc", "--resume")
    assert (done.code, done.err) == (0, "")
    assert_same_file("steps.nc", "whole.nc")


def assert_same_file(one, other):
    """Two histories are equal in every byte of every variable, and in all that is reproducible."""
    import netCDF4

    from probekit.history.schema import CIRCUMSTANCES

    with netCDF4.Dataset(one) as a, netCDF4.Dataset(other) as b:
        assert [*a.variables] == [*b.variables]
        for name in a.variables:
            x, y = a[name][...], b[name][...]
            texts = x.dtype == object  # whose bytes are addresses
            x, y = (each.astype(str) if texts else each for each in (x, y))
            assert (x.dtype, x.tobytes()) == (y.dtype, y.tobytes()), name
            assert a[name].__dict__.keys() == b[name].__dict__.keys()
        for name in {*a.ncattrs(), *b.ncattrs()}.difference(CIRCUMSTANCES):
            assert a.getncattr(name) == b.getncattr(name), name


@pytest.mark.parametrize("command", ["probe", "layers"])
def test_what_the_file_prints_does_not_mix_with_the_result(probekit, tmp_path, command):
    (tmp_path / "loud.py").write_text(
        "import numpy as np\nimport probekit as pk\nprint('loading')\n"
        "def make():\n"
        "    print('making')\n"
        "    x = np.arange(12.0, dtype=np.float32).reshape(6, 2) ** 2\n"
        "    return pk.extractors.arrays({'a': x}), None, {'f': x[:, 0]}\n"
    )
    done = probekit(command, "loud.py:make", "--json")
    assert done.code == 0
    json.loads(done.out)
    assert done.err.splitlines()[:2] == ["loading", "making"]
