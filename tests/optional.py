"""Packages that probekit can do without: tests of them are skipped, but not in CI."""

import importlib
import os

import pytest


def optional(package):
    """Import a package, or skip the test module; with PROBEKIT_REQUIRE_ALL_EXTRAS set, fail."""
    if "PROBEKIT_REQUIRE_ALL_EXTRAS" in os.environ:
        return importlib.import_module(package)
    return pytest.importorskip(package)
