"""Another process reads a history while it is written, and sees it only ever grow."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest

from probekit.errors import HistoryError
from probekit.history import open_activations, open_history

WRITE = """
    import sys
    import numpy as np, xarray as xr
    from probekit.history import HistoryWriter, make_attributes, row_files

    row_files.FAN_IN = 5  # segments are merged, and removed, all the time
    with HistoryWriter(sys.argv[1], attributes=make_attributes("test"), lead=("step",)) as history:
        for step in range(60):
            row = xr.Dataset({"loss": ("step", [0.5 * step])}, {"step": [step]})
            history.append_activations({"step": step}, [{"a": np.full((4, 2), step, np.float32)}])
            history.append(row)
        history.finish()
"""


@pytest.mark.slow
def test_a_reader_sees_a_history_grow(tmp_path):
    path, seen, looked = tmp_path / "history.nc", 0, 0
    writing = subprocess.Popen([sys.executable, "-c", textwrap.dedent(WRITE), path])
    while writing.poll() is None:
        try:
            ds = open_history(path)
        except HistoryError as error:
            assert not seen, error  # noqa: PT017
            assert "no such history" in str(error) or "nothing has been" in str(error)  # noqa: PT017
            continue
        assert ds.step.values.tolist() == list(range(ds.sizes["step"]))
        assert ds.sizes["step"] >= seen
        loss = ds.get("loss", ds.step * np.nan)
        assert ((loss == 0.5 * ds.step) | (ds.step == ds.step.max())).all()
        last = open_activations(path, "a")
        np.testing.assert_array_equal(last, last.row["step"])
        seen, looked = ds.sizes["step"], looked + 1
    assert writing.returncode == 0
    assert looked > 3
    assert open_history(path).sizes["step"] == 60
