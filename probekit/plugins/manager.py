"""The plugin manager: finds plugins, keeps a broken one from doing harm, calls hooks."""

import contextlib
import functools
import importlib
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import metadata
from typing import Any, NamedTuple

import pluggy

from probekit.errors import PluginError, PluginWarning, UnknownNameError
from probekit.plugins import builtin, hookspecs
from probekit.plugins.markers import PROJECT
from probekit.plugins.registry import BUILTIN, Registry

ENTRY_POINTS = "probekit"
"""Group of entry points by which installed packages name their plugins."""

AUTOLOAD_OFF = "PROBEKIT_DISABLE_PLUGIN_AUTOLOAD"
"""Environment variable: if set to anything, installed plugins are not loaded."""

EXTRA_PLUGINS = "PROBEKIT_PLUGINS"
"""Environment variable: modules to load as plugins, and ``no:NAME`` to leave one out."""


class PluginInfo(NamedTuple):
    """What ``probekit plugins`` shows of a plugin.

    Attributes
    ----------
    name : str
    origin : str
        The distribution it comes from, or the module.
    version : str
    hooks : tuple of str
        The hooks that it implements.
    error : str
        Why it was not loaded; empty if it was.
    """

    name: str
    origin: str
    version: str
    hooks: tuple[str, ...] = ()
    error: str = ""


class Manager:
    """Plugins, what they registered, and their hooks.

    Parameters
    ----------
    blocked : iterable of str
        Names of plugins that are not to be loaded.

    Attributes
    ----------
    registry : Registry
    hook : object
        ``manager.hook.probekit_run_started(run=…)`` calls every implementation. An exception in one
        becomes a `PluginWarning` that names the plugin, and the others are still called.
    failed : list of PluginInfo
        Plugins that could not be loaded.
    """

    def __init__(self, blocked: Iterable[str] = ()) -> None:
        self._pluggy = pluggy.PluginManager(PROJECT)
        self._pluggy.add_hookspecs(hookspecs)
        self._origins: dict[str, tuple[str, str]] = {}
        self.registry = Registry()
        self.failed: list[PluginInfo] = []
        self.hook = self._pluggy.hook
        for name in blocked:
            self._pluggy.set_blocked(name)
        self.register(builtin, BUILTIN, origin=PROJECT)

    def register(
        self, plugin: object, name: str | None = None, *, origin: str = "", version: str = ""
    ) -> str | None:
        """Add a plugin, a module or an object with hook implementations; return its name.

        None if it is blocked by name.

        Raises
        ------
        PluginError
            If a hook implementation fits no hook, if the plugin or one of its names is there
            already, or if it raises while it registers.
        """
        name = name or self._pluggy.get_canonical_name(plugin)
        try:
            if self._pluggy.register(plugin, name) is None:
                return None
            self._check_hooks(plugin, name)
            for hook, implementation in self._implementations(plugin):
                if hook == "probekit_register":
                    implementation.function(self.registry.of_plugin(name))
                elif not (implementation.wrapper or implementation.hookwrapper):
                    implementation.function = _guarded(implementation.function, name, hook)
        except (pluggy.PluginValidationError, ValueError) as error:
            self.unregister(name)
            raise PluginError(f"plugin {name!r}: {_one_line(error)}") from error
        except Exception as error:
            self.unregister(name)
            if isinstance(error, PluginError):
                raise
            raise PluginError(
                f"plugin {name!r}: {type(error).__name__} while it registers: {_one_line(error)}"
            ) from error
        self._origins[name] = origin or getattr(plugin, "__name__", type(plugin).__name__), version
        return name

    def unregister(self, name: str) -> None:
        """Remove a plugin and what it registered."""
        plugin = self._pluggy.get_plugin(name)
        if plugin is not None:
            self._pluggy.unregister(plugin)
        self.registry.remove(name)
        self._origins.pop(name, None)

    @contextlib.contextmanager
    def listening(self, listener: object) -> Iterator[None]:
        """Have a listener registered for the time of a ``with`` block."""
        name = self.register(listener)
        try:
            yield
        finally:
            if name is not None:
                self.unregister(name)

    def block(self, name: str) -> None:
        """Leave a plugin out: one that is there is removed, one that comes is turned away."""
        if name == BUILTIN:
            raise PluginError("plugin 'builtin': cannot be left out.")
        self.unregister(name)
        self._pluggy.set_blocked(name)

    def load_installed(self) -> None:
        """Load the plugins of installed packages; one that fails is warned of and left out."""
        for point in metadata.entry_points(group=ENTRY_POINTS):
            if not self._pluggy.is_blocked(point.name) and not self._pluggy.has_plugin(point.name):
                distribution = point.dist.name if point.dist else point.value
                version = point.dist.version if point.dist else ""
                self._load(point.load, point.name, distribution, version)

    def load_module(self, module: str) -> None:
        """Load a module as a plugin, as ``-p MODULE`` does.

        Raises
        ------
        PluginError
            If it cannot be imported or registered.
        """
        try:
            plugin = importlib.import_module(module)
        except Exception as error:
            raise PluginError(
                f"plugin {module!r}: cannot import it ({_one_line(error)})."
            ) from error
        if not self._pluggy.is_registered(plugin):
            self.register(plugin, module)

    def plugins(self) -> tuple[PluginInfo, ...]:
        """Return all plugins, those that failed last."""
        active = tuple(
            PluginInfo(name, *self._origins.get(name, ("", "")), hooks=self._hooks_of(plugin))
            for name, plugin in self._pluggy.list_name_plugin()
            if plugin is not None
        )
        return (*active, *self.failed)

    def _load(self, load: Callable[[], Any], name: str, origin: str, version: str) -> None:
        try:
            self.register(load(), name, origin=origin, version=version)
        except Exception as error:
            self.failed.append(PluginInfo(name, origin, version, error=_one_line(error)))
            cause = error.__cause__ if isinstance(error, PluginError) else error
            warnings.warn(
                f"plugin {name!r} of {origin} {version} is left out: "
                f"{type(cause or error).__name__}: {_one_line(error)}",
                PluginWarning,
                stacklevel=4,
            )

    def _implementations(self, plugin: object) -> list[tuple[str, pluggy.HookImpl]]:
        return [
            (caller.name, implementation)
            for caller in self._pluggy.get_hookcallers(plugin) or ()
            for implementation in caller.get_hookimpls()
            if implementation.plugin is plugin
        ]

    def _hooks_of(self, plugin: object) -> tuple[str, ...]:
        return tuple(hook for hook, _ in self._implementations(plugin))

    def _check_hooks(self, plugin: object, name: str) -> None:
        """Raise for a hook that does not exist: a misspelt one would never be called."""
        known = sorted(hook for hook in vars(hookspecs) if hook.startswith("probekit_"))
        for hook in self._hooks_of(plugin):
            if hook not in known:
                raise PluginError(f"plugin {name!r}: {UnknownNameError('hook', hook, known)}")


