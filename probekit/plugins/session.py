"""The manager of this process: built when first asked for, then kept."""

import threading
from typing import Any, NamedTuple

from probekit.errors import PluginError
from probekit.plugins.manager import Manager
from probekit.plugins.registry import Origin
from probekit.plugins.switches import Switches

_lock = threading.RLock()
_manager: Manager | None = None


class Declaration(NamedTuple):
    """What a decorator has been told to register."""

    kind: str
    name: str
    target: Any
    summary: str

    def enter(self, manager: Manager) -> None:
        """Register it, under the plugin that is being loaded or else the module it stands in."""
        registry = manager.registry
        with registry.registering(registry.current or Origin(self.target.__module__)):
            getattr(registry, self.kind)(self.name, self.target, summary=self.summary)


_declarations: dict[tuple[str, str], Declaration] = {}


def get_manager(switches: Switches | None = None) -> Manager:
    """Return the manager of this process; the first call loads the installed plugins.

    Parameters
    ----------
    switches : Switches, optional
        Build the manager anew with these; from then on it is the one that everybody gets. Without
        them the first call obeys the environment: ``PROBEKIT_DISABLE_PLUGIN_AUTOLOAD=1`` loads no
        installed plugin, ``PROBEKIT_PLUGINS=a,b`` loads these as well.

    Returns
    -------
    Manager

    Raises
    ------
    PluginError
        If two plugins want the same name, or one that was asked for by name cannot be loaded.

    Examples
    --------
    >>> "linear_r2" in get_manager().registry.names("estimator")
    True
    """
    global _manager
    with _lock:
        if _manager is None or switches is not None:
            before = _manager
            # In place before plugins are loaded: a decorator in one of them asks for it.
            _manager = Manager(switches or Switches.from_environment())
            try:
                _manager.load()
                _enter_declarations(_manager)
            except BaseException:
                _manager = before
                raise
        return _manager


def set_manager(manager: Manager | None) -> Manager | None:
    """Put another manager in place, as a test does that wants its own.

    Parameters
    ----------
    manager : Manager or None
        None: the next `get_manager` builds one.

    Returns
    -------
    Manager or None
        The one that was there, to be put back.
    """
    global _manager
    with _lock:
        before, _manager = _manager, manager
        return before


def remember(declaration: Declaration) -> None:
    """Register what a decorator declares: now, or when the manager is built.

    A decorator must not build it: its module may be the one that is about to be loaded.
    """
    with _lock:
        if _manager is not None:
            declaration.enter(_manager)
            if _manager.registry.current is not None:
                return  # it is part of a plugin and goes with it
        _declarations[declaration.kind, declaration.name] = declaration


def _enter_declarations(manager: Manager) -> None:
    """Register what was declared before there was a manager; one in conflict is dropped."""
    for key, declaration in list(_declarations.items()):
        try:
            declaration.enter(manager)
        except PluginError:
            del _declarations[key]
            raise
