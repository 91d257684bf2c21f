"""A plugin of probekit: an estimator, an extractor, a task, a command, a listener.

This module is imported whenever ``probekit`` starts, so it imports nothing heavy. What it registers
is named as ``"module:attribute"`` and imported when somebody uses it.
"""

import probekit


@probekit.hookimpl
def probekit_register(registry):
    """Add to what ``probekit list`` shows."""
    registry.estimator(
        "dead_units",
        "probekit_example.dead_units:DeadUnits",
        summary="Fraction of units that are 0 for every example.",
        kind="geometry",
    )
    registry.extractor(
        "stages",
        "probekit_example.stages:stages",
        summary="A model given as a list of functions, one a stage.",
    )
    registry.task(
        "two-gates",
        "probekit_example.two_gates:TwoGates",
        summary="A small ReLU network learns AND of two bits and XOR of two others.",
    )


@probekit.hookimpl
def probekit_history_variables(dataset):
    """Add how much better the training set is predicted than new examples."""
    accuracy = dataset.accuracy
    gap = accuracy.sel(split="train", drop=True) - accuracy.sel(split="test", drop=True)
    attributes = {"long_name": "generalisation gap", "units": "1", "valid_range": [-1.0, 1.0]}
    return {"gap": gap.assign_attrs(attributes)}


@probekit.hookimpl
def probekit_chunk_finished(run, dataset):
    """Note how far a run is in a text file beside its history, for those who watch from afar."""
    if run.path is not None:
        seed, epoch = int(dataset.seed[-1]), int(dataset.epoch[-1])
        with open(run.path.with_suffix(".progress.txt"), "a") as file:
            file.write(f"seed {seed}: epoch {epoch} of {run.epochs}\n")


@probekit.hookimpl
def probekit_report_sections(dataset):
    """Add a section to reports on histories that have a gap."""
    if "gap" not in dataset:
        return None
    gaps = dataset.gap.isel(epoch=-1).mean("seed")
    items = (
        f"<li>{name}: {100 * float(gaps.sel(feature=name)):.1f} %</li>"
        for name in gaps.feature.values
    )
    return [("Generalisation gap", f"<ul>{''.join(items)}</ul>")]


@probekit.hookimpl
def probekit_add_commands(app):
    """Add ``probekit gap FILE``."""
    from pathlib import Path

    import typer

    @app.command()
    def gap(file: Path):
        """Show the largest generalisation gap of each feature, and when it was."""
        history = probekit.open_history(file)
        if "gap" not in history:
            raise probekit.errors.OptionError(f"{file}: has no gap; run it with this plugin.")
        mean = history.gap.mean("seed")
        for name in mean.feature.values:
            of_feature = mean.sel(feature=name)
            epoch = int(of_feature.idxmax("epoch"))
            typer.echo(f"{name}: {100 * float(of_feature.max()):.1f} % at epoch {epoch}")
