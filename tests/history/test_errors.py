"""What can go wrong with files: one line that says what, where, and what to do; nothing is lost."""

import fcntl
import os
import re
import resource
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import xarray as xr

from probekit.errors import (
    HistoryError,
    HistoryExistsError,
    HistoryLockedError,
    OptionError,
    ShapeError,
)
from probekit.history import (
    HistoryWriter,
    make_attributes,
    open_activations,
    open_history,
    segments,
)
from probekit.history.compaction import compact
from probekit.history.file import Lock
from probekit.history.segments import Span, entries


def row(step: int, size: int = 1) -> xr.Dataset:
    rng = np.random.default_rng(step)
    return xr.Dataset({"x": (("step", "unit"), rng.normal(size=(1, size)))}, {"step": [step]})


def writer(path, config=None, task="test", **options):
    return HistoryWriter(
        path, attributes=make_attributes(task, config), **{"lead": ("step",), **options}
    )


def write(path, steps=2, *, finish=True):
    with writer(path) as history:
        for step in range(steps):
            history.append(row(step))
        if finish:
            history.finish()
    return path


def fails(error, match):
    return pytest.raises(error, match=rf"^[^\n]*{match}[^\n]*$")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "history.nc"


def test_an_existing_history_is_never_overwritten_unasked(path):
    write(path)
    before = path.read_bytes()
    for options in ({}, {"resume": True}):
        with fails(HistoryExistsError, r"history\.nc: .* Pass overwrite \(--overwrite\)"):
            writer(path, **options)
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == ["history.nc"]


def test_an_unfinished_history_is_never_overwritten_unasked(path):
    write(path, finish=False)
    with fails(HistoryExistsError, r"holds an unfinished history\. Pass resume \(--resume\)"):
        writer(path)
    assert open_history(path).sizes["step"] == 2


def test_overwriting_keeps_the_old_history_until_the_new_one_is_finished(path):
    write(path, steps=2)
    with writer(path, overwrite=True) as history:
        history.append(row(7))
        assert open_history(path).step.values.tolist() == [0, 1]
        assert open_history(f"{path}.partial").step.values.tolist() == [7]
    assert open_history(path).step.values.tolist() == [0, 1]
    with writer(path, resume=True) as history:  # the wish to overwrite is remembered
        history.append(row(8))
        history.finish()
    assert open_history(path).step.values.tolist() == [7, 8]


@pytest.mark.parametrize("options", [{}, {"overwrite": True}, {"resume": True}])
def test_what_is_no_history_is_not_overwritten_even_if_asked(path, options):
    path.write_text("import numpy as np\n")
    with fails(HistoryExistsError, r"history\.nc: is not a history of probekit, and is not over"):
        writer(path, **options)
    assert path.read_text() == "import numpy as np\n"
    path.unlink()
    xr.Dataset({"temperature": ("time", [1.0])}).to_netcdf(path)
    before = path.read_bytes()
    with fails(HistoryExistsError, r"history\.nc: is not a history of probekit, and is not over"):
        writer(path, **options)
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == ["history.nc"]


@pytest.mark.parametrize("left", [0, 4000])
def test_what_is_left_of_a_history_can_be_overwritten(path, left):
    write(path)
    path.write_bytes(path.read_bytes()[:left])
    with writer(path, overwrite=True) as history:
        history.append(row(9))
        history.finish()
    assert open_history(path).step.values.tolist() == [9]


def test_overwriting_an_unfinished_history_removes_it(path):
    write(path, finish=False)
    with writer(path, overwrite=True) as history:
        assert history.rows() is None
        history.append(row(9))
        history.finish()
    assert open_history(path).step.values.tolist() == [9]


def test_resuming_what_is_not_there_starts_it(path):
    with writer(path, resume=True) as history:
        history.append(row(0))
    assert open_history(path).sizes["step"] == 1


@pytest.mark.parametrize(
    ("then", "now", "match"),
    [
        (
            {"config": {"epochs": 5}},
            {"config": {"epochs": 6}},
            "begun with epochs=5, not with epochs=6",
        ),
        ({"config": {"a": 1}}, {"config": {"a": 1, "b": 2}}, "begun without b=2"),
        ({"task": "one"}, {"task": "two"}, "begun with task='one', not with task='two'"),
        ({}, {"lead": ("seed", "step")}, "row_dims='step', not with row_dims='seed step'"),
    ],
)
def test_two_experiments_do_not_mix(path, then, now, match):
    with writer(path, **then) as history:
        history.append(row(0))
    with fails(OptionError, match):
        writer(path, resume=True, **now)
    with writer(path, resume=True, **then) as history:
        history.append(row(1))


