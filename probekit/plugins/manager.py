"""The manager: which plugins are active, loaded one by one so that none can break the others."""

import contextlib
import importlib
import importlib.util
import inspect
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import pluggy

from probekit.errors import (
    OptionError,
    PluginError,
    PluginWarning,
    UnknownNameError,
    one_line,
    suggestion,
)
from probekit.plugins import builtin, hookspecs
from probekit.plugins.guarded import HookRelay
from probekit.plugins.markers import PROJECT
from probekit.plugins.registry import KINDS, Entry, NameTakenError, Origin, Registry
from probekit.plugins.switches import Switches

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "probekit"
"""The group of entry points through which installed plugins are found."""

BUILTIN = "builtin"
"""Name of the plugin that registers what probekit brings; it cannot be switched off."""

OPTIONAL = ("progress",)
"""Names of plugins of the command line, known although a library call never loads them."""


class RequestError(PluginError, OptionError):
    """A plugin that was asked for by name, and cannot be loaded."""


class Failure(NamedTuple):
    """A plugin that could not be loaded, and why."""

    origin: Origin
    error: BaseException


class ActivePlugin(NamedTuple):
    """An active plugin: where it is from, which hooks it implements, what it has registered."""

    origin: Origin
    hooks: tuple[str, ...]
    entries: tuple[Entry, ...]


