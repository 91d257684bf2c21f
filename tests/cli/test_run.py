"""`probekit run`, with a task that trains nothing."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from probekit.errors import Argument, DivergedError, HistoryError, OptionError, ScoreWarning
from probekit_cli import run as run_command
from probekit_cli._endings import program, signals_as_interrupts
from probekit_cli.run import size_text

RUN = ("run", "my-task")


def test_it_ends_with_scores_and_what_to_do_next(probekit, fake_run):
    done = probekit(*RUN)
    assert done.code == 0
    lines = done.out.splitlines()
    # 0.1 and 0.11, interval of two values: 12.706 * 0.005
    assert "  hidden_0  0.105 ± 0.064  0.015 ± 0.064" in lines
    assert re.fullmatch(
        r"In hidden_1, linear explains 8\.2 times as much of the variance as xor "
        r"\(R² 0\.205 and 0\.025\), at test accuracies of 100\.0 % and 75\.0 %\.",
        lines[-5],
    )
    assert re.fullmatch(r"history  my-task\.nc \(\d+ kB, \d+ s\)", lines[-3])
    assert lines[-2:] == ["next     probekit show my-task.nc", "         probekit plot my-task.nc"]


def test_the_options_of_a_run_get_there(probekit, fake_run):
    probekit(
        *(*RUN, "-o", "other.nc", "--layers", "hidden_*,logits", "-l", "x", "--every", 3),
        *("--store-activations", "hidden_1", "--durable", "--overwrite"),
        *("--compression", 1, "--keep-bits", 10, "--one-by-one"),
    )
    given = fake_run.arguments
    assert str(given["output"]) == "other.nc"
    assert given["layers"] == ["hidden_*", "logits", "x"]
    assert given["store_activations"] == ["hidden_1"]
    assert (given["every"], given["durable"], given["vectorized"]) == (3, True, False)
    assert given["storage"] == (1, 10)
    assert (given["overwrite"], given["resume"]) == (True, False)


@pytest.mark.parametrize(
    ("output", "path"),
    [
        *[("other", "other.nc"), ("other.nc", "other.nc"), ("folder", "folder/my-task.nc")],
        *[("lr0.01", "lr0.01.nc"), ("other.h5", "other.h5")],
    ],
)
def test_where_the_history_goes(probekit, fake_run, tmp_path, output, path):
    (tmp_path / "folder").mkdir()
    done = probekit(*RUN, "-o", output)
    assert done.code == 0
    assert f"history  {path} (" in done.out
    assert (tmp_path / path).is_file()


def test_what_was_not_given_is_left_to_the_run(probekit, fake_run):
    probekit(*RUN)
    assert not {"layers", "estimators", "store_activations"} & {*fake_run.arguments}


def test_estimators_come_as_instances(probekit, fake_run):
    from probekit.estimators import CKA, LinearR2

    probekit(*RUN, "--estimators", "linear_r2", "-e", "cka(kernel=rbf,name=rbf_cka)")
    assert fake_run.arguments["estimators"] == [LinearR2(), CKA(kernel="rbf", name="rbf_cka")]


def test_options_may_stand_before_the_task(probekit, fake_run):
    assert probekit("run", "--quiet", "--width", "3", "my-task").code == 0
    assert fake_run.arguments["width"] == 3


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--estimators", "liner_r2"), "unknown estimator 'liner_r2'; did you mean 'linear_r2"),
        (("--estimators", "cka(kernel=foo)"), "kernel='foo': not a choice"),
        (("--estimators", "cka(kern='rbf')"), "unknown option of estimator 'cka': 'kern'; did yo"),
        (("--overwrite", "--resume"), "--overwrite, --resume: contradict each other; give one o"),
    ],
)
def test_what_cannot_be_is_a_usage_error(probekit, fake_run, words, complaint):
    done = probekit(*RUN, *words)
    assert done.code == 2
    assert done.complaint.startswith(f"probekit: {complaint}")
    assert fake_run.arguments is None


def test_an_existing_history_is_kept(probekit, fake_run):
    probekit(*RUN)
    done = probekit(*RUN)
    assert done.code == 1
    assert done.complaint == (
        "probekit: my-task.nc: exists. Give --overwrite to replace it, or --output FILE to keep it."
    )
    assert probekit(*RUN, "--overwrite").code == 0


@pytest.mark.parametrize("words", [(), ("--overwrite",), ("--resume",)])
def test_what_is_no_history_is_never_replaced(probekit, fake_run, words):
    """Nor is it suggested: it is something else that somebody keeps there."""
    Path("notes.nc").write_text("hello")
    done = probekit(*RUN, "-o", "notes.nc", *words)
    assert done.code == 1
    assert done.complaint == (
        "probekit: notes.nc: is not a history of probekit, and is not overwritten. "
        "Choose another path, or remove the file."
    )
    assert fake_run.arguments is None


def test_the_folder_of_an_unfinished_history_stands_for_it(probekit, fake_run):
    Path("wide.nc.partial").mkdir()
    probekit(*RUN, "-o", "wide.nc.partial", "--resume")
    assert [path.name for path in Path().glob("*.nc*")] == ["wide.nc"]


def test_an_unfinished_history_is_kept(probekit, fake_run):
    fake_run.raises = KeyboardInterrupt()
    probekit(*RUN)
    done = probekit(*RUN)
    assert done.code == 1
    assert done.complaint.startswith("probekit: my-task.nc.partial: holds an unfinished history.")
    assert "--resume" in done.complaint


@pytest.mark.parametrize("rerun", [(), ("--output", "nowhere/x.nc")])
def test_where_a_history_cannot_go_is_said_before_anything_is_imported(rerun, tmp_path):
    (tmp_path / "reference-complexity.nc").touch()
    code = (
        "import sys; from probekit_cli.main import main\n"
        f"try: main(['run', 'reference-complexity', *{rerun!r}])\n"
        "except SystemExit: print(*{'jax', 'xarray', 'sklearn'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"
    assert len(done.stderr.splitlines()) == 1


def test_a_history_into_a_folder_that_there_is_not(probekit, fake_run):
    done = probekit(*RUN, "-o", "nowhere/x.nc")
    assert done.code == 2
    assert done.complaint == (
        "probekit: --output nowhere/x.nc: there is no folder nowhere; make it first."
    )
    assert fake_run.arguments is None


def test_quiet_is_silent(probekit, fake_run):
    done = probekit(*RUN, "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_quiet_or_not_errors_are_shown(probekit, fake_run):
    fake_run.raises = OptionError(Argument("layers", "x"), ": matches none.")
    done = probekit(*RUN, "-q")
    assert done.code == 2
    assert done.complaint == "probekit: --layers x: matches none."


def test_warnings_are_one_line(probekit, fake_run, monkeypatch):
    import warnings

    def warning(*args, **kwargs):
        warnings.warn("hidden_0: constant unit", ScoreWarning, stacklevel=1)
        return fake_run(*args, **kwargs)

    monkeypatch.setattr("probekit.running.run", warning)
    assert probekit(*RUN, "-q").complaint == "probekit: warning: hidden_0: constant unit"


# ------------------------------------------------------------------------------ JSON


def test_json_is_all_there_is_on_standard_output(probekit, fake_run):
    done = probekit(*RUN, "--json")
    events = [json.loads(line) for line in done.out.splitlines()]
    assert [event["event"] for event in events] == ["started", *["chunk"] * 4, "finished"]
    started, finished = events[0], events[-1]
    assert started["config"]["width"] == 8
    assert started["seeds"] == [0, 1]
    assert finished["path"] == "my-task.nc"
    (score,) = (
        score
        for score in finished["scores"]["linear_r2"]
        if (score["layer"], score["feature"]) == ("logits", "linear")
    )
    assert score["mean"] == pytest.approx(0.305)
    assert score["lower"] == pytest.approx(0.305 - 12.7062 * 0.005, abs=1e-5)
    assert score["seeds"] == 2


def test_json_has_every_row_by_its_labels(probekit, fake_run):
    done = probekit(*RUN, "--json", "-q")
    chunks = [json.loads(line) for line in done.out.splitlines()[1:-1]]
    rows = [row for chunk in chunks for row in chunk["rows"]]
    assert [(row["seed"], row["epoch"]) for row in rows] == [
        (seed, epoch) for seed in (0, 1) for epoch in range(5)
    ]
    assert rows[-1]["linear_r2"]["hidden_1"] == {"linear": 0.21, "xor": 0.03}
    assert rows[-1]["loss"] == {"train": 0.2, "test": 0.2}
    assert "linear_r2_status" not in rows[-1]


def test_json_tells_of_a_failure(probekit, fake_run):
    fake_run.raises = DivergedError("seed 0: the loss is nan")
    last = json.loads(probekit(*RUN, "--json").out.splitlines()[-1])
    assert last == {
        "event": "failed",
        "error": "DivergedError",
        "message": "seed 0: the loss is nan",
    }


# ---------------------------------------------------------------------------- endings


def test_a_run_that_diverges_says_where_the_rest_is(probekit, fake_run):
    fake_run.raises = DivergedError("seed 0: the loss is nan; training diverged.")
    done = probekit(*RUN)
    assert done.code == 1
    assert done.err.splitlines()[-3:] == [
        "probekit: seed 0: the loss is nan; training diverged.",
        "probekit: the epochs before are kept. Look at them with:",
        "  probekit show my-task.nc",
    ]
    assert "3 layers" in probekit("show", "my-task.nc").out


def test_a_run_whose_disk_is_full_says_how_to_go_on(probekit, fake_run):
    fake_run.raises = HistoryError("my-task.nc.partial: no space left on the device.")
    done = probekit(*RUN, "--width", "3")
    assert done.code == 1
    assert done.err.splitlines()[-3:] == [
        "probekit: my-task.nc.partial: no space left on the device.",
        "probekit: ended at seed 0, epoch 4; what was recorded is kept. Go on with:",
        "  probekit run my-task --width 3 --resume",
    ]


@pytest.mark.parametrize("words", [(), ("--resume",), ("--overwrite",)])
def test_an_interrupt_says_how_to_go_on(probekit, fake_run, words):
    fake_run.raises = KeyboardInterrupt()
    done = probekit(*RUN, "--names", "a b", *words)
    assert done.code == 130
    assert done.err.splitlines()[-2:] == [
        "probekit: stopped at seed 0, epoch 4; what was recorded is kept. Go on with:",
        "  probekit run my-task --names 'a b' --resume",
    ]
    fake_run.raises = None
    assert probekit(*RUN, "--names", "a b", "--resume").code == 0


def test_an_interrupt_before_anything_was_recorded(probekit, fake_run, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("probekit.running.run", interrupt)
    done = probekit(*RUN)
    assert done.code == 130
    assert done.complaint == "probekit: stopped; nothing was recorded."


def test_an_interrupt_before_the_first_epoch(probekit, fake_run):
    fake_run.raises_at_once = KeyboardInterrupt()
    done = probekit(*RUN)
    assert done.code == 130
    assert done.err.splitlines()[-1] == (
        "probekit: stopped before the first epoch; nothing was recorded."
    )


@pytest.fixture
def unignored():
    """Signals as a terminal has them; they may be ignored by whoever started the tests."""
    usual = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: signal.SIG_DFL,
        signal.SIGHUP: signal.SIG_DFL,
    }
    before = {number: signal.signal(number, handler) for number, handler in usual.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("unignored")
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_whose_exception_a_library_dropped_stops_the_run(
    probekit, fake_run, monkeypatch, name, code
):
    def deaf(*args, **kwargs):
        with contextlib.suppress(KeyboardInterrupt):
            os.kill(os.getpid(), getattr(signal, name))
            time.sleep(1)
        return fake_run(*args, **kwargs)

    monkeypatch.setattr("probekit.running.run", deaf)
    done = probekit(*RUN)
    assert done.code == code
    assert done.err.splitlines()[-2].startswith("probekit: stopped at seed 0, epoch ")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.usefixtures("unignored")
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
@pytest.mark.parametrize("dropped", [True, False])
def test_a_signal_before_the_run_is_told_and_not_lost(
    probekit, fake_run, monkeypatch, name, code, dropped
):
    """Python drops what is raised in the callbacks of an import; typer makes 130 of the rest."""
    check = run_command.check_output

    def signalled(*args, **kwargs):
        with contextlib.suppress(KeyboardInterrupt if dropped else ()):
            os.kill(os.getpid(), getattr(signal, name))
            time.sleep(1)
        check(*args, **kwargs)

    monkeypatch.setattr(run_command, "check_output", signalled)
    done = probekit(*RUN)
    assert done.code == code
    assert done.err.startswith("probekit: stopped")


@pytest.mark.usefixtures("unignored")
def test_what_is_imported_is_not_interrupted():
    """C++ may end the process for an exception there."""
    reached = []

    def start():
        with signals_as_interrupts() as asked, asked.importing():
            os.kill(os.getpid(), signal.SIGINT)
            reached.append("the end")

    with pytest.raises(KeyboardInterrupt):
        start()
    assert reached


@pytest.mark.usefixtures("unignored")
def test_an_interrupt_that_cannot_be_raised_is_remembered_and_not_told(capsys, monkeypatch):
    """As in a callback of the garbage collection of XLA, where Ctrl-C twice often came."""
    monkeypatch.setattr("sys.unraisablehook", sys.__unraisablehook__)

    class Collected:
        def __init__(self, act):
            self.act = act

        def __del__(self):
            self.act()

    with signals_as_interrupts() as asked:
        Collected(lambda: asked.stop(signal.SIGINT, None))
        assert capsys.readouterr().err == ""
        Collected(lambda: 1 / 0)
        assert "ZeroDivisionError" in capsys.readouterr().err
        with pytest.raises(KeyboardInterrupt):
            asked.probekit_chunk_finished()


@pytest.mark.usefixtures("unignored")
@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGHUP", 129)])
def test_other_signals_end_a_run_as_ctrl_c_does(probekit, fake_run, monkeypatch, name, code):
    def terminated(*args, **kwargs):
        os.kill(os.getpid(), getattr(signal, name))
        return fake_run(*args, **kwargs)

    before = signal.getsignal(getattr(signal, name))
    monkeypatch.setattr("probekit.running.run", terminated)
    assert probekit(*RUN).code == code
    assert signal.getsignal(getattr(signal, name)) is before


def test_a_signal_that_is_ignored_stays_ignored(probekit, fake_run, monkeypatch):
    def hung_up(*args, **kwargs):
        os.kill(os.getpid(), signal.SIGHUP)
        return fake_run(*args, **kwargs)

    monkeypatch.setattr("probekit.running.run", hung_up)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert probekit(*RUN).code == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_bug_keeps_its_traceback(capsys, fake_run):
    from probekit_cli.main import main

    fake_run.raises = ZeroDivisionError("a bug")
    with pytest.raises(ZeroDivisionError, match="a bug"):
        main([*RUN])


# --------------------------------------------------------------------------- listeners

LISTENER = """
from probekit.plugins import hookimpl

