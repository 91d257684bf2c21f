"""The pytest plugin, in runs of pytest within a test; their Datasets are made by hand."""

import importlib.metadata
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import probekit as pk
from probekit.collecting import TaskFileError
from probekit.errors import OptionError, UnknownNameError
from probekit.testing import assert_represented
from probekit.testing.baseline import load, save
from probekit.testing.regression import Histories
from tests.optional import optional

SCORES = """
import xarray as xr
from probekit.testing import assert_represented

ds = xr.Dataset(
    {"linear_r2": (("feature", "seed"), [[0.4, 0.5, 0.6], [0.0, 0.0, 0.0]])},
    {"feature": ["xor", "and"]},
)

def test_xor():
    assert_represented(ds, feature="xor")

def test_and():
    assert_represented(ds, feature="and")

def test_nothing():
    pass
"""

BASELINE = """
import pytest, xarray as xr

@pytest.mark.parametrize("width", [8, 16])
def test_width(probe_regression, width):
    probe_regression(xr.Dataset({"cka": ("layer", [0.5, WIDTH])}, {"layer": ["a", "b"]}), TOLERANCE)
"""


# The last two take seconds at the end of each run, to import hypothesis again, and to collect
# garbage five times with jax in memory.
WITHOUT = [
    f"-pno:{name}"
    for name in (
        "cacheprovider",
        "benchmark",
        "jaxtyping",
        "hypothesispytest",
        "unraisableexception",
    )
]


@pytest.fixture(scope="module", autouse=True)
def imported(tmp_path_factory):
    """Import before an inner run what it would import: it forgets modules that are new."""
    path = tmp_path_factory.mktemp("warm") / "ds.nc"
    save(xr.Dataset({"score": ("layer", [0.5])}), path)
    load(path)
    x = np.eye(3, dtype=np.float32)
    pk.probe(pk.extractors.arrays({"a": x}), None, {"f": x[:, 0]}, estimators="total_variance")
    assert_represented(xr.Dataset({"linear_r2": ("seed", [0.5, 0.5])}))


@pytest.fixture
def run(pytester):
    """Write a test file, and run pytest on it in this process."""

    def running(code, *arguments):
        pytester.makepyfile(test_it=code)
        return pytester.runpytest_inprocess(*WITHOUT, *arguments)

    return running


def baseline(width, tolerance="atol=1e-3"):
    return BASELINE.replace("WIDTH", width).replace("TOLERANCE", tolerance)


def test_the_report_shows_what_tests_looked_at(run):
    result = run(SCORES)
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "E *AssertionError: feature 'and': linear_r2 is 0 (95 % interval 0 to 0 over *;*",
            "*= probekit =*",
            "test_it.py::test_and",
            "  linear_r2[[]feature=and] 0 (0 to 0, n=3) at least 0.05: failed",
            "test_it.py::test_xor",
            "  linear_r2[[]feature=xor] 0.5 (0.2516 to 0.7484, n=3) at least 0.05: ok",
        ]
    )
    # The traceback ends in the test, and not in probekit.
    assert "probekit/testing/assertions.py" not in result.stdout.str().replace(os.sep, "/")


def test_a_run_without_probes_has_no_section(run):
    assert "probekit =" not in run("def test_nothing(): pass").stdout.str()
    assert "probekit =" not in run(SCORES, "-q").stdout.str()


def test_junit_has_the_scores(run, pytester):
    run(SCORES, "--junitxml=report.xml")
    tree = ElementTree.parse(pytester.path / "report.xml")
    found = {
        case.get("name"): {p.get("name"): p.get("value") for p in case.iter("property")}
        for case in tree.iter("testcase")
    }
    assert not found["test_nothing"]
    name = "probekit.linear_r2[feature=xor]"
    assert float(found["test_xor"][name]) == pytest.approx(0.5)
    assert float(found["test_xor"][f"{name}.lower"]) == pytest.approx(0.2516, abs=1e-4)
    assert found["test_xor"][f"{name}.n"] == "3"
    assert found["test_and"]["probekit.linear_r2[feature=and].verdict"] == "failed"


@pytest.mark.slow
def test_xdist_sends_the_scores(pytester):
    optional("xdist")
    pytester.makepyfile(test_it=SCORES)
    result = pytester.runpytest_subprocess("-n1", *WITHOUT, "--junitxml=report.xml")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*= probekit =*", "*feature=xor] 0.5 (0.2516 to 0.7484, n=3)*"])
    assert "feature=xor].lower" in (pytester.path / "report.xml").read_text()


def test_the_plugin_can_be_switched_off(run):
    result = run(SCORES, "-p", "no:probekit")
    result.assert_outcomes(passed=2, failed=1)
    assert "= probekit =" not in result.stdout.str()
    run("def test_it(probe): pass", "-p", "no:probekit").stdout.fnmatch_lines(
        ["*fixture 'probe' not found*"]
    )


