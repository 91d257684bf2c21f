"""``probekit probe``: what a user's own model represents, now or at each of its checkpoints."""

import dataclasses
import shlex
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from probekit.errors import OptionError
from probekit.plugins import Manager
from probekit_cli import _estimators
from probekit_cli._completing import functions
from probekit_cli._data import METAVAR as DATA
from probekit_cli._data import read_features, source_of
from probekit_cli._declared import (
    Layers,
    Overwrite,
    command_with,
    estimators_option,
    output_option,
)
from probekit_cli._endings import exit_code, program, signals_as_interrupts
from probekit_cli._files import check_output, given_history, given_path
from probekit_cli._models import ARGUMENT, EXPLANATION, METAVAR, Model
from probekit_cli._options import integer, separated, some_names
from probekit_cli._resampling import (
    Resampling,
    alternative_option,
    bootstrap_option,
    confidence_option,
    interval_option,
    permutations_option,
)
from probekit_cli._terminal import Terminal, others_print_aside

if TYPE_CHECKING:
    import xarray as xr

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
    whole_groups: Annotated[
        bool,
        typer.Option(
            "--whole-groups",
            help="With --permutations, shuffle which labels belong to which group of examples, "
            "as where these are several of one subject; else they are shuffled within groups. "
            "Groups are those that the function gives.",
        ),
    ] = False
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


def add(app: typer.Typer, manager: Manager) -> None:
    """Add the command."""

    def probe(options: ProbeOptions) -> None:
        terminal = Terminal(quiet=options.quiet)
        with others_print_aside():
            probing = _Probing(manager, options, terminal)
            dataset = probing.probe()
        if options.as_json:
            _write_json(terminal, dataset, probing.path)
        elif not options.quiet:
            _show(terminal, dataset, probing.path)

    app.command("probe", help=HELP)(command_with(ProbeOptions, probe))


