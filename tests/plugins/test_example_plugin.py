"""The example plugin keeps every contract, and works where it is installed, as its users would."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from probekit.plugins import get_manager
from probekit.testing import check_estimator, check_extractor, check_plugin, check_task

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "tests" / "example_plugin"


@pytest.fixture(scope="module")
def example():
    """The example's module, imported from its folder, here and in processes that are started."""
    folder = str(EXAMPLE / "src")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.setenv("PYTHONPATH", folder)
        import probekit_example

        yield probekit_example
        for name in [name for name in sys.modules if name.startswith("probekit_example")]:
            del sys.modules[name]


def outcomes(results):
    return {result.message or result.outcome for result in results}


@pytest.mark.slow
def test_the_plugin_passes(example):
    results = check_plugin(example)
    assert outcomes(results) == {"passed"}
    assert len(results) == 7


@pytest.mark.slow
def test_what_it_registers_passes(example):
    from probekit_example.dead_units import DeadUnits
    from probekit_example.stages import stages
    from probekit_example.two_gates import TwoGates

    inputs = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    with get_manager().listening(example, "example"):
        assert outcomes(check_estimator(DeadUnits())) == {"passed"}
        assert outcomes(check_task(TwoGates, examples=32, batch_size=16)) == {"passed"}
        assert outcomes(check_extractor(stages([jnp.tanh, jnp.exp]), inputs)) == {"passed"}


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Run commands in a fresh environment in which probekit and the example are installed.

    What probekit depends on is taken from the environment of the tests.
    """
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder / "venv", with_pip=False)
    bin_folder = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    python = bin_folder / Path(sys.executable).name
    packages = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    install += ["--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check"]
    (Path(packages) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    for source in (ROOT, EXAMPLE):
        copy = folder / source.name
        _copy(source, copy)
        subprocess.run([*install, str(copy)], check=True)

    def run(*words, code=0, **environment):
        (folder / "work").mkdir(exist_ok=True)
        done = subprocess.run(
            [bin_folder / "probekit", *words],
            cwd=folder / "work",
            env=os.environ | environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == code, done.stderr
        return done

    run.folder = folder / "work"
    return run


def _copy(source, target):
    """Copy what is under version control, so that building leaves nothing in the folder."""
    import shutil

    ignored = shutil.ignore_patterns(".*", "*.nc", "build", "*.egg-info", "__pycache__", "tests")
    shutil.copytree(source, target, ignore=ignored)


@pytest.mark.slow
def test_it_is_installed_and_used(installed):
    listed = installed("plugins").stdout
    assert "example" in listed
    assert "probekit-example 1.2.0" in listed
    assert "dead_units" in installed("list", "estimators").stdout
    assert "stages" in installed("list", "extractors").stdout
    help_text = installed("run", "two-gates", "--help").stdout
    assert "--hidden" in help_text
    assert "Units of the hidden layer." in help_text

    shown = installed("run", "two-gates", "--seeds", "2", "--epochs", "6").stdout
    assert "xor" in shown
    lines = (installed.folder / "two-gates.progress.txt").read_text().splitlines()
    for seed in (0, 1):  # which of the two ends last is not said
        assert [line for line in lines if line.startswith(f"seed {seed}:")][-1] == (
            f"seed {seed}: epoch 6 of 6"
        )
    assert "gap" in installed("show", "two-gates.nc", "--json").stdout
    assert [
        line.split(":")[0] for line in installed("gap", "two-gates.nc").stdout.splitlines()
    ] == [
        "and",
        "xor",
    ]
    installed("report", "two-gates.nc")
    assert "<h2>Generalisation gap</h2>" in (installed.folder / "two-gates.html").read_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "environment"),
    [(("-p", "no:example"), {}), ((), {"PROBEKIT_DISABLE_PLUGIN_AUTOLOAD": "1"})],
)
def test_it_is_switched_off(installed, words, environment):
    tasks = installed(*words, "list", "tasks", **environment).stdout
    assert "reference-complexity" in tasks
    assert "two-gates" not in tasks
    complaint = installed(*words, "run", "two-gates", code=2, **environment).stderr
    assert "unknown task 'two-gates'" in complaint
    assert "gap" not in installed(*words, "--help", **environment).stdout


@pytest.mark.slow
def test_it_is_asked_for_by_name(installed):
    environment = {"PROBEKIT_DISABLE_PLUGIN_AUTOLOAD": "1"}
    assert "two-gates" in installed("-p", "example", "list", "tasks", **environment).stdout
