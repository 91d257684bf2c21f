"""Probe sets: the examples that a Recorder probes with, one set or several by name."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from probekit.errors import OptionError
from probekit.estimators import resolve_for
from probekit.probing import Probe, probe_set_of


class ProbeSet(NamedTuple):
    """Examples to probe with: those to fit on, and others to score on."""

    inputs: Any
    features: Any = None
    held_out: tuple[Any, Any] | None = None


def probes_of(
    inputs: Any,
    features: Any,
    held_out: tuple[Any, Any] | None,
    probe_sets: Mapping[str, ProbeSet | tuple[Any, ...]] | None,
    estimators: Any,
    batch_size: int,
) -> dict[str, Probe]:
    """Return the probe sets, checked, by name."""
    if probe_sets is None:
        probe_sets = {"": ProbeSet(inputs, features, held_out)}
    elif features is not None or inputs is not None or held_out is not None:
        raise OptionError("probe_sets: given beside inputs or features; give one or the other.")
    elif not probe_sets:
        raise OptionError("probe_sets: there are none; give a mapping name -> ProbeSet.")
    sets = {name: ProbeSet(*given) for name, given in probe_sets.items()}
    with_features = any(one.features is not None for one in sets.values())
    chosen = resolve_for(estimators, features=with_features)
    probes = {}
    for name, given in sets.items():
        probes[name] = probe_set_of(chosen, *given, batch_size=batch_size)
        chosen = probes[name].plan.estimators  # what the first made of its features holds for all
    first = next(iter(probes.values())).plan
    for name, probe in probes.items():
        if probe.plan != first:
            raise OptionError(
                f"probe_sets[{name!r}]: features {probe.plan.names}; "
                f"the first has {first.names}. Give all the same features."
            )
    return probes
