"""probekit: what a neural network represents, layer by layer, while it learns.

The public names are loaded when first used (PEP 562): importing probekit imports neither jax nor
xarray, so that pytest, shell completion and ``--help`` stay fast.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # "as" says to type checkers that a name is meant to be imported from here
    from probekit import collecting as collecting
    from probekit import errors as errors
    from probekit import estimators as estimators
    from probekit import extractors as extractors
    from probekit import history as history
    from probekit import inference as inference
    from probekit import measures as measures
    from probekit import plugins as plugins
    from probekit import statistics as statistics
    from probekit import tasks as tasks
    from probekit import testing as testing
    from probekit.collecting import fixture as fixture
    from probekit.collecting import parametrize as parametrize
    from probekit.collecting import task as task
    from probekit.estimators import Estimator as Estimator
    from probekit.history import open_activations as open_activations
    from probekit.history import open_history as open_history
    from probekit.inference import Bootstrap as Bootstrap
    from probekit.inference import CrossValidation as CrossValidation
    from probekit.inference import Permutation as Permutation
    from probekit.plugins import hookimpl as hookimpl
    from probekit.probing import compare as compare
    from probekit.probing import extract as extract
    from probekit.probing import probe as probe
    from probekit.recording import ProbeSet as ProbeSet
    from probekit.recording import Recorder as Recorder
    from probekit.recording import log_spaced as log_spaced
    from probekit.recording import probe_checkpoints as probe_checkpoints
    from probekit.running import run as run
    from probekit.variables import Variable as Variable

_MODULE_OF = {
    "Bootstrap": "probekit.inference",
    "CrossValidation": "probekit.inference",
    "Estimator": "probekit.estimators",
    "Permutation": "probekit.inference",
    "ProbeSet": "probekit.recording",
    "Recorder": "probekit.recording",
    "Variable": "probekit.variables",
    "compare": "probekit.probing",
    "extract": "probekit.probing",
    "fixture": "probekit.collecting",
    "hookimpl": "probekit.plugins",
    "log_spaced": "probekit.recording",
    "open_activations": "probekit.history",
    "open_history": "probekit.history",
    "parametrize": "probekit.collecting",
    "probe": "probekit.probing",
    "probe_checkpoints": "probekit.recording",
    "run": "probekit.running",
    "task": "probekit.collecting",
}
_SUBMODULES = (
    *("collecting", "errors", "estimators", "extractors", "history"),
    *("inference", "measures", "plugins", "statistics", "tasks", "testing"),
)

__all__ = [*sorted(_MODULE_OF), *_SUBMODULES, "__version__"]


def __getattr__(name: str) -> Any:
    if name in _MODULE_OF:
        value = getattr(importlib.import_module(_MODULE_OF[name]), name)
    elif name in _SUBMODULES:
        value = importlib.import_module(f"{__name__}.{name}")
    elif name == "__version__":
        from importlib.metadata import version

        value = version("probekit")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
