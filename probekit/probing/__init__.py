"""Probing: from an extractor, inputs and features to a labelled Dataset of scores.

`plan` says which statistics are kept and what is read off them; `stream` takes the examples through
the model in batches; `readout` computes the scores; `uncertainty` computes them again for resamples
of the examples; `labelling` is the one place where arrays get names. `probe`, `compare`, the
Recorder and a run are made of these.
"""

from probekit.probing.biased import warn_of_biased
from probekit.probing.blaming import adapted_to, check_counts
from probekit.probing.comparing import compare
from probekit.probing.extracting import extract
from probekit.probing.features import Features
from probekit.probing.labelling import dataset_of, largest_family
from probekit.probing.plan import LayerStates, Plan, Scores, States
from probekit.probing.prepared import Probe, begin, pair_of, probe_set_of
from probekit.probing.readout import absent, host_rows, read_rows
from probekit.probing.scoring import probe, scored_with
from probekit.probing.stream import batches_of, collect
from probekit.probing.uncertainty import check_uncertainty
from probekit.probing.undefined import warn_of_undefined

__all__ = [
    "Features",
    "LayerStates",
    "Plan",
    "Probe",
    "Scores",
    "States",
    "absent",
    "adapted_to",
    "batches_of",
    "begin",
    "check_counts",
    "check_uncertainty",
    "collect",
    "compare",
    "dataset_of",
    "extract",
    "host_rows",
    "largest_family",
    "pair_of",
    "probe",
    "probe_set_of",
    "read_rows",
    "scored_with",
    "warn_of_biased",
    "warn_of_undefined",
]
