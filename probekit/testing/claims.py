"""What the assertions find in a Dataset: one score per place, with its interval over seeds."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from probekit._checks import check_confidence
from probekit.errors import OptionError, UnknownNameError
from probekit.status import STATUS_SUFFIX, Status
from probekit.testing.differences import labels_of
from probekit.testing.looking import Look, note

if TYPE_CHECKING:
    import xarray as xr


class Found(NamedTuple):
    """A score at one place.

    Attributes
    ----------
    what : str
        The variable.
    where : dict of str
        Its labels.
    value : float
        The score, or the mean over seeds; NaN if it is undefined for any seed.
    lower, upper : float
        Ends of the interval over seeds; NaN where there is none.
    n : int
        Number of seeds; 0 for a score without seeds.
    trouble : str
        Why it is NaN.
    when : str
        The epochs or steps of it.
    """

    what: str
    where: dict[str, str]
    value: float
    lower: float
    upper: float
    n: int
    trouble: str
    when: str

    @property
    def low(self) -> float:
        """What a lower bound is held against."""
        return self.value if np.isnan(self.lower) else self.lower

    @property
    def high(self) -> float:
        """What an upper bound is held against."""
        return self.value if np.isnan(self.upper) else self.upper

    def described(self, confidence: float) -> str:
        """Say what was found: the score, its interval, n, and when."""
        if self.trouble:
            return f"NaN ({self.trouble})"
        notes = []
        if self.n > 1:
            ends = f"{number(self.lower)} to {number(self.upper)}"
            notes.append(f"{100 * confidence:g} % interval {ends} over {self.n} seeds")
        elif self.n:
            notes.append("one seed, so no interval")
        if self.when:
            notes.append(f"at {self.when}")
        return number(self.value) + (f" ({', '.join(notes)})" if notes else "")


class Bounds(NamedTuple):
    """What a score must keep."""

    at_least: float | None
    at_most: float | None

    @classmethod
    def of(cls, at_least: float | None, at_most: float | None) -> "Bounds":
        """Check the bounds of an assertion."""
        for name, value in (("at_least", at_least), ("at_most", at_most)):
            if value is not None and not np.isfinite(value):
                raise OptionError(f"{name}={value!r}: give a finite number, or None for no bound.")
        if at_least is None and at_most is None:
            raise OptionError("at_least=None, at_most=None: nothing is asserted; give one of them.")
        if at_least is not None and at_most is not None and at_least > at_most:
            raise OptionError(
                f"at_least={at_least} is above at_most={at_most}; at_least=None leaves it out."
            )
        return cls(at_least, at_most)

    def __str__(self) -> str:
        parts = (("at least", self.at_least), ("at most", self.at_most))
        return " and ".join(f"{word} {bound:g}" for word, bound in parts if bound is not None)

    def failures(self, found: Found) -> list[str]:
        """Return what is wrong; empty if the score keeps the bounds."""
        if np.isnan(found.value):
            return [f"must be {self}"]
        wrong = []
        if self.at_least is not None and not found.low >= self.at_least:
            wrong.append(_demand(found, "lower", "at least", self.at_least))
        if self.at_most is not None and not found.high <= self.at_most:
            wrong.append(_demand(found, "upper", "at most", self.at_most))
        return wrong


def _demand(found: Found, end: str, words: str, bound: float) -> str:
    if found.n < 2:
        return f"must be {words} {bound:g}"
    mean_keeps = found.value >= bound if end == "lower" else found.value <= bound
    hint = "; the mean keeps that, so more seeds may show it" if mean_keeps else ""
    return f"the {end} end must be {words} {bound:g}{hint}"


def hold(found: Sequence[Found], bounds: Bounds, confidence: float) -> str:
    """Hold scores against bounds, and note them for the report.

    Returns
    -------
    str
        The message of the assertion; empty if all is well.
    """
    lines = []
    for one in found:
        wrong = bounds.failures(one)
        note(look_at(one, str(bounds), "failed" if wrong else "ok"))
        if wrong:
            what = f"{one.what} is {one.described(confidence)}"
            lines.append(f"{place(one.where)}{what}; {' and '.join(wrong)}.")
    if len(found) == 1 or not lines:
        return "".join(lines)
    return "\n  ".join([f"{len(lines)} of {len(found)} scores are not {bounds}:", *lines])


def look_at(found: Found, wanted: str = "", verdict: str = "") -> Look:
    """Return what the report is told about a score."""
    lower, upper = (None if np.isnan(end) else end for end in (found.lower, found.upper))
    return Look(found.what, found.where, found.value, lower, upper, found.n, wanted, verdict)


def note_all(ds: "xr.Dataset") -> None:
    """Note every score of a Dataset of `probekit.probe` for the report."""
    from probekit.history.contents import scores

    for name in scores(ds):
        # Scores of single units and the like are too many for a report.
        if set(ds[name].dims) <= {"layer", "feature"}:
            for found in find(ds, name, dict.fromkeys(map(str, ds[name].dims))):
                note(look_at(found))


def place(where: Mapping[str, str]) -> str:
    """``feature 'xor' in layer 'hidden_3': ``, as messages begin."""
    rest = dict(where)
    words = []
    if "feature" in rest and "layer" in rest:
        words.append(f"feature {rest.pop('feature')!r} in layer {rest.pop('layer')!r}")
    words += [f"{dim} {label!r}" for dim, label in rest.items()]
    return f"{', '.join(words)}: " if words else ""


def number(value: Any) -> str:
    """Return a number short enough to read.

    Examples
    --------
    >>> number(0.41234567), number(float("nan"))
    ('0.4123', 'nan')
    """
    return f"{value:.4g}"


def find(
    ds: Any, estimator: Any, at: Mapping[str, Any], *, confidence: float = 0.95
) -> list[Found]:
    """Find the scores that an assertion is about.

    Parameters
    ----------
    ds : xarray.Dataset
        Of `probekit.probe` or `probekit.compare`, or a history; of that each seed's last recorded
        row counts, unless `at` chooses another.
    estimator : str or Estimator
        The variable, or the estimator whose first variable it is.
    at : mapping
        ``{dim: label, labels or None for all}``.
    confidence : float
        Of the interval over seeds.

    Raises
    ------
    OptionError
        If `ds` is no Dataset, or an axis is left that nothing was chosen of.
    UnknownNameError
        If there is no such score, axis or label; near matches are listed.
    """
    from probekit.history import register_accessor

    register_accessor()
    check_confidence(confidence)
    name = variable_of(check_dataset(ds), estimator)
    for dim in at:
        if dim not in ds[name].dims:
            raise UnknownNameError(f"axis of {name}", dim, map(str, ds[name].dims))
    chosen = ds.isel({dim: _places(ds, dim, labels) for dim, labels in at.items()})
    final = last_rows(chosen) if time_of(chosen) not in at else chosen
    array = final[name]
    open_dims = [d for d in array.dims if d not in ("seed", *at) and array.sizes[d] > 1]
    if open_dims:
        labels = {str(dim): labels_of(ds, dim)[-1] for dim in open_dims}
        raise OptionError(
            f"{name}: has also the axes {', '.join(labels)}; choose of each, as in at={labels!r}."
        )
    return list(_each(final, name, confidence))


def check_dataset(ds: Any, argument: str = "ds") -> "xr.Dataset":
    """Return a Dataset, or say that this is none."""
    import xarray as xr

    if isinstance(ds, xr.Dataset):
        return ds
    raise OptionError(
        f"{argument}: a {type(ds).__name__}; give the Dataset of probekit.probe, compare or run."
    )


def variable_of(ds: "xr.Dataset", estimator: Any) -> str:
    """Return the name of an estimator's variable in a Dataset."""
    from probekit.history.contents import scores

    name = estimator if isinstance(estimator, str) else estimator.variables[0].name
    if name not in ds.data_vars or name not in scores(ds):
        raise UnknownNameError("estimator", str(name), scores(ds))
    return str(name)


