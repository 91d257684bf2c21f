"""Plugins: hooks, the manager that calls them, the registry of what they bring.

Built on pluggy, as pytest is. What probekit brings itself is registered through the same hooks.
Nothing here imports more than pluggy; installed plugins are looked for by `get_manager`.
"""

from probekit.plugins.decorators import estimator, extractor, task
from probekit.plugins.guarded import HookRelay
from probekit.plugins.manager import ActivePlugin, Failure, Manager
from probekit.plugins.markers import hookimpl, hookspec
from probekit.plugins.registry import Entry, Origin, Registry
from probekit.plugins.session import get_manager, set_manager
from probekit.plugins.switches import Switches

__all__ = [
    "ActivePlugin",
    "Entry",
    "Failure",
    "HookRelay",
    "Manager",
    "Origin",
    "Registry",
    "Switches",
    "estimator",
    "extractor",
    "get_manager",
    "hookimpl",
    "hookspec",
    "set_manager",
    "task",
]
