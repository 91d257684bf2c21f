"""A project in a temporary folder, of files given as text."""

import sys
import textwrap

import pytest


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Write files below the current folder: ``project({"probes/probe_a.py": "source"})``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = {*sys.modules}

    def write(files):
        for name, source in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(source))
        return tmp_path

    yield write
    for name in {*sys.modules} - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
