"""Task files: experiments in ``probe_*.py``, found, selected and run as pytest does with tests.

`marking` is what such a file is written with (`task`, `parametrize`, `fixture`); `finding` and
`importing` bring it in, `items` are its tasks, `sharing` their fixtures, `selecting` is ``-k``;
`executing` runs one task into one history, with `settings` and what `providing` gives it, and
`session` all of them. Importing this imports nothing heavy.
"""

from probekit.collecting.finding import names_task_file
from probekit.collecting.importing import TaskFileError
from probekit.collecting.items import Item
from probekit.collecting.marking import Parameter, Variant, fixture, parametrize, task
from probekit.collecting.session import (
    Collection,
    Report,
    Result,
    collect,
    history_path,
    run_tasks,
)
from probekit.collecting.settings import Settings

__all__ = [
    "Collection",
    "Item",
    "Parameter",
    "Report",
    "Result",
    "Settings",
    "TaskFileError",
    "Variant",
    "collect",
    "fixture",
    "history_path",
    "names_task_file",
    "parametrize",
    "run_tasks",
    "task",
]
