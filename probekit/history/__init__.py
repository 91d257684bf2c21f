"""Histories: Datasets in netCDF-4 files that grow while a network learns.

`HistoryWriter` writes one, `open_history` reads it, finished or not. `schema` has the names; `file`
is the one module that opens files; a `block` is some rows in plain NumPy, and `layout` says how
blocks are put together. Needs no jax.
"""

from probekit.history.accessor import register_accessor
from probekit.history.activations import Storage
from probekit.history.comparison import compare_histories
from probekit.history.export import to_csv
from probekit.history.reading import open_history
from probekit.history.report import write_report
from probekit.history.representations import (
    ActivationHistory,
    Representation,
    open_activations,
)
from probekit.history.schema import make_attributes, status_attributes
from probekit.history.writer import HistoryWriter
from probekit.status import Status

__all__ = [
    "ActivationHistory",
    "HistoryWriter",
    "Representation",
    "Status",
    "Storage",
    "compare_histories",
    "make_attributes",
    "open_activations",
    "open_history",
    "register_accessor",
    "status_attributes",
    "to_csv",
    "write_report",
]
