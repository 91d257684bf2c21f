"""Kills a process that writes a history, at chosen points or at random; run by test_kill.py.

Everything is imported once and every victim is a fork, so that hundreds of deaths take seconds.
Prints one line of JSON for each death: where, what had been completed, what was wrong afterwards.
"""

import argparse
import json
import os
import random
import signal
import sys
import time
import traceback
from pathlib import Path

import netCDF4
import numpy as np
import xarray as xr

from probekit.errors import HistoryError, HistoryExistsError
from probekit.history import (
    HistoryWriter,
    make_attributes,
    open_activations,
    open_history,
    row_files,
)
from probekit.naming import partial_path

STEPS = 4


def loss(step: int) -> np.ndarray:
    return np.random.default_rng(step).normal(size=1)


def layers(step: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng([step, 1])
    return {"a": rng.normal(size=(5, 3)), "a/b": rng.normal(size=(5, 2))}


def record(path: Path, completed: Path, steps: int = STEPS, **options: bool) -> None:
    """Write a history to its end, from where it stands; completed records are noted in a file."""
    attributes = make_attributes("test")
    with HistoryWriter(path, attributes=attributes, lead=("step",), **options) as history:
        rows = history.rows()
        start = 0
        if rows is not None:
            last = int(rows.step.max())
            state = history.load_state("model", epoch=last)
            # The newest state fits the last row, or the row before if killed between the two.
            start = 0 if state is None else state[1]["epoch"] + 1
            assert start >= last, (start, last)
            assert state is None or state[0][0] == start - 1
        for step in range(start, steps):
            history.append_activations({"step": step}, [layers(step)])
            history.append(xr.Dataset({"loss": ("step", loss(step))}, {"step": [step]}))
            with open(completed, "a") as file:
                file.write(f"{step}\n")
            history.save_state("model", [np.float32(step)], {"epoch": step})
        history.finish()
    with open(completed, "a") as file:
        file.write("finished\n")


def check(path: Path, completed: Path, *, old: bool = False) -> None:
    """Every completed record is there, what is there is right, nothing is left after the end."""
    said = completed.read_text().split() if completed.exists() else []
    steps = {int(step) for step in said if step != "finished"}
    if not old and partial_path(path).exists():  # beside a finished one that is to be overwritten
        path = partial_path(path)
    try:
        found = open_history(path)
    except HistoryError as error:
        assert not steps, error  # noqa: PT017
        return
    assert steps <= set(found.step.values.tolist())
    rows = open_activations(path)
    assert [row["step"] for row in rows.rows] == found.step.values.tolist()
    for step in found.step.values.tolist():
        value = found.loss.sel(step=step).item() if "loss" in found else np.nan
        assert value == loss(step)[0] or (np.isnan(value) and step not in steps), step
        for layer, expected in layers(step).items():
            np.testing.assert_array_equal(rows.sel(step=step)[layer], expected)
    if "finished" in said and not old:
        assert path.is_file()


def strike_at(point: int, torn: bool) -> None:
    """Kill this process at the `point`-th place where something is about to reach the disk."""
    passed = 0

    def pass_by(tear=None) -> None:
        nonlocal passed
        passed += 1
        if passed == point:
            if torn and tear is not None:
                tear()
            os._exit(9)

    def deadly(function):
        def call(*arguments, **options):
            pass_by()
            return function(*arguments, **options)

        return call

    class Dataset(netCDF4.Dataset):
        def __init__(self, name, mode="r", **options):
            super().__init__(name, mode, **options)
            if mode == "w":
                pass_by()

        def close(self):
            name = self.filepath()

            def tear() -> None:
                super(Dataset, self).close()
                os.truncate(name, os.path.getsize(name) // 2)

            if name.endswith(".tmp"):
                pass_by(tear)
            super().close()

    netCDF4.Dataset = Dataset
    for name in ("replace", "unlink", "rmdir", "mkdir"):
        setattr(os, name, deadly(getattr(os, name)))


def in_child(function, *arguments, **options) -> tuple[int, str]:
    """Run a function in a fork; return its exit code and what it raised.

    That the history is finished is no failure: the process that was to go on with it has done so.
    """
    receiving, sending = os.pipe()
    child = os.fork()
    if child == 0:
        code = 0
        try:
            function(*arguments, **options)
        except HistoryExistsError:
            code = 0
        except BaseException:
            os.write(sending, traceback.format_exc().encode())
            code = 1
        os._exit(code)
    os.close(sending)
    with os.fdopen(receiving) as pipe:
        said = pipe.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said


def die_and_record(point: int, torn: bool, *arguments, **options) -> None:
    strike_at(point, torn)
    record(*arguments, **options)


def systematically(folder: Path, torn: bool, overwrite: bool) -> None:
    """Kill at each point; then look, kill the resumed run at some point too, look, finish, look."""
    for point in range(1, 1000):
        path, completed = folder / f"{point}.nc", folder / f"{point}.txt"
        if overwrite:
            record(path, folder / "before.txt", steps=2)
        code, said = in_child(die_and_record, point, torn, path, completed, overwrite=overwrite)
        if code == 0:
            return
        problems = [said] if code != 9 else []
        if overwrite and not completed.exists():
            check(path, folder / "before.txt", old=True)
        else:
            problems.append(in_child(check, path, completed)[1])
        done = records_in(completed)
        if "finished" not in (completed.read_text() if completed.exists() else ""):
            for again in (point // 4 + 2, None) if point % 4 == 1 else (None,):
                if again and not path.exists():
                    problems.append(
                        in_child(die_and_record, again, torn, path, completed, resume=True)[1]
                    )
                elif partial_path(path).exists():
                    problems.append(in_child(record, path, completed, resume=True)[1])
                problems.append(in_child(check, path, completed)[1])
        report(point, problems, done)


def at_random(folder: Path, deaths: int, seed: int) -> None:
    """Kill a long run again and again, resuming it each time; start another when it finishes.

    A death strikes while the history is being opened or after up to three further records: a count
    of records and not a time alone, so that slow machines die at as many places as fast ones.
    """
    rng = random.Random(seed)
    run, steps = 0, 60
    for death in range(deaths):
        path, completed = folder / f"{run}.nc", folder / f"{run}.txt"
        child = os.fork()
        if child == 0:
            record(path, completed, steps=steps, resume=True)
            os._exit(0)
        await_records(child, completed, rng.randrange(4))
        time.sleep(rng.uniform(0.0, 0.1))
        os.kill(child, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        problems = [in_child(check, path, completed)[1]]
        if code not in (0, -signal.SIGKILL):
            problems.append(f"exit code {code}")
        report(death, problems, records_in(completed))
        if path.exists():
            run += 1


def await_records(child: int, completed: Path, more: int) -> None:
    """Wait until so many more records are completed, or the child has ended."""
    wanted = records_in(completed) + more
    while records_in(completed) < wanted:
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return
        time.sleep(0.001)


def records_in(completed: Path) -> int:
    """Return how many records a run said to have completed, its end counted too."""
    return len(completed.read_text().split()) if completed.exists() else 0


def report(where: int, problems: list[str], completed: int) -> None:
    problem = "\n".join(filter(None, problems))
    print(json.dumps({"where": where, "completed": completed, "problem": problem}), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("how", choices=["points", "random"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--torn", action="store_true")
    parser.add_argument("--overwrite", action="store_true")
    parser.add_argument("--deaths", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    row_files.FAN_IN = 3  # so that four steps are enough for segments to be merged
    record(given.folder / "warm.nc", given.folder / "warm.txt")  # imports what is imported lazily
    check(given.folder / "warm.nc", given.folder / "warm.txt")
    if given.how == "points":
        systematically(given.folder, given.torn, given.overwrite)
    else:
        at_random(given.folder, given.deaths, given.seed)
    sys.exit(0)
