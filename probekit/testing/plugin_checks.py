"""The contract of plugins as checks: each takes a plugin, and raises if it is broken.

Each check loads the plugin into a manager of its own. Which apply follows from the hooks that it
implements. The first sentence of each docstring is the law that is checked.
"""

import contextlib
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from probekit.errors import PluginWarning
from probekit.plugins import ActivePlugin, Manager, set_manager
from probekit.testing._importing import can_be_imported, loaded_by

if TYPE_CHECKING:
    import xarray as xr

HEAVY = ("jax", "xarray", "sklearn", "scipy", "matplotlib")
"""What takes long to import, and is not needed to register or to list."""

OF_A_RUN = (
    "probekit_run_started",
    "probekit_history_variables",
    "probekit_chunk_finished",
    "probekit_run_finished",
)

SMALL: dict[str, Any] = {
    "seeds": 2,
    "epochs": 1,
    "train_examples": 64,
    "fit_examples": 32,
    "test_examples": 32,
    "batch_size": 32,
    "hidden": (8,),
}
"""Settings of the reference task that make a run of a second."""


class Subject(NamedTuple):
    """A plugin, and the names of the hooks that it implements."""

    plugin: object
    hooks: tuple[str, ...]

    @classmethod
    def of(cls, plugin: object) -> "Subject":
        """Look for the hooks."""
        return cls(plugin, tuple(name for name in dir(plugin) if name.startswith("probekit_")))

    @property
    def module(self) -> str:
        """Name of the module that it is or that it is from."""
        return str(getattr(self.plugin, "__module__", None) or self.name)

    @property
    def name(self) -> str:
        """Its own name."""
        return str(getattr(self.plugin, "__name__", None) or type(self.plugin).__name__)

    def __repr__(self) -> str:
        return f"plugin {self.name!r}"


Check = Callable[[Subject], None]


def checks_of(subject: Subject) -> Iterator[Check]:
    """Yield the checks that apply."""
    yield check_loading
    if can_be_imported(subject.module):
        yield check_light_import
    if "probekit_register" in subject.hooks:
        yield check_summaries
        yield check_targets
    if "probekit_add_commands" in subject.hooks:
        yield check_commands
    if set(OF_A_RUN) & set(subject.hooks):
        yield check_run
    if "probekit_report_sections" in subject.hooks:
        yield check_report_sections


def check_loading(subject: Subject) -> None:
    """Load, with hooks that there are, arguments that they have, and names that are not taken."""
    assert subject.hooks, "it has no hook implementation; mark functions with @probekit.hookimpl"
    with _loaded(subject) as manager:
        unmarked = sorted(set(subject.hooks) - set(_active(manager, subject).hooks))
        assert not unmarked, f"{unmarked[0]} is not marked with @probekit.hookimpl"


def check_light_import(subject: Subject) -> None:
    """Import nothing heavy when it is loaded: it is loaded whenever ``probekit`` starts."""
    heavy = loaded_by(subject.module, HEAVY)
    assert not heavy, f"importing {subject.module} imports {', '.join(heavy)}"


def check_summaries(subject: Subject) -> None:
    """Register something, each with a summary of one line."""
    with _loaded(subject) as manager:
        entries = _active(manager, subject).entries
        assert entries, "probekit_register registers nothing"
        for entry in entries:
            assert entry.summary.strip(), f"{entry.kind} {entry.name!r} has no summary"


def check_targets(subject: Subject) -> None:
    """Register what can be imported and made: estimators and tasks without any argument."""
    from probekit.estimators import resolve
    from probekit.running import config_of, task_of

    with _loaded(subject) as manager:
        for entry in _active(manager, subject).entries:
            target = manager.registry.load(entry.kind, entry.name)
            assert callable(target) or entry.kind == "task", f"{entry.name!r} is {target!r}"
            if entry.kind == "estimator":
                resolve(target())
            elif entry.kind == "task":
                config_of(task_of(target), {})


def check_commands(subject: Subject) -> None:
    """Add commands under names that are not taken, each with a help text."""
    from probekit_cli.app import build

    with _loaded(subject) as manager:
        for info in build(manager, []).registered_commands:
            callback: Any = info.callback
            if callback.__module__.partition(".")[0] != "probekit_cli":
                name = info.name or callback.__name__
                assert info.help or callback.__doc__, f"command {name!r} has no help text"


def check_run(subject: Subject) -> None:
    """Follow a run without raising or changing it; variables that it adds fit the history."""
    import xarray as xr

    expected = _history()
    with _loaded(subject):
        history = _history()
    added = sorted(set(map(str, history)) - set(map(str, expected)))
    xr.testing.assert_equal(history.drop_vars(added), expected)
    if "probekit_history_variables" in subject.hooks:
        assert added, "probekit_history_variables adds nothing to a run of the reference task"


def check_report_sections(subject: Subject) -> None:
    """Return pairs of title and HTML, both text, for a history that there may be; or nothing."""
    from probekit_cli.report import sections_of

    with _loaded(subject) as manager:
        sections_of(manager, _history())


@contextlib.contextmanager
def _loaded(subject: Subject) -> Iterator[Manager]:
    """Have the plugin active, alone beside the built-in one; what it is warned of is an error."""
    manager = Manager()
    before = set_manager(manager)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", PluginWarning)
            manager.register(subject.plugin, subject.name)
            yield manager
    finally:
        set_manager(before)


def _active(manager: Manager, subject: Subject) -> ActivePlugin:
    (found,) = (plugin for plugin in manager.plugins() if plugin.origin.plugin == subject.name)
    return found


def _history() -> "xr.Dataset":
    """Run the reference task, small."""
    from probekit.running import run

    return run("reference-complexity", **SMALL)
