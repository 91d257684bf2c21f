"""Running tasks of files: into histories, sweeps into dims, failures told at the end."""

import json
import os
from functools import partial

import numpy as np
import pytest
import xarray as xr

import probekit as pk
from probekit.collecting import Settings, collect, run_tasks
from probekit.errors import HistoryLockedError, OptionError, ProbekitWarning, UnknownNameError
from probekit.history import HistoryWriter, Storage, make_attributes
from probekit.history.file import Lock

SMALL = (
    "hidden=(6,), units=4, train_examples=64, fit_examples=40, test_examples=40, batch_size=32, "
    "seeds=1, epochs=1"
)

# Scores that tell with what arguments a task was called.
HEAD = """
    import numpy as np
    import xarray as xr
    import probekit as pk

    def scores(value):
        return xr.Dataset({"score": ("layer", [float(value), 1.0])}, {"layer": ["a", "b"]})
"""


ONE_ROW = xr.Dataset({"loss": (("seed", "epoch"), [[0.5]])}, {"seed": [0], "epoch": [0]})


def tasks(source, head=HEAD):
    return {"probes/probe_a.py": head + source}


def only(report):
    (result,) = report.results
    assert result.succeeded, result.trace
    return result


def failure(report):
    (result,) = report.failures
    return result.message


def test_a_function_that_returns_scores(project):
    project(
        tasks('''
    @pk.task
    def small(width: int = 3):
        """How small."""
        return scores(width)
''')
    )
    result = only(run_tasks("probes", output="out"))
    assert (result.nodeid, result.outcome) == ("probes/probe_a.py::small", "passed")
    assert str(result.path) == "out/probes/probe_a/small.nc"
    history = pk.open_history(result.path)
    xr.testing.assert_identical(history, result.dataset)
    assert history.score.values.tolist() == [3.0, 1.0]
    assert history.attrs["task"] == "small"
    assert history.attrs["title"] == "How small."
    assert history.attrs["node"] == "probes/probe_a.py::small"
    assert [path.name for path in result.path.parent.iterdir()] == ["small.nc"]
    other = only(run_tasks("probes", options={"width": 5}))
    assert (other.dataset.score[0], other.path) == (5.0, None)
    assert json.loads(other.dataset.attrs["config"]) == {"width": 5}


def test_probing_a_model_needs_no_more_than_this(project):
    project(
        tasks("""
    @pk.fixture
    def bits():
        return np.random.default_rng(0).integers(0, 2, (64, 3)).astype(np.float32)

    @pk.task
    def untrained(probe, bits):
        extractor = pk.extractors.arrays({"input": bits})
        return probe(extractor, None, {"first": bits[:, 0]})

    @pk.task
    def alike(compare, bits):
        return compare(*[pk.extractors.arrays({"input": bits})] * 2, None)["cka"]
""")
    )
    report = run_tasks(
        "probes", settings=Settings(estimators=["cka", "linear_r2"]), keyword="untrained"
    )
    assert {"cka", "linear_r2"} <= {*only(report).dataset.data_vars}
    alike = only(run_tasks("probes", settings=Settings(estimators="cka"), keyword="alike"))
    assert alike.dataset.cka.item() == pytest.approx(1)


def test_parameters_become_dims_in_the_given_order(project):
    project(
        tasks("""
    @pk.parametrize("kind", ["z", "a"])
    @pk.parametrize("width", [64, 16])
    @pk.task
    def swept(width, kind, scale=1.0):
        return scores(scale * width + (kind == "z"))
""")
    )
    history = only(run_tasks("probes", output="out")).dataset
    assert history.score.dims == ("kind", "width", "layer")
    assert (history.kind.values.tolist(), history.width.values.tolist()) == (["z", "a"], [64, 16])
    assert history.score.sel(layer="a").values.tolist() == [[65, 17], [64, 16]]
    config = json.loads(history.attrs["config"])
    assert config == {"kind": ["z", "a"], "width": [64, 16], "scale": 1.0}


def test_layers_and_units_may_differ_along_a_sweep(project):
    project(
        tasks("""
    @pk.parametrize("depth", [1, 3])
    @pk.task
    def swept(depth):
        layers = [f"hidden_{n}" for n in range(depth)]
        values = np.full((depth, depth + 1), float(depth))
        return xr.Dataset({"spectrum": (("layer", "unit"), values)}, {"layer": layers})
""")
    )
    history = only(run_tasks("probes")).dataset
    assert dict(history.spectrum.sizes) == {"depth": 2, "layer": 3, "unit": 4}
    assert int(history.spectrum.sel(depth=1).notnull().sum()) == 2


