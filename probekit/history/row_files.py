"""Files with the rows of a history in the making: written one by one, merged now and then."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

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
        """Return the blocks that have been written, from the disk."""
        return [rows for span in self.spans for rows in load(self.folder, span)]

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
        """Make one file of the newest segments: a long history is not thousands of files."""
        merged = Span(self._held[0][0].first, self._held[-1][0].last)
        blocks = self._together([rows for _, rows in self._held])
        with writing(self.folder / merged.file_name(), durable=self.durable) as file:
            block.write_all(file, blocks)
        replaced = [span for span, _ in self._held]
        for span in replaced:
            (self.folder / span.file_name()).unlink(missing_ok=True)
        first = self.spans.index(replaced[0])
        self.spans[first : first + len(replaced)] = [merged]
        self._held.clear()

    def _together(self, blocks: Sequence[Block]) -> list[Block]:
        """Make few blocks of many: one if no row lacks among them, else one for each seed.

        Seeds that run side by side have rows of other epochs, and take turns.
        """
        of_seed: dict[Any, list[Block]] = {}
        for rows in blocks:
            of_seed.setdefault(self._seeds(rows), []).append(rows)
        seeds = [*itertools.chain(*of_seed)]
        ways: list[list[Sequence[Block]]] = [[blocks]]
        if len({*seeds}) == len(seeds):
            ways.append([*of_seed.values()])
        for parts in ways:
            if all(self._are_complete(part) for part in parts):
                return [combine(part, self.lead) for part in parts]
        return list(blocks)  # in order: of two with one row the later one counts

    def _are_complete(self, blocks: Sequence[Block]) -> bool:
        outlines = [rows.outline for rows in blocks if rows.outline.headers]
        return not outlines or are_complete(outlines, self.lead)

    def _seeds(self, rows: Block) -> tuple[Any, ...]:
        """Return what the rows are of but the last leading axis."""
        labels = [rows.outline.labels.get(dim, np.empty(0)).tolist() for dim in self.lead[:-1]]
        return tuple(itertools.product(*labels))
