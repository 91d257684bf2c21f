"""Tasks: data, model and training recipe of experiments; they know no files and no screens."""

from probekit.tasks._protocol import Split, Task, TaskConfig, option, without_effect

__all__ = ["Split", "Task", "TaskConfig", "option", "without_effect"]
