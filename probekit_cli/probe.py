"""``probekit probe``: what a user's own model represents, now or at each of its checkpoints."""

import dataclasses
import shlex
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from probekit.errors import HistoryExistsError, OptionError
from probekit.plugins import Manager
from probekit_cli import _estimators
from probekit_cli._endings import exit_code, program, signals_as_interrupts
from probekit_cli._files import given_history, given_path
from probekit_cli._models import ARGUMENT, EXPLANATION, METAVAR, Model, Source
from probekit_cli._options import integer, separated
from probekit_cli._resampling import (
    Resampling,
    bootstrap_option,
    confidence_option,
    interval_option,
    permutations_option,
)
from probekit_cli._terminal import Terminal

if TYPE_CHECKING:
    import xarray as xr

PARTIAL = ".partial"

HELP = f"""Estimate how strongly features are represented, layer by layer.

{EXPLANATION} Features are a mapping from names to labels of the inputs, one for each example.

With --checkpoints the function is called for each checkpoint, with what that holds, and there is
one row a checkpoint; inputs and features are those of the first call."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Request:
    """What was asked for."""

    source: str
    output: Path | None
    estimators: list[str]
    layers: list[str]
    batch_size: int
    checkpoints: Path | None
    steps: list[str]
    overwrite: bool
    resume: bool
    resampling: Resampling
    keep_resamples: bool


def add(app: typer.Typer, manager: Manager) -> None:
    """Add the command."""

    @app.command("probe", help=HELP)
    def probe_command(
        source: Annotated[str, typer.Argument(metavar=METAVAR, help=ARGUMENT)],
        output: Annotated[
            Path | None,
            typer.Option(
                "--output",
                "-o",
                metavar="FILE",
                parser=given_history,
                help="Keep the scores in this file, NAME.nc, as a history.",
                show_default=False,
            ),
        ] = None,
        estimators: Annotated[
            list[str] | None,
            typer.Option(
                "--estimators",
                "-e",
                metavar="NAME,…",
                help="What to estimate, separated by commas, with options as in "
                "\"rsa(comparison='kendall')\"; linear_r2 unless given.",
            ),
        ] = None,
        layers: Annotated[
            list[str] | None,
            typer.Option(
                "--layers", "-l", metavar="GLOB,…", help="Which layers to probe; all unless given."
            ),
        ] = None,
        batch_size: Annotated[
            int, integer(help="At most so many examples are taken through the model at a time.")
        ] = 4096,
        checkpoints: Annotated[
            Path | None,
            typer.Option(
                metavar="FOLDER",
                parser=given_path,
                help="A folder of Orbax checkpoints: probe each of them.",
                show_default=False,
            ),
        ] = None,
        steps: Annotated[
            list[str] | None,
            typer.Option(metavar="STEP,…", help="Which checkpoints; all unless given."),
        ] = None,
        bootstrap: Annotated[
            int | None, bootstrap_option("Intervals, from so many resamples of the examples.")
        ] = None,
        interval: Annotated[str | None, interval_option("percentile")] = None,
        confidence: Annotated[
            float | None, confidence_option("Of a bootstrap's intervals.")
        ] = None,
        permutations: Annotated[
            int | None, permutations_option("p-values, from so many shuffles of the features.")
        ] = None,
        keep_resamples: Annotated[
            bool,
            typer.Option(
                "--keep-resamples",
                help="Keep the scores of all resamples of --bootstrap in the file: `probekit "
                "compare --test bootstrap` tests with them.",
            ),
        ] = False,
        overwrite: Annotated[
            bool, typer.Option("--overwrite", help="Replace a history that is there.")
        ] = False,
        resume: Annotated[
            bool, typer.Option("--resume", help="Go on with checkpoints that were not probed yet.")
        ] = False,
        quiet: Annotated[
            bool, typer.Option("--quiet", "-q", help="Show no results; for use with --output.")
        ] = False,
        as_json: Annotated[bool, typer.Option("--json", help="Write the scores as JSON.")] = False,
    ) -> None:
        request = _Request(
            source=source,
            output=_history_path(output),
            estimators=estimators or [],
            layers=separated(layers),
            batch_size=batch_size,
            checkpoints=checkpoints,
            steps=separated(steps),
            overwrite=overwrite,
            resume=resume,
            resampling=Resampling(
                bootstrap=bootstrap,
                permutations=permutations,
                interval=interval,
                confidence=confidence,
            ),
            keep_resamples=keep_resamples,
        )
        terminal = Terminal(quiet=quiet)
        dataset = _Probing(manager, request, terminal).probe()
        if as_json:
            _write_json(terminal, dataset, request.output)
        elif not quiet:
            _show(terminal, dataset, request.output)


class _Probing:
    """One call of the command."""

    def __init__(self, manager: Manager, request: _Request, terminal: Terminal) -> None:
        self.manager, self.request, self.terminal = manager, request, terminal
        self.named = _estimators.parse(request.estimators or ["linear_r2"], manager.registry)
        self._check_options()
        self.source = Source(request.source)

    def probe(self) -> "xr.Dataset":
        """Return the scores, kept in a file if that was asked for."""
        estimators = [one.build(self.manager.registry) for one in self.named]
        if self.request.checkpoints is None:
            return self._probe_once(estimators)
        with signals_as_interrupts():
            try:
                return self._probe_checkpoints(self.request.checkpoints, estimators)
            except KeyboardInterrupt as interrupt:
                kept = self.request.output is not None
                self.terminal.error(
                    "stopped; what was recorded is kept: give --resume to go on."
                    if kept
                    else "stopped; nothing was kept: give --output to keep what is recorded."
                )
                raise typer.Exit(exit_code(interrupt)) from None

    def _check_options(self) -> None:
        """Say at once what would only be said after seconds of imports."""
        request, path = self.request, self.request.output
        if request.checkpoints is None and (request.steps or request.resume):
            option = "--steps" if request.steps else "--resume"
            raise OptionError(f"{option}: is of checkpoints; give --checkpoints FOLDER too.")
        self._check_uncertainty()
        if request.overwrite and request.resume:
            raise OptionError("--overwrite, --resume: contradict each other; give one of them.")
        if path is None:
            if request.resume:
                raise OptionError("--resume: of which history? Give --output FILE too.")
            return
        if not path.parent.is_dir():
            raise OptionError(f"--output {path}: there is no folder {path.parent}; make it first.")
        if path.exists() and not (request.overwrite or request.resume):
            raise HistoryExistsError(
                f"{path}: exists. Give --overwrite to replace it, or --output FILE to keep it."
            )

    def _check_uncertainty(self) -> None:
        request, given = self.request, self.request.resampling
        if request.keep_resamples:
            for option, value in (
                ("--bootstrap N", given.bootstrap),
                ("--output FILE", request.output),
            ):
                if value is None:
                    raise OptionError(f"--keep-resamples: give {option} too.")
        given.check()
        for option, setting in (("interval", given.interval), ("confidence", given.confidence)):
            if setting is not None and given.bootstrap is None:
                raise OptionError(
                    f"--{option} {setting}: is of a bootstrap; give --bootstrap N too."
                )
        if given.asked() and request.checkpoints is not None:
            raise OptionError(f"{given.asked()}: is of one model; give it without --checkpoints.")

    def _probe_once(self, estimators: Sequence[Any]) -> "xr.Dataset":
        import probekit as pk

        if self.request.output is not None:
            from probekit.history import check_replaceable

            check_replaceable(self.request.output)  # before any long computation
        model = self._model()
        with self.source.blamed():
            dataset: xr.Dataset = pk.probe(
                model.extractor,
                model.inputs,
                model.features,
                held_out=model.held_out,
                estimators=estimators,
                batch_size=self.request.batch_size,
                uncertainty=self.request.resampling.uncertainty(keep=self.request.keep_resamples),
            )
        if self.request.output is not None:
            self._keep(dataset, estimators, self.request.output)
        return dataset

    def _probe_checkpoints(self, folder: Path, estimators: Sequence[Any]) -> "xr.Dataset":
        import probekit as pk
        from probekit.extractors import checkpoints

        there = checkpoints.steps(folder)
        steps = [_step(text) for text in self.request.steps] or there
        first = steps[0] if steps[0] in there else there[0]
        model = self._model(checkpoints.restore(folder, first))

        def make_extractor(state: Any) -> Any:
            return self._model(state).extractor

        with tempfile.TemporaryDirectory() as temporary, self.source.blamed():
            output = self.request.output or Path(temporary, "history.nc")
            dataset: xr.Dataset = pk.probe_checkpoints(
                folder,
                make_extractor,
                model.inputs,
                model.features,
                output=output,
                held_out=model.held_out,
                estimators=estimators,
                steps=[step for step in steps if step not in self._recorded()],
                batch_size=self.request.batch_size,
                overwrite=self.request.overwrite,
                resume=self.request.resume,
                title=f"checkpoints of {self.request.source}",
            )
        return dataset

    def _recorded(self) -> list[int]:
        """Return the steps that a history to be resumed has already."""
        path = self.request.output
        if not self.request.resume or path is None:
            return []
        partial = path.with_name(path.name + PARTIAL)
        if not partial.is_dir():
            return []
        from probekit.history import open_history

        steps: list[int] = open_history(partial)["step"].values.tolist()
        return steps

    def _model(self, *arguments: Any) -> Model:
        """Return what the user's function gives, with the layers that were asked for."""
        model = self.source.model(*arguments)
        if model.features is None:
            raise OptionError(
                f"{self.request.source}: gives no features; return extractor, inputs, features."
            )
        from probekit_cli._chosen import chosen

        extractor = chosen(model.extractor, self.request.layers)
        with self.source.blamed(everything=True):
            extractor.layers(model.inputs)  # traces the model, so that its errors come from here
        return model._replace(extractor=extractor)

    def _keep(self, dataset: "xr.Dataset", estimators: Sequence[Any], path: Path) -> None:
        from probekit.history import HistoryWriter, make_attributes

        config = {
            "model": self.request.source,
            "estimators": [repr(estimator) for estimator in estimators],
            "layers": [str(layer) for layer in dataset["layer"].values],
            "features": [str(feature) for feature in dataset["feature"].values]
            if "feature" in dataset.coords
            else [],
        }
        attributes = make_attributes("probe", config, title=f"probe of {self.request.source}")
        overwrite = self.request.overwrite
        with HistoryWriter(path, attributes=attributes, lead=(), overwrite=overwrite) as writer:
            writer.append(dataset)
            writer.finish()


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
