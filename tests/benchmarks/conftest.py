"""Benchmarks print ratios of what was measured side by side, in one run, on one machine.

    python -m pytest tests/benchmarks -s

takes some minutes on a machine with nothing else to do. With ``--benchmark-disable`` each runs once
on little data, to see that it still works; ratios mean nothing then.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

import pytest


@pytest.fixture
def tiny(request):
    """Whether this run is only to see that the benchmarks work."""
    return bool(request.config.getoption("benchmark_disable"))


@pytest.fixture
def report(capsys):
    """Print a line whatever pytest does with output."""

    def show(line):
        with capsys.disabled():
            print(f"\n    {line}", end="")

    return show


def seconds_of(command, cwd):
    """Return the wall-clock time of a whole process, which must print or leave something."""
    with tempfile.TemporaryDirectory(dir=cwd) as folder:
        start = time.perf_counter()
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        seconds = time.perf_counter() - start
        assert done.returncode == 0, done.stderr
        assert done.stdout or os.listdir(folder), f"{command} did nothing"
    return seconds


def side_by_side(commands, cwd, rounds):
    """Return the median time of each command; all are run in turn, so that drift hits all alike."""
    times = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            times[name].append(seconds_of(command, cwd))
    return {name: statistics.median(values) for name, values in times.items()}


def probekit_run(*options):
    """Return the command of a reference run."""
    start = [sys.executable, "-m", "probekit_cli", "run", "reference-complexity"]
    return [*start, "--quiet", *map(str, options)]
