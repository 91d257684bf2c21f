"""What commands write to: results to standard output, everything else to standard error.

Plain text: of rich only `_progress` knows, for its live display.
"""

import json
import math
import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TextIO

GAP = "  "


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
        print(text, file=self.out)

    def heading(self, text: str) -> None:
        """Write a line that names what follows."""
        colours = self.out.isatty() and "NO_COLOR" not in os.environ
        self.line(f"\x1b[1m{text}\x1b[0m" if colours else text)

    def note(self, text: str) -> None:
        """Write a line that is no part of the result."""
        if not self.quiet:
            print(text, file=self.err, flush=True)

    def error(self, text: str) -> None:
        """Write what went wrong."""
        print(f"probekit: {text}", file=self.err, flush=True)

    def hint(self, command: str) -> None:
        """Write what to type next, alone on its line so that it can be copied."""
        print(f"  {command}", file=self.err, flush=True)

    def fields(self, rows: Iterable[tuple[str, str]]) -> None:
        """Write names and what they stand for, broken where the screen ends."""
        rows = [*rows]
        name_width = max(len(name) for name, _ in rows)
        room = self._width - 2 - name_width - len(GAP)
        for name, text in rows:
            lines = textwrap.wrap(text, room, break_on_hyphens=False) if room > 0 else [text]
            for place, line in enumerate(lines or [""]):
                label = "" if place else name
                self.line(f"  {label.ljust(name_width)}{GAP}{line}".rstrip())

    def table(self, rows: Iterable[Sequence[str]], *, right: bool = False, indent: int = 2) -> None:
        """Write rows in columns; all but the first to the right if `right`.

        Columns of numbers that do not fit on the screen come below the others.
        """
        rows = [[*row] for row in rows]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for block in self._blocks(widths, indent) if right else [range(len(widths))]:
            for row in rows:
                cells = [
                    row[place].rjust(widths[place])
                    if right and place
                    else row[place].ljust(widths[place])
                    for place in block
                ]
                self.line(" " * indent + GAP.join(cells).rstrip())

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

    def json(self, value: Any) -> None:
        """Write one line of JSON; what is not finite becomes null."""
        print(json.dumps(_plain(value), ensure_ascii=False), file=self.out, flush=True)


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
