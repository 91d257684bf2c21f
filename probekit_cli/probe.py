"""``probekit probe``: what a user's own model represents, now or at each of its checkpoints."""

import shlex
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from probekit.errors import OptionError
from probekit.naming import finished_path
from probekit.plugins import Manager
from probekit_cli import _estimators
from probekit_cli._data import read_features, source_of
from probekit_cli._declared import check_mode, command_with
from probekit_cli._endings import exit_code, program, signals_as_interrupts
from probekit_cli._files import check_output
from probekit_cli._models import Model
from probekit_cli._options import separated, whole_number
from probekit_cli._probe_options import HELP, ProbeOptions
from probekit_cli._resampling import Resampling
from probekit_cli._terminal import Terminal, others_print_aside

if TYPE_CHECKING:
    import xarray as xr


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
            _show(terminal, dataset, probing)

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
                raise SystemExit(exit_code(interrupt)) from None

    def _check_options(self) -> None:
        """Say at once what would only be said after seconds of imports."""
        options, path = self.options, self.path
        if options.checkpoints is None and (separated(options.steps) or options.resume):
            option = "--steps" if separated(options.steps) else "--resume"
            raise OptionError(f"{option}: is of checkpoints; give --checkpoints FOLDER too.")
        self._check_uncertainty()
        check_mode(overwrite=options.overwrite, resume=options.resume)
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
            (f"--correction {options.correction}", options.correction is not None),
            ("--whole-groups", options.whole_groups),
        ):
            if asked and given.permutations is None:
                raise OptionError(f"{option}: is of a permutation; give --permutations N too.")

    def _probe_once(self, estimators: Sequence[Any] | None) -> "xr.Dataset":
        import probekit as pk

        model = self._model()
        with self.source.blamed():
            dataset: xr.Dataset = pk.probe(
                model.extractor,
                model.inputs,
                model.features,
                held_out=model.held_out,
                estimators=estimators,
                batch_size=self.options.batch_size,
                uncertainty=self._uncertainty(model.groups),
            )
        if self.path is not None:
            self._keep(dataset, self.path)
        return dataset

    def _uncertainty(self, groups: Any) -> Any:
        """Return what is asked for of resamples, shuffles or folds, if anything is."""
        if self.options.whole_groups and groups is None:
            raise OptionError(
                f"--whole-groups: {self.options.source} gives no groups; return a dict with "
                "'groups' too, a label of each input."
            )
        if self.options.folds is not None:
            import probekit as pk

            return pk.CrossValidation(folds=self.options.folds, groups=groups)
        return self.resampling.uncertainty(
            correction=self.options.correction or "holm",
            keep=self.options.keep_resamples,
            groups=groups,
            whole=self.options.whole_groups,
        )

    def _probe_checkpoints(self, folder: Path, estimators: Sequence[Any] | None) -> "xr.Dataset":
        import probekit as pk
        from probekit.extractors import checkpoints

        there = checkpoints.steps(folder)
        steps = [whole_number("--steps", text) for text in separated(self.options.steps)] or there
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
                uncertainty=self._uncertainty(model.groups),
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


def _history_path(output: Path | None) -> Path | None:
    """Return the path of the file with its ending."""
    if output is None:
        return None
    if output.is_dir():
        raise OptionError(f"--output {output}: is a folder; name a file in it.")
    return finished_path(output)


def _write_json(terminal: Terminal, dataset: "xr.Dataset", path: Path | None) -> None:
    from probekit_cli._scores import records_of

    terminal.json({"path": path, **records_of(dataset)})


def _show(terminal: Terminal, dataset: "xr.Dataset", probing: _Probing) -> None:
    """Write the scores as tables, and what to do with the file."""
    from probekit_cli._tables import show_scores

    show_scores(terminal, dataset)
    if probing.path is not None:
        again, file = shlex.quote(program()), shlex.quote(str(probing.path))
        terminal.line()
        rows = [["history", str(probing.path)], ["next", f"{again} report {file}"]]
        terminal.table(rows, indent=0)