def test_the_fixture_probe(run):
    code = """
    import numpy as np, probekit as pk

    def test_it(probe):
        layers = {f"layer_{i}": np.eye(3, dtype=np.float32) for i in range(12)}
        features = {"f": np.arange(3.0)}
        ds = probe(pk.extractors.arrays(layers), None, features, estimators="total_variance")
        assert ds.total_variance.dims == ("layer",)
    """
    result = run(code)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["  total_variance[[]layer=layer_0] 0.6667", "  … and 2 more; -v shows all"]
    )


def test_a_missing_baseline_says_how_to_write_it(run):
    result = run(baseline("0.6"))
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "*AssertionError: test_it/test_width-8.nc: there is no such baseline yet. "
            "Write it: pytest --probe-update 'test_it.py::test_width[[]8]'"
        ]
    )


def test_a_baseline_is_written_and_held(run, pytester):
    result = run(baseline("0.6"), "--probe-update")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["  baseline[[]file=test_it/test_width-16.nc]: written"])
    path = pytester.path / "test_it" / "test_width-8.nc"
    before = path.read_bytes()
    run(baseline("0.6005")).assert_outcomes(passed=2)

    result = run(baseline("0.65"))
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "*1 of 2 values differ from the baseline test_it/test_width-8.nc:",
            "E *variable *where *baseline *now *difference *tolerance",
            "E *If that is how it should be now: pytest --probe-update *",
        ]
    )
    assert re.search(r"cka +layer=b +0\.6 +0\.65 +\+0\.05 +0\.00106", result.stdout.str())
    run(baseline("0.65", "tolerances={'cka': 0.1}")).assert_outcomes(passed=2)

    run(baseline("0.6005"), "--probe-update").assert_outcomes(passed=2)
    assert path.read_bytes() == before, "what keeps its tolerance is not written again"
    run(baseline("0.65"), "--probe-update").assert_outcomes(passed=2)
    assert load(path).cka.values.tolist() == [0.5, 0.65]


def test_a_baseline_is_held_in_every_respect(run):
    code = """
    import pytest, xarray as xr

    before = xr.Dataset(
        {
            "cka": ("layer", [0.5, 0.6]),
            "cka_status": ("layer", [0, 0]),
            "kind": ("layer", ["x", "y"]),
        },
        {"layer": ["a", "b"]},
    )
    CHANGES = {
        "label": (lambda ds: ds.assign_coords(layer=["a", "c"]), "layer=c"),
        "lost": (lambda ds: ds.drop_vars("cka"), "missing"),
        "new": (lambda ds: ds.assign(rsa=ds.cka), "new"),
        "nan": (lambda ds: ds.where(ds.layer == "a").assign(kind=ds.kind), "nan"),
        "text": (lambda ds: ds.assign(kind=("layer", ["x", "z"])), "kind"),
        "status": (lambda ds: ds.assign(cka_status=("layer", [0, 4])), "constant unit"),
        "axes": (lambda ds: ds.expand_dims(seed=[0]), "axes seed, layer"),
    }

    @pytest.fixture(autouse=True)
    def written(probe_regression, request):
        if request.config.getoption("--probe-update"):
            probe_regression(before)
            pytest.skip("written")

    @pytest.mark.parametrize("change", CHANGES)
    def test_change(probe_regression, change):
        changed, message = CHANGES[change]
        with pytest.raises(AssertionError, match=message):
            probe_regression(changed(before))

    def test_order(probe_regression):
        probe_regression(before.isel(layer=[1, 0]))
    """
    run(code, "--probe-update").assert_outcomes(skipped=8)
    run(code).assert_outcomes(passed=8)


def test_names_of_baselines(run, pytester):
    code = """
    import pytest, xarray as xr
    from probekit.errors import OptionError

    ds = xr.Dataset({"cka": ("layer", [0.5])})

    class TestIt:
        def test_two(self, probe_regression):
            probe_regression(ds)
            probe_regression(ds, "other")
            for name in ("other", "../above", ""):
                with pytest.raises(OptionError, match="name="):
                    probe_regression(ds, name)
    """
    run(code, "--probe-update").assert_outcomes(passed=1)
    names = sorted(path.name for path in (pytester.path / "test_it").iterdir())
    assert names == ["TestIt.test_two.nc", "other.nc"]


@pytest.fixture
def runs(monkeypatch):
    """Note what is run, and run nothing."""
    noted = []

    def run(task, **options):
        noted.append((task, options))
        return xr.Dataset({"loss": ("epoch", [1.0, 0.5])})

    import probekit.running

    monkeypatch.setattr(probekit.running, "run", run)
    return noted


