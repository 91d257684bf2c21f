"""One page that tells a history: figures, final scores, settings and versions, in one file."""

import html
import io
import itertools
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from probekit.errors import HistoryError, OptionError
from probekit.history.accessor import register_accessor
from probekit.history.contents import scores
from probekit.history.file import writing_text
from probekit.history.intervals import interval
from probekit.history.schema import MARK, config_of

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

_MOST_CELLS = 600  # of a table; a score of single units is for figures

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; color: #222; background: #fff;
 max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }}
h1 {{ font-size: 1.5rem; margin-bottom: 0; }}
h2 {{ font-size: 1.15rem; margin-top: 2.2rem; border-bottom: 1px solid #ddd; }}
h3 {{ font-size: 1rem; margin-bottom: .3rem; }}
p.about {{ color: #666; margin-top: .2rem; }}
figure {{ margin: 1rem 0 1.6rem; }}
figure svg {{ max-width: 100%; height: auto; }}
figcaption {{ color: #666; font-size: .9rem; }}
.wide {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }}
th, td {{ padding: .25rem .8rem; text-align: right; border-bottom: 1px solid #e8e8e8; }}
th {{ font-weight: 600; }}
th[scope=row], .words td {{ text-align: left; }}
small {{ color: #777; }}
@media print {{ body {{ margin: 0; max-width: none; }} figure {{ break-inside: avoid; }} }}
</style>
</head>
<body>
<h1>{title}</h1>
<p class="about">{about}</p>
{body}
</body>
</html>
"""


def write_report(
    dataset: "xr.Dataset",
    path: str | os.PathLike[str],
    *,
    sections: Iterable[tuple[str, str]] = (),
    confidence: float = 0.95,
) -> Path:
    """Write a self-contained HTML page about a history: it loads nothing and runs nothing.

    Parameters
    ----------
    dataset : xarray.Dataset
        A history, or what `probekit.probe` or `probekit.compare` returns.
    path : path
        Where to; a file that is there is replaced.
    sections : iterable of (title, HTML)
        Further sections, from plugins for instance; their HTML is put in as it is.
    confidence : float
        Of the intervals over seeds.

    Returns
    -------
    pathlib.Path
        The path of the page.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    HistoryError
        If the page cannot be written.
    """
    register_accessor()
    parts = [
        ("Figures", "".join(_figures(dataset))),
        (_scores_title(dataset), "".join(_tables(dataset, confidence))),
        *sections,
        ("Settings", _pairs(config_of(dataset.attrs))),
        ("Where it comes from", _pairs(_provenance(dataset))),
    ]
    body = "\n".join(
        f"<section>\n<h2>{html.escape(title)}</h2>\n{content}\n</section>"
        for title, content in parts
        if content
    )
    title = str(dataset.attrs.get("title") or "History of a network")
    page = _PAGE.format(title=html.escape(title), about=html.escape(_about(dataset)), body=body)
    with writing_text(Path(path)) as file:
        file.write(page)
    return Path(path)


def _scores_title(dataset: "xr.Dataset") -> str:
    """Tell whether the scores are the last ones of many, or all there are."""
    return "Scores after training" if {"epoch", "step"} & {*dataset.dims} else "Scores"


def _about(dataset: "xr.Dataset") -> str:
    """One line: what was recorded, when, by which version."""
    sizes = ", ".join(f"{size} {dim}{'s' * (size != 1)}" for dim, size in _counts(dataset))
    date = str(dataset.attrs.get("date", ""))[:10]
    version = dataset.attrs.get(MARK)
    return " · ".join(filter(None, (sizes, date, version and f"probekit {version}")))


def _counts(dataset: "xr.Dataset") -> Iterator[tuple[str, int]]:
    for dim in ("seed", "epoch", "step", "layer", "layer_a", "layer_b", "feature"):
        if dim in dataset.sizes:
            yield dim.replace("_", " "), dataset.sizes[dim]


def _figures(dataset: "xr.Dataset") -> Iterator[str]:
    """Yield every figure that the history has the data for."""
    plot = dataset.probekit.plot
    course = [name for name in ("loss", "total_variance") if name in dataset]
    drawings: list[tuple[str, Callable[[], Figure]]] = [
        (
            "Scores over training. Thick line: mean over seeds; band: its 95 % interval; thin "
            "lines: single seeds. (Where many would hide the means, these alone.)",
            plot.trajectories,
        ),
        ("Layer by layer.", plot.layers),
        ("How alike the layers are.", plot.similarity),
        ("Unit by unit.", plot.selectivity),
        ("Distances between examples.", plot.rdm),
        (
            "The representation as a whole over training: each point is one row of one seed, and "
            "the nearer two are, the more alike. (Between seeds only if they have the same "
            "examples.)",
            lambda: plot.embedding(method="mds"),
        ),
    ]
    if course:
        drawings.insert(1, ("The course of training.", lambda: plot.trajectories(course)))
    for number, (caption, draw) in enumerate(drawings):
        try:
            figure = draw()
        except (OptionError, HistoryError):  # the history has not what this figure shows
            continue
        yield (
            f'<figure role="img" aria-label="{html.escape(caption)}">\n'
            f"{inline_svg(figure, f'f{number}-')}\n"
            f"<figcaption>{html.escape(caption)}</figcaption>\n</figure>\n"
        )


def inline_svg(figure: "Figure", prefix: str) -> str:
    """Return a figure as SVG to be put into a page, its ids made unique by `prefix`.

    What points outside (document type, namespaces, metadata) is left away: HTML does not need it.
    """
    from probekit.history.plots import save

    buffer = io.BytesIO()
    save(figure, buffer, format="svg")
    svg = buffer.getvalue().decode()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", svg)
    svg = svg.replace("xlink:href", "href")
    return re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{prefix}", svg).strip()


def _tables(dataset: "xr.Dataset", confidence: float) -> Iterator[str]:
    """Yield a table for each score: mean over seeds and interval, at each seed's last row."""
    try:
        final = dataset.probekit.final()
    except OptionError:  # no rows
        final = dataset
    for name in scores(final):
        array = final[name]
        long_name = array.attrs.get("long_name", "")
        yield f"<h3>{html.escape(name)} <small>{html.escape(str(long_name))}</small></h3>\n"
        cells = array.size // array.sizes.get("seed", 1)
        if cells > _MOST_CELLS:
            yield f"<p>{cells} values, too many for a table.</p>\n"
        else:
            yield _table(array, _ends(final, name, confidence))


def _ends(dataset: "xr.Dataset", name: str, confidence: float) -> "tuple[xr.DataArray, ...] | None":
    """Return both ends of the interval of a score: over seeds, or else that of its bootstrap."""
    array = dataset[name]
    if array.sizes.get("seed", 1) > 1:
        return interval(array, confidence)[1:3]
    if f"{name}_ci" not in dataset:
        return None
    bounds = dataset[f"{name}_ci"]
    bounds = bounds.isel(seed=0) if "seed" in bounds.dims else bounds
    dims = [dim for dim in array.dims if dim != "seed"]
    return tuple(bounds.sel(bound=side).transpose(*dims) for side in ("lower", "upper"))


def _table(array: "xr.DataArray", ends: "tuple[xr.DataArray, ...] | None") -> str:
    """Return a table: the last axis along its head, all others down its side."""
    array = array.mean("seed") if "seed" in array.dims else array
    down = list(map(str, array.dims))
    across = down.pop() if down else ""
    mean = _grid(array, bool(across))
    lower, upper = (_grid(end, bool(across)) for end in ends) if ends else (None, None)
    heads = _labels(array, across) if across else [""]
    rows = itertools.product(*(_labels(array, dim) for dim in down))
    lines = []
    for place, row in enumerate(rows):
        names = "".join(f'<th scope="row">{html.escape(label)}</th>' for label in row)
        values = "".join(
            f"<td>{_cell(mean, lower, upper, (place, column))}</td>" for column in range(len(heads))
        )
        lines.append(f"<tr>{names}{values}</tr>")
    corner = "".join(f'<th scope="row">{html.escape(dim)}</th>' for dim in down)
    head = "".join(f"<th>{html.escape(label)}</th>" for label in heads)
    return (
        f'<div class="wide"><table>\n<thead><tr>{corner}{head}</tr></thead>\n<tbody>\n'
        + "\n".join(lines)
        + "\n</tbody></table></div>\n"
    )


def _grid(array: "xr.DataArray", across: bool) -> np.ndarray:
    values: np.ndarray = array.values
    return values.reshape(-1, values.shape[-1] if across else 1)


def _cell(mean: np.ndarray, lower: Any, upper: Any, place: tuple[int, int]) -> str:
    """Return a mean, with its interval if there is one."""
    text = _number(mean[place])
    if lower is None or np.isnan(lower[place]):
        return text
    return f"{text} <small>[{_number(lower[place])}, {_number(upper[place])}]</small>"


def _number(value: float) -> str:
    if np.isnan(value):
        return "–"
    return f"{value:.3f}" if abs(value) < 1000 else f"{value:.4g}"


def _labels(array: "xr.DataArray", dim: str) -> list[str]:
    labels = array[dim].values.tolist() if dim in array.coords else range(array.sizes[dim])
    return [str(label) for label in labels]


def _provenance(dataset: "xr.Dataset") -> dict[str, Any]:
    hidden = ("title", "config")
    return {str(key): value for key, value in dataset.attrs.items() if key not in hidden}


def _pairs(pairs: dict[str, Any]) -> str:
    """Return names and values as a table of two columns."""
    if not pairs:
        return ""
    rows = "\n".join(
        f'<tr><th scope="row">{html.escape(name)}</th><td>{_words(value)}</td></tr>'
        for name, value in pairs.items()
    )
    return f'<div class="wide"><table class="words"><tbody>\n{rows}\n</tbody></table></div>\n'


def _words(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    return html.escape(text).replace("\n", "<br>")
