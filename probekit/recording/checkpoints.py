"""Recording after the fact: a folder of checkpoints as a history."""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from probekit.errors import Argument, HistoryError, OptionError
from probekit.estimators import Estimator
from probekit.extractors import Extractor
from probekit.history import open_history
from probekit.recording.recorder import Recorder
from probekit.recording.scalars import whole_number

if TYPE_CHECKING:
    import xarray as xr


def probe_checkpoints(
    directory: str | os.PathLike[str],
    make_extractor: Callable[[Any], Extractor],
    inputs: Any = None,
    features: Any = None,
    *,
    output: str | os.PathLike[str],
    held_out: tuple[Any, Any] | None = None,
    estimators: str | Estimator | Iterable[str | Estimator] | None = None,
    like: Any = None,
    steps: Iterable[int] | None = None,
    **options: Any,
) -> "xr.Dataset":
    """Probe a folder of Orbax checkpoints, one row of a history a checkpoint.

    Parameters
    ----------
    directory : path
        The folder, as an Orbax ``CheckpointManager`` writes it.
    make_extractor : function
        Takes what a checkpoint holds (for example variables) and returns an extractor of it.
    inputs, features, held_out, estimators
        As `probekit.probe` takes them.
    output : path
        The history, ``NAME.nc``, with the dim ``step``.
    like : pytree, optional
        What the checkpoints hold, as arrays or `jax.ShapeDtypeStruct`, to restore into; without it
        they are restored as nested dicts of arrays.
    steps : iterable of int, optional
        Which checkpoints; all of them unless given.
    **options
        Further arguments of `Recorder`. With ``resume=True`` checkpoints of which there are rows
        are not probed again: so a history is gone on with that was stopped, or finished before
        there were newer checkpoints.

    Returns
    -------
    xarray.Dataset

    Raises
    ------
    HistoryError
        If there are no checkpoints, or one cannot be read. What was probed before is kept, for
        ``resume=True`` with ``steps`` that leave that one out.
    OptionError
        If a step that is asked for is not there, or is no whole number; or if none is.

    Examples
    --------
    >>> import probekit as pk
    >>> def extractor_of(variables):
    ...     return pk.extractors.linen(model, variables, layers="Dense_*")
    >>> pk.probe_checkpoints(
    ...     "checkpoints", extractor_of, inputs, features, output="history.nc"
    ... )  # doctest: +SKIP
    """
    from probekit.extractors import checkpoints

    there = checkpoints.steps(directory)
    chosen = there if steps is None else _ascending(steps)
    if not options.get("resume"):  # before anything is overwritten
        _check_steps(chosen, there)
    with Recorder(
        output,
        inputs=inputs,
        features=features,
        held_out=held_out,
        estimators=estimators,
        **options,
    ) as recorder:
        done = recorder.recorded()
        chosen = [step for step in chosen if step not in done]
        _check_steps(chosen, there)
        for number, step in enumerate(chosen):
            with _told_what_is_kept(len(done) + number, last=step == chosen[-1]):
                held = checkpoints.restore(directory, step, like=like)
            recorder.record(step, make_extractor(held))
    return open_history(output)


@contextlib.contextmanager
def _told_what_is_kept(rows: int, *, last: bool) -> Iterator[None]:
    """Add to the error of a checkpoint that cannot be read what is there, and how to go on."""
    try:
        yield
    except HistoryError as error:
        if last and not rows:  # it is the only one
            raise
        kept = f", and go on with resume (rows so far: {rows})" if rows else ""
        reason = str(error).rstrip(".")
        raise HistoryError(f"{reason}. Leave it out, with steps{kept}.") from error.__cause__


def _ascending(steps: Iterable[int]) -> list[int]:
    """Return each step once, in the order of training."""
    several = isinstance(steps, Iterable) and not isinstance(steps, str)
    found = sorted({whole_number("steps", step) for step in steps}) if several else []
    if not found:
        raise OptionError(Argument("steps", steps), ": give a list of whole numbers.")
    return found


def _check_steps(chosen: list[int], there: list[int]) -> None:
    for step in chosen:
        if step not in there:
            known = ", ".join(map(str, there[:10])) + (", …" if len(there) > 10 else "")
            raise OptionError(f"steps: no checkpoint of step {step}; there are {known}.")
