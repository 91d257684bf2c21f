"""The tutorials run from top to bottom, and are stored with what they showed."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "tutorials"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def read(path):
    return nbformat.read(path, as_version=4)


def test_there_are_tutorials():
    assert NOTEBOOKS


@pytest.mark.filterwarnings("ignore")  # of the machinery that runs notebooks
@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_tutorial_runs(path, tmp_path):
    notebook = read(path)
    client = NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    )
    client.execute()
    figures = [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    assert figures, "a tutorial shows figures"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_tutorial_is_stored_with_its_outputs(path):
    code = [cell for cell in read(path).cells if cell.cell_type == "code"]
    assert any("image/png" in o.get("data", {}) for cell in code for o in cell.outputs)
    assert not any(o.output_type == "error" for cell in code for o in cell.outputs)
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    text = path.read_text()
    assert not re.search(r"(/home|/root|/Users|/tmp|/work)/", text), "a path of somebody's machine"
