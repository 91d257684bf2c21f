"""How results are written."""

import io
import json
import math
import os

import numpy as np
import pytest

from probekit_cli._terminal import Terminal


class Screen(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def narrow(monkeypatch):
    """A screen of 20 columns."""
    size = os.terminal_size((20, 10))
    monkeypatch.setattr("shutil.get_terminal_size", lambda: size)
    return Terminal(out=Screen())


ROWS = [["", "one", "two", "three"], ["first", "1.5", "22.5", "3"]]


def test_once_nobody_reads_standard_error_any_more_work_goes_on():
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as err:
        terminal = Terminal(err=err)
        terminal.note("lost")
        terminal.error("lost too")
        terminal.hint("and this")


def test_columns_stand_below_each_other():
    terminal = Terminal(out=io.StringIO())
    terminal.table(ROWS)
    assert terminal.out.getvalue() == "         one  two   three\n  first  1.5  22.5  3\n"


def test_numbers_stand_to_the_right():
    terminal = Terminal(out=io.StringIO())
    terminal.table(ROWS, right=True, indent=0)
    assert terminal.out.getvalue() == "       one   two  three\nfirst  1.5  22.5      3\n"


def test_no_rows():
    terminal = Terminal(out=io.StringIO())
    terminal.table([])
    terminal.table([], right=True)
    assert terminal.out.getvalue() == ""


def test_columns_that_do_not_fit_come_below(narrow):
    narrow.table(ROWS, right=True)
    assert narrow.out.getvalue().splitlines() == [
        "         one   two",
        "  first  1.5  22.5",
        "         three",
        "  first      3",
    ]


def test_rows_that_are_empty_in_a_block_are_left_out(narrow):
    narrow.table([["", "one", "other"], ["first", "12345", ""], ["last", "", "1"]], right=True)
    assert narrow.out.getvalue().splitlines() == [
        "           one",
        "  first  12345",
        "         other",
        "  last       1",
    ]


def test_text_that_does_not_fit_goes_on_in_the_next_line(narrow):
    narrow.table([["a", "some words that are long"]])
    assert narrow.out.getvalue() == "  a  some words that\n     are long\n"


def test_wide_characters_take_two_columns():
    terminal = Terminal(out=io.StringIO())
    terminal.table([["", "漢字"], ["a", "1.25"]], right=True)
    assert terminal.out.getvalue() == "     漢字\n  a  1.25\n"


def test_json_for_an_output_that_knows_ascii_alone_loses_nothing():
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="replace")
    Terminal(out=out).json({"name": "漢字"})
    assert json.loads(out.buffer.getvalue()) == {"name": "漢字"}


def test_fields_are_broken_under_each_other(narrow):
    narrow.fields([("task", "mine"), ("dims", "2 seeds, 3 layers"), ("none", "")])
    assert narrow.out.getvalue().splitlines() == [
        "  task  mine",
        "  dims  2 seeds, 3",
        "        layers",
        "  none",
    ]


def test_fields_in_a_file_are_one_line_each():
    terminal = Terminal(out=io.StringIO())
    terminal.fields([("a", "a text that is longer than twenty"), ("long", "short")])
    assert terminal.out.getvalue() == "  a     a text that is longer than twenty\n  long  short\n"


def test_a_sentence_is_broken_where_the_screen_ends(narrow):
    narrow.paragraph("a sentence that is longer than twenty")
    assert narrow.out.getvalue() == "a sentence that is\nlonger than twenty\n"


def test_a_file_has_no_end_of_line_to_break_at():
    terminal = Terminal(out=io.StringIO())
    terminal.paragraph("word " * 100)
    assert terminal.out.getvalue().count("\n") == 1


def test_names_do_not_steer_the_terminal():
    terminal = Terminal(out=Screen(), err=io.StringIO())
    terminal.table([["layer\x1b[2J", "a\tb\r"]])
    terminal.heading("漢字 R²\x9b1m\x07")
    terminal.error("no 'x\x1b]0;'")
    written = terminal.out.getvalue() + terminal.err.getvalue()
    assert "layer\\x1b[2J" in written
    assert "漢字 R²" in written
    for sign in "\t\r\x9b\x07":
        assert sign not in written
    assert written.replace("\x1b[1m", "").replace("\x1b[0m", "").count("\x1b") == 0


@pytest.mark.parametrize("name", ["NO_COLOR", "TERM"])
def test_headings_on_a_screen_that_is_dumb_or_not_so(monkeypatch, name):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv(name, {"NO_COLOR": "", "TERM": "dumb"}[name])
    terminal = Terminal(out=Screen())
    terminal.heading("head")
    assert ("\x1b" in terminal.out.getvalue()) == (name == "NO_COLOR")  # an empty one is none


@pytest.mark.parametrize(("no_color", "text"), [(None, "\x1b[1mhead\x1b[0m\n"), ("1", "head\n")])
def test_headings_stand_out_on_a_screen(monkeypatch, no_color, text):
    monkeypatch.delenv("TERM", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color:
        monkeypatch.setenv("NO_COLOR", no_color)
    terminal = Terminal(out=Screen())
    terminal.heading("head")
    assert terminal.out.getvalue() == text


def test_headings_in_a_file_are_plain():
    terminal = Terminal(out=io.StringIO())
    terminal.heading("head")
    assert terminal.out.getvalue() == "head\n"


def test_quiet_keeps_notes_back_but_not_results_and_errors():
    terminal = Terminal(quiet=True, out=io.StringIO(), err=io.StringIO())
    terminal.note("a note")
    terminal.line("a result")
    terminal.error("an error")
    assert (terminal.out.getvalue(), terminal.err.getvalue()) == (
        "a result\n",
        "probekit: an error\n",
    )


def test_json_has_what_json_can_hold():
    terminal = Terminal(out=io.StringIO())
    terminal.json({"nan": math.nan, "array": np.array([1.5, math.inf]), "tuple": (1, "µ"), 3: set})
    assert json.loads(terminal.out.getvalue()) == {
        "nan": None,
        "array": [1.5, None],
        "tuple": [1, "µ"],
        "3": "<class 'set'>",
    }