def _guarded(function: Callable[..., Any], plugin: str, hook: str) -> Callable[..., Any]:
    """Return a hook implementation whose failure is a warning that names it."""

    @functools.wraps(function)
    def call(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except Exception as error:
            warnings.warn(
                f"plugin {plugin!r} failed in {hook}: {type(error).__name__}: {_one_line(error)}",
                PluginWarning,
                stacklevel=2,
            )
            return None

    return call


@functools.cache
def get_manager() -> Manager:
    """Return the manager of this process, with the installed plugins; made when first asked for.

    The environment variables ``PROBEKIT_DISABLE_PLUGIN_AUTOLOAD`` (leave the installed ones out)
    and ``PROBEKIT_PLUGINS`` (modules to load, and ``no:NAME``, separated by commas) are heeded.
    """
    given = [name.strip() for name in os.environ.get(EXTRA_PLUGINS, "").split(",") if name.strip()]
    return make_manager(given, installed=not os.environ.get(AUTOLOAD_OFF))


def make_manager(given: Sequence[str] = (), *, installed: bool = True) -> Manager:
    """Return a new manager.

    Parameters
    ----------
    given : sequence of str
        Modules to load as plugins, and ``no:NAME`` for plugins to leave out.
    installed : bool
        Whether the plugins of installed packages are loaded.
    """
    blocked = [name.removeprefix("no:") for name in given if name.startswith("no:")]
    manager = Manager(blocked)
    for name in given:
        if not name.startswith("no:"):
            manager.load_module(name)
    if installed:
        manager.load_installed()
    return manager


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
