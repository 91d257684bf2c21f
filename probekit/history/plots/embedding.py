"""How representations move while a network learns: a path for each example, or for each seed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from probekit._checks import check_choice, check_count
from probekit.errors import Argument, OptionError, ShapeError
from probekit.history.plots import style
from probekit.history.plots.stored import activation_history, stored_activations
from probekit.history.representations import Representation

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

T = TypeVar("T")

METHODS = ("pca", "mds")

MOST_ROWS = 300
"""So many points show a path, and their kernels fit into memory."""


def embedding(
    dataset: "xr.Dataset",
    layer: str | None = None,
    *,
    method: str = "pca",
    labels: Any = None,
    examples: int = 200,
    seed: Any = None,
) -> "Figure":
    """Draw the activations stored in a history in two dimensions, over training.

    Parameters
    ----------
    dataset : xarray.Dataset
        A history whose file has activations.
    layer : str, optional
        Which layer; the last one with activations if not given.
    method : str
        ``"pca"``: each example's path in the plane of the first two principal components of the
        last epoch, for one seed. ``"mds"``: each epoch of each seed is one point; points are as far
        apart as their representations are unlike, √(2 − 2 CKA), in two dimensions by classical
        scaling; of more than 300 rows every so many. Rotations of a representation count in the
        first and not in the second.
    labels : array (example,), optional
        For ``"pca"``: colours of the examples, a feature for instance.
    examples : int
        The first so many examples are used.
    seed : label, optional
        For ``"pca"``: which seed; the first one with activations if not given.
    """
    check_choice("method", method, METHODS)
    check_count("examples", examples, 2)
    history = activation_history(dataset)
    layer = style.choose("layer", layer, history.layers)[-1]
    if method == "mds":
        return _between_rows(history, layer, examples)
    last, when = stored_activations(dataset, seed=seed)
    chosen = {dim: label for dim, label in last.rows[0].items() if dim != last.lead[-1]}
    rows = history.sel(**chosen).rows_of(layer)
    stack = np.stack(history.first_examples(rows, examples)).astype(float)
    since = f"{last.lead[-1]} {rows[0].row[last.lead[-1]]}"
    return _within_rows(stack, layer, f"{when}; paths from {since}", labels)


def principal_plane(representation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First two principal directions ``(unit, 2)`` and their shares of the variance ``(2,)``."""
    centred = representation - representation.mean(axis=0)
    _, scale, directions = np.linalg.svd(centred, full_matrices=False)
    if len(directions) < 2:
        raise ShapeError(
            f"representation: shape {representation.shape}; a plane needs two units and examples."
        )
    total = (scale**2).sum()
    return directions[:2].T, scale[:2] ** 2 / (total if total > 0 else 1.0)


def classical_scaling(distances: np.ndarray) -> np.ndarray:
    """Points in the plane ``(point, 2)`` whose distances come closest, by Torgerson's method."""
    centring = np.eye(len(distances)) - 1.0 / len(distances)
    inner = -0.5 * centring @ distances**2 @ centring
    values, vectors = np.linalg.eigh(inner)
    largest = np.argsort(values)[::-1][:2]
    points: np.ndarray = vectors[:, largest] * np.sqrt(np.maximum(values[largest], 0.0))
    return points


def cka_distances(representations: Sequence[np.ndarray]) -> np.ndarray:
    """Distances √(2 − 2 CKA) between representations of the same examples (linear, biased CKA)."""
    kernels = []
    for x in representations:
        x = x - x.mean(axis=0)
        kernel = (x @ x.T).ravel()
        norm = np.linalg.norm(kernel)
        kernels.append(kernel / (norm if norm > 0 else 1.0))
    stacked = np.stack(kernels)
    distances: np.ndarray = np.sqrt(np.maximum(2.0 - 2.0 * stacked @ stacked.T, 0.0))
    np.fill_diagonal(distances, 0.0)
    return distances


