"""What commands write to: results to standard output, everything else to standard error.

Plain text: of rich only `_progress` knows, for its live display.
"""

import contextlib
import json
import math
import os
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TextIO

GAP = "  "
MIN_ROOM = 10
"""In fewer columns than that no text is broken: it would be all breaks."""


def columns(text: str) -> int:
    """Return how many columns of a screen a text takes: two for each Chinese character, say.

    Examples
    --------
    >>> columns("xor"), columns("漢字")
    (3, 4)
    """
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(each) in "WF" for each in text)
    return len(text) + wide - sum(map(bool, map(unicodedata.combining, text)))


def printable(text: str) -> str:
    r"""Return a text without what would steer the terminal: a name in a stranger's file may.

    Examples
    --------
    >>> printable("hidden\x1b[2J")
    'hidden\\x1b[2J'
    """
    if text.isprintable():
        return text
    return "".join(
        repr(each)[1:-1] if unicodedata.category(each) == "Cc" and each != "\n" else each
        for each in text
    )


def others_print_aside() -> contextlib.AbstractContextManager[Any]:
    """Send what users' own code prints to standard error: what is read of us stays readable.

    Enter it only after making a `Terminal`, which keeps the standard output that there was.
    """
    return contextlib.redirect_stdout(sys.stderr)


def aside(text: str, err: TextIO | None = None) -> None:
    """Write a line to standard error; once nobody reads it any more, write nothing and go on."""
    err = err or sys.stderr
    try:
        print(text, file=err, flush=True)
    except OSError:
        leave(err)


def leave(stream: TextIO) -> None:
    """Send the rest of an output nowhere, so that Python does not complain when it flushes."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError):  # not a real file
        return


class Terminal:
    """Where a command's output goes.

    Parameters
    ----------
    quiet : bool
        Write no notes; results and errors are still written.
    out, err : file, optional
        Standard output and error unless given.
    """

    def __init__(
        self, *, quiet: bool = False, out: TextIO | None = None, err: TextIO | None = None
    ) -> None:
        self.quiet = quiet
        self.out, self.err = out or sys.stdout, err or sys.stderr

    @property
    def is_live(self) -> bool:
        """Whether a person looks at standard error as it is written."""
        return self.err.isatty() and os.environ.get("TERM", "") != "dumb"

    def line(self, text: str = "") -> None:
        """Write a line of the result."""
        print(printable(text), file=self.out)

    def heading(self, text: str) -> None:
        """Write a line that names what follows."""
        plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        text = printable(text)
        colours = self.out.isatty() and not plain
        print(f"\x1b[1m{text}\x1b[0m" if colours else text, file=self.out)

    def note(self, text: str) -> None:
        """Write a line that is no part of the result."""
        if not self.quiet:
            aside(printable(text), self.err)

    def error(self, text: str) -> None:
        """Write what went wrong."""
        aside(f"probekit: {printable(text)}", self.err)

    def hint(self, command: str) -> None:
        """Write what to type next, alone on its line so that it can be copied."""
        aside(f"  {command}", self.err)

    def fields(self, rows: Iterable[tuple[str, str]]) -> None:
        """Write names and what they stand for, broken where the screen ends."""
        rows = [*rows]
        name_width = max(columns(name) for name, _ in rows)
        room = self._width - 2 - name_width - len(GAP)
        for name, text in rows:
            lines = textwrap.wrap(text, room, break_on_hyphens=False) if room > 0 else [text]
            for place, line in enumerate(lines or [""]):
                label = "" if place else name
                self.line(f"  {_padded(label, name_width)}{GAP}{line}".rstrip())

    def table(self, rows: Iterable[Sequence[str]], *, right: bool = False, indent: int = 2) -> None:
        """Write rows in columns; all but the first to the right if `right`.

        Columns of numbers that do not fit on the screen come below the others, without rows that
        are empty there; text that does not fit goes on in the next line.
        """
        rows = [[*row] for row in rows]
        widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
        if not right:
            self._table_of_text(rows, widths, indent)
            return
        blocks = [*self._blocks(widths, indent)]
        for block in blocks:
            for row in rows:
                if len(blocks) > 1 and len(row) > 1 and not any(row[i] for i in block[1:]):
                    continue
                first, *others = block
                cells = [_padded(row[first], widths[first])]
                cells += [_padded(row[i], widths[i], right=True) for i in others]
                self.line(" " * indent + GAP.join(cells).rstrip())

    def _table_of_text(
        self, rows: Sequence[Sequence[str]], widths: Sequence[int], indent: int
    ) -> None:
        before = indent + sum(width + len(GAP) for width in widths[:-1])
        room = self._width - before
        for *cells, last in rows:
            start = " " * indent + "".join(
                _padded(cell, width) + GAP for cell, width in zip(cells, widths, strict=False)
            )
            lines = textwrap.wrap(last, room) if room > MIN_ROOM else [last]
            for line in lines or [""]:
                self.line((start + line).rstrip())
                start = " " * before

    def paragraph(self, text: str) -> None:
        """Write a sentence or more, broken where the screen ends."""
        width = self._width
        self.line("\n".join(textwrap.wrap(text, width)) if width else text)

    def _blocks(self, widths: Sequence[int], indent: int) -> Iterator[list[int]]:
        """Yield which columns stand beside each other, the first one always among them."""
        room = (self._width or math.inf) - indent - sum(widths[:1])
        block, used = [0][: len(widths)], 0.0
        for place, width in list(enumerate(widths))[1:]:
            if used + width + len(GAP) > room and len(block) > 1:
                yield block
                block, used = [0], 0.0
            block.append(place)
            used += width + len(GAP)
        yield block

    @property
    def _width(self) -> int:
        """Columns of the screen; 0 where there is none, as in a file."""
        return shutil.get_terminal_size().columns if self.out.isatty() else 0

    def can_show(self, text: str) -> bool:
        """Whether the encoding of the output has all these characters."""
        try:
            text.encode(self.out.encoding or "utf-8")
        except UnicodeEncodeError:
            return False
        return True

    def json(self, value: Any) -> None:
        """Write one line of JSON; what is not finite becomes null."""
        text = json.dumps(_plain(value), ensure_ascii=False)
        if not self.can_show(text):
            text = json.dumps(_plain(value))  # as escapes nothing is lost
        print(text, file=self.out, flush=True)


def _padded(text: str, width: int, *, right: bool = False) -> str:
    space = " " * (width - columns(text))
    return space + text if right else text + space


def _plain(value: Any) -> Any:
    """Return a value that JSON can hold."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool | None) else str(value)
