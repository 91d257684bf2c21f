"""Recording: probing along any training loop, into a history.

`Recorder` is the object with a life: it opens a history, adds rows, finishes it. `schedule` says at
which steps; `checkpoints` records from a folder of checkpoints after the fact.
"""

from probekit.recording.checkpoints import probe_checkpoints
from probekit.recording.probe_sets import ProbeSet
from probekit.recording.recorder import Recorder
from probekit.recording.schedule import log_spaced

__all__ = ["ProbeSet", "Recorder", "log_spaced", "probe_checkpoints"]
