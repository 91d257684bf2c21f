import threading
import types
import warnings

import pytest

from probekit.errors import PluginError, PluginWarning, UnknownNameError
from probekit.plugins import Manager, Switches, get_manager, hookimpl


class Listener:
    def __init__(self):
        self.heard = []

    @hookimpl
    def probekit_run_started(self, run):
        self.heard.append(run)


class Bringer:
    """Registers an estimator."""

    def __init__(self, name="mine"):
        self.name = name

    @hookimpl
    def probekit_register(self, registry):
        registry.estimator(self.name, "math:sqrt", summary="a test")


def test_the_built_in_plugin_comes_through_the_same_door(manager):
    builtin = manager.plugins()[0]
    assert builtin.origin.plugin == "builtin"
    assert builtin.hooks == ("probekit_register",)
    assert {entry.name for entry in builtin.entries} >= {"linear_r2", "reference-complexity"}


def test_a_plugin_that_comes_late_still_registers(manager):
    assert manager.register(Bringer(), "late") == "late"
    assert manager.registry.entry("estimator", "mine").plugin == "late"
    assert [entry.name for entry in manager.plugins()[1].entries] == ["mine"]


def test_unregistering_leaves_no_trace(manager):
    before = manager.plugins(), manager.registry.entries("estimator")
    listener = Listener()
    manager.register(Bringer(), "bringer")
    manager.register(listener)
    manager.unregister("bringer")
    manager.unregister(listener)
    manager.hook.probekit_run_started(run=1)
    assert (manager.plugins(), manager.registry.entries("estimator")) == before
    assert listener.heard == []
    manager.register(listener)  # and it may come again
    manager.hook.probekit_run_started(run=2)
    assert listener.heard == [2]


def test_unregistering_what_is_not_there(manager):
    with pytest.raises(UnknownNameError, match="unknown plugin 'bultin'; did you mean 'bui"):
        manager.unregister("bultin")
    with pytest.raises(UnknownNameError, match="unknown plugin 'Listener'; there are: builtin"):
        manager.unregister(Listener())


def test_listening_for_a_while(manager):
    listener = Listener()
    with manager.listening(listener):
        manager.hook.probekit_run_started(run=1)
    manager.hook.probekit_run_started(run=2)
    assert listener.heard == [1]


def test_listening_ends_with_an_exception_too(manager):
    listener = Listener()
    with pytest.raises(ZeroDivisionError), manager.listening(listener):
        raise ZeroDivisionError
    manager.hook.probekit_run_started(run=2)
    assert listener.heard == []


def test_several_listeners_of_one_class(manager):
    first, second, third = Listener(), Listener(), Listener()
    with manager.listening(first), manager.listening(second), manager.listening(third):
        names = [plugin.origin.plugin for plugin in manager.plugins()]
        manager.hook.probekit_run_started(run=1)
    assert names == ["builtin", "Listener", "Listener-2", "Listener-3"]
    assert first.heard == second.heard == third.heard == [1]


def test_a_listener_that_listens_already_hears_once(manager):
    listener = Listener()
    with manager.listening(listener):
        with manager.listening(listener):
            manager.hook.probekit_run_started(run=1)
        manager.hook.probekit_run_started(run=2)
    assert listener.heard == [1, 2]


def test_a_listener_that_is_switched_off_hears_nothing():
    manager, listener = Manager(Switches(disable=("progress",))), Listener()
    with manager.listening(listener, "progress"):
        manager.hook.probekit_run_started(run=1)
    assert listener.heard == []
    assert manager.register(listener, "progress") is None


def test_the_built_in_plugin_cannot_be_switched_off():
    with pytest.raises(PluginError, match=r"plugin 'builtin': cannot be switched off."):
        Manager(Switches(disable=("builtin",)))