def test_a_dim_that_is_there_already(project):
    project(
        tasks("""
    @pk.parametrize("seed", [3, 1])
    @pk.task
    def fine(seed):
        return scores(seed).expand_dims(seed=[seed])

    @pk.parametrize("layer", ["a", "c"])
    @pk.task
    def wrong(layer):
        return scores(0)
""")
    )
    report = run_tasks("probes")
    assert report.results[0].dataset.score.sel(layer="a").to_series().to_dict() == {3: 3.0, 1: 1.0}
    assert "parametrize('layer'): what the task returns has a dim 'layer' already" in failure(
        report
    )


@pytest.mark.slow
def test_the_reference_task_with_other_settings_and_swept(project):
    project(
        tasks(f"""
    small = pk.task("reference-complexity", {SMALL})
    swept = pk.parametrize("epochs", [0, 1])(small)

    @pk.parametrize("epochs", [0, 1])
    @pk.task
    def by_hand(run, epochs):
        return run("reference-complexity", **{{**dict({SMALL}), "epochs": epochs}})
""")
    )
    report = run_tasks("probes", output="out", settings=Settings(layers="logits"))
    assert report.summary().startswith("3 passed in ")
    small, swept, by_hand = (result.dataset for result in report.results)
    assert dict(small.linear_r2.sizes) == {"seed": 1, "epoch": 2, "layer": 1, "feature": 2}
    assert dict(swept.linear_r2.sizes) == {"epochs": 2, **small.linear_r2.sizes}
    xr.testing.assert_equal(swept.sel(epochs=1, drop=True), small)
    xr.testing.assert_equal(swept, by_hand)
    assert bool(swept.loss.sel(epochs=0, epoch=1).isnull().all())
    assert swept.probekit.time == "epoch"
    assert swept.attrs["task"] == "reference-complexity"
    assert by_hand.attrs["task"] == "by_hand"
    config = json.loads(swept.attrs["config"])
    assert (config["epochs"], config["units"], config["layers"]) == ([0, 1], 4, ["logits"])
    again = only(
        run_tasks("probes::small", options={"epochs": 0})
        if False
        else run_tasks(
            "probes/probe_a.py::swept", options={"epochs": 0}, settings=Settings(layers="logits")
        )
    )
    xr.testing.assert_equal(again.dataset, swept.sel(epochs=[0], epoch=[0]))


@pytest.mark.slow
def test_activations_are_kept_when_a_function_returns_the_run_as_it_was(project):
    project(
        tasks(f"""
    @pk.task
    def kept(run):
        return run("reference-complexity", {SMALL})

    @pk.task
    def changed(run):
        return run("reference-complexity", {SMALL}).isel(epoch=[1])

    @pk.parametrize("units", [4, 5])
    @pk.task
    def swept(run, units):
        return run("reference-complexity", {SMALL})
""")
    )
    settings = Settings(store_activations="hidden_0")
    kept = only(run_tasks("probes", output="out", settings=settings, keyword="kept"))
    assert pk.open_activations(kept.path)["hidden_0"].shape[-1] == 6
    with pytest.warns(ProbekitWarning, match="changed does not return the Dataset of 'run' as it"):
        only(run_tasks("probes", output="out", settings=settings, keyword="changed"))
    report = run_tasks("probes", output="out", settings=settings, keyword="swept")
    assert "store_activations: swept is parametrized" in failure(report)


def test_a_recorder_writes_to_output(project):
    project(
        tasks("""
    @pk.task
    def recorded(output):
        bits = np.eye(8, dtype=np.float32)
        with pk.Recorder(output, inputs=None, features={"x": bits[:, 0]}) as recorder:
            for step in (0, 10):
                recorder.record(step, pk.extractors.arrays({"input": bits}))

    @pk.task
    def by_path(output):
        recorded(output)
        return output
""")
    )
    for result in run_tasks("probes", output="out").results:
        assert result.succeeded, result.trace
        assert result.dataset.step.values.tolist() == [0, 10]
        assert result.dataset.attrs["row_dims"] == "step"


def test_what_is_no_dataset_is_told(project):
    project(
        tasks("""
    @pk.task
    def nothing():
        pass

    @pk.task
    def number():
        return 3
""")
    )
    first, second = run_tasks("probes").failures
    assert first.message.startswith(
        "probes/probe_a.py:9: nothing: nothing returned nothing; a task"
    )
    assert "number returned a int; a task returns a Dataset" in second.message


