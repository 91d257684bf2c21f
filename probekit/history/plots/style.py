"""How the figures look: palette, axes, labels; and how they come by matplotlib."""

import contextlib
import functools
import io
import math
import os
import re
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from probekit.errors import (
    Argument,
    MissingExtraError,
    OptionError,
    ProbekitWarning,
    UnknownNameError,
)
from probekit.history.contents import called, scores

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

# Okabe and Ito (2008): told apart by the colour-blind, and black on white.
PALETTE = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7"),
    *("#E69F00", "#56B4E9", "#000000", "#B8A900"),
)
SEQUENTIAL = "cividis"
IN_COLUMN = 18
"""So many letters of the name of a column stand in a line."""
MOST_LABELS = 40
"""So many labels are read one by one; of more, a few show where one is."""
INK, FAINT = "#222222", "#8A8A8A"

_STYLE = {
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9.0,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "text.color": INK,
    "text.parse_math": False,  # names are shown as they are: a $ in one is no mathematics
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "savefig.dpi": 200,
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "probekit",  # the same figure is the same file
}


@contextlib.contextmanager
def new_figure(width: float, height: float) -> "Iterator[Figure]":
    """Make a figure of so many inches, in the house style, without pyplot."""
    try:
        import matplotlib as mpl
    except ImportError as error:
        raise MissingExtraError("matplotlib", extra="plot", needed_for="figures") from error
    with mpl.rc_context(_STYLE):  # type: ignore[arg-type]
        yield _notebook_figure()(figsize=(width, height), layout="constrained", dpi=150)


@functools.cache
def _notebook_figure() -> "type[Figure]":
    """Return a figure that notebooks show as a picture; they know those of pyplot alone."""
    from matplotlib.figure import Figure

    class NotebookFigure(Figure):
        def _repr_png_(self) -> bytes:
            picture = io.BytesIO()
            save(self, picture, format="png", dpi=100)
            return picture.getvalue()

    return NotebookFigure


MISSING_GLYPH = r"Glyph \d+ "
"""How matplotlib begins what it says of a character that its fonts lack."""


def save(figure: "Figure", target: str | os.PathLike[str] | BinaryIO, **options: Any) -> None:
    """Write a figure so that equal figures are equal files, and text in an SVG stays text.

    `target` is a path, whose ending says the format, or a binary file with the option ``format``.
    """
    import matplotlib as mpl

    name = str(options.get("format") or os.fspath(target)).rsplit(".", 1)[-1].lower()  # type: ignore[arg-type]
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(name, {})
    with mpl.rc_context(_STYLE), warnings.catch_warnings(record=True) as told:  # type: ignore[arg-type]
        warnings.filterwarnings("always", MISSING_GLYPH)
        figure.savefig(target, metadata=undated, **options)
    lacking = [str(each.message) for each in told if re.match(MISSING_GLYPH, str(each.message))]
    for each in told:
        if str(each.message) not in lacking:
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
    if lacking and name != "svg":  # there the text stays text, and whoever shows it finds a font
        signs = "".join(dict.fromkeys(chr(int(text.split()[1])) for text in lacking))
        warnings.warn(
            f"no font of the figure has {signs!r}: boxes stand for it. "
            "Put a font that has it into font.sans-serif of matplotlib, or write an SVG.",
            ProbekitWarning,
            stacklevel=2,
        )


def colors(labels: Sequence[Any]) -> dict[Any, Any]:
    """One colour for each label; of very many, along a scale that is dark for the first."""
    if len(labels) > MOST_LABELS:
        import matplotlib as mpl

        scale = mpl.colormaps[SEQUENTIAL].resampled(len(labels))
        return {label: scale(place) for place, label in enumerate(labels)}
    return {label: PALETTE[place % len(PALETTE)] for place, label in enumerate(labels)}


