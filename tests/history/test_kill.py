"""Killed at any moment, a history opens and holds every completed record; resumed, it is as if not.

The systematic deaths strike where something is about to reach the disk: a file is created, closed,
renamed or removed. A torn write leaves half of a file under its temporary name. The random ones are
SIGKILL to a process that writes as fast as it can.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

KILLING = Path(__file__).with_name("killing.py")


def deaths(folder, *arguments: str) -> list[dict]:
    command = [sys.executable, KILLING, *arguments[:1], folder, *arguments[1:]]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    reports = [json.loads(line) for line in run.stdout.splitlines()]
    for report in reports:
        assert not report["problem"], f"killed at {report['where']}: {report['problem']}"
    return reports


@pytest.mark.slow
@pytest.mark.parametrize("mode", [[], ["--torn", "--overwrite"]], ids=str)
def test_killed_at_every_point(tmp_path, mode):
    found = deaths(tmp_path, "points", *mode)
    assert len(found) >= 50
    assert {report["completed"] for report in found} >= {0, 1, 2, 3, 4}


@pytest.mark.slow
def test_killed_at_random(tmp_path):
    found = deaths(tmp_path, "random", "--deaths", "50", "--seed", "2")
    assert len({report["completed"] for report in found}) >= 5  # at many places
