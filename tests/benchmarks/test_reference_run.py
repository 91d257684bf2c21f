"""The reference run as whole processes: against the notebook, and with more estimators."""

import sys
from pathlib import Path

from tests.benchmarks.conftest import probekit_run, side_by_side

NOTEBOOK = Path(__file__).parents[1] / "reference" / "notebook.py"

STREAMING = "linear_r2,decoding_r2,cka,total_variance,participation_ratio"


def test_against_the_notebook(tmp_path, tiny, report):
    """The notebook's algorithm, written independently, and `probekit run`; cold, no cache."""
    sizes = ["--seeds", "1", "--epochs", "2"] if tiny else []
    commands = {
        "notebook": [sys.executable, str(NOTEBOOK), *sizes],
        "probekit": probekit_run(*sizes),
    }
    times = side_by_side(commands, tmp_path, rounds=1 if tiny else 3)
    ratio = times["notebook"] / times["probekit"]
    report(
        f"notebook {times['notebook']:.1f} s, probekit {times['probekit']:.1f} s: "
        f"{ratio:.1f} times faster"
    )
    assert tiny or ratio > 3


def test_overhead_of_all_streaming_estimators(tmp_path, tiny, report):
    """Every streaming estimator on all layers, against linear R² of the last hidden layer alone."""
    sizes = ["--seeds", "1", "--epochs", "2"] if tiny else []
    commands = {
        "one": probekit_run("--estimators", "linear_r2", "--layers", "hidden_3", *sizes),
        "default": probekit_run(*sizes),
        "streaming": probekit_run("--estimators", STREAMING, *sizes),
        "rsa": probekit_run("--estimators", "linear_r2,rsa", "--layers", "hidden_3", *sizes),
    }
    times = side_by_side(commands, tmp_path, rounds=1 if tiny else 3)
    base = times.pop("one")
    for name, seconds in times.items():
        report(f"{name}: {seconds:.1f} s, {100 * (seconds / base - 1):+.0f} % of {base:.1f} s")
    assert tiny or times["streaming"] / base < 1.5