def test_a_history_is_run_once_for_its_options(runs):
    histories = Histories(Path())
    first = histories("reference-complexity", seeds=2, hidden=(8, 8))
    first.loss[:] = 0
    assert histories("reference-complexity", hidden=[8, 8], seeds=2).loss.sum() == 1.5
    assert len(runs) == 1
    histories("reference-complexity", seeds=3)
    histories(pk.task("reference-complexity", seeds=3))
    histories(pk.task("reference-complexity", seeds=3), seeds=4)
    assert [options["seeds"] for _, options in runs] == [2, 3, 4]


def test_local_tasks_have_histories_of_their_own(runs):
    class Local:
        def __eq__(self, other):
            return True

        __hash__ = None

    histories, one = Histories(Path()), Local()
    for task in (one, one, Local(), Local):
        histories(task)
    assert len(runs) == 3
    with pytest.raises(OptionError, match="a history of a test is in memory"):
        histories(one, output="x.nc")
    with pytest.raises(OptionError, match="parametrized by seeds"):
        histories(pk.parametrize("seeds", [1, 2])(pk.task("reference-complexity")))


def test_the_fixture_probe_history_lives_for_the_session(run, runs):
    result = run(
        """
        def test_a(probe_history): assert probe_history("some-task", seeds=1).loss[0] == 1
        def test_b(probe_history): assert probe_history("some-task", seeds=1).loss[0] == 1
        """
    )
    result.assert_outcomes(passed=2)
    assert runs == [("some-task", {"seeds": 1})]


def test_probe_history_takes_tasks_of_files(tmp_path):
    (tmp_path / "probes").mkdir()
    (tmp_path / "probes" / "probe_sums.py").write_text(
        """
import probekit, xarray as xr


@probekit.task
@probekit.parametrize("width", [1, 2])
def sums(width, factor=1.0):
    return xr.Dataset({"score": factor * width})


@probekit.task
def broken():
    raise ValueError("out of order")
"""
    )
    histories = Histories(tmp_path)
    found = histories("probes/probe_sums.py::sums", factor=3.0)
    assert found.score.to_pandas().to_dict() == {1: 3.0, 2: 6.0}
    found.score[:] = 0
    assert histories("probes/probe_sums.py::sums", factor=3.0).score.sum() == 9
    for node, error, message in [
        ("probes/probe_sums.py", OptionError, "there are several; name one: sums, broken"),
        ("probes/probe_sums.py::sum", UnknownNameError, "'sum'; did you mean 'sums'"),
        ("probes/probe_sum.py::sums", OptionError, "did you mean 'probe_sums.py'"),
        (
            "probes/probe_sums.py::broken",
            TaskFileError,
            r"probe_sums\.py:13: broken: ValueError: out of order",
        ),
    ]:
        with pytest.raises(error, match=message):
            histories(node)
    with pytest.raises(UnknownNameError, match="'facto'; did you mean 'factor'"):
        histories("probes/probe_sums.py::sums", facto=3.0)


@pytest.mark.slow
def test_a_real_history(run):
    result = run(
        """
        from probekit.testing import assert_represented

        def test_it(probe_history, probe_regression):
            ds = probe_history("reference-complexity", seeds=1, epochs=2, hidden=(8,))
            assert_represented(ds, layer="hidden_0", at_least=-1, at_most=1)  # hardly trained
            probe_regression(ds)
        """,
        "--probe-update",
    )
    result.assert_outcomes(passed=1)


def test_the_entry_point():
    (found,) = importlib.metadata.entry_points(group="pytest11", name="probekit")
    assert found.value == "probekit.pytest_plugin"


def test_a_run_that_does_not_probe_imports_nothing(pytester):
    pytester.makepyfile(
        test_it="""
        import sys

        def test_it():
            heavy = {"jax", "flax", "xarray", "numpy", "scipy", "netCDF4", "sklearn"}
            assert not heavy & set(sys.modules)
            assert [n for n in sys.modules if n.startswith("probekit")] == [
                "probekit", "probekit.pytest_plugin"
            ]
        """
    )
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-p", "probekit.pytest_plugin", "-q"]
    done = subprocess.run(
        command, cwd=pytester.path, env=environment, capture_output=True, text=True, check=False
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_the_plugin_is_imported_in_no_time():
    """At most 30 ms; the best of some, as other processes run beside this one."""

    def microseconds():
        code = "import pytest, probekit.pytest_plugin"
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-c", code],
            capture_output=True,
            text=True,
            check=True,
        )
        # The last lines with these names hold the time of all that each of them imports.
        lines = [line.split("|") for line in done.stderr.splitlines() if "|" in line]
        return sum(int(line[1]) for line in lines if line[2].strip() in NAMES)

    assert min(microseconds() for _ in range(3)) < 30_000


NAMES = ("probekit", "probekit.pytest_plugin")
