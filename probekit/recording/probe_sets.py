"""Probe sets: the examples that a Recorder probes with, one set or several by name."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from probekit.errors import OptionError
from probekit.estimators import resolve_for
from probekit.probing.features import Features
from probekit.probing.plan import Plan
from probekit.probing.prepared import Probe, pair_of, probe_set_of


class ProbeSet(NamedTuple):
    """Examples to probe with: those to fit on, and others to score on.

    Attributes
    ----------
    inputs : pytree of array (example, …)
        As of `probekit.probe`, and so are the others.
    features : mapping of str to array (example,) or (example, k), optional
        They may be left out if all estimators are geometry.
    held_out : (inputs, features), optional
        Without it probes are scored on what they are fitted on.
    """

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
    sets = _sets_of(probe_sets)
    with_features = any(one.features is not None for one in sets.values())
    chosen = resolve_for(estimators, features=with_features)
    probes = {}
    for name, given in _coded(sets).items():
        probes[name] = probe_set_of(chosen, *given, batch_size=batch_size)
        chosen = probes[name].plan.estimators  # what the first made of its features holds for all
    first = next(iter(probes.values())).plan
    for name, probe in probes.items():
        if probe.plan != first:
            raise OptionError(
                f"probe_sets[{name!r}]: features {_described(probe.plan)}; "
                f"the first has {_described(first)}. Give all the same features."
            )
    return probes


def _sets_of(probe_sets: Any) -> dict[str, ProbeSet]:
    """Return the probe sets by their names; raise `OptionError` if some are none."""
    if not isinstance(probe_sets, Mapping):
        given = type(probe_sets).__name__
        raise OptionError(f"probe_sets: a {given}; give a mapping name -> ProbeSet.")
    for name, given in probe_sets.items():
        if not isinstance(given, tuple) or not 1 <= len(given) <= len(ProbeSet._fields):
            raise OptionError(
                f"probe_sets[{name!r}]: a {type(given).__name__}; give a ProbeSet, or "
                "(inputs, features) or (inputs, features, held_out)."
            )
    return {name: ProbeSet(*given) for name, given in probe_sets.items()}


def _coded(sets: dict[str, ProbeSet]) -> dict[str, ProbeSet]:
    """Return the same with features as tables, in all of which classes have the same columns."""
    if len(sets) == 1 or any(one.features is None for one in sets.values()):
        return sets
    tables, arguments = [], []
    for name, one in sets.items():
        tables.append(one.features)
        arguments.append(f"probe_sets[{name!r}] features")
        if one.held_out is not None:
            tables.append(pair_of(one.held_out, "(inputs, features)")[1])
            arguments.append(f"probe_sets[{name!r}] held_out features")
    made = iter(Features.of_all(*tables, arguments=arguments))
    coded = {}
    for name, one in sets.items():
        table = next(made)
        held_out = None if one.held_out is None else (one.held_out[0], next(made))
        coded[name] = ProbeSet(one.inputs, table, held_out)
    return coded


def _described(plan: Plan) -> str:
    return f"{plan.names} of widths {plan.widths}"