def test_a_history_has_one_writer(path):
    with writer(path) as history:
        history.append(row(0))
        command = f"""
            from probekit.history import HistoryWriter, make_attributes
            from probekit.errors import HistoryLockedError
            try:
                HistoryWriter({str(path)!r}, attributes={{}}, lead=("step",), resume=True)
            except HistoryLockedError as error:
                print(error)
        """
        other = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(command)], capture_output=True, text=True
        )
        assert (
            "history.nc.partial: this history is being written, by another process" in other.stdout
        )
        with fails(HistoryLockedError, "is being written, by another process"):
            writer(path, overwrite=True)
        history.append(row(1))
    writer(path, resume=True).close()


def test_a_lock_on_a_file_that_its_holder_has_removed_is_taken_anew(tmp_path, monkeypatch):
    lock, take, taken = Lock(tmp_path / "history.nc.partial"), fcntl.flock, []

    def flock(descriptor, operation):
        take(descriptor, operation)
        if not taken:  # another process has finished meanwhile, and a third one begun
            lock.path.unlink()
            lock.path.touch()
        taken.append(os.fstat(descriptor).st_ino)

    monkeypatch.setattr(fcntl, "flock", flock)
    lock.acquire()
    lock.release()
    assert len(taken) == 2
    assert taken[-1] == lock.path.stat().st_ino


def test_a_closed_writer_writes_no_more(path):
    history = writer(path)
    history.append(row(0))
    history.close()
    history.close()
    for write_on in (lambda: history.append(row(1)), history.finish):
        with fails(HistoryError, "the writer is closed"):
            write_on()


def test_an_exception_leaves_a_history_to_resume(path):
    def interrupted():
        with writer(path) as history:
            history.append(row(0))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with writer(path, resume=True) as history:
        history.append(row(1))
        history.finish()
    assert open_history(path).sizes["step"] == 2


def test_missing_files_are_named_with_their_neighbours(tmp_path):
    write(tmp_path / "complexity.nc")
    write(tmp_path / "other.nc", finish=False)
    with fails(HistoryError, r"complexty\.nc: no such history; did you mean 'complexity\.nc'"):
        open_history(tmp_path / "complexty.nc")
    with fails(HistoryError, r"there are: complexity\.nc, other\.nc"):
        open_history(tmp_path / "xyz")
    with fails(HistoryError, "the folder .*nowhere' does not exist"):
        open_history(tmp_path / "nowhere" / "history.nc")
    (tmp_path / "empty").mkdir()
    with fails(HistoryError, "no such history; the folder has no history"):
        open_history(tmp_path / "empty" / "history.nc")


def test_nothing_recorded_yet(path):
    with writer(path), fails(HistoryError, "nothing has been recorded yet"):
        open_history(path)
    (path.parent / "other.nc.partial").mkdir()
    with fails(HistoryError, "nothing has been recorded yet"):
        open_history(path.parent / "other.nc")


def test_activations_of_a_row_that_is_not_there_yet_are_no_row(path):
    with writer(path) as history:
        history.append_activations({"step": 0}, [{"layer": np.ones((3, 2))}])
        with fails(HistoryError, "nothing has been recorded yet"):
            open_history(path)
        history.append(row(0))
        assert open_history(path).step.values.tolist() == [0]


def test_files_that_are_no_history(tmp_path):
    text = tmp_path / "text.nc"
    text.write_text("seed, epoch\n")
    with fails(HistoryError, r"text\.nc: is not a netCDF file"):
        open_history(text)
    (tmp_path / "empty.nc").touch()
    with fails(HistoryError, r"empty\.nc: is empty"):
        open_history(tmp_path / "empty.nc")
    foreign = tmp_path / "foreign.nc"
    xr.Dataset({"air": ("time", [1.0])}).to_netcdf(foreign)
    with fails(HistoryError, r"foreign\.nc: is netCDF, but not a history of probekit"):
        open_history(foreign)
    classic = tmp_path / "classic.nc"
    xr.Dataset({"air": ("time", [1.0])}).to_netcdf(classic, format="NETCDF3_CLASSIC")
    with fails(HistoryError, r"classic\.nc: is netCDF, but not a history"):
        open_history(classic)
    (tmp_path / "folder.nc").mkdir()
    with fails(HistoryError, r"folder\.nc: is a folder"):
        open_history(tmp_path / "folder.nc")
    with fails(HistoryError, r"folder\.nc: is a folder\. Name a file"):
        writer(tmp_path / "folder.nc")
    (tmp_path / "other").mkdir()
    for opening in (open_history, writer):  # rather than of other.nc beside it
        with fails(HistoryError, r"other: is a folder"):
            opening(tmp_path / "other")


