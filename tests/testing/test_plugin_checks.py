"""The checks of plugins find what they are for."""

import sys

import pytest

import probekit
from probekit import hookimpl
from probekit.testing import ConformanceError, check_plugin


class Good:
    """One of each hook, as they are meant."""

    @hookimpl
    def probekit_register(self, registry):
        registry.estimator("mean_r2", "probekit.estimators:LinearR2", summary="Mine.")

    @hookimpl
    def probekit_add_commands(self, app):
        @app.command()
        def greet():
            """Say hello."""

    @hookimpl
    def probekit_run_started(self, run):
        assert run.seeds == (0, 1)

    @hookimpl
    def probekit_history_variables(self, dataset):
        return {"twice": 2 * dataset.loss}

    @hookimpl
    def probekit_report_sections(self, dataset):
        return [("Mine", f"<p>{dataset.sizes['seed']}</p>")]


def test_a_good_plugin_passes_every_check():
    results = check_plugin(Good())
    assert {result.outcome for result in results} == {"passed"}
    assert [result.check for result in results] == [
        "check_loading",
        "check_light_import",
        "check_summaries",
        "check_targets",
        "check_commands",
        "check_run",
        "check_report_sections",
    ]


def registering(function):
    return type(
        "Mine", (), {"probekit_register": hookimpl(lambda self, registry: function(registry))}
    )()


def listening(hook, function):
    return type("Mine", (), {hook: hookimpl(function)})()


def commands(function):
    return listening("probekit_add_commands", lambda self, app: function(app))


def undocumented(app):
    @app.command()
    def greet(): ...


def clobbering(app):
    @app.command()
    def show():
        """Show something else."""


class Empty:
    pass


class Unmarked:
    def probekit_run_started(self, run): ...

    @hookimpl
    def probekit_run_finished(self): ...


class Misspelt:
    @hookimpl
    def probekit_run_starts(self, run): ...


class Demanding:
    @hookimpl
    def probekit_run_started(self, run, weather): ...


def fail(self):
    raise ValueError("out of order")


@pytest.mark.parametrize(
    ("plugin", "message"),
    [
        (Empty(), "check_loading: .* it has no hook implementation"),
        (
            Unmarked(),
            "check_loading: .* probekit_run_started is not marked with @probekit.hookimpl",
        ),
        (Misspelt(), "check_loading: .* did you mean 'probekit_run_started'"),
        (Demanding(), "check_loading: .* weather"),
        (registering(lambda registry: None), "check_summaries: .* registers nothing"),
        (
            registering(lambda registry: registry.estimator("mine", "probekit.estimators:CKA")),
            "check_summaries: .* estimator 'mine' has no summary",
        ),
        (
            registering(lambda registry: registry.estimator("cka", "a:b", summary="s")),
            "check_loading: .*'cka' is registered by",
        ),
        (
            registering(lambda registry: registry.task("mine", "probekit:nothing", summary="s")),
            "check_targets: .* cannot import 'probekit:nothing'",
        ),
        (
            registering(lambda registry: registry.estimator("mine", "math:sqrt", summary="s")),
            "check_targets: .*TypeError",
        ),
        (
            registering(lambda registry: registry.task("mine", "math:pi", summary="s")),
            "check_targets: .* is no task",
        ),
        (commands(undocumented), "check_commands: .* command 'greet' has no help text"),
        (commands(clobbering), "check_commands: .* 'show' of .*: there is one already"),
        (listening("probekit_run_finished", fail), "check_run: .* raised ValueError: out of order"),
        (
            listening("probekit_history_variables", lambda self: {"loss": 3}),
            "check_run: .* 'loss' is a int; give a DataArray",
        ),
        (
            listening("probekit_history_variables", lambda self: None),
            "check_run: .* adds nothing to a run",
        ),
        (
            listening("probekit_report_sections", lambda self: [("title", 3)]),
            r"check_report_sections: .* returned \[\('title', 3\)\]; give pairs of title and HTML",
        ),
    ],
)
def test_what_breaks_a_law_is_found(plugin, message):
    with pytest.raises(ConformanceError, match=message):
        check_plugin(plugin)


def test_heavy_imports_are_found(tmp_path, monkeypatch):
    (tmp_path / "a_heavy_plugin.py").write_text(
        "import jax, probekit\n\n\n@probekit.hookimpl\ndef probekit_run_started(run): ...\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    import a_heavy_plugin

    try:
        results = check_plugin(a_heavy_plugin, on_fail="collect")
    finally:
        del sys.modules["a_heavy_plugin"]
    (failed,) = (result for result in results if result.outcome == "failed")
    assert failed.check == "check_light_import"
    assert "importing a_heavy_plugin imports jax" in failed.message


def test_the_plugins_of_the_session_are_left_alone():
    before = probekit.plugins.get_manager()
    check_plugin(registering(lambda r: r.estimator("mine", "probekit.estimators:CKA", summary="s")))
    assert probekit.plugins.get_manager() is before
    assert "mine" not in before.registry.names("estimator")
