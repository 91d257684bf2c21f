import subprocess
import sys

import pytest

from probekit.plugins import Switches


@pytest.mark.parametrize(
    ("value", "autoload"),
    [("1", False), ("yes", False), ("", True), ("0", True), ("False ", True), ("no", True)],
)
def test_autoload(value, autoload):
    switches = Switches.from_environment({"PROBEKIT_DISABLE_PLUGIN_AUTOLOAD": value})
    assert switches.autoload is autoload


def test_an_empty_environment_changes_nothing():
    assert Switches.from_environment({}) == Switches()


@pytest.mark.parametrize(
    ("requests", "extra", "disable"),
    [
        (("a", "b"), ("a", "b"), ()),
        (("no:a",), (), ("a",)),
        (("a", "no:a"), (), ("a",)),
        (("no:a", "a"), ("a",), ()),
        (("a", "b", "a"), ("b", "a"), ()),
    ],
)
def test_the_last_request_counts(requests, extra, disable):
    switches = Switches().with_requests(requests)
    assert (switches.extra, switches.disable) == (extra, disable)


def test_importing_plugins_looks_for_none():
    code = (
        "import sys, probekit.plugins\n"
        "print([n for n in ('importlib.metadata', 'typer', 'rich', 'numpy', 'jax', 'xarray')"
        " if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
