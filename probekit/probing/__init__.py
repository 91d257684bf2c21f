"""Probing: from an extractor, inputs and features to a labelled Dataset of scores.

`plan` says which statistics are kept and what is read off them; `stream` takes the examples through
the model in batches; `readout` computes the scores; `labelling` is the one place where arrays get
names. `probe`, `compare`, the Recorder and a run are made of these.
"""

from probekit.probing.comparing import compare
from probekit.probing.labelling import dataset_of, warn_of_undefined
from probekit.probing.plan import Features, LayerStates, Plan, Scores, States
from probekit.probing.readout import host_rows, lowered_rows, scores_of
from probekit.probing.scoring import probe
from probekit.probing.stream import collect

__all__ = [
    "Features",
    "LayerStates",
    "Plan",
    "Scores",
    "States",
    "collect",
    "compare",
    "dataset_of",
    "host_rows",
    "lowered_rows",
    "probe",
    "scores_of",
    "warn_of_undefined",
]
