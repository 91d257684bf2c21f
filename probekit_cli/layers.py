"""``probekit layers``: which layers a model has."""

import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer

from probekit.plugins import Manager
from probekit_cli._completing import functions, names_of
from probekit_cli._completing import layers as layers_of
from probekit_cli._data import DataSource, source_of
from probekit_cli._declared import Json
from probekit_cli._models import ARGUMENT, EXPLANATION, METAVAR, Source
from probekit_cli._options import separated, some_names
from probekit_cli._spelling import as_typed
from probekit_cli._terminal import Terminal, others_print_aside

if TYPE_CHECKING:
    from probekit.extractors import LayerInfo

HELP = f"""List the layers of your model by path, with shapes and sizes.

The model is not run: shapes are found by tracing it, so that inputs may also be
jax.ShapeDtypeStruct.

{EXPLANATION}

Example: 'def make_extractor(): return probekit.extractors.linen(model, variables), inputs'."""


def add(app: typer.Typer, manager: Manager) -> None:
    """Add the command."""

    @app.command("layers", help=HELP)
    def layers_command(
        source: Annotated[
            str, typer.Argument(metavar=METAVAR, help=ARGUMENT, autocompletion=functions)
        ],
        layers: Annotated[
            list[str] | None,
            typer.Option(
                "--layers",
                "-l",
                metavar="GLOB,…",
                help="Which layers; all unless given.",
                callback=some_names,
                autocompletion=names_of(layers_of),
            ),
        ] = None,
        as_json: Json = False,
    ) -> None:
        terminal = Terminal()
        with others_print_aside(), as_typed({"layers": ("--layers",)}):
            globs = separated(layers)
            found = _found(source_of(source, globs), globs)
        if as_json:
            terminal.json([_record(layer) for layer in found])
            return
        rows = [[layer.path, _shape(layer), str(layer.dtype), _count(layer)] for layer in found]
        terminal.table([["layer", "shape", "dtype", "parameters"], *rows], right=True)


def _found(file: Source | DataSource, globs: list[str]) -> "tuple[LayerInfo, ...]":
    model = file.model()
    from probekit.extractors import describe
    from probekit_cli._chosen import chosen

    with file.blamed(everything=True):
        return describe(chosen(model.extractor, globs), model.inputs)


def _record(layer: "LayerInfo") -> dict[str, object]:
    return {**dataclasses.asdict(layer), "dtype": str(layer.dtype)}


def _shape(layer: "LayerInfo") -> str:
    return " × ".join(map(str, layer.shape))


def _count(layer: "LayerInfo") -> str:
    """Return the number of parameters as people read it; a dash where it is not known."""
    return "–" if layer.parameters is None else f"{layer.parameters:,}".replace(",", " ")
