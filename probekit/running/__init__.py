"""Running: a task, compiled in chunks of epochs, seed by seed, into a history.

`resolving` finds out what was asked for; `program` is what is compiled; a `lane` gives it to the
device chunk after chunk; `rows` turns what comes back into labelled rows; `run` puts them into a
history and tells the listeners; `resuming` knows what a run that was stopped goes on from.
"""

from probekit.running.resolving import config_of, task_of
from probekit.running.runner import RunInfo, run

__all__ = ["RunInfo", "config_of", "run", "task_of"]
