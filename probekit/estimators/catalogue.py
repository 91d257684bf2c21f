"""The table of all registered estimators, as a page of documentation.

Nothing is written twice: names and summaries come from the registry, kind, range, invariances and
papers from the estimators, the cost from the documentation of the measures. What other packages
call it is written by hand, in ``elsewhere.md``.
``python -m probekit.estimators.catalogue FILE`` writes the page, which a test compares.
"""

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from probekit.errors import OptionError
from probekit.estimators._protocol import Estimator
from probekit.estimators._resolve import resolve
from probekit.statistics import memory_of

ELSEWHERE = Path(__file__).with_name("elsewhere.md")
KINDS = {
    "encoding": "How much of a representation features explain.",
    "decoding": "How well a representation predicts a feature.",
    "similarity": "How alike two representations are, or a representation and a feature.",
    "geometry": "What a representation is like by itself.",
}

_HEAD = """# Estimators

Made from the registry by `python -m probekit.estimators.catalogue ESTIMATORS.md`; a test holds it
to that. `n` is the number of examples, `d` of units (`d_y` of the other representation), `k` of a
feature's columns. A score that is undefined is NaN, with the reason in `<name>_status`. Formulas
are in the docstrings: `help(probekit.measures.cka)`.

Invariances: **t**ranslation, **s**caling (isotropic), **r**otation, isometric **e**mbedding in
more units, **p**ermutation of units, invertible **l**inear maps, with the default options. Layers
with far more units than examples cost those with **r** and **e**, and ridge decoding, no more than
ones with twice as many: `d` is then `2 n`. Streams: *all* examples count, in batches of any size;
*sample*: the score is that of a fixed number of examples, the same in every layer.
"""


def page() -> str:
    """Return the page in Markdown."""
    from probekit.plugins import get_manager

    registry = get_manager().registry
    entries = {entry.name: entry for entry in registry.entries("estimator")}
    parts = [_HEAD]
    for kind, about in KINDS.items():
        parts.append(f"## {kind.capitalize()}\n\n{about}\n")
        parts.append("| name | what | range | invariant to | streams | cost | source |")
        parts.append("| --- | --- | --- | --- | --- | --- | --- |")
        for name in sorted(entries):
            (estimator,) = resolve(name)
            if estimator.kind == kind and entries[name].plugin == "builtin":
                parts.append(_row(estimator, entries[name].summary))
        parts.append("")
    return "\n".join([*parts, ELSEWHERE.read_text(encoding="utf-8")])


def _row(estimator: Estimator, summary: str) -> str:
    first = estimator.variables[0]
    names = ", ".join(f"`{variable.name}`" for variable in estimator.variables)
    cells = [
        names,
        f"{summary} (`{type(estimator).__name__}`)",
        _range(first.valid_range, first.units),
        " ".join(letter for letter in "tsrepl" if letter in _letters(estimator)) or "–",
        "sample" if memory_of(estimator.statistic) == "capacity" else "all",
        "; ".join(costs(estimator)),
        first.references or "–",
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _letters(estimator: Estimator) -> set[str]:
    return {name[0] for name in estimator.invariances}


def _range(limits: tuple[float, float] | None, units: str) -> str:
    if limits is None:
        return "–"
    low, high = (f"{limit:.4g}".replace("inf", "∞") for limit in limits)
    return f"{low} … {high}{'' if units == '1' else f' {units}'}"


def costs(estimator: Estimator) -> list[str]:
    """Return what the documentation of the estimator's measures says of their cost.

    Raises
    ------
    OptionError
        If the class names no measure (``probekit.measures.…``), or none says what it costs.
    """
    found = [cost for measure in measures_of(estimator) for cost in _costs_in(measure)]
    if not found:
        raise OptionError(
            f"{type(estimator).__name__}: the documentation of its measure says no cost O(…); "
            "write it under Notes."
        )
    return list(dict.fromkeys(found))


def measures_of(estimator: Estimator) -> list[Any]:
    """Return the measures that the documentation of the class names."""
    from probekit import measures

    names = re.findall(r"`probekit\.measures\.(\w+)`", inspect.getdoc(type(estimator)) or "")
    return [getattr(measures, name) for name in names]


def _costs_in(measure: Any) -> Iterator[str]:
    text = re.sub(r"\s+", " ", inspect.getdoc(measure) or "")
    for match in re.finditer(r"O\(", text):
        depth, end = 1, match.end()
        while depth and end < len(text):
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        yield text[match.start() : end]


def main(arguments: list[str]) -> None:
    """Write the page to the file that is named."""
    if len(arguments) != 1:
        raise SystemExit("usage: python -m probekit.estimators.catalogue FILE")
    Path(arguments[0]).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
