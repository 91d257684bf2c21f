"""Attributes say where a history comes from; importing its package loads nothing heavy."""

import dataclasses
import json
import re
import subprocess
import sys

import numpy as np
import pytest

from probekit.errors import OptionError
from probekit.history import Status, make_attributes, status_attributes
from probekit.history.schema import check_same_experiment, config_of, event, version_of


@dataclasses.dataclass(frozen=True)
class Config:
    features: tuple[str, ...] = ("linear", "xor_xor_xor")
    rate: float = 1e-3
    stop: float | None = None


def test_attributes_are_text_that_tells_the_origin():
    attributes = make_attributes("reference-complexity", Config())
    assert all(isinstance(value, str) and value for value in attributes.values())
    assert attributes["Conventions"] == "CF-1.11"
    assert attributes["numpy_version"] == np.__version__
    assert {"title", "history", "probekit_version", "platform", "date"} <= attributes.keys()
    assert {"jax_version", "flax_version"} <= attributes.keys()
    assert json.loads(attributes["config"]) == {
        "features": ["linear", "xor_xor_xor"],
        "rate": 1e-3,
        "stop": None,
    }
    assert make_attributes("x", title="My run")["title"] == "My run"


def test_config_takes_what_json_does_not_know():
    attributes = make_attributes("x", {"n": np.int64(3), "a": np.arange(2), "f": len})
    assert config_of(attributes) == {"n": 3, "a": [0, 1], "f": "<built-in function len>"}


@pytest.mark.parametrize("text", ["", "[1]", "{", 3])
def test_config_that_cannot_be_read_is_empty(text):
    assert config_of({"config": text}) == {}
    assert config_of({}) == {}


def test_version_of_what_is_not_there():
    assert version_of("no-such-package") == "not installed"


def test_an_event_is_one_line():
    assert "resumed by probekit" in event("resumed")
    assert "\n" not in event("resumed")


@pytest.mark.parametrize(
    ("argv", "command"),
    [
        (["/usr/bin/probekit", "run", "a b"], "probekit run 'a b'"),
        (["/lib/probekit_cli/__main__.py", "run"], "python -m probekit_cli run"),
        (["/lib/ipykernel_launcher.py", "-f", "x.json"], "a notebook"),
        ([""], "python"),
    ],
)
def test_an_event_names_the_command(monkeypatch, argv, command):
    monkeypatch.setattr("sys.argv", argv)
    assert event("created").endswith(f": {command}")


def test_status_codes_are_those_of_the_estimators():
    codes = {"OK": 0, "NON_FINITE_INPUT": 1, "RANK_DEFICIENT": 2}
    codes |= {"TOO_FEW_EXAMPLES": 3, "CONSTANT_UNIT": 4, "NOT_RECORDED": -1}
    assert {status.name: status.value for status in Status} == codes
    attributes = status_attributes("cka")
    assert attributes["flag_values"].dtype == np.int8
    assert len(attributes["flag_values"]) == len(attributes["flag_meanings"].split())


def test_importing_loads_nothing_heavy():
    check = "import probekit.history, sys; print({'jax', 'xarray', 'matplotlib'} & {*sys.modules})"
    run = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True)
    assert run.stdout == "set()\n", run.stderr


@pytest.mark.parametrize(
    ("now", "message"),
    [
        ({"a": 1, "epochs": 3}, "was begun with epochs=2, not with epochs=3."),
        ({"a": 1, "epochs": 2, "stored": ["x"], "every": 1}, "without stored=('x',)."),
        ({"epochs": 2}, "was begun with a=1, not without."),
    ],
)
def test_what_is_resumed_with_other_settings_says_which(now, message):
    before = make_attributes("task", {"a": 1, "epochs": 2})
    check_same_experiment("x.nc", before, before)
    with pytest.raises(OptionError, match=re.escape(message)):
        check_same_experiment("x.nc", before, make_attributes("task", now))
    with pytest.raises(OptionError, match="was begun with task='task', not with task='other'"):
        check_same_experiment("x.nc", before, make_attributes("other", now))