class _Probing:
    """One call of the command."""

    def __init__(self, manager: Manager, options: ProbeOptions, terminal: Terminal) -> None:
        self.manager, self.options, self.terminal = manager, options, terminal
        self.path = _history_path(options.output)
        self.resampling = Resampling.of(options)
        self.named = _estimators.parse(options.estimators or [], manager.registry)
        self._check_options()
        self.source = source_of(options.source, separated(options.layers), options.features)
        self.features: Any = None

    def probe(self) -> "xr.Dataset":
        """Return the scores, kept in a file if that was asked for."""
        estimators = [one.build(self.manager.registry) for one in self.named] or None
        if self.options.checkpoints is None:
            return self._probe_once(estimators)
        with signals_as_interrupts():
            try:
                return self._probe_checkpoints(self.options.checkpoints, estimators)
            except KeyboardInterrupt as interrupt:
                kept = self.path is not None
                self.terminal.error(
                    "stopped; what was recorded is kept: give --resume to go on."
                    if kept
                    else "stopped; nothing was kept: give --output to keep what is recorded."
                )
                raise typer.Exit(exit_code(interrupt)) from None

    def _check_options(self) -> None:
        """Say at once what would only be said after seconds of imports."""
        options, path = self.options, self.path
        if options.checkpoints is None and (separated(options.steps) or options.resume):
            option = "--steps" if separated(options.steps) else "--resume"
            raise OptionError(f"{option}: is of checkpoints; give --checkpoints FOLDER too.")
        self._check_uncertainty()
        if options.overwrite and options.resume:
            raise OptionError("--overwrite, --resume: contradict each other; give one of them.")
        if path is None:
            if options.resume:
                raise OptionError("--resume: of which history? Give --output FILE too.")
            return
        check_output(
            path,
            foreseen=options.overwrite or options.resume,
            resumable=options.checkpoints is not None,
        )

    def _check_uncertainty(self) -> None:
        options, given = self.options, self.resampling
        if options.keep_resamples:
            for option, value in (
                ("--bootstrap N", given.bootstrap),
                ("--output FILE", self.path),
            ):
                if value is None:
                    raise OptionError(f"--keep-resamples: give {option} too.")
        given.check()
        for option, setting in (("interval", given.interval), ("confidence", given.confidence)):
            if setting is not None and given.bootstrap is None:
                raise OptionError(
                    f"--{option} {setting}: is of a bootstrap; give --bootstrap N too."
                )
        for option, asked in (
            (f"--alternative {given.alternative}", given.alternative is not None),
            ("--whole-groups", options.whole_groups),
        ):
            if asked and given.permutations is None:
                raise OptionError(f"{option}: is of a permutation; give --permutations N too.")
        if given.asked() and options.checkpoints is not None:
            raise OptionError(f"{given.asked()}: is of one model; give it without --checkpoints.")

    def _probe_once(self, estimators: Sequence[Any] | None) -> "xr.Dataset":
        import probekit as pk

        if self.path is not None:
            from probekit.history import check_replaceable

            check_replaceable(self.path)  # before any long computation
        model = self._model()
        if self.options.whole_groups and model.groups is None:
            raise OptionError(
                f"--whole-groups: {self.options.source} gives no groups; return a dict with "
                "'groups' too, a label of each input."
            )
        with self.source.blamed():
            dataset: xr.Dataset = pk.probe(
                model.extractor,
                model.inputs,
                model.features,
                held_out=model.held_out,
                estimators=estimators,
                batch_size=self.options.batch_size,
                uncertainty=self.resampling.uncertainty(
                    keep=self.options.keep_resamples,
                    groups=model.groups,
                    whole=self.options.whole_groups,
                ),
            )
        if self.path is not None:
            self._keep(dataset, self.path)
        return dataset

    def _probe_checkpoints(self, folder: Path, estimators: Sequence[Any] | None) -> "xr.Dataset":
        import probekit as pk
        from probekit.extractors import checkpoints

        there = checkpoints.steps(folder)
        steps = [_step(text) for text in separated(self.options.steps)] or there
        first = steps[0] if steps[0] in there else there[0]
        model = self._model(checkpoints.restore(folder, first))

        probed = 0

        def make_extractor(state: Any) -> Any:
            nonlocal probed
            probed += 1
            return self._model(state).extractor

        with tempfile.TemporaryDirectory() as temporary, self.source.blamed():
            output = self.path or Path(temporary, "history.nc")
            dataset: xr.Dataset = pk.probe_checkpoints(
                folder,
                make_extractor,
                model.inputs,
                model.features,
                output=output,
                held_out=model.held_out,
                estimators=estimators,
                steps=steps,
                batch_size=self.options.batch_size,
                overwrite=self.options.overwrite,
                resume=self.options.resume,
                title=f"checkpoints of {self.options.source}",
            )
        if not probed:
            self.terminal.note(f"{self.path}: every checkpoint is in it already.")
        return dataset

    def _model(self, *arguments: Any) -> Model:
        """Return what the user's function gives, with the layers that were asked for."""
        model = self.source.model(*arguments)
        if self.options.features is not None:
            self.features = self.features or read_features(self.options.features)
            model = model._replace(features=self.features)
        from probekit_cli._chosen import chosen

        extractor = chosen(model.extractor, separated(self.options.layers))
        with self.source.blamed(everything=True):
            extractor.layers(model.inputs)  # traces the model, so that its errors come from here
        return model._replace(extractor=extractor)

    def _keep(self, dataset: "xr.Dataset", path: Path) -> None:
        from probekit.history import HistoryWriter, make_attributes

        config: dict[str, Any] = {
            "model": self.options.source,
            "estimators": list(dict.fromkeys(_estimators_of(dataset))),
            "layers": [str(layer) for layer in dataset["layer"].values],
        }
        if "feature" in dataset.coords:
            config["features"] = [str(feature) for feature in dataset["feature"].values]
        attributes = make_attributes("probe", config, title=f"probe of {self.options.source}")
        overwrite = self.options.overwrite
        with HistoryWriter(path, attributes=attributes, lead=(), overwrite=overwrite) as writer:
            writer.append(dataset)
            writer.finish()


def _estimators_of(dataset: "xr.Dataset") -> list[str]:
    """Return the reprs of the estimators whose scores these are."""
    attributes = (array.attrs for array in dataset.data_vars.values())
    return [str(found["estimator"]) for found in attributes if "estimator" in found]


def _step(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise OptionError(f"--steps {text}: is no whole number.") from None


def _history_path(output: Path | None) -> Path | None:
    """Return the path of the file with its ending."""
    if output is None or output.suffix:
        return output
    if output.is_dir():
        raise OptionError(f"--output {output}: is a folder; name a file in it.")
    return output.with_name(f"{output.name}.nc")


def _write_json(terminal: Terminal, dataset: "xr.Dataset", path: Path | None) -> None:
    from probekit_cli._scores import final_scores

    scores = final_scores(dataset)
    records = {name: [score.record() for score in found] for name, found in scores.items()}
    terminal.json({"path": path, "scores": records})


def _show(terminal: Terminal, dataset: "xr.Dataset", path: Path | None) -> None:
    """Write the scores as tables, and what to do with the file."""
    from probekit_cli._tables import show_scores

    show_scores(terminal, dataset)
    if path is not None:
        again, file = shlex.quote(program()), shlex.quote(str(path))
        terminal.line()
        rows = [["history", str(path)], ["next", f"{again} report {file}"]]
        terminal.table(rows, indent=0)
