"""Packages that probekit can do without: tests of them are skipped, but not in CI."""

import importlib
import os
import sys

import pytest


def optional(package):
    """Import a package, or skip the test module; with PROBEKIT_REQUIRE_ALL_EXTRAS set, fail."""
    if "PROBEKIT_REQUIRE_ALL_EXTRAS" in os.environ:
        return importlib.import_module(package)
    return pytest.importorskip(package)


def hide(monkeypatch, package):
    """Have imports of a package fail, as where it is not installed."""
    loaded = [name for name in sys.modules if name.startswith(f"{package}.")]
    for name in (package, *loaded):
        monkeypatch.setitem(sys.modules, name, None)