FAILING = """
    @pk.task
    def first():
        return scores(1)

    @pk.parametrize("width", [1, 0])
    @pk.task
    def second(width):
        return scores(1 / width)

    @pk.task
    def third():
        return scores(3)
"""


def test_failures_are_told_with_file_line_and_name_and_stop_nothing(project):
    project(tasks(FAILING))
    seen = []
    report = run_tasks(
        "probes",
        output="out",
        started=lambda item: seen.append(item.name),
        finished=lambda result: seen.append(result.outcome),
    )
    assert seen == ["first", "passed", "second", "failed", "third", "passed"]
    assert report.failures[0].message == (
        "probes/probe_a.py:16: second[width=0]: ZeroDivisionError: division by zero"
    )
    assert report.failures[0].trace.splitlines()[0].startswith("  File ")
    assert "probekit/collecting" not in report.failures[0].trace
    assert report.summary().startswith("2 passed, 1 failed in ")


def test_stop_at_the_first_failure(project):
    project({**tasks(FAILING), "probes/probe_0.py": FAILING.replace("width=1", "")})
    report = run_tasks("probes/probe_a.py", stop_at_first=True)
    assert [result.outcome for result in report.results] == ["passed", "failed"]
    assert report.not_run == ("probes/probe_a.py::third",)
    report = run_tasks("probes", stop_at_first=True)  # a file without imports
    assert [result.outcome for result in report.results] == ["error"]
    assert report.results[0].nodeid == "probes/probe_0.py"
    assert len(report.not_run) == 3
    assert "3 not run" in report.summary()


def test_a_stopped_sweep_is_resumed_and_a_finished_task_is_kept(project, tmp_path):
    source = """
    from pathlib import Path

    @pk.parametrize("width", [1, 2, 3])
    @pk.task
    def swept(width, scale: float = 1.0):
        with open("calls", "a") as calls:
            calls.write(f"{width} ")
        if width == 2 and not Path("go").exists():
            raise RuntimeError("not yet")
        return scores(width * scale)
"""
    project(tasks(source))
    assert "swept[width=2]: RuntimeError: not yet" in failure(run_tasks("probes", output="out"))
    assert "Pass resume (--resume) to go on" in failure(run_tasks("probes", output="out"))
    (tmp_path / "go").touch()
    resume = Settings(resume=True)
    other = run_tasks("probes", output="out", settings=resume, options={"scale": 2.0})
    assert "was begun with scale=1.0, not with scale=2.0." in failure(other)
    resumed = only(run_tasks("probes", output="out", settings=resume))
    assert resumed.dataset.score.sel(layer="a").values.tolist() == [1, 2, 3]
    assert (tmp_path / "calls").read_text() == "1 2 2 3 "
    kept = only(run_tasks("probes", output="out", settings=resume))
    assert kept.outcome == "kept"
    xr.testing.assert_identical(kept.dataset, resumed.dataset)
    assert "exists. Pass overwrite" in failure(run_tasks("probes", output="out"))
    other = run_tasks("probes", output="out", settings=resume, options={"width": 2})
    assert "was made with width=[1, 2, 3], not [2]" in failure(other)
    other = run_tasks("probes", output="out", settings=resume, options={"scale": 2.0})
    assert "was made with scale=1.0, not 2.0" in failure(other)
    overwrite = Settings(overwrite=True)
    only(run_tasks("probes", output="out", settings=overwrite, options={"scale": 2.0}))
    assert pk.open_history("out/probes/probe_a/swept.nc").score[0, 0] == 2.0
    assert "with scale=2.0, not 1.0" in failure(run_tasks("probes", output="out", settings=resume))
    (tmp_path / "go").unlink()
    again = {"output": "out", "options": {"scale": 2.0}}
    assert "not yet" in failure(run_tasks("probes", settings=overwrite, **again))
    (tmp_path / "go").touch()
    resumed = only(run_tasks("probes", settings=resume, **again))
    assert resumed.outcome == "passed", "what was to be replaced is not kept"
    one = {"options": {"width": 2}, "output": "one.nc"}
    for outcome in ("passed", "kept"):
        assert only(run_tasks("probes", settings=resume, **one)).outcome == outcome


