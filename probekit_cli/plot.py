"""``probekit plot``: figures of a history as PNG, SVG or PDF."""

import dataclasses
import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from probekit.errors import OptionError, suggestion
from probekit.plugins import Manager
from probekit.plugins.config import Setting, read_config
from probekit_cli._completing import Names, labels, names_of, scores
from probekit_cli._declared import command_with, output_option
from probekit_cli._files import History, check_matplotlib, check_target
from probekit_cli._options import choice, separated, some_names, whole_number
from probekit_cli._terminal import Terminal

if TYPE_CHECKING:
    import xarray as xr

SUFFIXES = (".png", ".svg", ".pdf")

# Which options each figure takes, by the names that it has for them.
OPTIONS: dict[str, dict[str, str]] = {
    "trajectories": {
        "variable": "variables",
        "layer": "layers",
        "feature": "features",
        "split": "split",
    },
    "layers": {"variable": "variable", "epoch": "epoch", "seed": "seed"},
    "similarity": {"variable": "variable", "epoch": "epoch", "seed": "seed"},
    "rdm": {
        "layer": "layers",
        "epoch": "epoch",
        "seed": "seed",
        "metric": "metric",
        "examples": "examples",
    },
    "embedding": {"layer": "layer", "seed": "seed", "method": "method", "examples": "examples"},
    "selectivity": {"variable": "variable", "layer": "layer", "epoch": "epoch", "seed": "seed"},
}
KINDS = tuple(OPTIONS)
SEVERAL = ("variables", "layers", "features")  # what a figure takes more than one of
NUMBERS = ("epoch", "seed", "examples")

HELP = """Draw a figure of a history (needs the plot extra).

trajectories: scores over training, with intervals over seeds. layers: a score by layer and feature,
or bars of scores that have none.
similarity: layer by layer, a score of 'probekit.compare', or CKA of the stored activations. rdm:
distances between examples. embedding: representations over training, by PCA of examples or MDS of
whole representations. selectivity: scores of single units. The figures rdm and embedding need
stored activations: 'probekit run TASK --store-activations GLOB'."""


def _names(text: str, found: Names, *, one: bool = False) -> Any:
    return typer.Option(
        metavar="NAME" if one else "NAME,…",
        help=text,
        show_default=False,
        callback=some_names,
        autocompletion=names_of(found),
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class PlotOptions:
    """What can be asked for: what every figure has, and what only some have."""

    file: History
    output: Annotated[
        Path | None, output_option("PNG, SVG or PDF; FILE-KIND.png unless given.")
    ] = None
    kind: Annotated[
        str | None,
        choice(
            KINDS,
            "--kind",
            help="Which figure. Unless given trajectories, or of scores without epochs layers; "
            "of two models similarity.",
            show_default=False,
        ),
    ] = None
    style: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Style of matplotlib, or a file of one; that of the project unless given.",
            show_default=False,
        ),
    ] = None
    variable: Annotated[str | None, _names("Which score.", scores)] = None
    layer: Annotated[str | None, _names("Which layer.", labels("layer"))] = None
    feature: Annotated[str | None, _names("Which feature.", labels("feature"))] = None
    split: Annotated[str | None, _names("Which split.", labels("split"), one=True)] = None
    epoch: Annotated[
        str | None,
        typer.Option(metavar="NUMBER", help="Which epoch (or step).", show_default=False),
    ] = None
    seed: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="Which seed.", show_default=False)
    ] = None
    method: Annotated[
        str | None, choice(("pca", "mds"), help="Of an embedding.", show_default=False)
    ] = None
    metric: Annotated[
        str | None,
        choice(("euclidean", "correlation"), help="Of distances.", show_default=False),
    ] = None
    examples: Annotated[
        str | None,
        typer.Option(metavar="NUMBER", help="How many to show at most.", show_default=False),
    ] = None

    def of_figure(self) -> dict[str, str]:
        """Return what was given of the options that only some figures have."""
        of_all = ("file", "output", "kind", "style")
        given = {name: text for name, text in vars(self).items() if name not in of_all}
        return {name: text for name, text in given.items() if text is not None}


def add(app: typer.Typer, manager: Manager) -> None:
    """Add the command."""
    app.command("plot", help=HELP)(command_with(PlotOptions, _plot))


def _plot(asked: PlotOptions) -> None:
    file, kind, dataset = asked.file, asked.kind, None
    if kind is None:
        from probekit.history import open_history

        dataset = open_history(file)
        kind = suitable(dataset)
    options = options_of(kind, asked.of_figure())
    target = asked.output or file.with_name(f"{file.name.partition('.nc')[0]}-{kind}.png")
    if target.suffix.lower() not in SUFFIXES:
        raise OptionError(f"--output {target}: must end in {', '.join(SUFFIXES)}.")
    check_target(target, file)
    setting = Setting(asked.style, "--style") if asked.style else read_config()["plot_style"]
    check_matplotlib()
    check_style(setting)
    from probekit.history import open_history

    dataset = open_history(file) if dataset is None else dataset
    _draw(dataset, kind, options, target, style=setting.text)
    Terminal().line(str(target))


def suitable(dataset: "xr.Dataset") -> str:
    """Return the kind of figure that shows most of what there is."""
    if "layer_a" in dataset.dims:
        return "similarity"
    return "trajectories" if {"epoch", "step"} & {*dataset.dims} else "layers"


def options_of(kind: str, given: dict[str, str]) -> dict[str, Any]:
    """Return the arguments of a figure from the options that were given.

    Raises
    ------
    OptionError
        If the figure has no such option, or it has to be a number and is none.

    Examples
    --------
    >>> options_of("rdm", {"layer": "hidden_0,hidden_1", "seed": "0"})
    {'layers': ['hidden_0', 'hidden_1'], 'seed': 0}
    """
    known = OPTIONS[kind]
    options: dict[str, Any] = {}
    for name, text in given.items():
        if name not in known:
            takes = ", ".join(f"--{each}" for each in known)
            raise OptionError(f"--{name}: the figure {kind!r} has no such option; it has {takes}.")
        value = whole_number(f"--{name}", text) if name in NUMBERS else text
        options[known[name]] = separated([text]) if known[name] in SEVERAL else value
    return options


def check_style(setting: Setting) -> None:
    """Raise `OptionError` unless matplotlib has this style, or there is such a file."""
    from matplotlib import style

    name = setting.text
    if name and name != "default" and name not in style.available and not Path(name).is_file():
        near = suggestion(name, ["default", *style.available])
        raise OptionError(f"plot style {name!r} ({setting.source}): there is none{near}")


def _draw(
    dataset: "xr.Dataset", kind: str, options: dict[str, Any], target: Path, *, style: str = ""
) -> None:
    import matplotlib as mpl
    import matplotlib.style

    from probekit.history.file import write_bytes
    from probekit.history.plots import save

    content = io.BytesIO()
    with mpl.style.context([style] if style else []):
        figure = getattr(dataset.probekit.plot, kind)(**options)
        save(figure, content, format=target.suffix.lower()[1:], bbox_inches="tight")
    write_bytes(target, content.getvalue())
