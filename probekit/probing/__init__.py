"""Probing: from an extractor, inputs and features to a labelled Dataset of scores.

`plan` says which statistics are kept and how scores are read off them; `stream` takes the
examples through the model in batches; `labelling` is the one place where arrays get names. `probe`,
`compare`, the Recorder and a run are made of these three.
"""

from probekit.probing.compare import compare
from probekit.probing.labelling import dataset_of, warn_of_undefined
from probekit.probing.plan import Features, Plan
from probekit.probing.probe import probe
from probekit.probing.stream import collect

__all__ = [
    "Features",
    "Plan",
    "collect",
    "compare",
    "dataset_of",
    "probe",
    "warn_of_undefined",
]