class Manager:
    """Loads plugins, calls their hooks, and keeps the registry of what they bring.

    Parameters
    ----------
    switches : Switches
        Which plugins to load beside the built-in one.

    Attributes
    ----------
    registry : Registry
    hook : HookRelay
        ``manager.hook.probekit_run_started(run=...)`` calls a hook, guarded.
    failed : dict
        ``{name: Failure}`` of installed plugins that could not be loaded.
    disabled : tuple of str
    pluggy : pluggy.PluginManager
        What is underneath, for tracing and for plugins with hooks of their own.

    Raises
    ------
    PluginError
        If two plugins want the same name, or one that was asked for by name cannot be loaded.
    """

    def __init__(self, switches: Switches | None = None) -> None:
        switches = switches or Switches()
        if BUILTIN in switches.disable:
            raise PluginError(f"plugin {BUILTIN!r}: cannot be switched off.")
        self.registry = Registry()
        self.failed: dict[str, Failure] = {}
        self.disabled = switches.disable
        self.pluggy = pluggy.PluginManager(PROJECT)
        self.pluggy.add_hookspecs(hookspecs)
        self.pluggy.hook.probekit_register.call_historic(kwargs={"registry": self.registry})
        self.hook = HookRelay(self.pluggy, self._describe)
        self._origins: dict[str, Origin] = {}
        self._add(builtin, Origin(BUILTIN, "probekit", _version()))
        self._switches = switches

    def load(self) -> None:
        """Load the installed plugins and those that were asked for."""
        switches, installed = self._switches, _installed()
        for name in switches.disable:
            if name not in {*installed, *switches.extra, *OPTIONAL} and not _is_module(name):
                known = suggestion(name, [*installed, *OPTIONAL])
                self._warn(f"plugin {name!r}: cannot be switched off, it is not installed{known}")
        for name, point in installed.items():
            if name in switches.extra or (switches.autoload and name not in self.disabled):
                self._load_installed(point, required=name in switches.extra)
        for name in switches.extra:
            if name not in installed:
                self._load_module(name)

    def register(self, plugin: object, name: str | None = None) -> str | None:
        """Make a module or an object with hook implementations an active plugin.

        Parameters
        ----------
        plugin : object
        name : str, optional
            For messages and for `unregister`; made from the plugin's own name if not given.

        Returns
        -------
        str or None
            Its name; None if a plugin of this name is switched off.

        Raises
        ------
        PluginError
            If it has no hook implementation, if one does not fit its specification, or if it
            registers a name that is taken. Nothing of it stays then.
        """
        name = name or _own_name(plugin)
        if name in self.disabled:
            return None
        self._add(plugin, Origin(name))
        problems = self._unknown_hooks(name)
        if not problems and not inspect.ismodule(plugin) and not self._hooks(name):
            problems = ["has no hook implementation; mark its methods with @probekit.hookimpl."]
        if problems:
            self.unregister(name)
            raise PluginError(f"plugin {name!r}: {problems[0]}")
        return name

    def unregister(self, plugin: object) -> None:
        """Remove a plugin with all that it has registered.

        Parameters
        ----------
        plugin : object
            The plugin itself, or its name.

        Raises
        ------
        UnknownNameError
            If it is not active.
        """
        name = plugin if isinstance(plugin, str) else self.pluggy.get_name(plugin)
        if name is None or not self.pluggy.has_plugin(name):
            known = sorted(self._origins)
            raise UnknownNameError("plugin", name or _own_name(plugin), known)
        self.pluggy.unregister(name=name)
        self.registry.remove(name)
        del self._origins[name]

    @contextlib.contextmanager
    def listening(self, listener: object, name: str | None = None) -> Iterator[None]:
        """Have a listener registered, unless it is switched off, during a ``with`` block.

        Parameters
        ----------
        listener : object
            With hook implementations; one that is registered already stays so.
        name : str, optional
            Made from its own name if not given, with a number where that is taken.

        Raises
        ------
        PluginError
            As `register` does.
        """
        if self.pluggy.is_registered(listener):
            yield
            return
        base = name = name or _own_name(listener)
        number = 1
        while self.pluggy.has_plugin(name):
            number += 1
            name = f"{base}-{number}"
        registered = self.register(listener, name)
        try:
            yield
        finally:
            if registered is not None:
                self.unregister(registered)

    def plugins(self) -> tuple[ActivePlugin, ...]:
        """Return the active plugins in the order in which they were registered."""
        entries = [entry for kind in KINDS for entry in self.registry.entries(kind)]
        return tuple(
            ActivePlugin(origin, self._hooks(name), tuple(e for e in entries if e.plugin == name))
            for name, origin in self._origins.items()
        )

    def _load_installed(self, point: "EntryPoint", *, required: bool) -> None:
        distribution = point.dist
        origin = Origin(
            point.name,
            distribution.name if distribution else "",
            distribution.version if distribution else "",
        )
        self._load(origin, point.load, required=required)

    def _load_module(self, name: str) -> None:
        self._load(Origin(name), lambda: importlib.import_module(name), required=True)

    def _load(self, origin: Origin, find: Any, *, required: bool) -> None:
        """Load one plugin; keep it in `failed` if it cannot be and was not asked for by name."""
        try:
            with self.registry.registering(origin):
                self._add(find(), origin)
        except NameTakenError:
            raise
        except (Exception, SystemExit) as error:  # a script that is none to be imported may exit
            message = f"{origin}: cannot be loaded ({type(error).__name__}: {one_line(error)})"
            if required:
                raise RequestError(f"{message}{_advice(origin.plugin, error)}") from error
            self.failed[origin.plugin] = Failure(origin, error)
            self._warn(f"{message}; probekit goes on without it.")
            return
        for problem in self._unknown_hooks(origin.plugin):
            self._warn(f"{origin}: {problem}")

    def _add(self, plugin: object, origin: Origin) -> None:
        """Register with pluggy, which calls `probekit_register`; after an error nothing is left."""
        name = origin.plugin
        if self.pluggy.has_plugin(name):
            raise NameTakenError(
                f"{origin}: there is a plugin of this name already, {self._origins[name]}."
            )
        if self.pluggy.is_registered(plugin):
            other = self.pluggy.get_name(plugin)
            raise PluginError(f"{origin}: is registered already, as {other!r}.")
        try:
            with self.registry.registering(origin):
                self.pluggy.register(plugin, name)
                self._refuse_old_wrappers(plugin, origin)
        except BaseException as error:
            if self.pluggy.has_plugin(name):
                self.pluggy.unregister(name=name)
            if isinstance(error, pluggy.PluginValidationError):
                raise PluginError(f"{origin}: {one_line(error)}") from error
            raise
        self._origins[name] = origin

    def _refuse_old_wrappers(self, plugin: object, origin: Origin) -> None:
        for caller in self.pluggy.get_hookcallers(plugin) or []:
            if any(i.plugin is plugin and i.hookwrapper for i in caller.get_hookimpls()):
                raise PluginError(
                    f"{origin}: {caller.name}: is a wrapper of the old style; "
                    "write @hookimpl(wrapper=True)."
                )

    def _hooks(self, name: str) -> tuple[str, ...]:
        plugin = self.pluggy.get_plugin(name)
        callers = self.pluggy.get_hookcallers(plugin) or []
        return tuple(sorted(caller.name for caller in callers))

    def _unknown_hooks(self, name: str) -> list[str]:
        """Return a complaint about each hook of a plugin that does not exist."""
        plugin = self.pluggy.get_plugin(name)
        known = [hook for hook in dir(hookspecs) if hook.startswith("probekit_")]
        return [
            f"unknown hook {caller.name!r}{suggestion(caller.name, known)}"
            for caller in self.pluggy.get_hookcallers(plugin) or []
            if not caller.has_spec()
            and any(i.plugin is plugin and not i.optionalhook for i in caller.get_hookimpls())
        ]

    def _describe(self, name: str) -> str:
        return str(self._origins.get(name, Origin(name)))

    def _warn(self, message: str) -> None:
        warnings.warn(message, PluginWarning, stacklevel=2)


def _installed() -> dict[str, "EntryPoint"]:
    """Return the entry points by name; two distributions must not use the same one."""
    from importlib.metadata import entry_points

    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=GROUP):
        other = found.setdefault(point.name, point)
        if other.value != point.value:
            names = " and ".join(repr(p.dist.name if p.dist else "?") for p in (other, point))
            raise NameTakenError(
                f"plugin {point.name!r}: is in two distributions, {names}; uninstall one of them."
            )
    return dict(sorted(found.items()))


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("probekit")
    except PackageNotFoundError:
        return ""


def _own_name(plugin: object) -> str:
    return str(getattr(plugin, "__name__", None) or type(plugin).__name__)


def _is_module(name: str) -> bool:
    """Whether a plugin could be meant that is no installed one; nothing is imported to tell."""
    try:
        return importlib.util.find_spec(name.partition(".")[0]) is not None
    except (ImportError, ValueError):  # of an empty name
        return False


def _advice(name: str, error: BaseException) -> str:
    """End of the message about a plugin that was asked for and is not there."""
    if isinstance(error, ModuleNotFoundError) and error.name == name.partition(".")[0]:
        return (
            ". It is neither an installed plugin nor a module; "
            "one in the current folder is found with PYTHONPATH=."
        )
    return "."
