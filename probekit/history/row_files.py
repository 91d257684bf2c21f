"""Files with the rows of a history in the making: written one by one, merged now and then."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from probekit.history import block
from probekit.history.block import Block
from probekit.history.file import writing
from probekit.history.layout import are_complete, combine
from probekit.history.segments import Span, entries, load, spans

FAN_IN = 64  # so many segments are merged into one
_HELD_BYTES = 64 << 20  # the newest segments are kept in memory for that, up to this size


class RowFiles:
    """The segments of one folder, to which others are added; what they are is said in `segments`.

    Parameters
    ----------
    folder : Path
    lead : sequence of str
        The axes along which rows are added.
    durable : bool
        As `HistoryWriter` takes it.
    """

    def __init__(self, folder: Path, lead: Sequence[str], *, durable: bool) -> None:
        self.folder, self.lead, self.durable = folder, tuple(lead), durable
        self.spans = spans(entries(folder))
        self._held: list[tuple[Span, Block]] = []

    def load(self) -> list[Block]:
        """Return what has been written, one block a segment, from the disk."""
        return [load(self.folder, span) for span in self.spans]

    def write(self, rows: Block) -> None:
        """Add a segment."""
        number = self.spans[-1].last + 1 if self.spans else 0
        span = Span(number, number)
        with writing(self.folder / span.file_name(), durable=self.durable) as file:
            block.write(file, rows)
        self.spans.append(span)
        self._held.append((span, rows))
        if sum(held.nbytes() for _, held in self._held) > _HELD_BYTES:
            self.release()  # large segments stay as they are
        if len(self._held) == FAN_IN:
            self._merge_held()

    def release(self) -> None:
        """Keep no segment in memory any more: those that are there stay as they are."""
        self._held.clear()

    def _merge_held(self) -> None:
        """Make few segments of the newest ones, so that a long history is not thousands of files.

        They can only become one if no row lacks among them, as of different epochs of two seeds;
        then those of one seed can.
        """
        together = [list(self._held)]
        if not self._are_complete(together[0]):
            runs = itertools.groupby(self._held, lambda held: self._labels(held[1], self.lead[:-1]))
            together = [list(run) for _, run in runs]
        for run in together:
            if len(run) > 1 and self._are_complete(run):
                self._merge(run)
        self._held.clear()

    def _merge(self, run: Sequence[tuple[Span, Block]]) -> None:
        merged = Span(run[0][0].first, run[-1][0].last)
        whole = combine([rows for _, rows in run], self.lead)
        with writing(self.folder / merged.file_name(), durable=self.durable) as file:
            block.write(file, whole)
        replaced = [span for span, _ in run]
        for span in replaced:
            (self.folder / span.file_name()).unlink(missing_ok=True)
        first = self.spans.index(replaced[0])
        self.spans[first : first + len(replaced)] = [merged]

    def _are_complete(self, run: Sequence[tuple[Span, Block]]) -> bool:
        return are_complete([rows.outline for _, rows in run if rows.outline.headers], self.lead)

    @staticmethod
    def _labels(rows: Block, dims: Sequence[str]) -> tuple[tuple[Any, ...], ...]:
        labels = rows.outline.labels
        return tuple(tuple(labels[dim].tolist()) if dim in labels else () for dim in dims)
