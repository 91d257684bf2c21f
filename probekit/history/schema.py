"""What a history is called: names of axes and attributes."""

import dataclasses
import datetime
import importlib.metadata
import json
import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import PurePath
from typing import Any

import numpy as np

from probekit.errors import Argument, OptionError
from probekit.status import Status

CONVENTIONS = "CF-1.11"

# The axes of the library in the order in which tables show them; an estimator's own come after.
DIMS = ("split", "seed", "epoch", "step", "layer", "layer_a", "layer_b", "feature")

ACTIVATIONS_GROUP = "activations"
ACTIVATIONS_VARIABLE = "representation"
RECORDED_VARIABLE = "recorded"
LAYER_ATTRIBUTE = "layer"

# The attribute by which a reader tells a history from any other netCDF file.
MARK = "probekit_version"
# The attribute with the axes along which rows are added, e.g. "seed epoch".
ROW_DIMS = "row_dims"
# What two runs of one experiment may differ in: everything else in a history is reproducible.
CIRCUMSTANCES = ("history", "date")

# Names of layers that are what a network answers, not what it represents.
OUTPUT_LAYERS = ("logits", "output", "outputs", "__call__")

# The attribute of variables that say how sure a score is: they are no scores themselves.
UNCERTAINTY = "uncertainty"

# The ending of variables with a score of all examples but some, and their axis.
LEFT_OUT = "left_out"

# The attribute of a status that says what else than a constant unit ``constant_unit`` stands for.
ALSO_CONSTANT = "also_constant_unit"
# And what else than few examples ``too_few_examples`` stands for.
ALSO_FEW = "also_too_few_examples"


def status_attributes(name: str, *, also_constant: str = "", also_few: str = "") -> dict[str, Any]:
    """Attributes of the status variable that stands beside the score `name` (CF conventions, 3.5).

    Parameters
    ----------
    name : str
    also_constant : str
        What else than a constant unit ``constant_unit`` stands for.
    also_few : str
        What else than few examples ``too_few_examples`` stands for.

    Returns
    -------
    dict
        With the codes and their names; see `Status`.

    Examples
    --------
    >>> status_attributes("linear_r2")["flag_meanings"]
    'not_recorded ok non_finite_input rank_deficient too_few_examples constant_unit'
    """
    attributes = {
        "long_name": f"status of {name}",
        "flag_values": np.array(list(Status), np.int8),
        "flag_meanings": " ".join(status.meaning for status in Status),
    }
    also = {ALSO_CONSTANT: also_constant, ALSO_FEW: also_few}
    return attributes | {key: text for key, text in also.items() if text}


def make_attributes(
    task: str,
    config: Any = None,
    *,
    title: str = "",
    packages: Sequence[str] = ("jax", "flax", "numpy"),
) -> dict[str, str]:
    """Attributes of a history's Dataset: all text, so that any netCDF reader shows them.

    Parameters
    ----------
    task : str
        What was run: the name of a task, or of the function that recorded.
    config : dataclass, mapping or None
        Its settings; kept as JSON.
    title : str
        One line for people; made from `task` if not given.
    packages : sequence of str
        Packages whose versions are kept, as ``<package>_version``. None of them is imported.

    Examples
    --------
    >>> attributes = make_attributes("my-task", {"widths": (64, 64)})
    >>> attributes["config"], attributes["Conventions"]
    ('{"widths": [64, 64]}', 'CF-1.11')
    """
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return {
        "Conventions": CONVENTIONS,
        "title": title or f"{task}: what a network represents while it learns",
        "history": event("created", now),
        MARK: version_of("probekit"),
        "task": task,
        "config": config_text(config),
        **{f"{package}_version": version_of(package) for package in packages},
        "python_version": platform.python_version(),
        "platform": platform.platform(),
        "date": now,
    }


def event(what: str, when: str | None = None) -> str:
    """One line of the ``history`` attribute: when, what, by which command."""
    when = when or datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    called = PurePath(sys.argv[0])
    program = [called.name or "python"]
    if called.name == "__main__.py":  # of which package, then
        program = ["python", "-m", called.parent.name]
    # The arguments of a notebook's kernel tell nothing but where temporary files are.
    in_notebook = "ipykernel" in called.name
    command = "a notebook" if in_notebook else shlex.join([*program, *sys.argv[1:]])
    return f"{when} {what} by probekit {version_of('probekit')}: {command}"


def version_of(package: str) -> str:
    """Version of an installed package, read without importing it."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def config_text(config: Any) -> str:
    """Write settings as one line of JSON; of an enumeration, the word that the command line has.

    Examples
    --------
    >>> config_text({"path": PurePath("a"), "when": Enum("When", "NOW LATER").LATER})
    '{"path": "a", "when": "later"}'
    """
    if dataclasses.is_dataclass(config) and not isinstance(config, type):
        config = dataclasses.asdict(config)
    settings = {name: _worded(value) for name, value in dict(config or {}).items()}
    return json.dumps(settings, default=_plain)


def config_of(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Read the settings in the attributes of a Dataset; empty if there are none."""
    try:
        config = json.loads(attributes.get("config", "{}"))
    except (TypeError, ValueError):
        return {}
    return config if isinstance(config, dict) else {}


def check_same_experiment(where: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raise `OptionError` if the attributes of two runs tell of different tasks or settings.

    Parameters
    ----------
    where : str
        The history that was begun with the attributes `before`.
    before, now : mapping
        Attributes as `make_attributes` makes them.
    """
    names = ("task", ROW_DIMS)
    then, given = (
        {**{name: attributes.get(name) for name in names}, **config_of(attributes)}
        for attributes in (before, now)
    )
    check_same_settings(where, then, given)


def check_same_settings(where: str, then: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Raise `OptionError` if what was begun `then` has other settings than are `given` now.

    Both are as JSON gives them back.

    Examples
    --------
    >>> check_same_settings("x.nc", {"widths": [64, 32]}, {"widths": [8]})
    Traceback (most recent call last):
    probekit.errors.OptionError: x.nc: was begun with widths=(64, 32), not with widths=(8,). \
Resume it with the same, or write to another path.
    """
    for name in {**given, **then}:
        if name not in then:
            begun = ["without ", _setting(name, given)]
        elif name not in given:
            begun = ["with ", _setting(name, then), ", not without"]
        elif then[name] != given[name]:
            begun = ["with ", _setting(name, then), ", not with ", _setting(name, given)]
        else:
            continue
        raise OptionError(
            f"{where}: was begun ", *begun, ". Resume it with the same, or write to another path."
        )


def _setting(name: str, settings: Mapping[str, Any]) -> str | Argument:
    value = settings[name]
    if name == "estimators" and isinstance(value, list):  # reprs, which no option takes
        return f"{name}=[{', '.join(value)}]"
    return Argument(name, tuple(value) if isinstance(value, list) else value)


def _worded(value: Any) -> Any:
    """Return the words of enumerations; those of numbers would be numbers for JSON."""
    if isinstance(value, Enum):
        return value.value if isinstance(value.value, str) else value.name.lower()
    return [_worded(part) for part in value] if isinstance(value, list | tuple) else value


def _plain(value: Any) -> Any:
    """Return what JSON does not know as numbers (NumPy's), or else as text."""
    if isinstance(value, PurePath):
        return str(value)
    return value.tolist() if hasattr(value, "tolist") else repr(value)
