"""The pytest plugin: a claim about a representation is a test.

Fixtures ``probe``, ``probe_history`` and ``probe_regression``, the option ``--probe-update``, and a
section of the report with the scores that tests looked at, by the assertions of `probekit.testing`
too. pytest imports this module in every run, of projects that never probe as well: so it imports
pytest and the standard library alone, and the rest where it is used.
"""

import re
import sys
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import xarray as xr

    from probekit.testing.regression import Histories, Regression

SCORES = "probekit_scores"
"""The attribute of a test report; pytest-xdist sends it to the controller with the rest."""

SHOWN = 10
"""Of each test so many scores are shown unless with -v."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--probe-update``."""
    parser.getgroup("probekit", "representations").addoption(
        "--probe-update",
        action="store_true",
        help="write the baselines of probe_regression that are missing or differ",
    )


@pytest.fixture
def probe() -> "Callable[..., xr.Dataset]":
    """Probe a model as `probekit.probe` does; the scores are shown in the report."""

    def probing(*args: Any, **kwargs: Any) -> "xr.Dataset":
        from probekit.probing import probe
        from probekit.testing.claims import note_all

        dataset = probe(*args, **kwargs)
        note_all(dataset)
        return dataset

    return probing


@pytest.fixture(scope="session")
def probe_history(request: pytest.FixtureRequest) -> "Histories":
    """Run a task, once a session for the same options: ``probe_history(task, **options)``.

    Tasks and options are those of `probekit.run`, and tasks of files by their node id; nothing is
    kept on disk. Every caller gets a copy of the history.
    """
    from probekit.testing.regression import Histories

    return Histories(Path(request.config.rootpath))


@pytest.fixture
def probe_regression(request: pytest.FixtureRequest) -> "Regression":
    """Compare a Dataset with the baseline beside the test: ``probe_regression(dataset)``.

    The baseline is ``<test file stem>/<test name>.nc``; ``pytest --probe-update`` writes it. See
    `probekit.testing.regression.Regression` for names and tolerances.
    """
    from probekit.testing.regression import Regression

    # The node's own name, without the file: TestXor.test_hidden[8] is TestXor.test_hidden-8.
    own = request.node.nodeid.split("::", 1)[-1].replace("::", ".")
    name = re.sub(r"[^\w.=+-]+", "-", own).strip("-")
    return Regression(
        folder=Path(request.node.path).with_suffix(""),
        name=name,
        nodeid=request.node.nodeid,
        root=Path(request.config.rootpath),
        update=bool(request.config.getoption("--probe-update")),
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, Any, Any]:
    """Keep what this test looks at apart from what another one does that runs it."""
    earlier = _drain()
    try:
        return (yield)
    finally:
        _drain()
        if earlier:
            sys.modules["probekit.testing.looking"].restore(earlier)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Write the scores that were looked at in this phase into the report, and into JUnit's."""
    scores = _drain()
    # Before the report is made, which copies them: JUnit takes those of the last phase.
    item.user_properties.extend(_properties(scores))
    report = yield
    if scores:
        setattr(report, SCORES, scores)
    return report


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Show the scores that tests looked at."""
    looked: dict[str, list[Mapping[str, Any]]] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            scores = getattr(report, SCORES, ())
            if scores:
                looked.setdefault(report.nodeid, []).extend(scores)
    if not looked or config.get_verbosity() < 0:
        return
    most = None if config.get_verbosity() > 0 else SHOWN
    terminalreporter.section("probekit")
    for nodeid, scores in sorted(looked.items()):
        terminalreporter.write_line(nodeid)
        # Failures are what one looks for: they are not among the lines that are left out.
        ordered = sorted(scores, key=lambda score: score["verdict"] != "failed")
        for score in ordered[:most]:
            colour = {"failed": {"red": True}, "ok": {"green": True}}.get(score["verdict"], {})
            terminalreporter.write_line(f"  {_line(score)}", **colour)
        if most is not None and len(ordered) > most:
            terminalreporter.write_line(f"  … and {len(ordered) - most} more; -v shows all")


def _drain() -> list[dict[str, Any]]:
    """Return what was looked at; nothing is imported to learn that there is nothing."""
    looking = sys.modules.get("probekit.testing.looking")
    return looking.drain() if looking else []


def _properties(scores: list[dict[str, Any]]) -> list[tuple[str, object]]:
    """Return JUnit properties: one for each number, so that programs can read them."""
    properties: list[tuple[str, object]] = []
    for score in scores:
        name = f"probekit.{_name(score)}"
        if score["value"] is not None:
            properties.append((name, score["value"]))
        if score["lower"] is not None:
            ends = [(f"{name}.{end}", score[end]) for end in ("lower", "upper", "n")]
            properties.extend(ends)
        if score["verdict"]:
            properties.append((f"{name}.verdict", score["verdict"]))
    return properties


def _name(score: Mapping[str, Any]) -> str:
    """``linear_r2[layer=hidden_3 feature=xor]``."""
    where = " ".join(f"{dim}={label}" for dim, label in score["where"].items())
    return f"{score['what']}[{where}]" if where else str(score["what"])


def _line(score: Mapping[str, Any]) -> str:
    parts = [_name(score)]
    if score["value"] is not None:
        parts.append(f"{score['value']:.4g}")
    if score["lower"] is not None:
        parts.append(f"({score['lower']:.4g} to {score['upper']:.4g}, n={score['n']})")
    if score["wanted"]:
        parts.append(score["wanted"])
    return f"{' '.join(parts)}{': ' if score['verdict'] else ''}{score['verdict']}"
