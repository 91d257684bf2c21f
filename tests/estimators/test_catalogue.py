"""The page of documentation is what the registry says."""

import subprocess
import sys
from pathlib import Path

import pytest

from probekit.errors import OptionError
from probekit.estimators import TotalVariance, catalogue, resolve
from probekit.plugins import get_manager

PAGE = Path(__file__).parents[2] / "ESTIMATORS.md"
BUILT_IN = [
    entry.name for entry in get_manager().registry.entries("estimator") if entry.plugin == "builtin"
]


def test_the_page_is_up_to_date():
    """If not: python -m probekit.estimators.catalogue ESTIMATORS.md."""
    assert PAGE.read_text(encoding="utf-8") == catalogue.page()


@pytest.fixture(scope="module")
def page():
    return catalogue.page()


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_estimator_has_a_row_and_a_measure(name, page):
    (estimator,) = resolve(name)
    assert f"| `{name}`" in page
    assert catalogue.measures_of(estimator)
    for measure in catalogue.measures_of(estimator):
        parts = measure.__doc__
        missing = [part for part in ("Returns", "Notes", "Examples") if f"{part}\n" not in parts]
        assert not missing, f"{measure.__name__} has no {missing}"


def test_one_that_says_no_cost_is_refused():
    class Silent(TotalVariance):
        """Says nothing."""

    with pytest.raises(OptionError, match=r"Silent: the documentation of its measure says no cost"):
        catalogue.costs(Silent())


@pytest.mark.slow
def test_the_command_writes_the_page(tmp_path):
    command = [sys.executable, "-m", "probekit.estimators.catalogue"]
    subprocess.run([*command, tmp_path / "page.md"], check=True)
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == PAGE.read_text(encoding="utf-8")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "usage: python -m probekit.estimators.catalogue FILE" in done.stderr