def test_a_listener_without_hooks_is_a_mistake(manager):
    class Forgotten:
        def probekit_run_started(self, run): ...

    with pytest.raises(PluginError, match=r"'Forgotten': has no hook implementation; mark its me"):
        manager.register(Forgotten())
    assert len(manager.plugins()) == 1


def test_a_misspelt_hook_of_ones_own_is_an_error(manager):
    class Misspelt:
        @hookimpl
        def probekit_run_startd(self, run): ...

    with pytest.raises(PluginError, match=r"'Misspelt': unknown hook 'probekit_run_startd'; did "):
        manager.register(Misspelt())
    assert len(manager.plugins()) == 1


def test_a_hook_of_a_later_version_may_be_optional(manager):
    class Ahead(Listener):
        @hookimpl(optionalhook=True)
        def probekit_from_the_future(self, run): ...

    assert manager.register(Ahead(), "ahead") == "ahead"


def test_an_argument_that_the_hook_does_not_have(manager):
    class Wrong:
        @hookimpl
        def probekit_run_started(self, experiment): ...

    with pytest.raises(PluginError, match=r"^plugin 'Wrong': .*experiment.*can not be found in"):
        manager.register(Wrong())
    assert len(manager.plugins()) == 1


def test_registering_one_plugin_twice(manager):
    listener = Listener()
    manager.register(listener, "first")
    with pytest.raises(PluginError, match=r"plugin 'second': is registered already, as 'first'."):
        manager.register(listener, "second")


def test_two_plugins_of_one_name(manager):
    manager.register(Listener(), "same")
    with pytest.raises(PluginError, match="there is a plugin of this name already, plugin 'same'"):
        manager.register(Listener(), "same")


def test_a_plugin_that_wants_a_name_that_is_taken_is_not_half_registered(manager):
    class Greedy:
        @hookimpl
        def probekit_register(self, registry):
            registry.estimator("fine", "math:sqrt")
            registry.estimator("linear_r2", "math:sqrt")

        @hookimpl
        def probekit_run_started(self):
            raise AssertionError("it is still there")

    message = (
        r"'linear_r2' is registered by plugin 'builtin' \(probekit .*\) and by plugin 'Greedy'"
    )
    for _ in range(2):  # the name is free again
        with pytest.raises(PluginError, match=message):
            manager.register(Greedy())
    manager.hook.probekit_run_started(run=1)
    assert "fine" not in manager.registry.names("estimator")
    assert len(manager.plugins()) == 1


def test_a_module_may_be_a_plugin_without_hooks(manager):
    module = types.ModuleType("with_decorators_only")
    assert manager.register(module) == "with_decorators_only"


# ------------------------------------------------------------------------- installed

SOURCE = """
from probekit.plugins import hookimpl

@hookimpl
def probekit_register(registry):
    registry.estimator("my_probe", "my_plugin:MyProbe", summary="mine")
"""


def loaded(**switches):
    manager = Manager(Switches(**switches))
    manager.load()
    return manager


def test_an_installed_plugin_is_found(install):
    install("my-dist", {"mine": "my_plugin"}, version="3.2", my_plugin=SOURCE)
    manager = loaded()
    entry = manager.registry.entry("estimator", "my_probe")
    assert (entry.plugin, entry.distribution, entry.version) == ("mine", "my-dist", "3.2")
    assert [plugin.origin.plugin for plugin in manager.plugins()] == ["builtin", "mine"]


def test_installed_plugins_can_be_left_out(install):
    install("my-dist", {"mine": "my_plugin"}, my_plugin=SOURCE)
    for manager in (loaded(autoload=False), loaded(disable=("mine",))):
        assert "my_probe" not in manager.registry.names("estimator")
        assert manager.failed == {}


def test_one_can_be_asked_for_when_the_others_are_left_out(install):
    install("my-dist", {"mine": "my_plugin", "other": "other_plugin"}, my_plugin=SOURCE)
    manager = loaded(autoload=False, extra=("mine",))
    assert manager.registry.entry("estimator", "my_probe").distribution == "my-dist"


