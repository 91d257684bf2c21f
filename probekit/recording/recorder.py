"""The Recorder: probing along a training loop, into a file."""

import dataclasses
import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import jax

from probekit._checks import check_at_least, check_count
from probekit.errors import OptionError
from probekit.estimators import Estimator
from probekit.extractors import Extractor, match
from probekit.history import HistoryWriter, Storage, make_attributes
from probekit.inference import Uncertainty, warn_of_few_resamples, warn_of_few_shuffles
from probekit.plugins import get_manager
from probekit.probing.biased import warn_of_biased
from probekit.probing.labelling import dataset_of, largest_family
from probekit.probing.optimistic import warn_of_optimism
from probekit.probing.plan import Plan
from probekit.probing.prepared import Probe, begin
from probekit.probing.scoring import scored_with
from probekit.probing.stream import batches_of
from probekit.probing.uncertainty import check_uncertainty
from probekit.probing.undefined import warn_of_undefined
from probekit.recording.plugged import with_plugin_variables
from probekit.recording.probe_sets import ProbeSet, probes_of
from probekit.recording.recorded import are_there, numbers_of
from probekit.recording.scalars import check_scalars, held, taken_names, whole_number
from probekit.recording.schedule import Schedule, is_due

if TYPE_CHECKING:
    import xarray as xr


@dataclasses.dataclass
class _Pending:
    """A record whose scores the device may still be computing."""

    labels: dict[str, Any]
    scores: "dict[str, Callable[[], xr.Dataset]]"
    scalars: dict[str, Any]


