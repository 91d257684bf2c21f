"""Activations that do not fit in memory are probed at the rate of a matrix product."""

import json
import subprocess
import sys
from pathlib import Path

STREAMING = Path(__file__).with_name("streaming.py")


def test_activations_in_a_file(tmp_path, tiny, report):
    """Linear CKA and R² of 1,000,000 × 1024 activations, 4 GB, against the product alone."""
    sizes = ["--examples", "5000", "--units", "8"] if tiny else []
    command = [sys.executable, STREAMING, tmp_path / "activations.npy", *sizes]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    rate, gigabytes = found["plain_product"] / found["probed"], found["peak"] / 1e9
    report(
        f"product {found['plain_product']:.1f} s, probed {found['probed']:.1f} s: "
        f"{100 * rate:.0f} % of its rate, at most {gigabytes:.2f} GB in memory"
    )
    assert gigabytes < 1.5
    assert tiny or rate > 0.6