def test_attributes_that_are_damaged_are_told(path):
    with writer(path) as history:
        history.append(row(0))
        history.finish()
    whole = path.read_bytes()
    last = whole.rindex(b"OCHK")  # of HDF5, where the attributes of a variable go on
    path.write_bytes(whole[:last] + b"\0" + whole[last + 1 :])
    with fails(HistoryError, r"history\.nc: is truncated or damaged"):
        open_history(path)


def with_a_flipped_bit(path, value):
    """Change one bit of a number that stands once in a file."""
    whole, wanted = path.read_bytes(), value.tobytes()
    assert whole.count(wanted) == 1
    at = whole.index(wanted)
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])


@pytest.mark.parametrize("finished", [False, True])
def test_a_number_that_is_damaged_is_told(path, finished):
    with writer(path) as history:
        history.append(xr.Dataset({"score": ("step", [np.pi])}, {"step": [12345]}))
        if finished:
            history.finish()
        damaged = path if finished else history.folder / Span(1, 1).file_name()
    whole = damaged.read_bytes()
    for value in (np.float64(np.pi), np.int64(12345)):
        with_a_flipped_bit(damaged, value)
        with fails(HistoryError, r"nc: is truncated or damaged"):
            open_history(path)
        damaged.write_bytes(whole)
    assert open_history(path).score.item() == np.pi


def test_an_activation_that_is_damaged_is_told(path):
    with writer(path) as history:
        history.append_activations({"step": 0}, [{"layer": np.array([[np.pi]])}])
        history.append(row(0))
        history.finish()
    with_a_flipped_bit(path, np.float64(np.pi))
    with fails(HistoryError, r"nc: is truncated or damaged"):
        open_activations(path, "layer", step=0)[:]


def test_a_state_that_is_damaged_is_told(path):
    with writer(path) as history:
        history.save_state("seed-0", [np.float64(np.pi)], {"epoch": 0})
        with_a_flipped_bit(next(history.folder.glob("state-*")), np.float64(np.pi))
        with fails(HistoryError, r"nc: is truncated or damaged"):
            history.load_state("seed-0")