def test_a_history_of_what_a_changed_file_said_is_not_kept(project):
    """Functions that are swept over are told apart by their names: each process makes its own."""
    source = """
    def one():
        return {one}

    def two():
        return 2

    @pk.parametrize("make", [one, two])
    @pk.task
    def swept(make, scale=1.0, offset=object()):
        if {stop} and make is two:
            raise RuntimeError("not yet")
        return scores(make() * scale)
"""
    resume = Settings(resume=True)

    def run(one=1, stop=False, scale="1.0"):
        changed = source.format(one=one, stop=stop).replace("scale=1.0", f"scale={scale}")
        project(tasks(changed))
        return run_tasks("probes", output="out", settings=resume)

    assert "not yet" in failure(run(stop=True))
    assert "was begun with scale=1.0, not with scale=3.0" in failure(run(scale="3.0"))
    assert only(run(one=5)).dataset.score.sel(layer="a").values.tolist() == [1, 2]
    assert only(run()).outcome == "kept"
    assert "was made with scale=1.0, not 3.0" in failure(run(scale="3.0"))


def test_a_task_that_failed_at_once_leaves_nothing_behind(project, tmp_path):
    project(
        tasks("""
    @pk.task
    def failing():
        raise RuntimeError
""")
    )
    for _ in range(2):
        assert failure(run_tasks("probes", output="out")).endswith("failing: RuntimeError")
    assert [*(tmp_path / "out/probes/probe_a").iterdir()] == []


def test_two_processes_do_not_run_one_task(project, tmp_path):
    project(tasks(FAILING))
    folder = tmp_path / "first.parts"
    lock = Lock(folder)
    lock.acquire()
    try:
        report = run_tasks("probes/probe_a.py::first", output="first.nc")
    finally:
        lock.release(remove=True)
    assert "first.parts: this history is being written, by another process" in failure(report)
    assert issubclass(HistoryLockedError, OSError)


def test_ctrl_c_goes_through_and_fixtures_are_ended(project, tmp_path):
    """Those that others were made of come last."""
    project(
        tasks("""
    def ended(name):
        with open("ended", "a") as file:
            file.write(name + " ")

    @pk.fixture
    def base():
        yield 3
        ended("base")

    @pk.fixture
    def model(base):
        yield base
        ended("model")

    @pk.task
    def stopped(model):
        raise KeyboardInterrupt
""")
    )
    with pytest.raises(KeyboardInterrupt):
        run_tasks("probes")
    assert (tmp_path / "ended").read_text() == "model base "


def test_fixtures_come_from_the_nearest_file_and_are_computed_once(project, tmp_path):
    project(
        {
            "pyproject.toml": "",
            "probefile.py": """
            import probekit as pk

            def note(word):
                with open("calls", "a") as calls:
                    calls.write(f"{word} ")

            @pk.fixture
            def base():
                note("base")
                return 1

            @pk.fixture
            def model(base, width):
                note(f"model-{width}")
                return base * width
            """,
            "probes/probefile.py": """
            import probekit as pk

            @pk.fixture
            def base(base):
                return base + 10
            """,
            **tasks("""
    @pk.parametrize("width", [2, 3])
    @pk.task
    def one(model, width):
        return scores(model)

    @pk.task
    def two(model, base, width=2, missing=4):
        return scores(model + 100 * base + missing)
"""),
        }
    )
    one, two = run_tasks("probes").results
    assert one.dataset.score.sel(layer="a").values.tolist() == [22, 33]
    assert two.dataset.score[0] == 22 + 1100 + 4
    assert (tmp_path / "calls").read_text() == "base model-2 model-3 "


def test_a_fixture_that_cannot_be_ended_is_an_error_and_keeps_the_scores(project):
    project(
        tasks("""
    @pk.fixture
    def model():
        yield 3
        raise RuntimeError("stuck")

    @pk.task
    def small(model):
        return scores(model)
""")
    )
    task, fixture = run_tasks("probes").results
    assert task.succeeded
    assert fixture.message == "probes/probe_a.py:12: fixture model: RuntimeError: stuck"


def test_an_error_in_a_shared_fixture_names_its_line(project):
    project(
        {
            "probes/probefile.py": "import probekit as pk\n@pk.fixture\ndef model():\n    1 / 0\n",
            **tasks("""
    @pk.task
    def small(model):
        return scores(model)
"""),
        }
    )
    assert failure(run_tasks("probes")).startswith("probes/probefile.py:4: small: ZeroDivision")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"options": {"widht": 3}},
            "unknown option of task 'first': 'widht'; did you mean 'width'",
        ),
        ({"output": "one.nc"}, "output='one.nc': is one file, for 2 tasks"),
        ({"settings": Settings(overwrite=True, resume=True)}, "overwrite, resume: contradict"),
    ],
)
def test_what_cannot_be_is_told_before_anything_runs(project, arguments, message):
    project(
        tasks("""
    @pk.task
    def first(width=1):
        raise AssertionError

    @pk.task
    def second(width=1):
        raise AssertionError
""")
    )
    with pytest.raises((OptionError, UnknownNameError), match=message):
        run_tasks("probes", **arguments)


