"""Probing: from an extractor, inputs and features to a labelled Dataset of scores.

`plan` says which statistics are kept and what is read off them; `stream` takes the examples through
the model in batches; `readout` computes the scores; `uncertainty` computes them again for resamples
of the examples; `labelling` is the one place where arrays get names. `probe`, `compare`, the
Recorder and a run are made of these; who wants a part of them imports its module.
"""

from probekit.probing.comparing import compare
from probekit.probing.extracting import extract
from probekit.probing.scoring import probe

__all__ = ["compare", "extract", "probe"]
