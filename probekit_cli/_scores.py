"""Final scores of a history as text, and what the paper would say of them."""

import math
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import xarray as xr

ALIKE = 1.05
"""Features whose R² differ by less than this factor are said to be equally represented."""

HARDLY_ANY = 0.01
"""An R² below this is as large as what chance gives, and no ratio is formed with it."""


class Score(NamedTuple):
    """A score after training.

    Attributes
    ----------
    labels : dict
        ``{"layer": "hidden_3", "feature": "xor"}``; empty for one number a run.
    mean, lower, upper : float
        Mean over the seeds that have a value, and the ends of its 95 % interval; NaN if there are
        too few seeds. Of one seed the score, and its bootstrap interval if there is one.
    seeds : int
        How many seeds have a value.
    p : float
        Of a permutation test, corrected for the number of tests; NaN if there was none.
    """

    labels: dict[str, str]
    mean: float
    lower: float
    upper: float
    seeds: int
    p: float = math.nan

    def text(self) -> str:
        """Mean and interval, as people read them."""
        if math.isnan(self.mean):
            return "–"
        half = (self.upper - self.lower) / 2
        form = ".3f" if abs(self.mean) < 1000 else ".4g"
        if 0 < abs(self.mean) < 0.001:
            form = ".1e"
        text = f"{self.mean:{form}}"
        if not math.isnan(half):  # of resamples it need not lie evenly about the score
            ends = f" [{self.lower:{form}}, {self.upper:{form}}]"
            text += ends if self.seeds == 1 else f" ± {half:{form}}"
        return text if math.isnan(self.p) else f"{text} (p {self.p:.2g})"

    def record(self) -> dict[str, Any]:
        """Return it for JSON."""
        numbers = {"mean": self.mean, "lower": self.lower, "upper": self.upper}
        tested = {} if math.isnan(self.p) else {"p_corrected": self.p}
        return {**self.labels, **numbers, "seeds": self.seeds, **tested}


def scores_of(dataset: "xr.Dataset") -> dict[str, "xr.DataArray"]:
    """Return the variables that are scores: no status codes, nor how sure another score is."""
    from probekit.history.schema import UNCERTAINTY

    return {
        str(name): array
        for name, array in dataset.data_vars.items()
        if array.dtype.kind == "f" and UNCERTAINTY not in array.attrs
    }


def final_scores(dataset: "xr.Dataset") -> dict[str, list[Score]]:
    """Return the scores in the last row of each seed.

    Variables with an axis that has no labels (``unit``, say) are left out.
    """
    from probekit.history import register_accessor

    register_accessor()
    last = (dataset.probekit.final() if has_rows(dataset) else dataset).reset_coords(drop=True)
    labelled = [name for name, array in scores_of(last).items() if _is_labelled(array)]
    shown = last[labelled].assign(
        # Scores of what was left out are scores, though they tell of others, too.
        {f"{name}_cv": last[f"{name}_cv"].drop_attrs() for name in labelled if f"{name}_cv" in last}
    )
    if "seed" not in shown.dims:
        shown = shown.expand_dims("seed")
    if not shown.data_vars:
        return {}
    summary = shown.probekit.summary()
    found = {}
    for name, table in summary.data_vars.items():
        ends = of_one_seed(last, f"{name}_ci")
        if ends is not None:
            table.loc[{"statistic": ["lower", "upper"]}] = ends.rename(bound="statistic")
        found[str(name)] = _scores(table, of_one_seed(last, f"{name}_p_corrected"))
    return found


def records_of(dataset: "xr.Dataset") -> dict[str, Any]:
    """Return the same for JSON, and the names of those that are left out."""
    found = final_scores(dataset)
    return {
        "scores": {name: [score.record() for score in rows] for name, rows in found.items()},
        "left_out": [name for name in scores_of(dataset) if name not in found],
    }


