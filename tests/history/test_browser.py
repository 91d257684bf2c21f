"""The report in a real browser: it is rendered whole, and nothing leaves the page.

The browser's way to the network is a proxy of this test, which notes what it is asked for.
"""

import http.server
import os
import re
import shutil
import subprocess
import threading
from pathlib import Path
from urllib.parse import urlsplit

import matplotlib.image
import numpy as np
import pytest
import xarray as xr

from probekit.history import HistoryWriter, make_attributes, open_history, write_report

NAMES = ("chromium", "chromium-browser", "google-chrome")
SWITCHES = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--hide-scrollbars"),
    *("--disable-dev-shm-usage", "--window-size=1100,2000", "--virtual-time-budget=2000"),
    "--proxy-bypass-list=<-loopback>",  # not even this machine is asked without the proxy
)
# What the browser itself asks for, whatever page it shows.
ITS_OWN = {"update.googleapis.com", "clients2.google.com", "accounts.google.com"}


class Browser:
    """A browser that has no way out but a proxy, which refuses and notes everything."""

    def __init__(self, program: str, folder: Path) -> None:
        self.program, self.folder = program, folder
        self.asked: list[str] = []
        asked = self.asked

        class Refusing(http.server.BaseHTTPRequestHandler):
            def refuse(self) -> None:
                host = self.path if self.command == "CONNECT" else urlsplit(self.path).netloc
                asked.append(host.partition(":")[0])
                self.send_error(502)

            do_GET = do_POST = do_HEAD = do_CONNECT = refuse

            def log_message(self, *_) -> None:
                pass

        self.proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
        threading.Thread(target=self.proxy.serve_forever, daemon=True).start()

    def open(self, page: Path, *switches: str) -> str:
        """Show a page; return its document as it is after loading."""
        proxy = f"--proxy-server=127.0.0.1:{self.proxy.server_port}"
        profile = f"--user-data-dir={self.folder}"
        command = [self.program, *SWITCHES, proxy, profile, *switches, page.as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def asked_for(self) -> list[str]:
        """Return the hosts that pages have asked for."""
        return [host for host in self.asked if host not in ITS_OWN]


@pytest.fixture
def browser(tmp_path):
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        assert "PROBEKIT_REQUIRE_ALL_EXTRAS" not in os.environ, "no chromium, and it is required"
        pytest.skip("needs chromium")
    opened = Browser(program, tmp_path / "profile")
    yield opened
    opened.proxy.shutdown()
    opened.proxy.server_close()


@pytest.fixture
def history(tmp_path) -> xr.Dataset:
    """A history with scores, activations and scores of single units, so with all figures."""
    path = tmp_path / "history.nc"
    attributes = make_attributes("my-task", {"width": 4}, title="A <small> test")
    with HistoryWriter(path, attributes=attributes) as writer:
        for seed, epoch in ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)):
            rng = np.random.default_rng([seed, epoch])
            row = {"seed": seed, "epoch": epoch}
            layers = {name: rng.normal(size=(12, 4)) for name in ("a", "b")}
            writer.append_activations(row, [layers])
            dims = ("seed", "epoch", "layer", "feature")
            labels = {dim: [label] for dim, label in row.items()}
            labels |= {"layer": ["a", "b"], "feature": ["easy", "hard"]}
            scores = {
                "linear_r2": (dims, rng.random((1, 1, 2, 2))),
                "unit_r2": ((*dims, "unit"), rng.random((1, 1, 2, 2, 4))),
            }
            writer.append(xr.Dataset(scores, labels))
        writer.finish()
    return open_history(path)


@pytest.mark.slow
def test_a_browser_shows_all_of_it_and_asks_for_nothing(browser, history, tmp_path):
    loading = '<img src="http://example.org/a.png"><script src="https://example.net/b.js"></script>'
    page = write_report(history, tmp_path / "report.html", sections=[("Of a plugin", loading)])
    document = browser.open(page, "--dump-dom")
    headings = re.findall(r"<h2>(.*?)</h2>", document)
    assert headings == [
        "Figures",
        "Scores after training",
        "Of a plugin",
        "Settings",
        "Where it comes from",
    ]
    assert "<title>A &lt;small&gt; test</title>" in document
    assert document.count("<svg") == document.count("</svg>") == document.count("<figcaption>") == 6
    assert document.count("<tr>") > 10
    assert browser.asked_for() == []  # the page forbids even what a section would load


@pytest.mark.slow
def test_what_a_page_asks_for_is_noticed(browser, tmp_path):
    page = tmp_path / "page.html"
    page.write_text(
        '<img src="http://example.org/a.png"><link rel=icon href="https://example.net">'
    )
    browser.open(page, "--dump-dom")
    assert "example.org" in browser.asked_for()


@pytest.mark.slow
def test_the_figures_are_painted(browser, history, tmp_path):
    page = write_report(history, tmp_path / "report.html")
    picture = tmp_path / "report.png"
    browser.open(page, f"--screenshot={picture}")
    pixels = (matplotlib.image.imread(picture)[..., :3] * 255).round().astype(int)
    assert pixels.shape == (2000, 1100, 3)
    colours = np.unique(pixels.reshape(-1, 3), axis=0)
    # The lines of two features, and the ends of the scale of heat maps.
    for colour in ((0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00), (0x00, 0x22, 0x4E), (0xFE, 0xE8, 0x38)):
        assert abs(colours - colour).max(axis=1).min() <= 2, colour
    margin = pixels[:, -12:]
    assert (margin == 255).all(), "something reaches beyond the right edge of the page"