def _within_rows(stack: np.ndarray, layer: str, remark: str, labels: Any) -> "Figure":
    """Draw a path for each example; `stack` is ``(row, example, unit)``."""
    plane, shares = principal_plane(stack[-1])
    paths = (stack - stack[-1].mean(axis=0)) @ plane
    count = paths.shape[1]
    groups = np.zeros(count, int) if labels is None else np.asarray(labels)[:count]
    if len(groups) != count:
        raise ShapeError(f"labels: {len(groups)} labels; give one for each of {count} examples.")
    names = np.unique(groups).tolist()
    palette = style.colors(names)
    with style.new_figure(4.6, 3.9) as figure:
        axes = figure.add_subplot()
        for name in names:
            chosen = paths[:, groups == name]
            axes.plot(
                chosen[..., 0], chosen[..., 1], color=palette[name], linewidth=0.5, alpha=0.25
            )
            x, y = chosen[-1].T
            axes.scatter(x, y, s=9, color=palette[name], linewidths=0, label=str(name), zorder=3)
        if labels is not None:
            axes.legend(loc="best", markerscale=1.8, handletextpad=0.1)
        for letter, share, label in zip("xy", shares, ("first", "second"), strict=True):
            getattr(axes, f"set_{letter}label")(f"{label} component ({share:.0%} of the variance)")
        axes.set_title(layer)
        style.small_text(axes, remark)
    return figure


def _between_rows(history: Any, layer: str, examples: int) -> "Figure":
    """Draw a path for each seed, a point for each of its rows."""
    there = history.rows_of(layer)
    if len(there) < 3:
        raise OptionError(
            Argument("method", "mds"), f": {len(there)} rows with activations; it needs 3 or more."
        )
    *others, time = history.lead
    paths = _few_of_each(there, others)
    shown = [one for path in paths.values() for one in path]
    read = history.first_examples(shown, examples)
    points = classical_scaling(cka_distances([one.astype(float) for one in read]))
    ends = np.cumsum([len(path) for path in paths.values()])
    palette = style.colors(list(paths))
    with style.new_figure(4.6, 3.9) as figure:
        axes = figure.add_subplot()
        for key, path in zip(paths, np.split(points, ends[:-1]), strict=True):
            _path(axes, path, palette[key], " ".join(map(str, (*others, *key))))
        start, end = shown[0].row[time], shown[-1].row[time]
        if others:
            axes.legend(loc="best")
        axes.set_xlabel("first dimension")
        axes.set_ylabel("second dimension")
        axes.set_aspect("equal", adjustable="datalim")
        axes.set_title(layer)
        style.small_text(axes, f"○ {time} {start}   ● {time} {end};   distance √(2 − 2 CKA)")
    return figure


def _few_of_each(
    rows: Sequence[Representation], dims: Sequence[str]
) -> dict[tuple[Any, ...], list[Representation]]:
    """Return the rows by their labels along `dims`, those of a seed for instance; not too many."""
    paths: dict[tuple[Any, ...], list[Representation]] = {}
    for row in rows:
        paths.setdefault(tuple(row.row[dim] for dim in dims), []).append(row)
    most = max(3, MOST_ROWS // len(paths))
    return {key: thinned(path, most) for key, path in paths.items()}


def thinned(items: Sequence[T], most: int) -> list[T]:
    """Return at most so many, evenly apart, the first and the last among them.

    Examples
    --------
    >>> thinned(range(10), 4), thinned("ab", 4)
    ([0, 3, 6, 9], ['a', 'b'])
    """
    if len(items) <= most:
        return [*items]
    return [items[place] for place in np.linspace(0, len(items) - 1, most).round().astype(int)]


def _path(axes: "Axes", points: np.ndarray, color: str, label: str) -> None:
    x, y = points.T
    axes.plot(x, y, color=color, linewidth=1.0, alpha=0.8, label=label)
    axes.scatter(x, y, s=4, color=color, linewidths=0)
    axes.scatter(x[0], y[0], s=32, facecolor="white", edgecolor=color, linewidths=1.2, zorder=3)
    axes.scatter(x[-1], y[-1], s=36, color=color, linewidths=0, zorder=3)
