"""The command line as a process of its own, on the reference task: signals, pipes, terminals."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import xarray as xr

import probekit as pk
from probekit.errors import HistoryError

PROBEKIT = (sys.executable, "-m", "probekit_cli")
TASK = ("run", "reference-complexity")
SMALL = (
    *("--train-examples", "64", "--fit-examples", "32", "--test-examples", "32"),
    *("--batch-size", "32", "--hidden", "8"),
)
LONG = (*TASK, *SMALL, "--seeds", "2", "--epochs", "200000")


def start(*words, **options):
    """Start the command as a terminal does; whoever started the tests may have Ctrl-C ignored."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen([*PROBEKIT, *words], **(pipes | options))
    finally:
        signal.signal(signal.SIGINT, before)


def wait_for(condition, process, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


def has_rows(path):
    try:
        return bool(pk.open_history(path).sizes["epoch"])
    except HistoryError:
        return False


@pytest.mark.slow
def test_stopping_and_going_on():
    process = start(*LONG)
    wait_for(lambda: has_rows("reference-complexity.nc"), process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert "Traceback" not in err
    *_, said, command = err.splitlines()
    assert said.endswith("what was recorded is kept. Go on with:")
    assert command == f"  probekit {' '.join(LONG)} --resume"

    there = pk.open_history("reference-complexity.nc").probekit.recorded()
    reached = {int(seed): int(there.sel(seed=seed).sum()) for seed in there.seed}
    again = start(*command.split()[1:], "--json", "-q")
    started, chunk = (json.loads(again.stdout.readline()) for _ in range(2))
    again.send_signal(signal.SIGTERM)
    _, err = again.communicate(timeout=60)
    assert again.returncode == 143
    assert "Traceback" not in err
    assert err.splitlines()[-1] == f"{command.removesuffix('--resume')}--json -q --resume"
    assert started["resumed_epochs"] == sum(reached.values()) > 0
    first = chunk["rows"][0]
    assert first["epoch"] == reached.get(first["seed"], 0)


@pytest.mark.slow
def test_killed_with_activations_and_resumed_as_if_not(tmp_path):
    storing = ("--store-activations", "hidden_0", "--every", "3", "--compression", "1")
    words = (*TASK, *SMALL, *storing, "--seeds", "2", "--epochs", "300", "-e", "total_variance")
    process = start(*words, "-o", "killed.nc")
    wait_for(lambda: has_rows("killed.nc"), process)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    rows = pk.open_history("killed.nc").probekit.recorded()
    there = {(row["seed"], row["epoch"]) for row in pk.open_activations("killed.nc").rows}
    complete = {
        (int(seed), int(epoch))
        for seed, epoch in zip(*(rows[dim].values[i] for dim, i in places(rows)), strict=True)
        if epoch % 3 == 0
    }
    assert complete
    assert complete <= there
    for options in (("killed.nc", "--resume"), ("whole.nc",)):
        with start(*words, "-q", "-o", *options) as process:
            assert process.communicate(timeout=120) == ("", "")
    killed, whole = (pk.open_history(name) for name in ("killed.nc", "whole.nc"))
    xr.testing.assert_equal(killed, whole)
    one, other = (pk.open_activations(name) for name in ("killed.nc", "whole.nc"))
    assert one.rows == other.rows
    for row in one.rows[::20]:
        found, expected = (each.sel(**row)["hidden_0"][:] for each in (one, other))
        np.testing.assert_array_equal(found, expected)


def places(rows):
    """Return the places of what is true, axis by axis."""
    return zip(rows.dims, np.nonzero(rows.values), strict=True)


@pytest.mark.slow
def test_a_reader_that_leaves_does_not_end_a_run(tmp_path):
    with start(*TASK, *SMALL, "--seeds", "1", "--epochs", "2", "--json") as process:
        assert json.loads(process.stdout.readline())["event"] == "started"
        process.stdout.close()
        said = process.stderr.read()
    assert process.returncode == 0
    assert "Error" not in said
    assert (tmp_path / "reference-complexity.nc").exists()


@pytest.mark.slow
def test_a_reader_that_leaves_hears_no_complaint(history):
    path = history()
    with start("export", str(path)) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


def read_terminal(descriptor):
    """Return all that is written to a terminal until nobody holds it open."""
    seen = b""
    while True:
        try:
            read = os.read(descriptor, 4096)
        except OSError:  # how Linux says so
            read = b""
        if not read:
            return seen.decode()
        seen += read


@pytest.mark.slow
def test_a_person_sees_bars_that_go_away():
    ours, theirs = os.openpty()
    words = (*TASK, *SMALL, "--seeds", "1", "--epochs", "3")
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    with start(*words, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        seen = read_terminal(ours)
    os.close(ours)
    assert process.returncode == 0
    assert "compiling" in seen
    assert "1/1" in seen
    assert "loss" in seen
    bars, result = seen.rsplit("\x1b[2K", 1)  # the last line of the bars is erased
    assert "probekit plot reference-complexity.nc" not in bars
    assert "probekit plot reference-complexity.nc" in result
    assert "compiling" not in result
