"""The first tenth of a second, when the command itself is still being imported."""

import sys

import pytest

from probekit_cli.entry import main


class Interrupting:
    """Finds modules as slowly as a disk does: Ctrl-C comes meanwhile."""

    def find_spec(self, name, path, target=None):
        if name == "probekit_cli.main":
            raise KeyboardInterrupt


def test_an_interrupt_while_the_command_is_imported(monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "probekit_cli.main", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Interrupting(), *sys.meta_path])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
    assert capsys.readouterr().err == "probekit: stopped.\n"


def test_it_is_the_command(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["probekit", "--version"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("probekit 0.")
