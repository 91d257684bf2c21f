"""Scores over training: one thin line a seed, their mean, and its interval."""

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from probekit.errors import Argument, OptionError
from probekit.history.contents import last_hidden_layer, scores
from probekit.history.intervals import interval
from probekit.history.plots import style

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLORED = ("feature", "layer", "split")  # the axis that gives the colours, the first there is

_ENDS = ("score", "lower", "upper")  # along the axis "end", where an interval was recorded

MOST_SEED_LINES = 60
"""So many thin lines leave the means of a panel to be seen."""
MOST_BANDS = len(style.PALETTE)
"""So many bands can be told apart, where they lie over each other."""


def trajectories(
    dataset: "xr.Dataset",
    variables: str | Sequence[str] | None = None,
    *,
    layers: str | Sequence[str] | None = None,
    features: str | Sequence[str] | None = None,
    split: str = "test",
    confidence: float = 0.95,
    seeds: bool = True,
) -> "Figure":
    """Draw scores over training: a thin line a seed, a thick mean, a band for its t interval.

    Of one seed the band is the interval of its bootstrap, if it was recorded with one.
    What would hide the means is left out: seeds of which there are more than 60 lines in a panel,
    and the bands of more than 8 features (or layers). Of more than 40 the means are coloured along
    a scale.

    Parameters
    ----------
    dataset : xarray.Dataset
        A history.
    variables : str or sequence of str, optional
        One panel each; ``"normalized_r2"`` is computed on the way. If not given: the network's
        accuracy, linear R² and its normalized form, as far as they were recorded.
    layers : str or sequence of str, optional
        One row of panels each, for scores that have layers; the last hidden one if not given.
    features : str or sequence of str, optional
        Which features; all if not given.
    split : str
        For scores with splits, which one.
    confidence : float
        Of the interval over seeds.
    seeds : bool
        Whether single seeds are drawn too, where they are few.
    """
    chosen = _variables(dataset, variables)
    panels = [
        panel
        for name, array in chosen.items()
        for panel in _panels(dataset, name, array, layers=layers, features=features, split=split)
    ]
    columns = min(3, len(panels))
    rows = math.ceil(len(panels) / columns)
    width, labels = 3.3 * columns + 0.3, _labels(panels)
    side_by_side = style.legend_columns(labels, width)
    many = len(labels) > style.MOST_LABELS
    lines = 1 if many else math.ceil(len(labels) / max(side_by_side, 1))  # of the legend
    further = max(0, lines - 1) * 0.17
    with style.new_figure(width, 2.65 * rows + 0.35 + further) as figure:
        legend: dict[str, Any] = {}
        for place, (title, array) in enumerate(panels):
            axes = figure.add_subplot(rows, columns, place + 1)
            legend |= _draw(axes, array, dataset.probekit.time, confidence, seeds=seeds)
            axes.set_title(_wrapped(title))
        if many:
            style.color_scale(figure, labels)
        elif any(legend):
            handles = {label: line for label, line in legend.items() if label}
            figure.legend(
                handles.values(), handles.keys(), loc="outside upper center", ncols=side_by_side
            )
    return figure


def _wrapped(title: str) -> str:
    lines = textwrap.wrap(title, 32, break_long_words=False, break_on_hyphens=False)
    return "\n".join(style.broken(line, 32) for line in lines)


def _variables(
    dataset: "xr.Dataset", variables: str | Sequence[str] | None
) -> "dict[str, xr.DataArray]":
    time = dataset.probekit.time
    if variables is None:
        known = [name for name in scores(dataset) if time in dataset[name].dims]
        variables = [name for name in ("accuracy", "linear_r2") if name in known] or known[:3]
        if {"linear_r2", "total_variance"} <= set(known):
            variables = [*variables, "normalized_r2"]
    names = [variables] if isinstance(variables, str) else list(variables)
    if not names:
        raise OptionError(f"variables: no score has the axis {time!r}, so there is none to draw.")
    return {
        name: dataset.probekit.normalized_r2()
        if name == "normalized_r2" and name not in dataset
        else _with_ends(dataset, style.check_variable(dataset, name, time))
        for name in names
    }


def _with_ends(dataset: "xr.Dataset", score: "xr.DataArray") -> "xr.DataArray":
    """Return a score of one seed beside both ends of its interval, if there is one."""
    import xarray as xr

    bounds = dataset.get(f"{score.name}_ci")
    if bounds is None or score.sizes.get("seed", 1) > 1:
        return score
    ends = [bounds.sel(bound=side, drop=True) for side in _ENDS[1:]]
    parts = [
        part.isel(seed=0, drop=True) if "seed" in part.dims else part for part in (score, *ends)
    ]
    return xr.concat(parts, "end").assign_coords(end=list(_ENDS)).assign_attrs(score.attrs)


