"""What the README says is so: its commands exist, its examples run."""

import re
import subprocess
import sys
from pathlib import Path

import flax.linen as nn
import jax
import numpy as np

README = (Path(__file__).parents[2] / "README.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_examples_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    inputs = np.random.default_rng(0).normal(size=(100, 4)).astype(np.float32)
    model = nn.Sequential([nn.Dense(8), nn.relu, nn.Dense(1)])
    names = {
        "model": model,
        "variables": model.init(jax.random.key(0), inputs),
        "inputs": inputs,
        "features": {"sign": inputs[:, 0] > 0, "product": inputs[:, 0] * inputs[:, 1]},
        "train_step": lambda variables: jax.tree.map(lambda a: 0.99 * a, variables),
    }
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), names)
    assert names["ds"].linear_r2.dims == ("layer", "feature")
    assert names["history"].step.values.tolist() == [0, 10, 20]


def test_the_commands_exist():
    done = subprocess.run(
        [sys.executable, "-m", "probekit_cli", "--help"], capture_output=True, text=True, check=True
    )
    commands = re.findall(r"^  (\w+) ", done.stdout.split("Commands:")[1], re.MULTILINE)
    row = re.search(r"\| command line \| `probekit (.*?); every", README).group(1)
    assert set(re.findall(r"\w+", row)) <= set(commands)


def test_the_markers_that_ci_reads():
    for marker in ("run", "test"):
        assert re.search(rf"<!-- {marker} -->\n```bash\n.+\n```", README), marker


def test_links_lead_somewhere():
    for link in re.findall(r"\]\((?!https)([^)]+)\)", README):
        assert (Path(__file__).parents[2] / link).exists(), link
