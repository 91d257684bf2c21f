"""The report is one page that holds everything and asks for nothing."""

import html.parser
import json
import re

import numpy as np
import pytest
import xarray as xr

from probekit.errors import HistoryError
from probekit.history import HistoryWriter, make_attributes, open_history, write_report


class Reader(html.parser.HTMLParser):
    """Checks that tags are closed in order; collects ids, references, headings and cells."""

    VOID = ("meta", "br", "link", "img")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.text: dict[str, list[str]] = {"h2": [], "td": [], "th": [], "h3": [], "text": []}
        self.feed(page)
        assert self.stack == []

    def handle_starttag(self, tag, attributes):
        if tag not in self.VOID:
            self.stack.append(tag)
        for name, value in attributes:
            if name == "id":
                self.ids.append(value)
            if name in ("src", "href", "xlink:href"):
                self.references.append(value)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.VOID:
            self.stack.pop()

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        for tag in self.text.keys() & set(self.stack):
            self.text[tag].append(data)


@pytest.fixture(scope="module")
def page(read_notebook, tmp_path_factory) -> str:
    return write_report(read_notebook, tmp_path_factory.mktemp("page") / "report.html").read_text()


@pytest.mark.parametrize("rows", [{}, {"step": [0, 10]}, {"seed": [3], "step": [0, 10]}])
def test_tables_have_the_intervals_of_a_bootstrap(tmp_path, rows):
    """Of one model: there are no seeds to take them over."""
    sizes = [len(labels) for labels in rows.values()]
    r2 = np.full((*sizes, 1, 2), 0.5)
    bounds = np.stack([r2 - 0.25, r2 + 0.125])
    ds = xr.Dataset(
        {
            "linear_r2": ((*rows, "layer", "feature"), r2),
            "linear_r2_ci": (("bound", *rows, "layer", "feature"), bounds, {"uncertainty": "of 9"}),
        },
        rows | {"layer": ["hidden"], "feature": ["a", "b"], "bound": ["lower", "upper"]},
    )
    page = write_report(ds, tmp_path / "report.html").read_text()
    assert page.count("0.500 <small>[0.250, 0.625]</small>") == 2


@pytest.mark.slow
def test_the_page_asks_for_nothing(page):
    assert "http:" not in page
    assert "https:" not in page
    assert "<script" not in page
    assert "url(" not in re.sub(r"url\(#[^)]*\)", "", page)
    reader = Reader(page)
    inside = [each for each in reader.references if not each.startswith("data:image/png;base64,")]
    assert {f"#{name}" for name in reader.ids}.issuperset(inside)
    assert set(re.findall(r"url\(#([^)]*)\)", page)) <= set(reader.ids)


def test_ids_are_unique(page):
    ids = Reader(page).ids
    assert len(ids) == len(set(ids))


def test_the_page_holds_figures_scores_settings_and_versions(page, notebook):
    reader = Reader(page)
    assert reader.text["h2"] == [
        "Figures",
        "Scores after training",
        "Settings",
        "Where it comes from",
    ]
    assert page.count("<svg") == 3
    assert "xor_xor_xor" in reader.text["text"]  # a label in a figure, as text
    final = notebook.probekit.summary().isel(epoch=-1).linear_r2
    easy = final.sel(layer="hidden_3", feature="linear")
    low, high = easy.sel(statistic="lower").item(), easy.sel(statistic="upper").item()
    assert (
        f"<td>{easy.sel(statistic='mean'):.3f} <small>[{low:.3f}, {high:.3f}]</small></td>" in page
    )
    assert '["linear", "xor_xor_xor"]' in reader.text["td"]
    assert notebook.attrs["numpy_version"] in reader.text["td"]
    assert "5 seeds, 101 epochs, 3 layers, 2 features" in page


def test_text_from_a_file_is_no_html(notebook, tmp_path):
    evil = "<script>alert(1)</script>"
    ds = notebook.assign_coords(layer=["a", evil, "logits"])
    ds.attrs |= {"title": evil, "config": json.dumps({evil: evil})}
    page = write_report(ds, tmp_path / "report.html").read_text()
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 5


def test_sections_are_put_in(notebook, tmp_path):
    sections = [("More <of> it", "<p><b>bold</b></p>")]
    page = write_report(notebook, tmp_path / "report.html", sections=sections).read_text()
    assert "<h2>More &lt;of&gt; it</h2>\n<p><b>bold</b></p>" in page


@pytest.mark.slow
def test_equal_histories_make_equal_pages(notebook, tmp_path):
    pages = [write_report(notebook, tmp_path / name).read_text() for name in ("a", "b")]
    assert pages[0] == pages[1]


def test_activations_are_drawn_and_wide_scores_left_to_figures(tmp_path):
    with HistoryWriter(tmp_path / "history.nc", attributes=make_attributes("test")) as history:
        for epoch in range(3):
            rng = np.random.default_rng(epoch)
            row = {"seed": 0, "epoch": epoch}
            history.append_activations(row, [{"a": rng.normal(size=(9, 4))}])
            r2 = rng.random((1, 1, 1, 1, 700))
            dims = ("seed", "epoch", "layer", "feature", "unit")
            coords = {"seed": [0], "epoch": [epoch], "layer": ["a"], "feature": ["x"]}
            history.append(xr.Dataset({"unit_r2": (dims, r2)}, coords))
        history.finish()
    ds = open_history(tmp_path / "history.nc")
    page = write_report(ds, tmp_path / "report.html").read_text()
    for caption in ("Unit by unit.", "Distances between examples.", "representation as a whole"):
        assert caption in page
    assert "700 values, too many for a table." in page


def test_scores_of_one_probe(tmp_path):
    ds = xr.Dataset(
        {
            "linear_r2": (("layer", "feature"), [[0.25, np.nan]]),
            "cka": (("layer_a", "layer_b"), [[1.0, 0.5]]),
            "loss": ((), 12345.678),
        },
        {"layer": ["a"], "feature": ["x", "y"]},
    )
    reader = Reader(write_report(ds, tmp_path / "report.html").read_text())
    assert reader.text["td"] == ["0.250", "–", "1.000", "0.500", "1.235e+04"]
    assert reader.text["h2"] == ["Figures", "Scores"]


@pytest.mark.slow
def test_a_page_that_cannot_be_written(notebook, tmp_path):
    with pytest.raises(HistoryError, match=r"report\.html: the folder .* does not exist"):
        write_report(notebook, tmp_path / "nowhere" / "report.html")