def time_of(ds: "xr.Dataset") -> str:
    """Return the axis along which the network learns; empty if there is none."""
    try:
        return str(ds.probekit.time)
    except OptionError:
        return ""


def last_rows(ds: "xr.Dataset") -> "xr.Dataset":
    """Return each seed's last recorded row of a history, and anything else as it is."""
    final: xr.Dataset = ds.probekit.final() if time_of(ds) else ds
    return final


def _places(ds: "xr.Dataset", dim: str, chosen: Any) -> list[int]:
    """Return where labels stand along an axis."""
    known = labels_of(ds, dim)
    if chosen is None:
        return list(range(len(known)))
    several = isinstance(chosen, Sequence | np.ndarray) and not isinstance(chosen, str)
    for label in chosen if several else [chosen]:
        if label not in known:
            raise UnknownNameError(dim, str(label), map(str, known))
    return [known.index(label) for label in (chosen if several else [chosen])]


def _each(final: "xr.Dataset", name: str, confidence: float) -> Iterator[Found]:
    from probekit.history.intervals import interval

    array = final[name].astype(np.float64)
    status = final.get(f"{name}{STATUS_SUFFIX}")
    dims = [dim for dim in array.dims if dim != "seed"]
    for index in itertools.product(*(range(array.sizes[dim]) for dim in dims)):
        here = dict(zip(dims, index, strict=True))
        score = array.isel(here)
        codes = None if status is None else status.isel(here)
        where = {
            str(dim): str(labels_of(final, dim)[i])
            for dim, i in here.items()
            if dim in final.coords or final.sizes[dim] > 1
        }
        trouble, when = _trouble(score, codes), _when(score)
        if "seed" not in score.dims:
            value = float(score)
            yield Found(name, where, value, np.nan, np.nan, 0, trouble, when)
            continue
        mean, lower, upper, _ = (float(part) for part in interval(score, confidence))
        value = np.nan if trouble else mean
        yield Found(name, where, value, lower, upper, score.sizes["seed"], trouble, when)


def _trouble(score: "xr.DataArray", codes: "xr.DataArray | None") -> str:
    """Say why a score is NaN and, if not all are, for which seeds; empty if none is."""
    undefined = np.atleast_1d(np.isnan(score.values))
    if not undefined.any():
        return ""
    why = "its status is not in the Dataset"
    if codes is not None:
        why = f"status: {status_words(np.atleast_1d(codes.values)[undefined])}"
    if "seed" in score.dims and not undefined.all():
        labels = np.asarray(labels_of(score.to_dataset(name="score"), "seed"))[undefined]
        why += f"; seed {', '.join(map(str, labels))} of {undefined.size}"
    return why


def status_words(codes: Any) -> str:
    """Say what status codes mean."""
    words = {int(status): status.words for status in Status}
    # Arithmetic on a whole Dataset makes numbers of codes, and NaN.
    return " and ".join(words.get(code, f"{code:g}") for code in np.unique(codes))


def _when(score: "xr.DataArray") -> str:
    """Name the rows: ``epoch 100``, or ``epochs 90 to 100`` where seeds stopped at unlike ones."""
    for dim in ("epoch", "step"):
        if dim in score.coords:
            rows = np.unique(score[dim].values)
            return f"{dim} {rows[0]}" if len(rows) == 1 else f"{dim}s {rows[0]} to {rows[-1]}"
    return ""