def dashes(labels: Sequence[Any]) -> dict[Any, str]:
    """One line style for each label: others where the colours begin again."""
    styles = ("-", "--", ":", "-.") if len(labels) <= MOST_LABELS else ("-",)
    return {
        label: styles[place // len(PALETTE) % len(styles)] for place, label in enumerate(labels)
    }


def legend_columns(labels: Sequence[Any], width: float) -> int:
    """Return how many columns of a legend fit beside each other in so many inches."""
    letter, handle = 0.075, 0.6  # inches
    longest = max((len(str(label)) for label in labels), default=0)
    return min(len(labels), 6, max(1, int(width / (letter * longest + handle))))


def color_scale(figure: "Figure", labels: Sequence[Any]) -> None:
    """Say which colours the first and the last of very many labels have: in place of a legend."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    last = len(labels) - 1
    image = ScalarMappable(Normalize(0, last), SEQUENTIAL)
    bar = figure.colorbar(image, ax=figure.axes, ticks=[0, last], fraction=0.04)
    bar.set_ticklabels([str(labels[0]), str(labels[-1])])


def axis_label(array: "xr.DataArray", width: int = 32) -> str:
    """Name and units of a score, as an axis shows them: in lines of at most `width` letters."""
    name = str(array.attrs.get("long_name") or array.name)
    units = array.attrs.get("units", "1")
    text = name if units in ("1", "") else f"{name} ({units})"
    return textwrap.fill(text, width, break_long_words=False)


def broken(label: Any, width: int = 28) -> str:
    r"""Break a long name behind its separators, into lines of about so many letters.

    Examples
    --------
    >>> broken("encoder/block_0/attention/kernel", 20)
    'encoder/block_0/\nattention/kernel'
    """
    lines = [""]
    for part in re.findall(r"[^/ _.]*[/ _.]?", str(label)):
        pieces = [part[place : place + width] for place in range(0, len(part), width)]
        for piece in pieces:
            if lines[-1] and len(lines[-1]) + len(piece.rstrip()) > width:
                lines.append("")
            lines[-1] += piece
    return "\n".join(line.rstrip(" ") for line in lines)


def readable(name: str) -> str:
    """Name of a variable as a title shows it."""
    words = {"r2": "R²", "cka": "CKA", "rsa": "RSA"}
    return " ".join(words.get(word, word) for word in name.split("_"))


def grid(axes: "Axes") -> None:
    """Draw faint horizontal lines behind the data."""
    axes.grid(axis="y", color="#E4E4E4", linewidth=0.7)
    axes.set_axisbelow(True)


def heat_map(
    axes: "Axes", values: np.ndarray, rows: Sequence[Any], columns: Sequence[Any]
) -> "AxesImage":
    """Draw a labelled matrix with its numbers written in; the scale begins at 0 or below.

    One with very many rows or columns has no numbers, and not all of the labels.
    """
    finite = values[np.isfinite(values)]
    low, high = min(0.0, finite.min(initial=0.0)), finite.max(initial=0.0) or 1.0
    image = axes.imshow(values, cmap=SEQUENTIAL, vmin=low, vmax=high, aspect="auto")
    is_large = max(values.shape) > MOST_LABELS
    for (row, column), value in np.ndenumerate(values) if not is_large else ():
        light = np.isfinite(value) and (value - low) < 0.55 * (high - low)
        axes.text(
            *(column, row, f"{value:z.2f}"),
            ha="center",
            va="center",
            color="white" if light else INK,
            fontsize=8.5,
        )
    turn = is_turned(columns)
    every = math.ceil(len(columns) / MOST_LABELS)
    axes.set_xticks(
        range(0, len(columns), every),
        [broken(label, IN_COLUMN) for label in columns[::every]],
        rotation=30 if turn else 0,
        ha="right" if turn else "center",
    )
    every = math.ceil(len(rows) / MOST_LABELS)
    axes.set_yticks(range(0, len(rows), every), [broken(label) for label in rows[::every]])
    bare(axes)
    return image


def is_turned(columns: Sequence[Any]) -> bool:
    """Whether the names of columns are too long to stand beside each other."""
    return max(len(str(label)) for label in columns) > 9 and len(columns) > 3


def column_width(rows: Sequence[Any], columns: Sequence[Any], usual: float) -> float:
    """Return how many inches a named column of a heat map takes: few where it has no numbers."""
    if max(len(rows), len(columns)) <= MOST_LABELS:
        return usual
    letter, turned_line = 0.075, 0.28
    if is_turned(columns):
        lines = max(broken(label, IN_COLUMN).count("\n") + 1 for label in columns)
        return min(usual, turned_line * lines)
    return min(usual, 0.1 + letter * max(len(str(label)) for label in columns))


def heat_map_room(rows: Sequence[Any], columns: Sequence[Any]) -> tuple[float, float]:
    """Return how many inches the names of rows and columns take beside and below a heat map."""
    letter, line = 0.075, 0.14
    beside = [broken(label).split("\n") for label in rows]
    below = [broken(label, IN_COLUMN).split("\n") for label in columns]
    width = letter * max(len(text) for lines in beside for text in lines)
    height = line * max(map(len, below))
    if is_turned(columns):
        height += 0.5 * letter * max(len(text) for lines in below for text in lines)
    return width, height


def bare(axes: "Axes") -> None:
    """Leave the frame and the ticks away."""
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def small_title(axes: "Axes", *parts: str) -> None:
    """Write what is shown above a panel, in plain small letters."""
    axes.set_title(", ".join(filter(None, parts)), fontweight="normal", fontsize=8.5)


def small_text(axes: "Axes", text: str) -> None:
    """Write a remark above a panel, at its right."""
    axes.set_title(text, loc="right", fontweight="normal", fontsize=7.5, color=FAINT)


def check_variable(dataset: "xr.Dataset", variable: str, *dims: str) -> "xr.DataArray":
    """Return a score of the history that must have these axes."""
    if variable not in dataset.data_vars:
        raise UnknownNameError("variable", variable, scores(dataset))
    array = dataset[variable]
    for dim in dims:
        if dim not in array.dims:
            raise OptionError(
                Argument("variable", variable), f": dims {array.dims}; {dim!r} is needed here."
            )
    return array


def first_with(dataset: "xr.Dataset", *dims: str, prefer: str = "") -> str:
    """Return the score to draw if none was named: the preferred or the first with these axes.

    One that has no others comes before those that have.
    """
    names = [name for name in scores(dataset) if set(dims) <= set(dataset[name].dims)]
    if not names:
        raise OptionError(
            f"{called(dataset)}: no score has the axes {' and '.join(map(repr, dims))}; there are: "
            f"{', '.join(scores(dataset)) or 'none'}."
        )
    return prefer if prefer in names else min(names, key=lambda name: dataset[name].ndim)


def choose(argument: str, given: Any, known: Sequence[Any]) -> list[Any]:
    """Return the labels that were asked for, all if none were, and refuse unknown ones."""
    if given is None:
        return list(known)
    chosen = [given] if isinstance(given, str) or np.ndim(given) == 0 else list(given)
    for label in chosen:
        if label not in known:
            raise UnknownNameError(argument, str(label), map(str, known))
    return chosen


def at(dataset: "xr.Dataset", epoch: Any) -> "tuple[xr.Dataset, str]":
    """Return the rows of one epoch (or step), or each seed's last, and how to say so in a title."""
    try:
        time = dataset.probekit.time
    except OptionError:  # a Dataset of `probe` or `compare`, without rows
        if epoch is not None:
            raise OptionError(
                Argument("epoch", epoch), ": these scores have no epochs. Leave it out."
            ) from None
        return dataset, ""
    if epoch is None:
        return dataset.probekit.final(), f"last {time}"
    choose(time, epoch, dataset[time].values.tolist())
    return dataset.sel({time: epoch}), f"{time} {epoch}"


def one_of_seeds(array: "xr.DataArray", seed: Any) -> "tuple[xr.DataArray, str]":
    """Return one seed or the mean over seeds, and how to say so in a title."""
    if "seed" not in array.dims:
        if seed is not None:
            raise OptionError(Argument("seed", seed), ": these scores have no seeds. Leave it out.")
        return array, ""
    if seed is not None:
        choose("seed", seed, array["seed"].values.tolist())
        return array.sel(seed=seed), f"seed {seed}"
    count = array.sizes["seed"]
    return array.mean("seed"), f"mean of {count} seeds" if count > 1 else ""
