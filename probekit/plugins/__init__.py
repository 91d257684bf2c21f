"""Plugins: what can be added to probekit, and how it comes in.

A plugin is a module or object with hook implementations. The built-in estimators, extractors and
tasks come in through the same door as a stranger's. Imports nothing heavy: what is registered is
named by ``"module:attribute"`` and imported when it is used.
"""

from probekit.plugins.manager import Manager, PluginInfo, get_manager
from probekit.plugins.markers import hookimpl, hookspec
from probekit.plugins.registry import Entry, Registry
from probekit.plugins.shortcuts import estimator, extractor, task

__all__ = [
    "Entry",
    "Manager",
    "PluginInfo",
    "Registry",
    "estimator",
    "extractor",
    "get_manager",
    "hookimpl",
    "hookspec",
    "task",
]