def test_a_plugin_that_cannot_be_imported_is_named_and_left_out(install):
    install("broken-dist", {"broken": "broken_plugin"}, broken_plugin="import no_such_module")
    install("my-dist", {"mine": "my_plugin"}, my_plugin=SOURCE)
    message = (
        r"^plugin 'broken' \(broken-dist 1\.0\): cannot be loaded \(ModuleNotFoundError: No module "
        r"named 'no_such_module'\); probekit goes on without it\.$"
    )
    with pytest.warns(PluginWarning, match=message):
        manager = loaded()
    assert "my_probe" in manager.registry.names("estimator")
    origin, error = manager.failed["broken"]
    assert origin.distribution == "broken-dist"
    assert isinstance(error, ModuleNotFoundError)


def test_a_plugin_that_raises_while_it_registers_leaves_nothing(install):
    source = SOURCE + "    raise RuntimeError('half way')\n"
    install("broken-dist", {"broken": "my_plugin"}, my_plugin=source)
    with pytest.warns(PluginWarning, match=r"plugin 'broken' .*RuntimeError: half way"):
        manager = loaded()
    assert "my_probe" not in manager.registry.names("estimator")
    assert len(manager.plugins()) == 1


def test_a_plugin_with_a_wrong_argument_is_left_out(install):
    source = "from probekit.plugins import hookimpl\n"
    source += "@hookimpl\ndef probekit_run_started(experiment): ...\n"
    install("broken-dist", {"broken": "my_plugin"}, my_plugin=source)
    with pytest.warns(PluginWarning, match=r"plugin 'broken' .*PluginError: .*experiment"):
        manager = loaded()
    assert "broken" in manager.failed


def test_a_misspelt_hook_of_a_stranger_is_a_warning(install):
    source = SOURCE + "@hookimpl\ndef probekit_run_startd(run): ...\n"
    install("my-dist", {"mine": "my_plugin"}, my_plugin=source)
    message = (
        r"^plugin 'mine' \(my-dist 1\.0\): unknown hook 'probekit_run_startd'; did you mean 'p"
    )
    with pytest.warns(PluginWarning, match=message):
        manager = loaded()
    assert "my_probe" in manager.registry.names("estimator")


def test_two_installed_plugins_that_want_one_name(install):
    install("dist-a", {"first": "my_plugin"}, my_plugin=SOURCE)
    install("dist-b", {"second": "your_plugin"}, your_plugin=SOURCE)
    message = r"by plugin 'first' \(dist-a 1\.0\) and by plugin 'second' \(dist-b 1\.0\); rename"
    with pytest.raises(PluginError, match=message):
        loaded()
    assert "my_probe" in loaded(disable=("second",)).registry.names("estimator")


def test_one_entry_point_in_two_distributions(install):
    install("dist-a", {"same": "my_plugin"}, my_plugin=SOURCE)
    install("dist-b", {"same": "your_plugin"}, your_plugin=SOURCE)
    with pytest.raises(PluginError, match=r"'same': is in two distributions, 'dist-.' and 'dist"):
        loaded()


def test_one_plugin_of_two_distributions_is_one(install):
    """As where a distribution is installed twice, in a folder of its own and for editing."""
    install("dist-a", {"same": "my_plugin"}, my_plugin=SOURCE)
    install("dist-b", {"same": "my_plugin"})
    assert len(loaded().plugins()) == 2


def test_a_module_can_be_asked_for(install):
    install("no-entry-points", {}, my_plugin=SOURCE)
    assert "my_probe" in loaded(extra=("my_plugin",)).registry.names("estimator")