class Recorder:
    """Probes a model at chosen steps of a training loop and adds rows to a history.

    Parameters
    ----------
    path : path
        The history, ``NAME.nc``. It can be opened at any time, from another process too.
    inputs, features, held_out
        The examples to probe with, as `probekit.probe` takes them.
    probe_sets : mapping of str to ProbeSet
        Several of them, by name, in place of `inputs`, `features` and `held_out`: the history gets
        the dim ``probe_set``. All have the same features.
    estimators : names or instances
        As `probekit.probe` takes them.
    uncertainty : Bootstrap, Permutation or CrossValidation, optional
        As `probekit.probe` takes it: how sure the scores of each row are, in further variables such
        as ``<name>_ci (step, …, bound)``; what is corrected for is the number of tests in a row.
        Every row takes as long as such a `probe`, since the device is waited for.
    every : int, list of int, function or None
        At which steps to record: every so many; these (`log_spaced` makes some); those for which
        the function is true; or whenever `record` is called.
    seed : int, optional
        The seed of the loop: the history gets the dim ``seed``, and `record` may name another.
    store : str or list of str
        Globs over layers whose activations are kept in the history, of the held-out examples if
        there are any.
    store_every : int
        Activations are kept at every so many records of a seed, those before a resumption counted.
    storage : Storage
        How activations are packed: ``probekit.history.Storage(compression=1, keep_bits=10)`` takes
        about a third of the space; as they are unless given.
    batch_size : int
        At most so many examples are taken through the model at a time.
    flush_seconds : float
        Rows are put on the disk when so much time has passed since the last ones. 0: at once.
    overwrite, resume, durable : bool
        As `probekit.run` takes them; but a finished history can be resumed too, and then more rows
        be added to it. It stays as it is until they are.
    title : str
        One line about the history, kept in it.

    Raises
    ------
    HistoryError
        If the history exists, is being written by another process, or cannot be written.
    OptionError, ShapeError, UnknownNameError
        If an argument does not fit.

    Notes
    -----
    As a context manager it finishes the history at the end of the block. If the block ends with an
    exception the rows are kept, and can be opened and resumed.

    The device computes scores while the loop goes on; they are fetched at the next record. New
    parameters of the same model do not recompile anything, if the model is given as an extractor
    of `probekit.extractors`.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> import probekit as pk
    >>> bits = np.random.default_rng(0).integers(0, 2, (64, 3)).astype(np.float32)
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "history.nc"
    >>> with pk.Recorder(path, inputs=bits, features={"first": bits[:, 0]}) as recorder:
    ...     for step in range(3):
    ...         scaled = pk.extractors.function(lambda x: {"layer": x * (step + 1)})
    ...         recorder.record(step, scaled, loss=1 / (step + 1))
    >>> pk.open_history(path).linear_r2.dims
    ('step', 'layer', 'feature')
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        inputs: Any = None,
        features: Any = None,
        held_out: tuple[Any, Any] | None = None,
        probe_sets: Mapping[str, ProbeSet | tuple[Any, ...]] | None = None,
        estimators: str | Estimator | Iterable[str | Estimator] | None = None,
        uncertainty: Uncertainty | None = None,
        every: Schedule = None,
        seed: int | None = None,
        store: str | list[str] | tuple[str, ...] = (),
        store_every: int = 1,
        storage: Storage = Storage(),  # noqa: B008  (a tuple: immutable)
        batch_size: int = 4096,
        flush_seconds: float = 1.0,
        overwrite: bool = False,
        resume: bool = False,
        durable: bool = False,
        title: str = "",
    ) -> None:
        check_count("store_every", store_every, 1)
        check_at_least("flush_seconds", flush_seconds, 0)
        self._due, self._seed = is_due(every), seed
        self._store, self._store_every = store, store_every
        self._batch_size, self._flush_seconds = batch_size, flush_seconds
        self._several = probe_sets is not None
        self._probes = probes_of(inputs, features, held_out, probe_sets, estimators, batch_size)
        if uncertainty is not None:
            for probe in self._probes.values():
                scored_apart = probe.held_out is not None
                check_uncertainty(uncertainty, probe.plan.estimators, held_out=scored_apart)
        self._uncertainty = uncertainty
        self._taken = taken_names(self._plan.estimators)
        self._writer = HistoryWriter(
            path,
            attributes=make_attributes("recording", self._config(), title=title),
            overwrite=overwrite,
            resume=resume,
            extend=resume,
            durable=durable,
            lead=("step",) if seed is None else ("seed", "step"),
            storage=storage,
        )
        self._pending: list[_Pending] = []
        self._flushed = time.monotonic()
        self._warned: set[str] = set()
        self._told_of_plugins: set[tuple[str, str]] = set()
        self._told: set[str] = set()
        self._scalars: frozenset[str] | None = None
        self._numbers = numbers_of(self._writer.rows() if resume and store else None)
        self._finished = False

    @property
    def path(self) -> Path:
        """Where the history is, or will be when it is finished."""
        return self._writer.path

    def is_due(self, step: int) -> bool:
        """Return whether `record` would record this step: to save making an extractor for nothing.

        Parameters
        ----------
        step : int
        """
        return bool(self._due(whole_number("step", step)))

    def recorded(self, seed: int | None = None) -> tuple[int, ...]:
        """Return the steps that there are rows of, those of a resumed history too.

        Parameters
        ----------
        seed : int, optional
            Whose rows, if not the Recorder's.

        Raises
        ------
        OptionError
            If seed is no whole number, or is named and the Recorder was made without one.
        """
        seed = self._seed_of(seed)
        self.flush()
        rows = self._writer.rows()
        if rows is None:
            return ()
        if seed is not None:
            rows = rows.sel(seed=rows["seed"] == seed)
        return tuple(rows["step"].values[are_there(rows)].tolist())

    def record(
        self, step: int, extractor: Extractor, *, seed: int | None = None, **scalars: Any
    ) -> None:
        """Probe the model and add a row, if the step is on the schedule.

        Parameters
        ----------
        step : int
            The label of the row; a row that is there already is replaced.
        extractor : Extractor
            The model as it is now.
        seed : int, optional
            The seed that this row belongs to, if not the Recorder's.
        **scalars : number
            What else is to be kept, such as the loss: each a variable, the same at every record.

        Raises
        ------
        OptionError
            If step or seed is no whole number, a seed is named and the Recorder was made without
            one, or the scalars are others than before or have a name that is taken.
        ShapeError
            If a scalar is no single number.
        """
        if not self.is_due(step):
            return
        labels = self._labels(step, seed)
        self._check_scalars(scalars)
        scores = {}
        for name, probe in self._probes.items():  # no comprehension: warnings count its frame
            scores[name] = self._begin(name, probe, extractor)
        self._pending.append(_Pending(labels, scores, held(scalars)))
        numbers = self._numbers.setdefault(labels.get("seed"), {})
        number = numbers.setdefault(labels["step"], len(numbers))
        if self._store and number % self._store_every == 0:
            self._store_activations(labels, extractor)
        if time.monotonic() - self._flushed >= self._flush_seconds:
            self.flush()

    def flush(self) -> None:
        """Put everything that has been recorded into the history, where any reader sees it."""
        if self._pending:
            rows = [self._dataset(pending) for pending in self._pending]
            hook = get_manager().hook.telling_once(self._told_of_plugins)
            for dataset in _joined(rows, self._writer.lead):
                dataset = with_plugin_variables(dataset, self._writer, hook)
                self._writer.append(dataset)
                warn_of_undefined(dataset, seen=self._warned, stacklevel=3)
                hook.probekit_recorded(path=self.path, dataset=dataset)
            self._pending.clear()
        self._flushed = time.monotonic()

    def finish(self) -> Path:
        """Make the one file of all rows; nothing can be recorded after that.

        Returns
        -------
        Path
        """
        if not self._finished:
            self.flush()
            self._writer.finish()
            self._finished = True
        return self.path

    def close(self) -> None:
        """Keep what has been recorded, unfinished: it can be opened, and resumed later."""
        try:
            self.flush()
        finally:
            self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self.finish()
        finally:
            self.close()

    @property
    def _plan(self) -> Plan:
        """What is estimated, of every probe set the same."""
        return next(iter(self._probes.values())).plan

    def _config(self) -> dict[str, Any]:
        """Return the settings: a history is gone on with by a Recorder of the same alone."""
        config: dict[str, Any] = {
            "estimators": [repr(estimator) for estimator in self._plan.estimators],
            "features": list(self._plan.names),
        }
        if self._uncertainty is not None:
            config["uncertainty"] = self._uncertainty.text()
        return config

    def _labels(self, step: int, seed: int | None) -> dict[str, Any]:
        seed = self._seed_of(seed)
        return {"step": int(step)} if seed is None else {"seed": seed, "step": int(step)}

    def _seed_of(self, seed: int | None) -> int | None:
        """Return the seed that is meant; None where there are none."""
        if self._seed is None:
            if seed is not None:
                raise OptionError(f"seed={seed}: the Recorder was made without one; give it seed=.")
            return None
        return whole_number("seed", self._seed if seed is None else seed)

    def _begin(self, name: str, probe: Probe, extractor: Extractor) -> "Callable[[], xr.Dataset]":
        """Begin to compute the scores of a probe set; return what waits for them."""
        counted = probe.counted(extractor)
        told = name in self._told  # of what holds for every row, with the first
        self._told.add(name)
        if self._uncertainty is None:
            read = begin(counted.parts(extractor), counted.layer_order(extractor))
            if not told:
                warn_of_optimism(counted, extractor, stacklevel=3)
            return lambda: dataset_of(counted.plan, read())
        counted.check(self._uncertainty, extractor)
        # Now, and not when it is asked for: a loop may hand its parameters to the next step.
        dataset = scored_with(self._uncertainty, counted, extractor)
        if not told:
            drawn, count = counted.drawn_by(self._uncertainty)
            warn_of_few_resamples(drawn, examples=count, stacklevel=3)
            warn_of_few_shuffles(self._uncertainty, largest_family(dataset), stacklevel=3)
            warn_of_biased(dataset, self._uncertainty, stacklevel=3)
            warn_of_optimism(counted, extractor, self._uncertainty, stacklevel=3)
        return lambda: dataset

    def _check_scalars(self, scalars: Mapping[str, Any]) -> None:
        check_scalars(scalars, self._taken)
        names = frozenset(scalars)
        if self._scalars is None:
            self._scalars = names
        elif names != self._scalars:
            raise OptionError(
                f"scalars: {sorted(names)}; the records before had {sorted(self._scalars)}. "
                "Give the same at every record."
            )

    def _dataset(self, pending: _Pending) -> "xr.Dataset":
        """Return a record as a Dataset, waiting for the device if need be."""
        import xarray as xr

        parts = {name: read() for name, read in pending.scores.items()}
        if self._several:
            dataset = xr.concat(list(parts.values()), "probe_set").assign_coords(
                probe_set=list(parts)
            )
        else:
            dataset = next(iter(parts.values()))
        dataset = dataset.assign(
            {name: float(jax.device_get(value)) for name, value in pending.scalars.items()}
        )
        return dataset.expand_dims({dim: [label] for dim, label in pending.labels.items()})

    def _store_activations(self, labels: Mapping[str, Any], extractor: Extractor) -> None:
        """Write activations batch by batch: no more than a batch is in memory."""
        probe = next(iter(self._probes.values()))
        layers = match(probe.layer_order(extractor), self._store, argument="store")
        batches = batches_of(probe.scored_on(extractor), layers, batch_size=self._batch_size)
        self._writer.append_activations(labels, batches)


def _joined(rows: list["xr.Dataset"], lead: tuple[str, ...]) -> list["xr.Dataset"]:
    """Join records of the same layers that follow each other, so that they make one segment."""
    import xarray as xr

    joined: list[list[xr.Dataset]] = []
    for row in rows:
        last = joined[-1][-1] if joined else None
        same_seed = "seed" not in lead or last is None or int(row.seed[0]) == int(last.seed[0])
        alike = last is not None and row.layer.equals(last.layer)
        if last is not None and alike and same_seed and int(row.step[0]) > int(last.step[-1]):
            joined[-1].append(row)
        else:
            joined.append([row])
    return [
        xr.concat(part, "step", data_vars="all", coords="minimal") if len(part) > 1 else part[0]
        for part in joined
    ]