def test_settings_that_a_task_would_not_heed_are_refused(project):
    project(tasks(FAILING))
    item = "probes/probe_a.py::first"
    for settings in (Settings(estimators="cka"), Settings(layers="hidden_*")):
        (name,) = settings.chosen()
        message = failure(run_tasks(item, settings=settings))
        assert f"first: {name}: first would not heed it; give the function the argument" in message


def test_a_folder_that_cannot_be_made(project):
    project({**tasks(FAILING), "out": "a file"})
    assert "out/probes/probe_a: cannot be made" in failure(
        run_tasks("probes/probe_a.py::first", output="out")
    )


def test_collections_can_be_run_as_they_are(project):
    project(tasks(FAILING))
    report = run_tasks(collect("probes", keyword="third"))
    assert np.asarray(only(report).dataset.score)[0] == 3


@pytest.mark.slow
def test_a_finished_history_of_other_layers_or_estimators_is_not_kept(project):
    project(tasks(f'    small = pk.task("reference-complexity", {SMALL})\n'))
    only(run_tasks("probes", output="out", settings=Settings(layers=["hidden_0"])))

    def again(**settings):
        return run_tasks("probes", output="out", settings=Settings(resume=True, **settings))

    assert only(again()).outcome == "kept"
    assert only(again(layers="hidden_*")).outcome == "kept"  # the task has no other
    assert only(again(estimators=["linear_r2", "total_variance"])).outcome == "kept"
    assert failure(again(layers=["logits"])).endswith(
        "small.nc: was made with layers=['hidden_0'], not ['logits']. "
        "Pass overwrite (--overwrite) to replace it, or choose another path."
    )
    assert "layers=['hidden_0'], not ['hidden_0', 'logits']" in failure(again(layers="**"))
    assert "layers=['hidden_0'], not ['nothing']" in failure(again(layers=["nothing"]))
    assert 'estimators=["LinearR2(' in failure(again(estimators="cka"))


@pytest.mark.slow
def test_a_finished_function_of_other_layers_is_not_kept(project):
    project(
        tasks(f"""
    @pk.task
    def function(run):
        return run("reference-complexity", {SMALL})
""")
    )
    only(run_tasks("probes", output="out", settings=Settings(layers=["hidden_0"])))
    resume = Settings(resume=True, layers=["logits"])
    other = failure(run_tasks("probes", output="out", settings=resume))
    assert "was made with layers=['hidden_0'], not ['logits']" in other


def test_every_way_to_run_heeds_what_is_said_of_runs(project, monkeypatch):
    project(
        tasks("""
    variant = pk.task("reference-complexity", epochs=3)

    @pk.task
    def function(run):
        return 2 * run("reference-complexity", epochs=3)
""")
    )
    told = []

    def run(task, **options):
        told.append(options)
        return xr.Dataset({"score": ("layer", [1.0])}, {"layer": ["a"]})

    monkeypatch.setattr("probekit.running.run", run)
    chosen = {"layers": ["a"], "store_activations": ["a"], "every": 2, "vectorized": False}
    settings = Settings(**chosen, storage=Storage(1, 10), durable=True)
    with pytest.warns(ProbekitWarning, match="function does not return the Dataset"):
        run_tasks("probes", output="out", settings=settings)
    for options in told:
        assert options.items() >= {**chosen, "storage": (1, 10), "durable": True}.items()
        assert options["epochs"] == 3
    assert len(told) == 2


@pytest.mark.parametrize("durable", [True, False])
def test_scores_of_a_function_are_flushed_to_the_disk_if_asked(project, monkeypatch, durable):
    project(tasks(FAILING))
    flushed = []
    monkeypatch.setattr(os, "fsync", flushed.append)
    only(run_tasks("probes/probe_a.py::first", output="out", settings=Settings(durable=durable)))
    assert bool(flushed) is durable