def test_a_file_that_hdf5_would_read_for_ever_is_told(path):
    with writer(path) as history:
        history.append(row(0))
        history.finish()
    whole = path.read_bytes()
    heap = whole.index(b"GCOL")
    second = heap + 16 + 16 + -(-int.from_bytes(whole[heap + 24 : heap + 32], "little") // 8) * 8
    path.write_bytes(whole[:second] + bytes(16) + whole[second + 16 :])
    with fails(HistoryError, r"history\.nc: is truncated or damaged"):
        open_history(path)


def test_a_missing_segment_is_told_and_the_others_resumed(path, monkeypatch):
    monkeypatch.setattr("probekit.history.segments._PAUSE", 0)
    with writer(path) as history:
        for step in range(3):
            history.append(row(step))
        (history.folder / Span(2, 2).file_name()).unlink()
    with fails(HistoryError, r"segment-000002-000002\.nc: is missing.*resume to go on"):
        open_history(path)
    with writer(path, resume=True) as history:
        history.finish()
    assert open_history(path).step.values.tolist() == [0, 2]


def test_a_finished_history_counts_and_not_what_is_left_of_its_segments(path):
    """A kill while they are removed, in any order."""
    with writer(path) as history:
        for step in range(3):
            history.append(row(step))
        compact(history.folder, history.lead, history.storage)
        (history.folder / Span(2, 2).file_name()).unlink()
    assert open_history(path).step.values.tolist() == [0, 1, 2]


def test_what_a_writer_does_while_a_reader_lists_files_loses_no_row(path, monkeypatch):
    """It finishes, or has removed some of the segments by then."""
    with writer(path) as history:
        for step in range(3):
            history.append(row(step))

        def listed_late(folder):
            compact(folder, history.lead, history.storage)
            (folder / Span(3, 3).file_name()).unlink(missing_ok=True)
            return entries(folder)

        monkeypatch.setattr(segments, "entries", listed_late)
        assert open_history(path).step.values.tolist() == [0, 1, 2]


def test_a_row_that_is_written_while_a_reader_lists_files_is_seen_whole_or_not_at_all(
    path, monkeypatch
):
    with writer(path) as history:
        steps = iter(range(9))

        def append():
            step = next(steps)
            history.append_activations({"step": step}, [{"a": np.ones((2, 2), np.float32)}])
            history.append(row(step))

        def listed_before(folder):
            found = entries(folder)
            append()
            return found

        append()
        monkeypatch.setattr(segments, "entries", listed_before)
        found = open_history(path)
        assert found.step.values.tolist() == [0]
        assert np.isfinite(found.x).all()


def test_a_limit_of_file_sizes_is_named_and_the_rows_resumed(path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with writer(path) as history:
        history.append(row(0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
        try:
            with fails(HistoryError, r"not be larger than 4096 bytes here.*is kept.*ulimit -f"):
                history.finish()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    with writer(path, resume=True) as history:
        history.finish()
    with open_history(path) as found:
        assert found.sizes["step"] == 1


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.999])
def test_a_truncated_file_is_told(path, share):
    with writer(path) as history:
        for step in range(20):
            history.append(row(step, 300))
        history.finish()
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with fails(HistoryError, r"history\.nc: is truncated or damaged"):
        open_history(path)


def test_a_folder_that_does_not_exist(tmp_path):
    with fails(HistoryError, "the folder .*nowhere' does not exist. Create it first"):
        writer(tmp_path / "nowhere" / "history.nc")
    (tmp_path / "file").touch()
    with fails(HistoryError, "the folder .*file' is not a folder"):
        writer(tmp_path / "file" / "history.nc")


# Root may write everywhere: give up its rights, once everything is imported.
NOBODY = """
    import os, sys
    from probekit.errors import HistoryError
    from probekit.history import HistoryWriter, open_history
    open_history("open.nc")
    if os.geteuid() == 0:
        os.setegid(65534)
        os.seteuid(65534)
    for action in (
        lambda: HistoryWriter("history.nc", attributes={}),
        lambda: open_history("closed.nc"),
        lambda: print(open_history("open.nc").sizes["step"]),
    ):
        try:
            action()
        except HistoryError as error:
            print(error)
"""


@pytest.mark.slow
def test_a_folder_that_is_read_only(tmp_path):
    for folder in (tmp_path, *tmp_path.parents[:2]):  # pytest's folders are closed to others
        folder.chmod(0o755)
    write(tmp_path / "open.nc")
    write(tmp_path / "closed.nc").chmod(0o000)
    tmp_path.chmod(0o555)
    try:
        command = [sys.executable, "-c", textwrap.dedent(NOBODY)]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    finally:
        tmp_path.chmod(0o755)
    assert run.stdout.splitlines() == [
        "history.nc.partial: no permission to write in '.'. Choose another folder.",
        "closed.nc: cannot be read: Permission denied.",
        "2",
    ]


# A limit on the size of files makes every write beyond it fail, as a full disk does.
LIMITED = """
    import resource, signal, sys
    import numpy as np, xarray as xr
    from probekit.errors import HistoryError
    from probekit.history import HistoryWriter, make_attributes, open_history, segments

    def row(step, size):
        values = np.random.default_rng(step).normal(size=(1, size))
        return xr.Dataset({"x": (("step", "unit"), values)}, {"step": [step]})

    def limit(size):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    path, size = sys.argv[1], 1000
    with HistoryWriter(path, attributes=make_attributes("test"), lead=("step",)) as history:
        for step in range(20):
            history.append(row(step, size))
        limit(FIRST)
        try:
            history.ACTION
        except HistoryError as error:
            print(error)
        limit(resource.RLIM_INFINITY)
        assert open_history(path).sizes["step"] == 20
        history.append(row(20, size))
        history.finish()
    assert open_history(path).sizes["step"] == 21
"""


@pytest.mark.parametrize(
    ("action", "limit", "file"),
    [
        ("append(row(30, size))", 6000, "segment-000021-000021.nc"),
        pytest.param("finish()", 60000, "finished.nc", marks=pytest.mark.slow),
        pytest.param(
            "save_state('seed-0', [np.zeros(9999)], {})",
            6000,
            "state-seed-0-000000.nc",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "append_activations({'step': 3}, [{'a': np.ones((999, 9))}])",
            6000,
            "activations-000000.nc",
            marks=pytest.mark.slow,
        ),
    ],
    ids=lambda value: str(value).split("(")[0],
)
def test_a_write_that_fails_loses_nothing(path, action, limit, file):
    command = textwrap.dedent(LIMITED).replace("ACTION", action).replace("FIRST", str(limit))
    run = subprocess.run([sys.executable, "-c", command, path], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    assert f"{file}: could not be written" in run.stdout
    assert run.stdout.count("\n") == 1
    assert "Everything recorded before is kept" in run.stdout
    assert [entry.name for entry in path.parent.iterdir()] == ["history.nc"]


FULL = """
    import os, sys
    import numpy as np, xarray as xr
    from probekit.errors import HistoryError
    from probekit.history import HistoryWriter, make_attributes

    with HistoryWriter(sys.argv[1], attributes=make_attributes("test"), lead=("step",)) as history:
        try:
            for step in range(100):
                values = np.random.default_rng(step).normal(size=(1, 2000))
                history.append(xr.Dataset({"x": (("step", "unit"), values)}, {"step": [step]}))
        except HistoryError as error:
            print(step, error)
"""


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_is_told_and_resumed(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no right to mount here")
    try:
        path = disk / "history.nc"
        command = [sys.executable, "-c", textwrap.dedent(FULL), path]
        run = subprocess.run(command, capture_output=True, text=True)
        assert (run.returncode, run.stderr) == (0, "")
        written, message = run.stdout.rstrip("\n").split(" ", 1)
        assert re.fullmatch(r".*the disk is full\. Everything recorded before is kept.*", message)
        assert open_history(path).sizes["step"] == int(written) > 5
        subprocess.run(["mount", "-o", "remount,size=4m", str(disk)], check=True)
        with writer(path, resume=True) as history:
            history.append(row(int(written), 2000))
            history.finish()
        assert open_history(path).sizes["step"] == int(written) + 1
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize(
    ("dataset", "match"),
    [
        (xr.Dataset({"x": ("epoch", [1.0])}), "'step' is missing. Use dataset.expand_dims"),
        (xr.Dataset({"x": ("step", [1.0])}), "'step' is missing"),
        (row(1).assign(x=("step", [1.0])), r"dataset\['x'\]: dims \('step',\); the rows before"),
        (row(1, 2), "unit has length 2; the rows before have 1. Give unit labels"),
        (row(1).astype(str), "Numbers and text do not go into one variable"),
        (row(1).astype(complex), "x: dtype complex128 cannot be kept"),
        (row(1).assign(x=("step", [{}])), "x: dtype object cannot be kept"),
        (row(1).assign(x=("step", np.array(["2020"], "M8[s]"))), r"dtype datetime64\[s\] cannot"),
    ],
)
def test_rows_that_do_not_fit(path, dataset, match):
    with writer(path) as history:
        history.append(row(0))
        with fails(ShapeError, match):
            history.append(dataset)
        history.append(row(1))
        history.finish()
    assert open_history(path).sizes["step"] == 2


@pytest.mark.parametrize("path", [".", "..", "/", ""])
def test_a_folder_is_no_history(path):
    for opening in (open_history, writer):
        with fails(HistoryError, r": is a folder; name a history in it\."):
            opening(path)


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs Linux")
def test_what_has_no_size_is_not_full():
    with fails(HistoryError, r"/proc/x\.nc\.partial: could not be written") as caught:
        writer("/proc/x.nc")
    assert "full" not in str(caught.value)
    assert "free some space" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "reason"), [(b"", "is empty"), (b"\x89HDF\r\n\x1a\n", "damaged")]
)
def test_a_damaged_history_is_not_called_finished(tmp_path, content, reason):
    path = tmp_path / "history.nc"
    path.write_bytes(content)
    with pytest.raises(HistoryError, match=rf"{reason}.*Pass overwrite \(--overwrite\) to rep"):
        HistoryWriter(path, attributes=make_attributes("test"), resume=True)
    HistoryWriter(path, attributes=make_attributes("test"), overwrite=True).close()