def test_what_was_asked_for_must_load(install):
    install("broken-dist", {"broken": "broken_plugin"}, broken_plugin="1 / 0")
    with pytest.raises(PluginError, match=r"plugin 'broken' .*: cannot be loaded \(ZeroDivision"):
        loaded(extra=("broken",))
    message = r"'no_such': cannot be loaded .*neither an installed plugin nor a module; .*PYTHON"
    with pytest.raises(PluginError, match=message):
        loaded(extra=("no_such",), autoload=False)
    install("lacks-dist", {"lacks": "lacking_plugin"}, lacking_plugin="import no_such_module")
    with pytest.raises(PluginError, match=r"No module named 'no_such_module'\)\.$"):
        loaded(extra=("lacks",), autoload=False)


def test_a_plugin_that_exits_or_tells_much_takes_one_line(install):
    install("exits-dist", {"exits": "exiting_plugin"}, exiting_plugin="raise SystemExit(3)")
    text = "raise ValueError('first\\n  second')"
    install("tells-dist", {"tells": "telling_plugin"}, telling_plugin=text)
    with pytest.warns(PluginWarning) as caught:
        assert set(loaded().failed) == {"exits", "tells"}
    told = sorted(str(one.message) for one in caught)
    assert "plugin 'exits' (exits-dist 1.0): cannot be loaded (SystemExit: 3)" in told[0]
    assert "(ValueError: first; second); probekit goes on" in told[1]


def test_a_module_that_was_asked_for_elsewhere_can_be_switched_off(install):
    install("no-entry-points", {}, my_plugin=SOURCE)
    switches = Switches(autoload=False, extra=("my_plugin",)).with_requests(("no:my_plugin",))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        manager = Manager(switches)
        manager.load()
    assert "my_probe" not in manager.registry.names("estimator")


def test_switching_off_what_is_not_there():
    with pytest.warns(PluginWarning, match="plugin 'progres': cannot be switched off, it is not"):
        loaded(disable=("progres",), autoload=False)
    with pytest.warns(PluginWarning, match="plugin '': cannot be switched off, it is not"):
        loaded(disable=("",), autoload=False)
    with warnings.catch_warnings():  # of the command line, which loads it
        warnings.simplefilter("error")
        loaded(disable=("progress",), autoload=False)


# --------------------------------------------------------------------- of the process


@pytest.mark.usefixtures("own_session")
def test_the_manager_of_the_process_is_kept():
    assert get_manager() is get_manager()


@pytest.mark.usefixtures("own_session")
def test_the_environment_is_obeyed(install, monkeypatch):
    install("my-dist", {"mine": "my_plugin"}, my_plugin=SOURCE)
    install("your-dist", {"yours": "your_plugin"}, your_plugin=SOURCE.replace("my_", "your_"))
    monkeypatch.setenv("PROBEKIT_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PROBEKIT_PLUGINS", "mine")
    names = get_manager().registry.names("estimator")
    assert "my_probe" in names
    assert "your_probe" not in names


@pytest.mark.usefixtures("own_session")
def test_switches_build_the_manager_anew():
    before = get_manager()
    manager = get_manager(Switches(autoload=False))
    assert get_manager() is manager is not before


@pytest.mark.usefixtures("own_session")
def test_nobody_gets_a_manager_before_its_plugins_are_loaded(monkeypatch):
    begun, going_on, got = threading.Event(), threading.Event(), []

    def load(manager):
        begun.set()
        going_on.wait(10)

    monkeypatch.setattr(Manager, "load", load)
    threads = [threading.Thread(target=lambda: got.append(get_manager())) for _ in range(2)]
    threads[0].start()
    begun.wait(10)
    threads[1].start()
    threads[1].join(0.1)
    assert got == []
    going_on.set()
    for thread in threads:
        thread.join(10)
    assert got[0] is got[1]


@pytest.mark.usefixtures("own_session")
def test_a_manager_that_could_not_be_built_is_not_kept():
    before = get_manager()
    with pytest.raises(PluginError, match="cannot be loaded"):
        get_manager(Switches(extra=("no_such_module",)))
    assert get_manager() is before


def test_nothing_is_warned_of_without_a_reason():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert loaded().failed == {}