def written(more, task, *, output, hidden, **_):
    """Write a history of one row, as `probekit.run` does after a while."""
    attributes = make_attributes(task, {"hidden": hidden, **more})
    with HistoryWriter(output, attributes=attributes) as writer:
        writer.append(ONE_ROW)
        writer.finish()
    return pk.open_history(output)


def test_a_run_that_has_finished_is_not_run_again(project, monkeypatch, tmp_path):
    project(
        tasks("""
    from pathlib import Path

    @pk.task
    def twice(run):
        one = run("anything", hidden=[1])
        if not Path("go").exists():
            raise RuntimeError("not yet")
        return xr.concat([one, run("anything", hidden=[2])], "hidden")
""")
    )
    monkeypatch.setattr("probekit.running.run", partial(written, {}))  # which overwrites nothing
    resume = Settings(resume=True)
    assert "not yet" in failure(run_tasks("probes", output="out", settings=resume))
    (tmp_path / "go").touch()
    assert only(run_tasks("probes", output="out", settings=resume)).dataset.sizes["hidden"] == 2


@pytest.mark.parametrize("stored", [False, True])
def test_the_history_of_a_run_says_with_which_options_its_function_ran_it(
    project, monkeypatch, stored
):
    """But not that with activations, which stays as it was."""
    project(
        tasks("""
    @pk.task
    def shallow(run, width: int = 64):
        return run("anything", hidden=[width])
""")
    )

    def again(**options):
        return run_tasks("probes", output="out", settings=Settings(resume=True), options=options)

    more = {"store_activations": ["a"]} if stored else {}
    monkeypatch.setattr("probekit.running.run", partial(written, more))
    attributes = only(again(width=3)).dataset.attrs
    config = json.loads(attributes["config"])
    assert (attributes["task"], config["hidden"]) == ("anything" if stored else "shallow", [3])
    assert only(again(width=3)).outcome == "kept"
    if not stored:
        assert "was made with width=3, not 64" in failure(again())


def test_a_finished_history_of_other_activations_is_not_kept(project, tmp_path):
    project(tasks('    small = pk.task("reference-complexity", epochs=3)\n'))
    (tmp_path / "out/probes/probe_a").mkdir(parents=True)
    config = {"epochs": 3, "layers": ["logits"], "store_activations": ["hidden_0"], "every": 2}
    attributes = make_attributes("reference-complexity", config)
    with HistoryWriter("out/probes/probe_a/small.nc", attributes=attributes) as writer:
        writer.append(ONE_ROW)
        writer.finish()

    def again(**settings):
        return run_tasks("probes", output="out", settings=Settings(resume=True, **settings))

    assert only(again(store_activations="*_0", every=2)).outcome == "kept"
    assert "with every=2, not 3" in failure(again(store_activations="*_0", every=3))
    assert "=['hidden_0'], not ['hidden_1']" in failure(again(store_activations=["hidden_1"]))
    assert "layers=['logits'], not ['hidden_0']" in failure(again(layers="hidden_0"))


def test_an_overwritten_history_is_not_kept_before_it_is_complete(project, tmp_path):
    """What is there is the old one; the new one was stopped."""
    project(tasks('    small = pk.task("reference-complexity", epochs=3)\n'))
    old = tmp_path / "out/probes/probe_a/small.nc"
    old.parent.mkdir(parents=True)
    with HistoryWriter(old, attributes=make_attributes("reference-complexity")) as writer:
        writer.append(ONE_ROW)
        writer.finish()
    (old.parent / "small.nc.partial").mkdir()
    (old.parent / "small.nc.partial" / "segment-000000-000000.nc").touch()
    told = failure(run_tasks("probes", output="out", settings=Settings(resume=True)))
    assert "small.nc.partial/segment-000000-000000.nc: is empty" in told


@pytest.mark.parametrize("settings", [Settings(), Settings(overwrite=True), Settings(resume=True)])
@pytest.mark.parametrize("argument", ["", "width: int = 3"])
def test_what_is_no_history_is_never_replaced(project, tmp_path, settings, argument):
    mark = "" if argument else '@pk.parametrize("width", [1, 2])'
    project(
        tasks(f"""
    {mark}
    @pk.task
    def small({argument or "width"}):
        raise AssertionError("it was run")
""")
    )
    (tmp_path / "notes.nc").write_text("hello")
    told = failure(run_tasks("probes", output="notes.nc", settings=settings))
    assert "notes.nc: is not a " in told  # history, or netCDF file
    assert (tmp_path / "notes.nc").read_text() == "hello"
    assert not (tmp_path / "notes.parts").exists()
