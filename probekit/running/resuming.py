"""Where the seeds of a run stand in its history, and what each lane goes on from."""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from probekit.history import HistoryWriter

if TYPE_CHECKING:
    import xarray as xr

State = tuple[list[np.ndarray], dict[str, Any]]
"""The leaves of what training goes on from, and what is known of it, such as its epoch."""


class Standing:
    """Where the seeds stand when a run begins, or goes on.

    Parameters
    ----------
    writer : HistoryWriter
    seeds : tuple of int

    Attributes
    ----------
    reached : dict
        For each seed the last epoch that is in the history; -1 if there is none.
    """

    def __init__(self, writer: HistoryWriter, seeds: tuple[int, ...]) -> None:
        self._writer, self._seeds = writer, seeds
        self.reached = _reached(writer.rows(), seeds)
        self._known: dict[tuple[int, ...], list[bool] | None] = {}

    def lanes(self, size: int, last: int) -> Iterator[tuple[tuple[int, ...], int]]:
        """Yield the seeds of each lane that has not ended, and the epoch that it goes on from.

        A lane has the same seeds as in a run that was never stopped, those that have stopped
        training among them: with others beside it a seed would differ in its last digits.

        Parameters
        ----------
        size : int
            How many seeds run at once.
        last : int
            The last epoch of the run.
        """
        for seeds in self._lanes(size):
            finished = self._finished(seeds)
            epoch = self._epoch(seeds)
            if finished is None:
                yield seeds, 0
            elif epoch < last and not all(finished):
                yield seeds, epoch + 1

    def ended(self, size: int) -> dict[int, int]:
        """Return the last epoch of each seed that has stopped training, with `size` as `lanes`."""
        return {
            seed: self.reached[seed]
            for seeds in self._lanes(size)
            for seed, finished in zip(seeds, self._finished(seeds) or (), strict=False)
            if finished
        }

    def _finished(self, seeds: tuple[int, ...]) -> list[bool] | None:
        """Return which seeds of a lane have stopped training, read once; None to begin anew."""
        if seeds not in self._known:
            states = self.states(seeds)
            found = None if states is None else [bool(meta["finished"]) for _, meta in states]
            self._known[seeds] = found
        return self._known[seeds]

    def _lanes(self, size: int) -> Iterator[tuple[int, ...]]:
        remaining = iter(self._seeds)
        while seeds := tuple(islice(remaining, size)):
            yield seeds

    def states(self, seeds: tuple[int, ...]) -> list[State] | None:
        """Return the states that belong to the last row of a lane; None to begin anew."""
        epoch = self._epoch(seeds)
        found = [self._writer.load_state(f"seed-{seed}", epoch=epoch) for seed in seeds]
        states = [state for state in found if state is not None and state[1]["epoch"] == epoch]
        return states if len(states) == len(seeds) else None

    def _epoch(self, seeds: tuple[int, ...]) -> int:
        """Return the last epoch of a lane: seeds that have stopped were taken along to it."""
        return max(self.reached[seed] for seed in seeds)


def _reached(rows: "xr.Dataset | None", seeds: tuple[int, ...]) -> dict[int, int]:
    if rows is None:
        return dict.fromkeys(seeds, -1)
    recorded = rows["loss"].notnull().any("split")
    last = recorded.epoch.where(recorded, -1).max("epoch")
    there = dict(zip(rows.seed.values.tolist(), last.values.tolist(), strict=True))
    return {seed: int(there.get(seed, -1)) for seed in seeds}