def _panels(
    dataset: "xr.Dataset",
    name: str,
    array: "xr.DataArray",
    *,
    layers: Any,
    features: Any,
    split: str,
) -> "list[tuple[str, xr.DataArray]]":
    """Cut a score into panels: it may then have the axes seed, time and that of the colours."""
    heading = style.readable(name)
    if "split" in array.dims:
        style.choose("split", split, array["split"].values.tolist())
        array, heading = array.sel(split=split), f"{heading}, {split}"
    if "feature" in array.dims and features is not None:
        array = array.sel(feature=style.choose("feature", features, array.feature.values.tolist()))
    kept = {"seed", dataset.probekit.time, "layer", "end", *_COLORED}
    others = [str(dim) for dim in array.dims if dim not in kept]
    if others:
        raise OptionError(
            Argument("variables", name),
            f": has the axis {others[0]!r} too; choose from it or average over "
            f"it first, e.g. ds.mean({others[0]!r}).",
        )
    title = style.axis_label(array.rename(name))
    if "layer" not in array.dims:
        return [(heading, array.assign_attrs(label=title))]
    if layers is None and "feature" not in array.dims:
        return [(heading, array.assign_attrs(label=title))]  # colours are layers
    layers = last_hidden_layer(array.layer.values.tolist()) if layers is None else layers
    names = style.choose("layer", layers, array.layer.values.tolist())
    return [
        (f"{heading}, {layer}", array.sel(layer=layer).assign_attrs(label=title)) for layer in names
    ]


def _colored(array: "xr.DataArray") -> str | None:
    """Return the axis that gives the colours."""
    return next((dim for dim in _COLORED if dim in array.dims), None)


def _labels(panels: "Sequence[tuple[str, xr.DataArray]]") -> list[str]:
    """Return what the legend names, each once."""
    found: dict[str, None] = {}
    for _, array in panels:
        colored = _colored(array)
        found |= dict.fromkeys(map(str, array[colored].values.tolist()) if colored else ())
    return list(found)


def _draw(
    axes: "Axes", array: "xr.DataArray", time: str, confidence: float, *, seeds: bool
) -> dict[str, Any]:
    """Draw one panel; return what its legend shows."""
    colored = _colored(array)
    labels = array[colored].values.tolist() if colored else [""]
    palette, dashes = style.colors(labels), style.dashes(labels)
    shade = 0.16 if len(labels) <= 3 else 0.08  # many bands lie over each other
    has_bands = len(labels) <= MOST_BANDS
    has_seeds = seeds and array.sizes.get("seed", 1) * len(labels) <= MOST_SEED_LINES
    lines = {}
    for label in labels:
        one = array.sel({colored: label}) if colored else array
        x, color = one[time].values, palette[label]
        mean, lower, upper = _mean_and_ends(one, confidence)
        if has_seeds and one.sizes.get("seed", 1) > 1:
            axes.plot(x, one.transpose(time, "seed").values, color=color, linewidth=0.6, alpha=0.35)
        if has_bands:
            axes.fill_between(x, lower.values, upper.values, color=color, alpha=shade, linewidth=0)
        how = {"color": color, "linestyle": dashes[label], **_means_look(len(labels))}
        lines[str(label)] = _draw_mean(axes, x, mean.values, **how)
    _label_axes(axes, array, time)
    drawn = array.sel(end="score") if "end" in array.dims else array
    _limit(axes, drawn.mean("seed") if "seed" in drawn.dims and not has_seeds else drawn, time)
    return lines


def _label_axes(axes: "Axes", array: "xr.DataArray", time: str) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_xlabel(time)
    if array.sizes[time] == 1:
        axes.set_xticks(array[time].values)
    else:
        axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))  # there is no epoch 2.5
    axes.set_ylabel(array.attrs["label"])
    axes.margins(x=0.01)
    style.grid(axes)


def _mean_and_ends(array: "xr.DataArray", confidence: float) -> "tuple[xr.DataArray, ...]":
    """Return the mean over seeds and the ends of its interval, or those that were recorded."""
    if "end" in array.dims:
        return tuple(array.sel(end=end) for end in _ENDS)
    return interval(array if "seed" in array.dims else array.expand_dims("seed"), confidence)[:3]


def _means_look(labels: int) -> dict[str, Any]:
    """Return how the means of so many labels are drawn: the more, the thinner."""
    if labels > style.MOST_LABELS:
        # In an SVG, hundreds of lines of a thousand points are 50 MB.
        return {"linewidth": 0.8, "rasterized": True}
    return {"linewidth": 1.8 if labels <= MOST_BANDS else 1.3}


def _draw_mean(axes: "Axes", x: np.ndarray, mean: np.ndarray, **how: Any) -> Any:
    """Draw a mean above all seeds and bands; a point where no line goes."""
    alone = _alone(mean)
    (line,) = axes.plot(
        x,
        mean,
        marker="o" if len(alone) else None,
        markersize=6.0 if len(x) == 1 else 2.5,
        markevery=alone.tolist(),
        zorder=3,
        **how,
    )
    return line


def _alone(values: np.ndarray) -> np.ndarray:
    """Return where a score is defined and the one before and after is not: no line goes there."""
    there = np.concatenate([[False], np.isfinite(values), [False]])
    alone: np.ndarray = np.flatnonzero(there[1:-1] & ~there[:-2] & ~there[2:])
    return alone


def _limit(axes: "Axes", array: "xr.DataArray", time: str) -> None:
    """Show the scores, not the far ends of an interval that few seeds make wide."""
    values = array.values[np.isfinite(array.values)]
    if not values.size:  # axes with numbers would make believe that there is something
        axes.set_yticks([])
        axes.set_xticks(sorted({*array[time].values[[0, -1]].tolist()}))
        axes.text(0.5, 0.5, "undefined throughout", ha="center", transform=axes.transAxes)
        return
    low, high = values.min(), values.max()
    room = 0.06 * (high - low or 1.0)
    axes.set_ylim(low - room, high + room)
