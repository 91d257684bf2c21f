import dataclasses

import pytest

from probekit.errors import PluginError
from probekit.plugins import (
    Manager,
    Switches,
    estimator,
    extractor,
    get_manager,
    session,
    set_manager,
    task,
)

pytestmark = pytest.mark.usefixtures("clean_session")


@pytest.fixture
def clean_session(own_session, monkeypatch):
    monkeypatch.setattr(session, "_declarations", {})


def entry(kind, name):
    return get_manager().registry.entry(kind, name)


def test_a_class_is_registered_under_its_default_name():
    @estimator
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class SilentUnits:
        """Share of units that are zero.

        And more that no list shows.
        """

        name: str = "silent_units"

    found = entry("estimator", "silent_units")
    assert found.target is SilentUnits
    assert found.summary == "Share of units that are zero."
    assert found.plugin == __name__


def test_name_and_summary_can_be_given():
    @task(name="other-task", summary="In other words.")
    class Task:
        """As it is."""

        name = "task"

    assert entry("task", "other-task").summary == "In other words."


def test_a_task_has_a_summary_of_its_own():
    @task
    class Task:
        """As it is."""

        name = "a-task"
        summary = "for lists"

    assert entry("task", "a-task").summary == "for lists"


def test_an_extractor_has_the_name_of_the_function():
    @extractor
    def my_framework(model): ...

    assert entry("extractor", "my_framework").target is my_framework
    assert entry("extractor", "my_framework").summary == ""


def test_a_dataclass_without_docstring_has_no_summary():
    @estimator
    @dataclasses.dataclass(frozen=True)
    class Silent:
        name: str = "silent"

    assert entry("estimator", "silent").summary == ""


def test_running_a_cell_again_replaces_the_class():
    def cell():
        @estimator
        class Again:
            name = "again"

        return Again

    cell()
    second = cell()
    assert entry("estimator", "again").target is second
    third = cell()  # now that there is a manager
    assert entry("estimator", "again").target is third


def test_a_name_that_is_taken_by_another():
    get_manager()
    with pytest.raises(PluginError, match="'cka' is registered by plugin 'builtin'"):

        @estimator
        class MyCKA:
            name = "cka"


def test_a_conflict_that_shows_late_does_not_stay():
    @estimator
    class MyCKA:
        name = "cka"

    with pytest.raises(PluginError, match="'cka' is registered by plugin 'builtin'"):
        get_manager()
    assert "linear_r2" in get_manager().registry.names("estimator")


def test_what_is_declared_outlives_the_manager():
    @estimator
    class Kept:
        name = "kept"

    before = get_manager()
    after = get_manager(Switches(autoload=False))
    assert after is not before
    assert after.registry.load("estimator", "kept") is Kept


def test_a_class_without_a_name():
    message = r"estimator .*Nameless: has no default name; give it an attribute 'name', or write @e"
    with pytest.raises(PluginError, match=message):

        @estimator
        class Nameless:
            """No name."""


def test_a_decorator_in_a_plugin_belongs_to_the_plugin(install):
    source = "from probekit.plugins import estimator\n"
    source += "@estimator\nclass Mine:\n    '''Mine.'''\n    name = 'mine'\n"
    install("my-dist", {"decorated": "decorated_plugin"}, decorated_plugin=source)
    found = entry("estimator", "mine")
    assert (found.plugin, found.distribution, found.version) == ("decorated", "my-dist", "1.0")


def test_a_plugin_with_a_decorator_can_be_imported_first(install):
    source = "from probekit.plugins import estimator, hookimpl\n"
    source += "@estimator\nclass Mine:\n    name = 'mine'\n"
    source += "@hookimpl\ndef probekit_run_started(): ...\n"
    install("my-dist", {"decorated": "decorated_plugin"}, decorated_plugin=source)
    import decorated_plugin

    assert get_manager().registry.load("estimator", "mine") is decorated_plugin.Mine
    assert "decorated" in [plugin.origin.plugin for plugin in get_manager().plugins()]


def test_a_manager_of_ones_own_has_built_in_things_only():
    @estimator
    class Elsewhere:
        name = "elsewhere"

    set_manager(Manager())
    assert "elsewhere" not in get_manager().registry.names("estimator")