def of_one_seed(dataset: "xr.Dataset", name: str) -> "xr.DataArray | None":
    """Return how sure a score of one model is; None if there are several, or it is not known.

    How far several seeds differ tells more than how sure the score of each of them is.
    """
    array = dataset.get(name)
    if array is None or array.sizes.get("seed", 1) > 1:
        return None
    return array.isel(seed=0, drop=True) if "seed" in array.dims else array


def has_rows(dataset: "xr.Dataset") -> bool:
    """Whether scores were recorded along training; not so what `probekit probe` keeps."""
    from probekit.errors import OptionError

    try:
        return bool(dataset.probekit.time)
    except OptionError:
        return False


def _is_labelled(array: "xr.DataArray") -> bool:
    return all(dim in array.coords for dim in array.dims if dim != "seed")


def _scores(summary: "xr.DataArray", p: "xr.DataArray | None" = None) -> list[Score]:
    import numpy as np

    dims = [str(dim) for dim in summary.dims if dim != "statistic"]
    table = summary.transpose("statistic", *dims).sel(statistic=["mean", "lower", "upper", "n"])
    labels = [table[dim].values for dim in dims]
    scores = []
    for place in np.ndindex(table.shape[1:]):
        mean, lower, upper, count = table.values[(slice(None), *place)].tolist()
        names = {dim: str(labels[axis][place[axis]]) for axis, dim in enumerate(dims)}
        tested = math.nan if p is None else float(p.transpose(*dims).values[place])
        scores.append(Score(names, mean, lower, upper, int(count), tested))
    return scores


def finding(dataset: "xr.Dataset", scores: dict[str, list[Score]]) -> str | None:
    """Say in a sentence how unequally features are represented; None if there are not two.

    Examples
    --------
    >>> import xarray as xr
    >>> history = xr.Dataset(
    ...     {"linear_r2": (("seed", "epoch", "layer", "feature"), [[[[0.5, 0.1]]]])},
    ...     {"seed": [0], "epoch": [1], "layer": ["hidden_3"], "feature": ["linear", "xor"]},
    ... )
    >>> finding(history, final_scores(history))
    'In hidden_3, linear explains 5.0 times as much of the variance as xor (R² 0.500 and 0.100).'
    """
    if "linear_r2" not in scores or "layer" not in dataset.coords:
        return None
    from probekit.history.contents import last_hidden_layer

    layer = last_hidden_layer([str(name) for name in dataset["layer"].values])
    means = {
        score.labels.get("feature", ""): score.mean
        for score in scores["linear_r2"]
        if score.labels.get("layer") == layer and math.isfinite(score.mean)
    }
    if len(means) < 2:
        return None
    high, low = max(means, key=lambda f: means[f]), min(means, key=lambda f: means[f])
    if means[high] < HARDLY_ANY or means[high] == means[low]:
        return None
    values = f"R² {means[high]:.3f} and {means[low]:.3f}"
    accuracy = _accuracies(scores, high, low)
    if means[low] < HARDLY_ANY:
        much = "hardly any" if means[low] > 0 else "none"
        return (
            f"In {layer}, {high} explains some of the variance, {low} {much} ({values}){accuracy}."
        )
    ratio = means[high] / means[low]
    if ratio < ALIKE:
        return (
            f"In {layer}, {high} and {low} explain about equally much of the variance "
            f"({values}){accuracy}."
        )
    return (
        f"In {layer}, {high} explains {ratio:.1f} times as much of the variance as {low} "
        f"({values}){accuracy}."
    )


def _accuracies(scores: dict[str, list[Score]], *features: str) -> str:
    """Return how well the network answers about the features, if that is known."""
    test = {
        score.labels["feature"]: score.mean
        for score in scores.get("accuracy", [])
        if score.labels.get("split") == "test" and "feature" in score.labels
    }
    if not all(feature in test for feature in features):
        return ""
    first, second = (f"{100 * test[feature]:.1f} %" for feature in features)
    return f", at test accuracies of {first} and {second}"
