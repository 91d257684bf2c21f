"""A history made of the figures that the authors' notebook printed."""

import csv
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from probekit.history import make_attributes, register_accessor

RESULTS = Path(__file__).parents[1] / "reference" / "notebook_results.csv"
FEATURES = ("linear", "xor_xor_xor")


@pytest.fixture(scope="session")
def notebook_text() -> str:
    return RESULTS.read_text()


@pytest.fixture
def notebook(read_notebook) -> xr.Dataset:
    """The notebook's results as a history: 5 seeds, epochs 0 to 100."""
    return read_notebook.copy(deep=True)


@pytest.fixture(scope="session")
def read_notebook(notebook_text) -> xr.Dataset:
    """The same, for all tests that leave it as it is."""
    register_accessor()
    table = list(csv.reader(notebook_text.replace("(linear, xor_xor_xor)", "-").splitlines()))
    columns = [name.strip() for name in table[0]]
    numbers = np.array([[float(x) if x.strip() != "-" else 0 for x in row] for row in table[1:]])
    column = {name: numbers[:, place].reshape(5, 101) for place, name in enumerate(columns)}

    def both(name: str) -> np.ndarray:
        return np.stack(
            [column[f"{name}_feature{place}-{feature}"] for place, feature in enumerate(FEATURES)],
            axis=-1,
        )

    def splits(name: str) -> np.ndarray:
        return np.stack([both(f"{split}-{name}") for split in ("train", "test")])

    row = ("seed", "epoch")
    return xr.Dataset(
        {
            "loss": (
                ("split", *row),
                np.stack([column["train-loss"], column["test-loss"]]),
                {"long_name": "cross-entropy, mean over features", "units": "nat"},
            ),
            "feature_loss": (
                ("split", *row, "feature"),
                splits("loss"),
                {"long_name": "cross-entropy", "units": "nat"},
            ),
            "accuracy": (
                ("split", *row, "feature"),
                splits("acc"),
                {"long_name": "accuracy of the network", "units": "1"},
            ),
            "linear_r2": (
                (*row, "layer", "feature"),
                np.stack([both("rep-R2") / 2, both("rep-R2"), both("rep-R2") * 0.9], axis=2),
                {"long_name": "variance explained by the feature (R²)", "units": "1"},
            ),
            "total_variance": (
                (*row, "layer"),
                np.stack([column["total-variance"] * scale for scale in (0.5, 1, 3)], axis=2),
                {"long_name": "total variance of the representation", "units": "1"},
            ),
        },
        {
            "split": ["train", "test"],
            "seed": range(5),
            "epoch": range(101),
            "layer": ["hidden_0", "hidden_3", "logits"],
            "feature": list(FEATURES),
        },
        make_attributes("reference-complexity", {"features": FEATURES, "seeds": 5}),
    )
