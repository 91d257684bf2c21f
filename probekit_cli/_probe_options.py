"""What can be asked of ``probekit probe``."""

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from probekit_cli._completing import functions
from probekit_cli._data import METAVAR as DATA
from probekit_cli._declared import Layers, Overwrite, estimators_option, output_option
from probekit_cli._files import given_history, given_path
from probekit_cli._models import ARGUMENT, EXPLANATION, METAVAR
from probekit_cli._options import integer, some_names
from probekit_cli._resampling import (
    alternative_option,
    bootstrap_option,
    confidence_option,
    correction_option,
    folds_option,
    interval_option,
    permutations_option,
)

HELP = f"""Estimate how strongly features are represented, layer by layer.

{EXPLANATION} Features are a mapping from names to labels of the inputs, one for each example;
estimators of geometry need none. Groups are labels too, such as the subject that an example is of:
--bootstrap draws whole groups, and --permutations shuffles within them.

In place of a function may stand a file of activations: .npz (an array a layer), .npy, .csv, .tsv or
.parquet (one layer). The labels of its examples are --features then.

With --checkpoints the function is called for each checkpoint, with what that holds, and there is
one row a checkpoint; inputs and features are those of the first call."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProbeOptions:
    """What can be asked for; the order is that of the help."""

    source: Annotated[str, typer.Argument(metavar=METAVAR, help=ARGUMENT, autocompletion=functions)]
    output: Annotated[
        Path | None,
        output_option("Keep the scores in this file, NAME.nc, as a history.", parser=given_history),
    ] = None
    estimators: Annotated[
        list[str] | None,
        estimators_option("linear_r2, and without features numbers of geometry,"),
    ] = None
    features: Annotated[
        str | None,
        typer.Option(
            "--features",
            "-f",
            metavar=DATA,
            help="A table or arrays with a label of each input, or some of its columns: .csv, "
            ".tsv, .parquet, .npz or .npy. Texts are labels of classes.",
            show_default=False,
        ),
    ] = None
    layers: Layers = None
    batch_size: Annotated[
        int, integer(help="At most so many examples are taken through the model at a time.")
    ] = 4096
    checkpoints: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            parser=given_path,
            help="A folder of Orbax checkpoints: probe each of them.",
            show_default=False,
        ),
    ] = None
    steps: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STEP,…",
            help="Which checkpoints; all unless given.",
            callback=some_names,
        ),
    ] = None
    bootstrap: Annotated[
        int | None, bootstrap_option("Intervals, from so many resamples of the examples.")
    ] = None
    interval: Annotated[str | None, interval_option("percentile")] = None
    confidence: Annotated[float | None, confidence_option("Of a bootstrap's intervals.")] = None
    permutations: Annotated[
        int | None, permutations_option("p-values, from so many shuffles of the features.")
    ] = None
    alternative: Annotated[
        str | None,
        alternative_option(
            "Of --permutations: how likely shuffles score as high (greater), as low (less), or "
            "either. less for distances and losses and else greater, unless given."
        ),
    ] = None
    correction: Annotated[
        str | None,
        correction_option(
            "max",
            text="Of --permutations: how p is corrected for the number of layers and features. "
            "max, against the largest score of each shuffle, needs the fewest shuffles. holm "
            "unless given.",
            show_default=False,
        ),
    ] = None
    whole_groups: Annotated[
        bool,
        typer.Option(
            "--whole-groups",
            help="With --permutations, shuffle which labels belong to which group of examples, "
            "as where these are several of one subject; else they are shuffled within groups. "
            "Groups are those that the function gives.",
        ),
    ] = False
    folds: Annotated[
        int | None,
        folds_option(
            "Scores of examples on which the probe was not fitted, NAME_cv: in so many folds each "
            "is left out once, with its group."
        ),
    ] = None
    keep_resamples: Annotated[
        bool,
        typer.Option(
            "--keep-resamples",
            help="Keep the scores of all resamples of --bootstrap in the file: `probekit "
            "compare --test bootstrap` tests with them.",
        ),
    ] = False
    overwrite: Overwrite = False
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on with checkpoints that were not probed yet, because probing was stopped or "
            "they are newer.",
        ),
    ] = False
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Show no results; for use with --output.")
    ] = False
    as_json: Annotated[bool, typer.Option("--json", help="Write the scores as JSON.")] = False