@hookimpl
def probekit_chunk_finished(run, dataset):
    raise ValueError("no disk for pictures")
"""


def test_a_listener_that_fails_costs_nothing(probekit, fake_run, plugin):
    plugin("listening_plugin", LISTENER)
    done = probekit("-p", "listening_plugin", *RUN)
    assert done.code == 0
    said = [line for line in done.err.splitlines() if "listening_plugin" in line]
    assert len(said) == 1  # once, not at every chunk
    assert "probekit: warning: plugin 'listening_plugin': probekit_chunk_finished raised" in said[0]
    assert "0.105" in done.out


def test_progress_is_a_plugin_that_can_be_switched_off(probekit, fake_run):
    assert "my-task: 2 seeds" in probekit(*RUN).err
    assert probekit("-p", "no:progress", *RUN, "--overwrite").err == ""


@pytest.mark.parametrize(
    ("size", "text"),
    [(999, "999 B"), (1000, "1 kB"), (20077, "20 kB"), (3.2e6, "3 MB"), (4.56e9, "4.6 GB")],
)
def test_sizes(size, text):
    assert size_text(size) == text


def script(folder):
    """Make a program called probekit."""
    folder.mkdir()
    path = folder / "probekit"
    path.write_text("#!/bin/sh")
    path.chmod(0o755)
    return path


def test_a_program_that_is_not_on_the_path_is_called_as_it_was(tmp_path, monkeypatch):
    on_path, other = script(tmp_path / "bin"), script(tmp_path / "other")
    monkeypatch.setenv("PATH", str(on_path.parent))
    for called, named in ((on_path, "probekit"), (other, str(other)), ("pytest", "probekit")):
        monkeypatch.setattr("sys.argv", [str(called)])
        assert program() == named
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("sys.argv", [".venv/bin/probekit"])
    assert program() == ".venv/bin/probekit"


def test_what_to_do_next_works_without_a_path(probekit, fake_run, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("sys.argv", [".venv/bin/probekit"])
    assert "next     .venv/bin/probekit show my-task.nc" in probekit(*RUN).out
    fake_run.raises = KeyboardInterrupt()
    done = probekit(*RUN, "--overwrite")
    assert done.err.splitlines()[-1] == "  .venv/bin/probekit run my-task --resume"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (
            ("--sgd-rate", 0.5),
            "--sgd-rate 0.5: is only for --optimizer sgd; optimizer is adam.",
        ),
        (("--every", 2), "--every 2: is of stored activations; give --store-activations GLOB too."),
        (
            ("--compression", 1),
            "--compression 1: is of stored activations; give --store-activation",
        ),
        (
            ("--keep-bits", 9),
            "--keep-bits 9: is of stored activations; give --store-activations GL",
        ),
        (("--optimizer", "sgd", "--sgd-rate", 0.1), None),
        (("--every", 1), None),
    ],
)
def test_an_option_without_effect_is_refused(probekit, fake_run, words, complaint):
    done = probekit(*RUN, *words)
    assert done.code == (0 if complaint is None else 2)
    if complaint:
        assert done.complaint.startswith(f"probekit: {complaint}")


def test_only_what_was_given_is_handed_on(probekit, fake_run):
    assert probekit(*RUN, "--context", "c").code == 0
    assert fake_run.arguments["context"] == "c"
    assert "width" not in fake_run.arguments


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        ("nowhere/", "there is no folder nowhere/; make it first."),
        ("/dev/null", "/dev/null is a device or a pipe; name a file."),
        ("", "--output: '' names nothing; name a file."),
    ],
)
def test_where_a_history_cannot_go(probekit, fake_run, target, complaint):
    done = probekit(*RUN, "-o", target)
    assert done.code == 2
    assert done.err.endswith(f"{complaint}\n")
    assert fake_run.arguments is None
