"""Managers of their own, and installed plugins made of a few files."""

import sys

import pytest

from probekit.plugins import Manager, set_manager


@pytest.fixture
def manager():
    """A manager with the built-in plugin alone."""
    return Manager()


@pytest.fixture
def own_session():
    """Nobody has asked for the manager of the process yet; afterwards it is as it was."""
    before = set_manager(None)
    yield
    set_manager(before)


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a distribution: `install("my-dist", {"mine": "my_module"}, my_module="source")`."""
    monkeypatch.syspath_prepend(tmp_path)
    names = []

    def install(distribution, entry_points, version="1.0", **modules):
        info = tmp_path / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
        )
        lines = [f"{name} = {target}" for name, target in entry_points.items()]
        (info / "entry_points.txt").write_text("\n".join(["[probekit]", *lines]) + "\n")
        for name, source in modules.items():
            (tmp_path / f"{name}.py").write_text(source)
            names.append(name)

    yield install
    for name in names:
        sys.modules.pop(name, None)
