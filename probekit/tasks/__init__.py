"""Tasks: data, model and training recipe of the reference experiments; they know no files, no screens."""

from probekit.tasks._protocol import Split, Task, TaskConfig, option

__all__ = ["Split", "Task", "TaskConfig", "option"]
