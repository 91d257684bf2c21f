"""Running: a task, compiled in chunks of epochs, seed by seed, into a history.

`program` is what is compiled; a `lane` gives it to the device chunk after chunk; `rows` turns what
comes back into labelled rows; `run` puts them into a history and tells the listeners.
"""

from probekit.running.runner import RunInfo, config_of, run, task_of

__all__ = ["RunInfo", "config_of", "run", "task_of"]
